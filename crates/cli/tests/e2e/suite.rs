//! Suites: what is declared, run and not run, by the real binary; interruption and going on; programs that are started; scale.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jsonschema::validator_for;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::plimsoll::{Place, read_json, slow};

/// A plan of eighty requests in two seconds.
fn plan(url: &str, claim: &str) -> String {
    format!(
        "target: {url}\nclaims: [{claim}]\nload: {{ all: {{ open: {{ rate: 40/s, arrivals: uniform, for: 2s }} }} }}\nscenarios: {{ all: [{{ call: {{ get: /health, expect: {{ status: 200 }} }} }}] }}\n"
    )
}

/// A suite of three: one that holds, one that does not, one that is not run.
fn three(place: &Place, url: &str) {
    std::fs::create_dir(place.path("mine")).unwrap();
    place.write("mine/good.yaml", &plan(url, "ok_rate >= 50%"));
    place.write("mine/bad.yaml", &plan(url, "fail_rate >= 50%"));
    place.write(
        "mine/suite.yaml",
        "name: Three\nabout: One of each.\nscenarios:\n  - good: { plan: good.yaml, from: \"table 1, line 2\" }\n  - bad one: { plan: bad.yaml }\n  - chaos: { not_run: needs a cluster }\n",
    );
}

/// Looks until something is there.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} never came");
}

fn assert_valid(schema: &str, value: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(schema);
    let validator = validator_for(&read_json(&path).unwrap()).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new(), "{schema}");
}

#[test]
fn a_suite_says_what_was_declared_run_and_not_run_and_ends_with_the_worst() {
    let (server, place) = (slow(), Place::new());
    three(&place, &server.url());
    let ended = place.plimsoll(&["suite", "mine", "--out", "out"]);
    assert_eq!(ended.code, 99, "{ended:?}");
    assert!(
        ended.stdout.starts_with("⦵ Plimsoll: of 3 declared scenarios 2 were run: 1 refuted, 1 verified."),
        "{ended:?}"
    );
    assert!(
        ended.stderr.contains("1 of 2  good: ") && ended.stderr.contains("2 of 2  bad one: REFUTED"),
        "{ended:?}"
    );
    let suite = read_json(&place.path("out/suite.json")).unwrap();
    assert_valid("suite-run.schema.json", &suite);
    let states: Vec<_> = suite["scenarios"].as_array().unwrap().iter().map(|s| s["state"].clone()).collect();
    assert_eq!(states, ["verified", "refuted", "not_run"]);
    assert_eq!(suite["scenarios"][2]["why"], "needs a cluster");
    assert_eq!(suite["scenarios"][1]["claims"][0]["verdict"], "REFUTED");
    assert_eq!(suite["scenarios"][1]["claims"][0]["samples"], 80);
    // Each is a run of its own.
    for file in
        ["01-good/run.json", "02-bad-one/report.html", "index.html", "report.txt", "report.md", "junit.xml"]
    {
        assert!(place.path("out").join(file).exists(), "{file}");
    }
    let page = std::fs::read_to_string(place.path("out/index.html")).unwrap();
    assert!(page.contains("02-bad-one/report.html") && page.contains("table 1, line 2"), "{page}");
    let cases = std::fs::read_to_string(place.path("out/junit.xml")).unwrap();
    assert_eq!(cases.matches("<testcase ").count(), 3 + 2, "{cases}");
    // What is finished is not run again.
    let record = || std::fs::read(place.path("out/02-bad-one/events.plimsoll")).unwrap();
    let before = record();
    let again = place.plimsoll(&["suite", "mine", "--out", "out"]);
    assert!(again.code == 99 && again.stderr.contains("going on after 2 scenarios"), "{again:?}");
    assert_eq!(record(), before);
    // A plan that was changed since is another suite.
    place.write("mine/bad.yaml", &plan(&server.url(), "fail_rate >= 60%"));
    let other = place.plimsoll(&["suite", "mine", "--out", "out"]);
    assert!(other.code == 104 && other.stderr.contains("a plan that has been changed since"), "{other:?}");
}

