//! Comparisons of runs: what is said, what is written, and the exit codes. How rarely words are wrong stands with the
//! statistics.

use std::process::Stdio;
use std::time::Duration;

use plimsoll_targets::truth::{ServiceTime, TruthOptions};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::plimsoll::{Ended, Place, read_json, truth_server};

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

/// Rounds of three arms made in turn, a second after the other.
fn three_arms(place: &Place, ok: u64) {
    for round in 0..8 {
        let noise = 1.0 + f64::from((round * 7919) % 31) / 3_100.0;
        for (at, (arm, mean_ms)) in [("http", 10.0), ("nats", 4.0), ("grpc", 5.0)].into_iter().enumerate() {
            let name = format!("{arm}/{round}");
            run(place, &name, mean_ms * noise, arm, "VALID");
            let file = place.path(&format!("{name}/run.json"));
            let mut written = read_json(&file).unwrap();
            written["started_at"] = json!(format!("2026-01-01T00:00:{:02}Z", 3 * round + at as i32));
            let outcome = &mut written["steps"][0]["outcomes"]["ok"];
            outcome["rate_per_s"] = json!(1_000.0 / mean_ms * noise);
            if arm == "grpc" {
                outcome["count"] = json!(ok);
            }
            std::fs::write(file, written.to_string()).unwrap();
        }
    }
}

#[test]
fn several_arms_are_held_against_the_first_and_claims_decide() {
    let place = Place::new();
    three_arms(&place, 100);
    let arms = ["http", "--", "nats", "--", "grpc"];
    let compare = |more: &[&str]| place.plimsoll(&[&["compare", "--factor", "target"], more, &arms].concat());
    let plain = compare(&[]);
    assert_eq!(plain.code, 0, "{plain:?}");
    assert!(plain.stdout.contains("nats against http: medians of 8 and 8 runs, made in turn"), "{plain:?}");
    assert!(
        plain.stdout.contains("grpc against http") && !plain.stdout.contains("grpc against nats"),
        "{plain:?}"
    );
    assert!(compare(&["--against", "nats"]).stdout.contains("grpc against nats"));

    let claim = |text: &str| compare(&["--claim", text]);
    let verified = claim("ratio(throughput, nats, http) >= 2");
    assert!(verified.code == 0 && verified.stdout.contains("1 of 1 claims verified"), "{verified:?}");
    let refuted = claim("ratio(mean(call), nats, http) <= 0.3");
    assert!(refuted.code == 99 && refuted.stdout.contains("REFUTED"), "{refuted:?}");
    let unproven = claim("ratio(p99, nats, http) <= 0.3");
    assert!(unproven.code == 98 && unproven.stdout.contains("withheld in, or missing from"), "{unproven:?}");
    let markdown = place.plimsoll(
        &[
            &["compare", "-f", "md", "--factor", "target", "--claim", "ratio(mean, nats, grpc) < 1"],
            &arms[..],
        ]
        .concat(),
    );
    assert!(
        markdown.code == 0 && markdown.stdout.contains("| VERIFIED | `ratio(mean, nats, grpc) < 1` |"),
        "{markdown:?}"
    );
}

#[test]
fn arms_that_fail_more_are_not_called_faster() {
    let place = Place::new();
    three_arms(&place, 90);
    let unequal = place.plimsoll(&["compare", "--factor", "target", "http", "--", "grpc"]);
    assert_eq!(unequal.code, 99, "{unequal:?}");
    assert!(unequal.stdout.contains("Not compared in speed: ok_rate(call) differs"), "{unequal:?}");
    assert!(!unequal.stdout.contains("throughput(call)"), "{unequal:?}");
}

#[test]
fn what_is_wrong_on_the_command_line_is_answered() {
    let place = Place::new();
    three_arms(&place, 100);
    let wrong = |arguments: &[&str], said: &str| {
        let ended = place.plimsoll(&[&["compare"], arguments].concat());
        assert!(ended.code == 104 && ended.stderr.contains(said), "{said}: {ended:?}");
    };
    wrong(
        &["--claim", "ratio(mean, nats, htp) >= 2", "http", "--", "nats"],
        "no arm is called `htp`; did you mean `http`?",
    );
    wrong(
        &["--claim", "ratio(ok_rate, nats, http) >= 2", "http", "--", "nats"],
        "arms are not compared by ok_rate",
    );
    wrong(&["--arm", "a=http", "--arm", "a=nats"], "two arms are called `a`; name them: --arm NAME=RUNS");
    wrong(&["--arm", "a/b=http", "--arm", "c=nats"], "is no name for an arm");
    wrong(&["--arm", "a=http"], "one arm is no comparison");
    wrong(&["--factor", "tagret", "http", "--", "nats"], "did you mean `target`?");
    wrong(&["--against", "grpc", "http", "--", "nats"], "no arm is called `grpc`");
    wrong(&["http", "http/3", "--", "nats"], "http/3 is named twice: a run counts once");
    wrong(
        &["--run", "one/plan.yaml", "two/plan.yaml"],
        "two arms are called `plan`; name them: --run NAME=PLAN",
    );
    // Directories that are called alike have letters instead.
    std::fs::create_dir_all(place.path("old")).unwrap();
    std::fs::rename(place.path("nats"), place.path("old/http")).unwrap();
    let alike = place.plimsoll(&["compare", "--factor", "target", "http", "--", "old/http"]);
    assert!(alike.stdout.contains("B against A"), "{alike:?}");
}

