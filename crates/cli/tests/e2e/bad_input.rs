//! Bad input: a clear message or a counted outcome; nothing hangs, nothing panics.

use crate::plimsoll::{Ended, Place, service, truth_server};
use plimsoll_targets::truth::TruthOptions;

fn assert_refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} is not said: {ended:?}");
    }
}

#[test]
fn a_plan_that_is_not_there_or_not_a_plan() {
    let place = Place::new();
    assert_refused(&place.plimsoll(&["run", "missing.yaml"]), 104, &["failed to read the plan missing.yaml"]);
    place.write("broken.yaml", "load: {a: [1, 2\nscenarios: x");
    assert_refused(&place.plimsoll(&["run", "broken.yaml"]), 104, &["this is not YAML", "broken.yaml:"]);
    place.write("empty.yaml", "");
    assert_refused(&place.plimsoll(&["run", "empty.yaml"]), 104, &["the file is empty"]);
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let place = Place::new();
    place.write("plan.yaml", "target: http://127.0.0.1:1\nclaims:\n  - p99(chekout) < 200ms\n  - p99 < fast\nlaod: {}\nload: { main: { open: { rate: many, for: 10s } } }\nscenarios:\n  main:\n    - checkout: { get: /, expct: {} }\n");
    let ended = place.plimsoll(&["check", "plan.yaml"]);
    assert_refused(
        &ended,
        104,
        &[
            "plan.yaml:5:1",
            "`laod` is not a key of a plan",
            "did you mean `load`?",
            "plan.yaml:6:31",
            "a rate such as 500/s",
            "plan.yaml:9:27",
            "did you mean `expect`?",
        ],
    );
}

#[test]
fn a_wrong_command_line() {
    let place = Place::new();
    assert_refused(&place.plimsoll(&["hit"]), 2, &["<URL>"]);
    assert_refused(&place.plimsoll(&["hit", "http://127.0.0.1:1", "-d", "soon"]), 2, &["250ms, 10s, 2m"]);
    assert_refused(
        &place.plimsoll(&["hit", "http://127.0.0.1:1", "--claim", "p99 is fine"]),
        104,
        &["a comparison is missing", "hint:"],
    );
    assert_refused(&place.plimsoll(&["target", "shopp"]), 1, &["no built-in service is called `shopp`"]);
    assert_refused(&place.plimsoll(&["report", "nowhere"]), 1, &["nowhere"]);
}

#[test]
fn a_run_is_not_overwritten() {
    let server = service("echo");
    let place = Place::new();
    let url = format!("{}/status/200", server.url());
    let hit = || place.plimsoll(&["hit", &url, "-n", "10", "-c", "1", "--quiet", "--out", "run"]);
    assert_eq!(hit().code, 0);
    assert_refused(&hit(), 1, &["already holds a run"]);
}

#[test]
fn targets_that_misbehave_are_counted() {
    for (fault, outcome) in [
        ("garbage=1.0", "protocol_error"),
        ("reset=1.0", "connect_error"),
        ("endless_head=1.0", "protocol_error"),
        ("black_hole=1.0", "timeout"),
    ] {
        let server = truth_server(TruthOptions {
            servers: 0,
            faults: vec![fault.parse().unwrap()],
            ..TruthOptions::default()
        });
        let place = Place::new();
        let ended = place.plimsoll(&[
            "hit",
            &server.url(),
            "-r",
            "20",
            "-d",
            "2s",
            "--timeout",
            "300ms",
            "--quiet",
            "--json",
        ]);
        let run: serde_json::Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{fault}: {e}: {ended:?}"));
        assert_eq!(run["totals"]["failed"], run["totals"]["scheduled"], "{fault}");
        assert!(
            run["steps"][0]["outcomes"][outcome]["count"].as_u64().unwrap() > 0,
            "{fault}: {}",
            run["errors"]
        );
        assert_eq!(ended.code, 98, "{fault}");
    }
}

#[test]
fn running_out_of_descriptors_is_a_counted_outcome() {
    let server = truth_server(TruthOptions {
        servers: 0,
        faults: vec!["stub=400ms".parse().unwrap()],
        ..TruthOptions::default()
    });
    let place = Place::new();
    let script = format!(
        "ulimit -n 40; exec {} hit {} -c 100 -d 2s --quiet --json --timeout 2s",
        env!("CARGO_BIN_EXE_plimsoll"),
        server.url()
    );
    let output =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(place.0.path()).output().unwrap();
    let ended: Ended = output.into();
    let run: serde_json::Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    let classes: Vec<_> =
        run["errors"].as_array().unwrap().iter().map(|e| e["class"].as_str().unwrap()).collect();
    assert!(classes.contains(&"no descriptors"), "{classes:?}");
    assert!(run["totals"]["ok"].as_u64().unwrap() > 0);
}

/// Before anything is sent, and with the place in the plan.
#[test]
fn arguments_that_a_tool_does_not_take_are_refused() {
    let place = Place::new();
    let plan = |args: &str| {
        format!(
            "target: demo:mcp\nload: {{ main: {{ closed: {{ users: 1, for: 1s }} }} }}\nscenarios: {{ main: [{{ tool: context.search, args: {args} }}] }}\n"
        )
    };
    place.write("wrong.yaml", &plan("{ query: 7, limit: 3 }"));
    let ended = place.plimsoll(&["run", "wrong.yaml", "--out", "run"]);
    assert_refused(
        &ended,
        104,
        &["wrong.yaml:3", "context.search", "'limit'", "/query", "2 mistakes in calls of tools"],
    );
    assert!(!place.path("run").exists());
    place.write("right.yaml", &plan("{ query: \"${uuid()}\" }"));
    let ended = place.plimsoll(&["run", "right.yaml", "--quiet", "--out", "run"]);
    assert!(!ended.stderr.contains("mistake"), "{ended:?}");
}
