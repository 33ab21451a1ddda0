//! What a run leaves behind, and how it ends.

use std::time::Duration;

use jsonschema::validator_for;
use plimsoll_targets::truth::{ServiceTime, TruthOptions};
use serde_json::{Value, json};

use crate::plimsoll::{Place, ask, read_json, service, truth_server};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../schemas/run.schema.json")).unwrap()
}

#[test]
fn the_demo_ends_with_a_verdict_and_a_report_that_can_be_shown_again() {
    let place = Place::new();
    let demo = place.plimsoll(&["demo", "--duration", "6s", "--out", "run"]);
    assert!(demo.stdout.starts_with("⦵ Plimsoll: "), "{demo:?}");
    assert!([0, 98].contains(&demo.code), "{demo:?}");
    for file in ["events.plimsoll", "plan.yaml", "run.json", "report.txt"] {
        assert!(place.path("run").join(file).exists(), "{file}");
    }
    let again = place.plimsoll(&["report", "run"]);
    assert_eq!((again.stdout.as_str(), again.code), (demo.stdout.as_str(), demo.code));
    let json: Value =
        serde_json::from_str(&place.plimsoll(&["report", "run", "--format", "json"]).stdout).unwrap();
    assert_eq!(Some(&json), read_json(&place.path("run/run.json")).as_ref());
    let errors: Vec<_> =
        validator_for(&schema()).unwrap().iter_errors(&json).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    // The order data was broken on purpose here and there, and the shop refused exactly that.
    let checkout = json["steps"].as_array().unwrap().iter().find(|s| s["name"] == "checkout").unwrap();
    assert!(checkout["outcomes"]["rejected"]["count"].as_u64().unwrap() > 0);
    assert_eq!(json["totals"]["failed"], 0, "{}", json["errors"]);
}

#[test]
fn a_target_that_is_not_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let plan = format!(
        "target: http://127.0.0.1:{port}\nclaims: [ p99 < 1s, mean < 1s, ok_rate >= 99% ]\nload: {{ main: {{ open: {{ rate: 50/s, for: 2s }} }} }}\nscenarios: {{ main: [ get: / ] }}\n"
    );
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    assert_eq!(ended.code, 99);
    assert!(ended.stdout.contains("No operation succeeded"), "{}", ended.stdout);
    let verdicts: Vec<_> = run["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["verdict"].clone(), c["value"].clone()))
        .collect();
    assert_eq!(
        verdicts,
        [(json!("UNPROVEN"), Value::Null), (json!("UNPROVEN"), Value::Null), (json!("REFUTED"), json!(0.0))]
    );
    assert_eq!((run["verdict"].clone(), run["totals"]["ok"].clone()), (json!("INVALID"), json!(0)));
    assert_eq!(run["errors"][0]["class"], "refused");
}

#[test]
fn claims_decide_the_exit_code() {
    let server = truth_server(TruthOptions {
        servers: 0,
        service: ServiceTime::Deterministic(50_000_000),
        ..TruthOptions::default()
    });
    let hit = |claim: &str, place: &Place| {
        place.plimsoll(&["hit", &server.url(), "-r", "400", "-d", "3s", "--quiet", "--claim", claim]).code
    };
    let place = Place::new();
    assert_eq!(hit("p90 < 1s", &place), 0);
    assert_eq!(hit("p90 < 20ms", &place), 99);
    assert_eq!(hit("p99.99 < 1s", &place), 98);
}

#[test]
fn what_the_body_must_hold_decides_about_success() {
    let (server, place) = (service("shop"), Place::new());
    let ok = |text: &str| {
        let url = format!("{}/health", server.url());
        let hit =
            place.plimsoll(&["hit", &url, "-n", "20", "-c", "1", "--json", "--quiet", "--expect", text]);
        let run: Value = serde_json::from_str(&hit.stdout).unwrap();
        run["totals"]["ok"].clone()
    };
    assert_eq!((ok("status"), ok("never said")), (json!(20), json!(0)));
}

#[test]
fn client_and_server_count_the_same() {
    let server = service("events");
    let plan = format!(
        "target: {}\ndata: {{ event: {{ generate: event, invalid: {{ rate: 20% }} }} }}\nload: {{ main: {{ closed: {{ users: 4, iterations: 500 }} }} }}\nscenarios:\n  main:\n    - send: {{ post: /v1/events, json: '${{event}}', expect: {{ status: 202, $.success: true, when_invalid: {{ status: 422 }} }} }}\n",
        server.url()
    );
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    let counters: Value = serde_json::from_str(&ask(&server, "/v1/counters")).unwrap();
    let outcomes = &run["steps"][0]["outcomes"];
    assert_eq!(outcomes["ok"]["count"], counters["accepted"], "{ended:?}");
    assert_eq!(outcomes["rejected"]["count"], counters["refused"]);
    assert_eq!(counters["received"], 500);
    assert_eq!(run["totals"]["failed"], 0);
}

