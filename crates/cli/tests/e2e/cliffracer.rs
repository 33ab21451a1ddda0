//! The Cliffracer suite: every plan is well-formed and has what the suite says, and some run in short.

use std::path::{Path, PathBuf};

use plimsoll_script::behaviour::generate::{GENERATORS, Order, fault_kinds, generate, usual_faults};
use plimsoll_targets::validate::{self, Problem};
use serde_json::Value;

use crate::plimsoll::{Ended, Place};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/cliffracer")
}

fn plans() -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let is_plan =
        |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("suite.yaml");
    let mut plans: Vec<_> = files.filter(is_plan).collect();
    plans.sort();
    plans
}

fn yaml(path: &Path) -> Value {
    plimsoll_script::yaml::read_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_plan_of_the_suite_is_well_formed() {
    let schema: Value = serde_json::from_str(include_str!("../../../../schemas/plan.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let check = |plan: &PathBuf| {
        let ended = Place::new().plimsoll(&["check", plan.to_str().unwrap(), "--offline"]);
        assert_eq!(ended.code, 0, "{}: {ended:?}", plan.display());
        let errors: Vec<_> = validator.iter_errors(&yaml(plan)).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", plan.display());
    };
    // Each makes its data first, which takes a while.
    let plans = plans();
    std::thread::scope(|threads| {
        for some in plans.chunks(plans.len().div_ceil(4)) {
            threads.spawn(move || some.iter().for_each(check));
        }
    });
}

#[test]
fn the_suite_names_every_plan_and_no_other() {
    let suite = yaml(&folder().join("suite.yaml"));
    let mut named: Vec<String> = Vec::new();
    for scenario in suite["scenarios"].as_array().unwrap() {
        let (_, what) = scenario.as_object().unwrap().iter().next().unwrap();
        named.extend(what["plan"].as_str().map(str::to_owned));
        let arms = what["compare"].as_array().into_iter().flatten();
        named.extend(arms.map(|arm| arm.as_str().unwrap().to_owned()));
    }
    named.sort();
    let there: Vec<_> = plans().iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(named, there);
}

fn run(plan: &str, duration: &str, more: &[&str]) -> (Ended, Value) {
    let path = folder().join(plan);
    let place = Place::new();
    let fixed = ["run", path.to_str().unwrap(), "--duration", duration, "--quiet", "--json", "--out", "run"];
    let ended = place.plimsoll(&[&fixed, more].concat());
    let run = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{plan}: {e}: {ended:?}"));
    (ended, run)
}

fn verdict<'r>(run: &'r Value, claim: &str) -> &'r str {
    let all = run["claims"].as_array().unwrap();
    all.iter().find(|c| c["text"] == claim).unwrap_or_else(|| panic!("{claim}: {all:?}"))["verdict"]
        .as_str()
        .unwrap()
}

/// Every kind that was sent is a row: the broken were refused, the valid were not.
#[test]
fn what_was_broken_is_refused_and_nothing_else() {
    for (plan, step) in [("rpc.yaml", "order"), ("http-redis.yaml", "order"), ("july.yaml", "order")] {
        let (_, run) = run(plan, "2s", &[]);
        let rows: Vec<_> = run["injected"].as_array().unwrap().iter().filter(|r| r["step"] == step).collect();
        assert_eq!(rows.len(), 6, "{plan}: {rows:?}");
        for row in &rows {
            let is_broken = !row["fault"].is_null();
            let (right, wrong) = if is_broken { ("refused", "passed") } else { ("passed", "refused") };
            assert_eq!((&row[right], &row[wrong]), (&row["sent"], &Value::from(0)), "{plan}: {row}");
        }
        let sent = |broken: bool| {
            let rows = rows.iter().filter(|row| row["fault"].is_null() != broken);
            rows.map(|row| row["sent"].as_u64().unwrap()).sum::<u64>()
        };
        assert!(sent(true) > 0 && sent(false) > sent(true), "{plan}: {rows:?}");
        let sums = &run["totals"];
        let all = ["ok", "rejected"].map(|key| sums[key].as_u64().unwrap()).iter().sum::<u64>();
        assert_eq!(
            (all, &sums["failed"]),
            (sent(true) + sent(false), &Value::from(0)),
            "{plan}: {}",
            run["errors"]
        );
        assert_eq!(verdict(&run, "count(order.valid, outcome=rejected) == 0"), "VERIFIED");
    }
}

