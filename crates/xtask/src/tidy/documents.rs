//! Documents: the paths they name exist, and they stay short enough to be read.

use std::fs;

use anyhow::{Context, Result};

use crate::shell::root;

/// Documents with their most lines.
const DOCUMENTS: [(&str, usize); 5] = [
    ("ARCHITECTURE.md", 200),
    ("CONTRIBUTING.md", 250),
    ("README.md", 250),
    ("docs/TERMS.md", 250),
    ("docs/EXIT_CODES.md", 100),
];

/// What a decision record must say.
const DECISION_PARTS: [&str; 4] = ["## Context", "## Decision", "## Refused", "## How to tell it was wrong"];

/// See the module.
pub(super) fn check() -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (name, most) in DOCUMENTS {
        let text = fs::read_to_string(root().join(name)).with_context(|| format!("{name} is missing"))?;
        let lines = text.lines().count();
        if lines > most {
            problems.push(format!("{name}: {lines} lines, at most {most} are read"));
        }
        for path in paths(&text).filter(|p| !root().join(p).exists()) {
            problems.push(format!("{name}: `{path}` does not exist"));
        }
    }
    for entry in fs::read_dir(root().join("docs/decisions")).context("docs/decisions is missing")? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        for part in DECISION_PARTS.iter().filter(|part| !text.contains(*part)) {
            problems.push(format!(
                "{}: `{part}` is missing",
                path.strip_prefix(root()).unwrap_or(&path).display()
            ));
        }
    }
    Ok(problems)
}

/// Paths of the project that a document names in backticks.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|q| {
        ["crates/", "docs/", "examples/", "schemas/"].iter().any(|p| q.starts_with(p))
            && !q.contains([' ', '*', '<', '{'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_backticks_only() {
        let found: Vec<_> =
            paths("see `crates/engine` and crates/other, run `cargo x`, `docs/*.md`").collect();
        assert_eq!(found, ["crates/engine"]);
    }
}
