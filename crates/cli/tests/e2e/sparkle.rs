//! The Sparkle suite: all of its plans are right, and what they find out has one right answer where it has any.

use std::path::{Path, PathBuf};

use jsonschema::validator_for;
use serde_json::Value;

use crate::databases::Database;
use crate::plimsoll::{Place, read_json, service};
use crate::server::RedisServer;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/sparkle")
}

fn yaml(path: &Path) -> Value {
    plimsoll_script::yaml::read_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the suite declares: the name of each scenario, and what it is.
fn declared() -> Vec<(String, Value)> {
    let suite = yaml(&folder().join("suite.yaml"));
    let scenarios = suite["scenarios"].as_array().unwrap().clone();
    let only = |scenario: Value| scenario.as_object().unwrap().clone().into_iter().next().unwrap();
    scenarios.into_iter().map(only).collect()
}

/// The plans it declares, by their place in its folder.
fn plans() -> Vec<String> {
    declared().iter().filter_map(|(_, scenario)| Some(scenario["plan"].as_str()?.to_owned())).collect()
}

/// Runs a plan in short.
fn ran(place: &Place, plan: &str, more: &[&str]) -> Value {
    let plan = folder().join(plan);
    let usual = ["run", plan.to_str().unwrap(), "--quiet", "--out", "run"];
    let ended = place.plimsoll(&[&usual, more].concat());
    read_json(&place.path("run/run.json")).unwrap_or_else(|| panic!("{ended:?}"))
}

/// How many operations of a step had an outcome.
fn count(run: &Value, step: &str, outcome: &str) -> u64 {
    let steps = run["steps"].as_array().unwrap();
    let step = steps.iter().find(|s| s["name"] == step).unwrap_or_else(|| panic!("no step {step}"));
    step["outcomes"][outcome]["count"].as_u64().unwrap_or(0)
}

/// How often something was counted.
fn counted(run: &Value, name: &str) -> u64 {
    run["counted"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == name)
        .map_or(0, |c| c["count"].as_u64().unwrap())
}

fn verdict<'r>(run: &'r Value, claim: &str) -> &'r str {
    let claims = run["claims"].as_array().unwrap();
    claims.iter().find(|c| c["text"] == claim).unwrap_or_else(|| panic!("no claim {claim}"))["verdict"]
        .as_str()
        .unwrap()
}

#[test]
fn every_plan_is_declared_and_right() {
    let plans = plans();
    for (name, scenario) in declared() {
        let is_run = scenario["plan"].is_string();
        assert!(is_run != scenario["not_run"].is_string(), "{name} is run, or says why it is not");
    }
    let schema: Value = serde_json::from_str(include_str!("../../../../schemas/plan.schema.json")).unwrap();
    let validator = validator_for(&schema).unwrap();
    for place in ["", "later"] {
        for entry in std::fs::read_dir(folder().join(place)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "yaml") || path.ends_with("suite.yaml") {
                continue;
            }
            let named = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
            assert!(plans.contains(&named), "{named} is in no scenario");
            let errors: Vec<_> = validator.iter_errors(&yaml(&path)).map(|e| e.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{named}");
            let ended = Place::new().plimsoll(&["check", "--offline", path.to_str().unwrap()]);
            assert_eq!(ended.code, 0, "{named}: {ended:?}");
        }
    }
}

/// Twenty of twenty-five have a connection, five do not get one, and afterwards everybody does.
#[test]
fn a_pool_is_exhausted_and_recovers() {
    let server = Database::postgres(&[]);
    let real =
        ["-e", &format!("DB={}", server.url("postgres", "postgres")), "-e", "HOLD=SELECT pg_sleep(0.5)"];
    let run = ran(&Place::new(), "pool-exhaustion.yaml", &real);
    let counts = [("hold", "ok"), ("hold", "timeout"), ("again", "ok")]
        .map(|(step, outcome)| count(&run, step, outcome));
    assert_eq!(counts, [20, 5, 50], "{}", run["errors"]);
    assert_eq!(run["errors"][0]["class"], "pool exhausted", "{}", run["errors"]);
    assert_eq!(verdict(&run, "count(hold, outcome=timeout) == 5"), "VERIFIED");
}