#[test]
fn what_would_run_is_listed_and_nothing_runs() {
    let place = Place::new();
    three(&place, "http://127.0.0.1:1");
    let listed = place.plimsoll(&["suite", "mine/suite.yaml", "--list", "--scale", "50%", "--only", "good"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(
        listed
            .stdout
            .contains("Three, variant default, scaled by 0.5: 1 of 3 scenarios would run, about 2.0 s"),
        "{listed:?}"
    );
    assert!(
        listed.stdout.contains("not run: not asked for (--only)") && !place.path("runs").exists(),
        "{listed:?}"
    );
}

#[test]
fn everything_wrong_with_a_suite_is_said_before_anything_runs() {
    let (server, place) = (slow(), Place::new());
    three(&place, &server.url());
    place.write("mine/wrong.yaml", "target: demo:echo\nlaod: {}\nscenarios: { all: [get: /] }\n");
    place.write("wrong.yaml", "scenarios:\n  - good: { plna: mine/good.yaml }\n");
    let ended = place.plimsoll(&["suite", "wrong.yaml", "--out", "out"]);
    assert!(ended.code == 104 && ended.stderr.contains("did you mean `plan`?"), "{ended:?}");
    assert!(ended.stderr.contains("wrong.yaml:2:13"), "{ended:?}");
    place.write(
        "mine/suite.yaml",
        "scenarios:\n  - good: { plan: good.yaml }\n  - one: { plan: wrong.yaml }\n  - two: { plan: good.yaml, args: [--rtae, 5] }\n  - three: { capacity: good.yaml, args: [--out, there] }\n",
    );
    let ended = place.plimsoll(&["suite", "mine", "--out", "out"]);
    assert_eq!(ended.code, 104, "{ended:?}");
    for word in
        ["did you mean `load`?", "--rtae", "the suite says itself where", "one, two, three cannot be run"]
    {
        assert!(ended.stderr.contains(word), "{word:?} is not said: {ended:?}");
    }
    assert!(!place.path("out").exists());
    for (arguments, word) in
        [(["--variant", "reel"], "there are default"), (["--only", "god"], "there are good, one")]
    {
        let ended = place.plimsoll(&[&["suite", "mine"][..], &arguments].concat());
        assert!(ended.code == 104 && ended.stderr.contains(word), "{ended:?}");
    }
}

/// A server that answers nobody until it is opened.
fn gate() -> (String, Arc<AtomicBool>, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, open) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let (seen, opened) = (asked.clone(), open.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (seen, opened) = (seen.clone(), opened.clone());
            std::thread::spawn(move || answer(stream, &seen, &opened));
        }
    });
    (url, asked, open)
}

fn answer(mut stream: TcpStream, asked: &AtomicBool, open: &AtomicBool) {
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|n| n > 0) {
        asked.store(true, Ordering::Release);
        while !open.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(10));
        }
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").is_err() {
            return;
        }
    }
}

