//! The load line, and comparisons of runs: what is said, and the exit codes. How exact a line is stands with the simulated engine.

use serde_json::json;

use crate::plimsoll::{Place, read_json, service};

/// A plan with a claim, for a service.
fn plan(place: &Place, url: &str, claim: &str) {
    let text = format!(
        "target: {url}\nclaims: [{claim}]\nload: {{ all: {{ open: {{ rate: 40/s, for: 5s }} }} }}\nscenarios: {{ all: [{{ call: {{ get: /health, expect: {{ status: 200 }} }} }}] }}\n"
    );
    place.write("plan.yaml", &text);
}

const QUICK: [&str; 9] = ["--hold", "2s", "--warm-up", "1s", "--cool-down", "1ms", "--confirm", "0", "--out"];

fn search(place: &Place, more: &[&str]) -> crate::plimsoll::Ended {
    place.plimsoll(&[&["capacity", "plan.yaml"], &QUICK[..], &["found"], more].concat())
}

#[test]
fn claims_that_never_fail_give_at_least_and_a_search_goes_on_where_it_was() {
    let (server, place) = (service("echo"), Place::new());
    plan(&place, &server.url(), "ok_rate >= 50%");
    let first = search(&place, &["--from", "20", "--to", "20"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stdout.contains("carries at least 20.0/s"), "{first:?}");
    // Another way of searching is another search.
    let other = search(&place, &["--from", "20", "--to", "40"]);
    assert_eq!(other.code, 104, "{other:?}");
    let again = search(&place, &["--from", "20", "--to", "20"]);
    assert!(again.code == 0 && again.stderr.contains("going on after 1 levels"), "{again:?}");
    let kept = read_json(&place.path("found/capacity.json")).unwrap();
    assert_eq!(kept["tried"].as_array().unwrap().len(), 1, "{kept}");
    assert!(place.path("found/levels/001/run.json").exists());
}

#[test]
fn claims_that_fail_at_the_lowest_level_are_said_to() {
    let (server, place) = (service("echo"), Place::new());
    plan(&place, &server.url(), "fail_rate >= 50%");
    let ended = search(&place, &["--from", "2"]);
    assert_eq!(ended.code, 99, "{ended:?}");
    assert!(ended.stdout.contains("claims fail even at 1.0/s; fail_rate >= 50% breaks first"), "{ended:?}");
}

#[test]
fn a_search_without_claims_is_none() {
    let (server, place) = (service("echo"), Place::new());
    plan(&place, &server.url(), "");
    let ended = search(&place, &[]);
    assert!(ended.code == 104 && ended.stderr.contains("a load line needs claims"), "{ended:?}");
}

/// A run directory with nothing in it but what a comparison reads.
fn run(place: &Place, name: &str, mean_ms: f64, target: &str, verdict: &str) {
    let run = json!({
        "schema": "plimsoll.run/1", "verdict": verdict, "started_at": name, "plan_digest": "p", "claims_digest": "c",
        "target": target, "environment": { "tool": "t", "cpu": "c", "kernel": "k" },
        "steps": [{ "name": "call", "kind": "operation", "scheduled": 100,
                    "outcomes": { "ok": { "count": 100, "rate_per_s": 50.0, "response_time_ns": { "mean": mean_ms * 1e6, "quantiles": [] } } } }],
    });
    std::fs::create_dir_all(place.path(name)).unwrap();
    place.write(&format!("{name}/run.json"), &run.to_string());
}

fn side(place: &Place, side: &str, mean_ms: f64, target: &str) {
    for (number, factor) in [0.99, 1.01, 1.0, 0.995, 1.005, 1.0, 1.002].into_iter().enumerate() {
        run(place, &format!("{side}/{number}"), mean_ms * factor, target, "VALID");
    }
}

#[test]
fn runs_are_compared_side_by_side() {
    let place = Place::new();
    side(&place, "a", 10.0, "one");
    side(&place, "b", 11.0, "one");
    side(&place, "c", 11.0, "two");
    let slower = place.plimsoll(&["compare", "a", "--", "b"]);
    assert_eq!(slower.code, 99, "{slower:?}");
    assert!(slower.stdout.contains("of 3 measures 1 got worse, 0 better, 2 are equivalent"), "{slower:?}");
    assert!(slower.stdout.contains("+10.0 %") && slower.stdout.contains("REGRESSION"), "{slower:?}");
    let faster = place.plimsoll(&["compare", "-f", "md", "b", "--", "a"]);
    assert!(faster.code == 0 && faster.stdout.contains("| IMPROVEMENT |"), "{faster:?}");
    let equal = place.plimsoll(&["compare", "a", "--", "a"]);
    assert!(equal.code == 0 && !equal.stdout.contains("INCONCLUSIVE"), "{equal:?}");
    // What was not declared to differ must not.
    let other = place.plimsoll(&["compare", "b", "--", "c"]);
    assert!(other.code == 98 && other.stdout.contains("the sides differ in target"), "{other:?}");
    assert_eq!(place.plimsoll(&["compare", "--factor", "target", "b", "--", "c"]).code, 0);
}

#[test]
fn few_or_invalid_runs_get_no_word() {
    let place = Place::new();
    side(&place, "a", 10.0, "one");
    for number in 0..6 {
        run(&place, &format!("b/{number}"), 20.0, "one", if number < 3 { "INVALID" } else { "VALID" });
    }
    let few = place.plimsoll(&["compare", "a", "--", "b"]);
    assert_eq!(few.code, 98, "{few:?}");
    assert!(
        few.stdout.contains("no word on 7 and 3 runs") && few.stdout.contains("left out, INVALID: b/0"),
        "{few:?}"
    );
    assert_eq!(place.plimsoll(&["compare", "--with-invalid", "a", "--", "b"]).code, 99);
    let nothing = place.plimsoll(&["compare", "a", "--", "nowhere"]);
    assert!(nothing.code == 1 && nothing.stderr.contains("nowhere holds no run"), "{nothing:?}");
}

#[test]
fn a_baseline_is_kept_and_held_against() {
    let place = Place::new();
    side(&place, "a", 10.0, "one");
    side(&place, "b", 11.0, "one");
    let kept = place.plimsoll(&["baseline", "save", "main", "a"]);
    assert!(kept.code == 0 && place.path("baselines/main.json").exists(), "{kept:?}");
    assert_eq!(place.plimsoll(&["baseline", "check", "main", "a"]).code, 0);
    let worse = place.plimsoll(&["baseline", "check", "main", "b"]);
    assert!(worse.code == 99 && worse.stdout.contains("REGRESSION"), "{worse:?}");
    assert_eq!(place.plimsoll(&["baseline", "check", "none", "b"]).code, 1);
    assert_eq!(place.plimsoll(&["baseline", "save", "../main", "a"]).code, 104);
}

#[test]
fn a_history_tells_where_something_changed() {
    let place = Place::new();
    for number in 0..40 {
        let level = if number < 20 { 10.0 } else { 12.0 };
        // Noise that repeats neither soon nor in order.
        let noise = f64::from((number * 7919) % 31) / 31.0 - 0.5;
        run(&place, &format!("runs/{number:02}"), level * (1.0 + noise / 50.0), "one", "VALID");
    }
    let told = place.plimsoll(&["history", "runs"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stdout.contains("1 changes in 3 measures of 40 runs"), "{told:?}");
    assert!(told.stdout.contains("mean(call): ") && told.stdout.contains("from runs/20 on"), "{told:?}");
    assert_eq!(place.plimsoll(&["history", "runs/00"]).code, 98);
}