#[test]
fn all_kinds_of_users_do_what_they_are_for() {
    let (_, run) = run("quick-high-throughput.yaml", "3s", &[]);
    let counted = |scenario: &str| {
        let steps = run["steps"].as_array().unwrap().iter().filter(|s| s["scenario"] == scenario);
        let count = |s: &Value, outcome: &str| s["outcomes"][outcome]["count"].as_u64().unwrap_or(0);
        steps.map(|s| count(s, "ok") + count(s, "rejected")).sum::<u64>()
    };
    for scenario in ["ordering", "analytics", "large", "errors", "mixed"] {
        assert!(counted(scenario) > 0, "{scenario}: {}", run["steps"]);
    }
    // What does not fit into a message is the one thing that may fail.
    let errors = run["errors"].as_array().unwrap();
    assert!(
        errors.iter().filter(|e| e["outcome"] != "rejected").all(|e| e["class"] == "too large"),
        "{errors:?}"
    );
}

#[test]
fn no_more_is_sold_than_there_is_and_who_is_declined_may_try_again() {
    let (_, run) = run("ecommerce.yaml", "5s", &[]);
    for claim in ["count(buy) <= 100", "count(buy, outcome=rejected) >= 1", "fail_rate <= 1%"] {
        assert_ne!(verdict(&run, claim), "REFUTED", "{claim}: {}", run["claims"]);
    }
    let step = |name: &str| run["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
    assert_eq!(step("buy")["outcomes"]["ok"]["count"], 100, "{}", step("buy"));
    assert!(step("retry_payment")["sent"].as_u64().unwrap() > 0, "{}", run["steps"]);
}

/// The budget of the original could not hold with the original's rules.
#[test]
fn by_the_originals_rules_its_own_orders_are_refused() {
    let (ended, run) = run("original-rules.yaml", "4s", &[]);
    assert_eq!(verdict(&run, "fail_rate <= 1%"), "REFUTED", "{}", run["claims"]);
    assert_eq!(ended.code, 99, "{ended:?}");
}

#[test]
fn files_that_a_worker_lost_are_worked_through_later() {
    let (_, run) = run("files.yaml", "3s", &[]);
    assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
    let step = |name: &str| run["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
    assert!(step("process")["outcomes"]["rejected"]["count"].as_u64().unwrap() > 0);
    let recovered = step("check_recovered")["outcomes"]["ok"]["count"].as_u64().unwrap();
    assert!(recovered > 0);
}

/// What the services say of a payload.
fn said(generator: &str, value: &Value) -> Vec<Problem> {
    match generator {
        "batch" => validate::batch_request(value),
        "event" => validate::analytics_event(value),
        "order" => validate::complex_order(value),
        _ => validate::validation_test(value),
    }
}

fn payloads(generator: &str, rows: usize, kinds: &[String]) -> Vec<(Value, Option<String>)> {
    let invalid_share = if kinds.is_empty() { 0.0 } else { 1.0 };
    let (size, list, now_ms) = (None, None, 1_700_000_000_000);
    let order = Order { generator, rows, size, list, seed: 5, invalid_share, kinds, now_ms };
    generate(&order).iter().map(|row| (row.value.clone(), row.invalid.clone())).collect()
}

/// Generators and services were written apart: what the one means to be valid the other takes, what it breaks the other
/// refuses, with one complaint.
#[test]
fn services_agree_with_generators_about_what_is_valid() {
    // What attribution is made of, another service takes (the suite of UnMoGrowP).
    for generator in GENERATORS.into_iter().filter(|generator| *generator != "attribution") {
        let rows = if generator == "batch" { 20 } else { 500 };
        for (value, _) in payloads(generator, rows, &[]) {
            assert_eq!(said(generator, &value), [], "{generator}: {value}");
        }
        for kind in usual_faults(generator) {
            for (value, _) in payloads(generator, 50, &[kind.to_owned()]) {
                assert_eq!(
                    said(generator, &value).len(),
                    1,
                    "{generator}.{kind}: {:?}",
                    said(generator, &value)
                );
            }
        }
    }
    assert!(fault_kinds("order").contains(&"force_error"));
    for (value, _) in payloads("order", 50, &["force_error".to_owned()]) {
        assert_eq!(said("order", &value), [], "it is well-formed");
    }
}