#[test]
fn an_interrupted_suite_judges_what_it_has_and_goes_on_from_there() {
    let (server, place) = (slow(), Place::new());
    let (url, asked, open) = gate();
    three(&place, &server.url());
    let counted = format!(
        "target: {url}\nclaims: [count(call) >= 3]\nload: {{ all: {{ closed: {{ users: 1, iterations: 3 }} }} }}\nscenarios: {{ all: [{{ call: {{ get: / }} }}] }}\n"
    );
    place.write("mine/gated.yaml", &counted);
    place.write(
        "mine/suite.yaml",
        "cool_down: 1ms\nscenarios:\n  - good: { plan: good.yaml }\n  - gated: { plan: gated.yaml }\n  - last: { plan: good.yaml }\n",
    );
    let running = place
        .command(&["suite", "mine", "--out", "out", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the gated scenario", || asked.load(Ordering::Acquire).then_some(()));
    kill_process(Pid::from_child(&running), Signal::TERM).unwrap();
    // It is handed on to the run, which waits for what is in flight.
    let output = place.path("out/02-gated/output.txt");
    wait_for("the interrupt", || {
        std::fs::read_to_string(&output).ok().filter(|said| said.contains("stopping"))
    });
    open.store(true, Ordering::Release);
    let ended: crate::plimsoll::Ended = running.wait_with_output().unwrap().into();
    assert_eq!(ended.code, 105, "{ended:?}");
    let suite = || read_json(&place.path("out/suite.json")).unwrap();
    let of = |key: &str| -> Vec<Value> {
        suite()["scenarios"].as_array().unwrap().iter().map(|s| s[key].clone()).collect()
    };
    assert_eq!(of("state"), ["verified", "interrupted", "not_run"]);
    assert_eq!(of("why")[2], "interrupted before it");
    assert_eq!(suite()["scenarios"][1]["claims"][0]["value"], 1.0);
    assert!(suite()["ended_at"].is_null() && ended.stderr.contains("goes on from there"), "{ended:?}");
    let first = std::fs::read(place.path("out/01-good/events.plimsoll")).unwrap();
    let on = place.plimsoll(&["suite", "mine", "--out", "out", "--quiet"]);
    assert!(on.stderr.contains("going on after 1 scenarios"), "{on:?}");
    assert_eq!(suite()["scenarios"][1]["claims"][0]["value"], 3.0);
    assert!(of("state").iter().all(|state| state == "verified" || state == "unproven"), "{on:?}");
    assert!(suite()["ended_at"].is_string());
    assert_eq!(std::fs::read(place.path("out/01-good/events.plimsoll")).unwrap(), first);
}

#[test]
fn programs_are_started_waited_for_and_stopped() {
    let (server, place) = (slow(), Place::new());
    three(&place, &server.url());
    place.write(
        "mine/good.yaml",
        &format!("env: {{ URL: \"http://127.0.0.1:1\" }}\n{}", plan("${env.URL}", "ok_rate >= 50%")),
    );
    let program =
        place.write("mine/start.sh", "#!/bin/sh\necho $$ > pid\necho \"ready: $URL\"\nexec sleep 600\n");
    assert!(Command::new("chmod").arg("+x").arg(program).status().unwrap().success());
    place.write(
        "mine/suite.yaml",
        &format!(
            "variants:\n  real:\n    env: {{ URL: \"{}\" }}\n    start: [./start.sh]\n    needs: [sh]\n  other:\n    needs: [no-such-program]\nscenarios:\n  - good: {{ plan: good.yaml }}\n  - here: {{ plan: bad.yaml, only: [other] }}\n",
            server.url()
        ),
    );
    let ended = place.plimsoll(&["suite", "mine", "--out", "out", "--quiet"]);
    let suite = read_json(&place.path("out/suite.json")).unwrap();
    assert_eq!(suite["scenarios"][0]["claims"][0]["samples"], 80, "{ended:?}");
    assert_eq!(suite["scenarios"][1]["why"], "only with the variant other");
    let log = std::fs::read_to_string(place.path("out/services/01-start.log")).unwrap();
    assert_eq!(log, format!("ready: {}\n", server.url()));
    let pid: i32 = std::fs::read_to_string(place.path("mine/pid")).unwrap().trim().parse().unwrap();
    assert!(test_kill_process(Pid::from_raw(pid).unwrap()).is_err());
    let missing = place.plimsoll(&["suite", "mine", "--variant", "other"]);
    assert!(missing.code == 1 && missing.stderr.contains("`no-such-program` is not there"), "{missing:?}");
}

#[test]
fn a_load_line_and_a_comparison_are_scenarios() {
    let (server, place) = (slow(), Place::new());
    three(&place, &server.url());
    place.write(
        "mine/suite.yaml",
        "scenarios:\n  - line: { capacity: good.yaml, args: [--from, 20, --to, 20, --hold, 2s, --warm-up, 1s, --cool-down, 1ms, --confirm, 0] }\n  - both: { compare: [good.yaml, bad.yaml], pairs: 1, claims: [\"ratio(p50, bad, good) <= 2\"] }\n",
    );
    let ended = place.plimsoll(&["suite", "mine", "--out", "out", "--quiet", "--json"]);
    let suite: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    let sentence = |at: usize| suite["scenarios"][at]["sentences"][0].as_str().unwrap().to_owned();
    assert!(sentence(0).contains("carries at least 20.0/s"), "{suite}");
    assert!(sentence(1).contains("no word on 1 and 1 runs"), "{suite}");
    assert_eq!(suite["scenarios"][1]["state"], "unproven");
    let claim = &suite["scenarios"][1]["claims"][0];
    assert_eq!(
        (claim["verdict"].as_str(), claim["samples"].as_u64()),
        (Some("UNPROVEN"), Some(2)),
        "{claim}"
    );
    assert!(place.path("out/02-both/2-bad/001/run.json").exists());
    assert!(place.path("out/02-both/report.txt").exists());
}

#[test]
fn a_scaled_run_keeps_its_rate_and_says_so_everywhere() {
    let (server, place) = (slow(), Place::new());
    let text = plan(&server.url(), "\"recovers_within(5s, after=hold)\", count(call) >= 1000")
        .replace("for: 2s", "for: 40s");
    let (ended, run) = place.run_plan(&text, &["--scale", "5%"]);
    // Forty a second, for a twentieth of forty seconds.
    assert_eq!(run["totals"]["scheduled"], 80, "{ended:?}");
    assert_eq!((&run["scale"], ended.code), (&Value::from(0.05), 98));
    for claim in run["claims"].as_array().unwrap() {
        assert_eq!(claim["verdict"], "UNPROVEN");
        assert!(claim["reason"].as_str().unwrap().starts_with("scaled by 0.05: "), "{claim}");
    }
    for file in ["report.txt", "report.html", "report.md"] {
        let report = std::fs::read_to_string(place.path("out").join(file)).unwrap();
        assert!(report.contains("Scaled by 0.05"), "{file}");
    }
    let wrong = place.plimsoll(&["run", "plan.yaml", "--scale", "0.5", "--duration", "1s"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[test]
fn a_scaled_script_keeps_its_rate() {
    let (server, place) = (slow(), Place::new());
    place.write(
        "script.js",
        &format!(
            "import http from 'k6/http';\nexport const options = {{ scenarios: {{ a: {{ executor: 'constant-arrival-rate', rate: 20, duration: '40s', preAllocatedVUs: 5 }} }}, thresholds: {{ iterations: ['count>1000'] }} }};\nexport default () => {{ http.get('{}/health'); }}\n",
            server.url()
        ),
    );
    place.write("suite.yaml", "scenarios: [{ script: { plan: script.js } }]\n");
    let ended = place.plimsoll(&["suite", ".", "--scale", "0.05", "--out", "out", "--quiet"]);
    let run = read_json(&place.path("out/01-script/run.json")).unwrap_or_else(|| panic!("{ended:?}"));
    assert_eq!(run["totals"]["scheduled"], 40, "{ended:?}");
    assert_eq!(run["scale"], 0.05);
    // By k6's own rules a threshold failed that no claim can be made of. A run of full length might come to more.
    let suite = |out: &str| read_json(&place.path(out).join("suite.json")).unwrap()["scenarios"][0].clone();
    assert_eq!((&suite("out")["state"], ended.code), (&Value::from("unproven"), 98), "{ended:?}");
    assert_eq!(suite("out")["why"], "failed by k6's rules: iterations: count>1000");
    place.write("suite.yaml", "scenarios: [{ script: { plan: script.js, args: [-i, 5, -u, 1] } }]\n");
    let ended = place.plimsoll(&["suite", ".", "--out", "whole", "--quiet"]);
    assert_eq!((&suite("whole")["state"], ended.code), (&Value::from("refuted"), 99), "{ended:?}");
}