#[test]
fn setup_saves_for_all_and_teardown_tidies_up() {
    let server = service("echo");
    let plan = format!(
        "target: {}\nsetup:\n  - login: {{ get: /echo/token, save: {{ path: $.uri }} }}\nteardown:\n  - bye: {{ get: /status/500 }}\nload: {{ main: {{ closed: {{ users: 2, iterations: 20 }} }} }}\nscenarios:\n  main:\n    - use: {{ get: '${{path}}', expect: {{ $.uri: /echo/token }} }}\n",
        server.url()
    );
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    assert_eq!(run["totals"]["ok"], 20, "{ended:?}");
    assert!(ended.stdout.contains("teardown step `bye` failed"), "{}", ended.stdout);

    let place = Place::new();
    place.write("plan.yaml", &plan.replace("/echo/token, save", "/status/503, save"));
    let refused = place.plimsoll(&["run", "plan.yaml", "--quiet"]);
    assert_eq!(refused.code, 98);
    assert!(refused.stderr.contains("setup step `login` failed"), "{refused:?}");
}

#[test]
fn an_interrupted_run_is_written_and_judged() {
    let server = truth_server(TruthOptions {
        servers: 0,
        service: ServiceTime::Deterministic(300_000_000),
        ..TruthOptions::default()
    });
    let place = Place::new();
    let mut child = place
        .command(&["hit", &server.url(), "-r", "100", "-d", "60s", "--quiet", "--json", "--out", "run"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Interrupt once there is something to keep: the first second has been recorded.
    let events = place.path("run/events.plimsoll");
    let recorded = || std::fs::metadata(&events).map_or(0, |m| m.len());
    for _ in 0..2_000 {
        if recorded() > 1_500 {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(105));
    let run = read_json(&place.path("run/run.json")).unwrap();
    assert_eq!(run["ended"], "interrupted");
    // What was in flight was waited for: nothing is lost, and everything sent is a success.
    assert_eq!(run["totals"]["sent"], run["totals"]["ok"]);
    assert!(run["totals"]["ok"].as_u64().unwrap() > 20);
}

#[test]
fn a_lost_claim_stops_the_run_if_it_is_to() {
    let server = truth_server(TruthOptions {
        servers: 0,
        faults: vec!["fast_fail=100%".parse().unwrap()],
        ..TruthOptions::default()
    });
    // Of 6,000 operations 61 failures are too many, whatever the machine is like meanwhile.
    let plan = format!(
        "target: {}\nclaims: [ {{ claim: ok_rate >= 99%, abort: true }} ]\nload: {{ main: {{ open: {{ rate: 100/s, for: 60s }} }} }}\nscenarios: {{ main: [ get: / ] }}\n",
        server.url()
    );
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    assert_eq!((ended.code, run["ended"].clone()), (99, json!("claim_lost")));
    assert!(run["duration_ns"].as_u64().unwrap() < 20_000_000_000);
}

#[test]
fn a_recorded_run_that_was_cut_off_is_shown_as_far_as_it_goes() {
    let server = service("echo");
    let place = Place::new();
    place.plimsoll(&[
        "hit",
        &format!("{}/status/200", server.url()),
        "-r",
        "50",
        "-d",
        "2s",
        "--quiet",
        "--out",
        "run",
    ]);
    let events = place.path("run/events.plimsoll");
    let whole = std::fs::read(&events).unwrap();
    std::fs::write(&events, &whole[..whole.len() - 10]).unwrap();
    let report = place.plimsoll(&["report", "run"]);
    assert_eq!(report.code, 105, "{report:?}");
    assert!(report.stderr.contains("the record is damaged"), "{report:?}");
    assert!(report.stdout.contains("The run was cut off"), "{report:?}");
    std::fs::write(&events, b"not a run").unwrap();
    let foreign = place.plimsoll(&["report", "run"]);
    assert_eq!(foreign.code, 1);
    assert!(foreign.stderr.contains("is not a recorded run"), "{foreign:?}");
}

#[test]
fn several_load_threads_do_the_whole_plan_between_them() {
    let server = service("echo");
    let hit = |workers: &str| {
        let place = Place::new();
        place.plimsoll(&[
            "hit",
            &format!("{}/status/200", server.url()),
            "-r",
            "200",
            "-d",
            "2s",
            "--quiet",
            "--workers",
            workers,
            "--out",
            "run",
        ]);
        read_json(&place.path("run/run.json")).unwrap()["totals"]["scheduled"].clone()
    };
    assert_eq!(hit("1"), hit("3"));
}
