//! The import table of ARCHITECTURE.md, and who owns which heavy dependency.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::output;

/// Crate, and which of the project's crates it may use. A new row or edge needs a decision record.
const MAY_USE: [(&str, &[&str]); 18] = [
    ("metrics", &[]),
    ("model", &["metrics"]),
    ("engine", &["model", "metrics"]),
    ("monitors", &["model", "metrics"]),
    ("protocols", &["model", "metrics"]),
    ("script", &["model", "metrics"]),
    ("audit", &["model", "metrics"]),
    ("foreign", &["audit", "model", "metrics"]),
    ("k6", &["model", "metrics"]),
    ("report", &["audit", "model", "metrics"]),
    ("dashboard", &["report", "model", "metrics"]),
    ("cluster", &["engine", "model", "metrics"]),
    ("targets", &[]),
    (
        "cli",
        &[
            "audit",
            "cluster",
            "dashboard",
            "engine",
            "foreign",
            "k6",
            "metrics",
            "model",
            "monitors",
            "protocols",
            "report",
            "script",
            "targets",
        ],
    ),
    // What the command is as a library, under the name that others use it by.
    ("plimsoll", &["cli"]),
    ("xtask", &["audit", "report", "script"]),
    // Somebody's service, and tests that put load on it.
    ("example-cargo-test", &["plimsoll"]),
    // What a third party writes: the command, and the traits.
    ("example-protocol", &["cli", "model"]),
];

/// Tests of any crate may start a built-in service; audits lend their synthetic records.
const TESTS_MAY_USE: [&str; 2] = ["audit", "targets"];

/// Dependencies that only these crates may name.
const OWNED: [(&str, &[&str]); 23] = [
    ("anyhow", &["cli", "xtask"]),
    ("async-nats", &["protocols", "targets", "cluster"]),
    ("lapin", &["protocols"]),
    ("prost-reflect", &["protocols"]),
    ("rdkafka", &["protocols", "monitors"]),
    ("rumqttc", &["protocols"]),
    ("axum", &["targets", "dashboard", "cluster", "example-cargo-test"]),
    ("bpe-openai", &["protocols"]),
    ("clap", &["cli"]),
    ("corosensei", &["k6"]),
    ("h2", &["protocols"]),
    ("httparse", &["protocols", "targets", "monitors"]),
    ("jsonschema", &["script", "cli"]),
    ("mysql_async", &["protocols"]),
    ("oxc_parser", &["k6"]),
    ("ratatui", &["cli"]),
    ("redis", &["protocols", "monitors"]),
    ("rquickjs", &["k6"]),
    ("rusqlite", &["protocols"]),
    ("rustls", &["protocols", "monitors"]),
    ("saphyr-parser", &["script"]),
    ("tokio-postgres", &["protocols", "monitors"]),
    (
        "tokio",
        &[
            "engine",
            "protocols",
            "monitors",
            "targets",
            "dashboard",
            "cluster",
            "example-cargo-test",
            "example-protocol",
        ],
    ),
];

/// See the module.
pub(super) fn check() -> Result<Vec<String>> {
    let metadata: Value =
        serde_json::from_str(&output("cargo", &["metadata", "--no-deps", "--format-version", "1"])?)
            .context("cargo metadata is not JSON")?;
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata lists no packages")? {
        let Some(name) = package["name"].as_str().and_then(own) else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(n, _)| *n == name) else {
            problems
                .push(format!("crates/{name}: not in the import table; a new crate needs a decision record"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let (Some(used), kind) = (dependency["name"].as_str(), dependency["kind"].as_str()) else {
                continue;
            };
            problems.extend(problem(name, allowed, used, kind == Some("dev")));
        }
    }
    Ok(problems)
}

fn problem(name: &str, allowed: &[&str], used: &str, in_tests: bool) -> Option<String> {
    if let Some(other) = own(used) {
        let fine = allowed.contains(&other) || (in_tests && TESTS_MAY_USE.contains(&other));
        return (!fine)
            .then(|| format!("crates/{name}: may not use {other}; a new edge needs a decision record"));
    }
    let (_, owners) = OWNED.iter().find(|(n, _)| *n == used)?;
    (!owners.contains(&name) && !in_tests)
        .then(|| format!("crates/{name}: {used} belongs to {}", owners.join(", ")))
}

fn own(package: &str) -> Option<&str> {
    if package == "plimsoll" { Some(package) } else { package.strip_prefix("plimsoll-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_edge_is_found_and_an_allowed_one_is_not() {
        assert!(problem("engine", &["model"], "plimsoll-protocols", false).is_some());
        assert!(problem("engine", &["model"], "plimsoll-model", false).is_none());
        assert!(problem("engine", &["model"], "plimsoll-targets", true).is_none());
        assert!(problem("engine", &["model"], "plimsoll-targets", false).is_some());
        assert!(problem("audit", &[], "tokio", false).is_some());
        assert!(problem("cli", &["engine"], "plimsoll", false).is_some());
    }

    #[test]
    fn the_project_keeps_its_table() {
        assert_eq!(check().unwrap(), Vec::<String>::new());
    }
}