/// With patience nobody is refused.
#[test]
fn a_pool_is_waited_for() {
    let run = ran(&Place::new(), "pool-waiting.yaml", &[]);
    assert_eq!((count(&run, "query", "ok"), &run["totals"]["failed"]), (500, &0.into()), "{}", run["errors"]);
}

/// What was kept is found, what was not is not, and both caches say so.
#[test]
fn a_cache_is_warm_cold_and_mixed() {
    let server = RedisServer::start(&[]);
    for more in [vec![], vec!["-e".to_owned(), format!("REDIS={}", server.url())]] {
        let more: Vec<&str> = more.iter().map(String::as_str).chain(["--duration", "1s"]).collect();
        let run = ran(&Place::new(), "cache.yaml", &more);
        assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
        for (step, has_hits, has_misses) in [
            ("warm", true, false),
            ("cold", false, true),
            ("mixed", true, true),
            ("concurrent", true, false),
            ("old", false, true),
        ] {
            let [hits, misses] = ["hit", "miss"].map(|part| counted(&run, &format!("{step}.{part}")));
            assert_eq!(
                (hits > 0, misses > 0),
                (has_hits, has_misses),
                "{step}: {hits} hits, {misses} misses"
            );
            assert_eq!(hits + misses, count(&run, step, "ok"), "{step}");
        }
        assert_eq!(verdict(&run, "share(warm.hit) == 100%"), "VERIFIED");
    }
}

/// Every user talks as long as it was told to, and every answer has its tokens.
#[test]
fn people_are_answered() {
    for (plan, step, messages) in [
        ("users-10.yaml", "message", 50),
        ("users-50.yaml", "message", 150),
        ("users-100.yaml", "message", 600),
        ("tokens.yaml", "ask", 100),
    ] {
        let run = ran(&Place::new(), plan, &[]);
        assert_eq!(
            (count(&run, step, "ok"), &run["totals"]["failed"]),
            (messages, &0.into()),
            "{plan}: {}",
            run["errors"]
        );
    }
}

/// The published figures come out as they must of a service that does not sleep.
#[test]
fn published_figures_are_judged() {
    let run = ran(&Place::new(), "latency.yaml", &[]);
    assert_eq!((count(&run, "single", "ok"), count(&run, "sequential", "ok")), (1, 100), "{}", run["errors"]);
    // Of a hundred values nobody can tell the p99.
    assert_ne!(verdict(&run, "p99(sequential) < 350ms"), "VERIFIED");
}

/// Who reads slowly takes its time, whoever else is there: in a second nobody comes to a second page.
#[test]
fn slow_clients_are_slow() {
    let run = ran(&Place::new(), "slow-clients.yaml", &["--duration", "1s"]);
    assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
    assert_eq!((count(&run, "page", "ok"), count(&run, "export", "ok")), (20, 5));
    assert!((5..=10).contains(&count(&run, "slow", "ok")), "{}", count(&run, "slow", "ok"));
    assert!(count(&run, "fast", "ok") > 0);
}

/// Every user has a connection of its own, and is answered over it.
#[test]
fn people_keep_their_connections() {
    let run = ran(&Place::new(), "websockets.yaml", &["--duration", "4s"]);
    let [entered, left] = ["enter", "leave"].map(|step| count(&run, step, "ok"));
    assert!(entered > 100 && entered == left, "{entered} came, {left} left: {}", run["errors"]);
    assert_eq!((count(&run, "ask", "ok"), &run["totals"]["connections"]), (5 * entered, &entered.into()));
}

#[test]
fn the_later_script_runs() {
    let (service, place) = (service("chat"), Place::new());
    let base = format!("BASE={}", service.url());
    let run = ran(&place, "later/mix.js", &["-e", &base, "-u", "3", "-d", "3s"]);
    assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
    assert!(run["totals"]["ok"].as_u64() > Some(0));
}
