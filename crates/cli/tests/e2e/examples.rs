//! Every example runs, or at least reads; and every one satisfies the published schema.

use std::path::PathBuf;

use jsonschema::validator_for;
use serde_json::Value;

use crate::plimsoll::Place;

fn examples() -> Vec<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut plans: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect();
    plans.sort();
    assert!(plans.len() >= 4, "{plans:?}");
    plans
}

#[test]
fn every_example_passes_its_canary() {
    for plan in examples() {
        let ended = Place::new().plimsoll(&["check", plan.to_str().unwrap()]);
        assert_eq!(ended.code, 0, "{}: {ended:?}", plan.display());
        assert!(ended.stdout.contains("One call of each kind\n  ok "), "{ended:?}");
    }
}

#[test]
fn every_example_runs_in_short() {
    for plan in examples() {
        let place = Place::new();
        let ended = place.plimsoll(&[
            "run",
            plan.to_str().unwrap(),
            "--duration",
            "2s",
            "--quiet",
            "--json",
            "--out",
            "run",
        ]);
        let run: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|e| panic!("{}: {e}: {ended:?}", plan.display()));
        assert_eq!(run["totals"]["failed"], 0, "{}: {}", plan.display(), run["errors"]);
        assert!(run["totals"]["ok"].as_u64().unwrap() > 0, "{}", plan.display());
        let books = run["audits"].as_array().unwrap().iter().find(|a| a["id"] == "books").unwrap();
        assert_eq!(books["status"], "PASS", "{}", plan.display());
    }
}

#[test]
fn every_example_satisfies_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../../schemas/plan.schema.json")).unwrap();
    let validator = validator_for(&schema).unwrap();
    for plan in examples() {
        let node = plimsoll_script::yaml::read_json(&std::fs::read_to_string(&plan).unwrap()).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&node).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", plan.display());
    }
    let wrong =
        plimsoll_script::yaml::read_json("target: http://h\nlaod: {}\nscenarios: { a: [ get: / ] }\n")
            .unwrap();
    assert!(!validator.is_valid(&wrong));
}
