//! The suites of UnMoGrowP and Conexus: every plan is right, some run for a moment, and what is lost is found to the event.

use std::path::PathBuf;

use serde_json::Value;

use crate::plimsoll::{Ended, Place, ask, read_json, service};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn run(place: &Place, plan: &str, more: &[&str]) -> (Ended, Value) {
    let path = folder(plan).display().to_string();
    let ended = place.plimsoll(&[&["run", &path, "--quiet", "--out", "out"], more].concat());
    let run = read_json(&place.path("out/run.json")).unwrap_or_else(|| panic!("no run.json: {ended:?}"));
    (ended, run)
}

#[test]
fn batches_are_accounted_for_to_the_event() {
    let (ended, run) = run(&Place::new(), "unmogrowp/million.yaml", &["--rate", "50/s", "--duration", "1s"]);
    let deliveries = &run["deliveries"];
    assert_eq!(
        run["totals"]["ok"].as_u64().map(|n| n * 1_000),
        deliveries["acknowledged"].as_u64(),
        "{ended:?}"
    );
    assert_eq!(deliveries["acknowledged"], 50_000, "{ended:?}");
    assert_eq!((&deliveries["found"], &deliveries["lost"]), (&50_000.into(), &0.into()));
    assert_eq!((&deliveries["duplicated"], &deliveries["unexpected"]), (&0.into(), &0.into()));
}

/// Single events and batches go into one store, which loses every seventh and repeats every hundredth of what it keeps.
#[test]
fn a_pipeline_that_loses_is_caught_to_the_event() {
    let server = service("events");
    let target = format!("TARGET={}", server.url());
    let with = ["-e", &target, "-e", "FAULTS=?lose=7&twice=100", "--duration", "2s"];
    let (ended, run) = run(&Place::new(), "unmogrowp/accounting.yaml", &with);
    let deliveries = &run["deliveries"];
    let number = |key: &str| deliveries[key].as_u64().unwrap_or_else(|| panic!("{deliveries} {ended:?}"));
    let counters: Value = serde_json::from_str(&ask(&server, "/v1/counters")).unwrap();
    let accepted = counters["accepted"].as_u64().unwrap();
    assert_eq!(number("acknowledged"), accepted, "{counters}");
    assert!(accepted > 1_000);
    assert_eq!(number("lost"), accepted / 7);
    let twice = (1..=accepted).filter(|n| n % 100 == 0 && n % 7 != 0).count() as u64;
    assert_eq!((number("duplicated"), number("unexpected")), (twice, 0));
    assert_eq!(number("refused"), counters["refused"].as_u64().unwrap());
    assert_eq!(ended.code, 99, "{ended:?}");
}

#[test]
fn the_script_as_published_is_refused_for_its_thresholds() {
    let script = folder("unmogrowp/k6/load-as-published.js").display().to_string();
    let ended = Place::new().plimsoll(&["run", &script]);
    assert_eq!(ended.code, 104, "{ended:?}");
    assert!(ended.stderr.contains("rate<0.1%") && ended.stderr.contains("write `rate<0.001`"), "{ended:?}");
}

#[test]
fn the_scripts_run_against_the_built_in_services() {
    let (events, tools) = (service("events"), service("mcp"));
    let scripts = [
        ("unmogrowp/k6/load.js", events.url(), "LENGTH=0.001"),
        ("unmogrowp/k6/attribution.js", events.url(), "LENGTH=0.001"),
        ("conexus/k6/smoke-test.js", tools.url(), "MCP_PATH=/mcp?stateless"),
        ("conexus/k6/stress-test.js", tools.url(), "MCP_PATH=/mcp?stateless"),
    ];
    for (script, url, more) in scripts {
        let base = format!("BASE_URL={url}");
        let mut with = vec!["-e", &base, "-e", more];
        if script.starts_with("conexus") {
            with.extend(["-u", "3", "-d", "2s"]);
        } else {
            with.extend(["-e", "USERS=0.01"]);
        }
        let (ended, run) = run(&Place::new(), script, &with);
        assert_eq!(run["totals"]["failed"], 0, "{script}: {} {ended:?}", run["errors"]);
        assert!(run["totals"]["ok"].as_u64().unwrap() > 0, "{script}: {ended:?}");
    }
}