fn plan(place: &Place, name: &str, url: &str, seconds: u32) {
    let text = format!(
        "target: {url}\nenv: {{ WHO: nobody }}\nload: {{ all: {{ open: {{ rate: 40/s, for: {seconds}s }} }} }}\nscenarios: {{ all: [{{ call: {{ get: \"/?${{env.WHO}}\" }} }}] }}\n"
    );
    place.write(name, &text);
}

#[test]
fn runs_are_made_in_turn_and_the_page_is_written() {
    let (server, place) =
        (truth_server(TruthOptions { servers: 0, ..TruthOptions::default() }), Place::new());
    plan(&place, "first.yaml", &server.url(), 1);
    plan(&place, "second.yaml", &server.url(), 1);
    let claim = "ratio(throughput, second, first) >= 0.5";
    let made = place.plimsoll(&[
        "compare",
        "--run",
        "first.yaml",
        "second.yaml",
        "--pairs",
        "2",
        "--out",
        "found",
        "--with-invalid",
        "--claim",
        claim,
    ]);
    assert_eq!(made.code, 98, "{made:?}");
    assert!(
        made.stdout.contains("no word on 2 and 2 runs") && made.stdout.contains("1 unproven"),
        "{made:?}"
    );
    let began = |run: &str| {
        read_json(&place.path(&format!("found/{run}/run.json"))).unwrap()["started_at"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let order = ["first/001", "second/001", "second/002", "first/002"].map(began);
    assert!(order.is_sorted_by_key(|at| at.trim_end_matches('Z').to_owned()), "{order:?}");
    let settings = read_json(&place.path("found/comparison.json")).unwrap();
    assert_eq!((&settings["claims"][0], &settings["arms"][1]["name"]), (&json!(claim), &json!("second")));
    let page = std::fs::read_to_string(place.path("found/report.html")).unwrap();
    assert!(page.contains("second against first") && page.contains("<svg class='drawn'"), "{page}");
    // Nothing is overwritten.
    let again = place.plimsoll(&["compare", "--run", "first.yaml", "second.yaml", "--out", "found"]);
    assert!(again.code == 104 && again.stderr.contains("is there already"), "{again:?}");
    // The same runs later, and a page where it is wanted.
    let later = place.plimsoll(&[
        "compare",
        "--with-invalid",
        "--html",
        "page.html",
        "found/first",
        "--",
        "found/second",
    ]);
    assert!(later.code == 98 && place.path("page.html").exists(), "{later:?}");
}

#[test]
fn values_of_variables_are_noticed_and_not_written() {
    let (server, place) =
        (truth_server(TruthOptions { servers: 0, ..TruthOptions::default() }), Place::new());
    plan(&place, "plan.yaml", &server.url(), 1);
    let run = |who: &str, out: &str| {
        let ended = place.plimsoll(&["run", "plan.yaml", "-q", "-e", &format!("WHO={who}"), "--out", out]);
        read_json(&place.path(&format!("{out}/run.json"))).unwrap_or_else(|| panic!("{ended:?}"))["environment"]["env"].clone()
    };
    let (one, same, other) = (run("hunter2", "one"), run("hunter2", "same"), run("swordfish", "other"));
    assert!(one == same && one != other, "{one} {same} {other}");
    assert!(one.as_str().unwrap().starts_with("WHO ") && !one.to_string().contains("hunter2"), "{one}");
    let told = place.plimsoll(&["compare", "--with-invalid", "one", "--", "other"]);
    assert!(told.code == 98 && told.stdout.contains("the sides differ in env"), "{told:?}");
    assert!(told.stdout.contains("env: WHO "), "{told:?}");
    let declared = place.plimsoll(&["compare", "--with-invalid", "--factor", "env", "one", "--", "other"]);
    assert!(declared.stdout.contains("no word on 1 and 1 runs"), "{declared:?}");
    let equal = place.plimsoll(&["compare", "--with-invalid", "one", "--", "same"]);
    assert!(equal.stdout.contains("no word on 1 and 1 runs"), "{equal:?}");
}

/// Interrupts a command once the run in `run` has something to keep.
fn interrupted(place: &Place, arguments: &[&str], run: &str, signal: Signal) -> Ended {
    let child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let events = place.path(run).join("events.plimsoll");
    for _ in 0..4_000 {
        if std::fs::metadata(&events).map_or(0, |m| m.len()) > 1_500 {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), signal).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_interrupt_is_handed_on_and_what_was_made_is_kept() {
    let service = ServiceTime::Deterministic(1_000_000);
    let (server, place) =
        (truth_server(TruthOptions { servers: 0, service, ..TruthOptions::default() }), Place::new());
    plan(&place, "plan.yaml", &server.url(), 60);
    let ended = interrupted(
        &place,
        &["compare", "--run", "a=plan.yaml", "b=plan.yaml", "--pairs", "6", "--out", "found"],
        "found/a/001",
        Signal::TERM,
    );
    assert_eq!(ended.code, 105, "{ended:?}");
    assert!(
        ended.stdout.contains("no word on 0 and 0 runs")
            && ended.stdout.contains("left out, interrupted: found/a/001"),
        "{ended:?}"
    );
    assert_eq!(read_json(&place.path("found/a/001/run.json")).unwrap()["ended"], "interrupted");
    assert!(!place.path("found/b").exists() && place.path("found/report.html").exists());

    let ended =
        interrupted(&place, &["run", "plan.yaml", "--repeat", "3", "--out", "many"], "many/001", Signal::INT);
    assert!(ended.code == 105 && ended.stderr.contains("what was made is kept in many"), "{ended:?}");
    assert_eq!(read_json(&place.path("many/001/run.json")).unwrap()["ended"], "interrupted");
    assert!(!place.path("many/002").exists());
}
