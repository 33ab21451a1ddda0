//! Suites that are wrong, and exactly what is said about them; one that is right, and what it comes to.

use std::path::{Path, PathBuf};

use plimsoll_metrics::expression::parse_arm_claim;
use plimsoll_script::load_suite;
use plimsoll_script::yaml::{ComparedPlans, Program, Suite, Work};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/plans/suite")
}

fn problems(text: &str) -> String {
    load_suite(Path::new("suite.yaml"), text.to_owned())
        .err()
        .map_or_else(|| "no problem was found".to_owned(), |d| d.render(false))
}

fn right() -> Suite {
    let file = folder().join("suite.yaml");
    let text = std::fs::read_to_string(&file).expect("the suite is there");
    load_suite(&file, text).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

#[test]
fn mistakes_in_suites() {
    insta::assert_snapshot!(problems(include_str!("wrong/suite.yaml")));
    insta::assert_snapshot!(problems("name: nothing\n"));
    insta::assert_snapshot!(problems(" \n"));
}

#[test]
fn a_suite_says_what_is_run_against_what() {
    let suite = right();
    assert_eq!((suite.name.as_str(), suite.cool_down_ns), ("suite", 1_500_000_000));
    let names: Vec<_> = suite.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["built-in", "real"]);
    let real = suite.variant(Some("real")).unwrap();
    assert_eq!(real.env, [("RPC".to_owned(), "nats://127.0.0.1:4222".to_owned())]);
    let apt = Some("apt-get install nats-server".to_owned());
    assert_eq!(real.needs, [("python3".to_owned(), None), ("nats-server".to_owned(), apt)]);
    let start = Program {
        words: vec!["services/start.sh".to_owned()],
        ready: "ready".to_owned(),
        within_ns: 60_000_000_000,
        env: Vec::new(),
    };
    let sleep = Program {
        words: vec!["sleep".to_owned(), "5".to_owned()],
        ready: "listening".to_owned(),
        within_ns: 10_000_000_000,
        env: vec![("PORT".to_owned(), "4222".to_owned())],
    };
    assert_eq!(real.start, [start, sleep]);
    assert!(suite.variant(None).is_some_and(|usual| usual.name == "built-in" && usual.start.is_empty()));
    assert!(suite.variant(Some("other")).is_none());
}

#[test]
fn a_scenario_is_a_run_a_search_a_comparison_or_nothing() {
    let suite = right();
    let plan = folder().join("smoke.yaml");
    let claim = parse_arm_claim("ratio(throughput, smoke, other) >= 0.9").unwrap();
    let other = folder().join("other.yaml");
    let works: Vec<_> = suite.scenarios.iter().map(|scenario| scenario.work.clone()).collect();
    assert_eq!(
        works,
        [
            Work::Run(plan.clone()),
            Work::Capacity(plan.clone()),
            Work::Compare(ComparedPlans { files: vec![plan.clone(); 3], pairs: 9, claims: Vec::new() }),
            Work::Compare(ComparedPlans { files: vec![plan.clone(), other], pairs: 6, claims: vec![claim] }),
            Work::Nothing("needs a cluster of three machines".to_owned()),
        ]
    );
    assert_eq!(suite.scenarios[0].env, [("USERS".to_owned(), "10".to_owned())]);
    assert_eq!(suite.scenarios[1].args, ["--to", "5000/s"]);
    assert!(suite.scenarios[2].is_for("real") && !suite.scenarios[2].is_for("built-in"));
    assert_eq!(suite.scenarios[2].files().len(), 3);
}
