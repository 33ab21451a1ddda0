//! The load line: what is said, and the exit codes. How exact a line is stands with the simulated engine.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::json;

use crate::plimsoll::{Place, read_json, service, slow};

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
    let (server, place) = (slow(), Place::new());
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
    let (server, place) = (slow(), Place::new());
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

/// What was proven before stands, and the crash is told.
#[test]
fn a_target_that_dies_ends_the_search() {
    let (server, place) = (slow(), Place::new());
    plan(&place, &server.url(), "ok_rate >= 99%");
    let arguments = [&["capacity", "plan.yaml"], &QUICK[..], &["found", "--from", "20"]].concat();
    let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let held = told.find(|line| line.contains("held"));
    drop(server);
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(98), "{said}");
    // On a machine that is too busy for any level there was nothing to die.
    let expected = if held.is_some() { "the target is gone" } else { "the generator" };
    assert!(said.contains(expected), "{said}");
}

#[test]
fn instances_are_searched_one_after_another_and_go_on_where_they_were() {
    let (one, two, place) = (slow(), slow(), Place::new());
    plan(&place, &one.url(), "ok_rate >= 50%");
    let both = format!("2={},1={}", two.url(), one.url());
    let asked = ["--from", "20", "--to", "20", "--for", "15,30", "--instances", &both];
    let found = search(&place, &asked);
    // A busy machine has the generator give out, and the lines are no less open for it.
    assert!([0, 98].contains(&found.code), "{found:?}");
    assert!(found.stdout.contains("by instances carries: 1 ") && found.stdout.contains(", 2 "), "{found:?}");
    assert!(found.stdout.contains("0 lines found, three are needed to project"), "{found:?}");
    for file in
        ["instances.json", "report.html", "instances-1/capacity.json", "instances-2/levels/001/run.json"]
    {
        assert!(place.path("found").join(file).exists(), "{file}");
    }
    let again = search(&place, &asked);
    assert_eq!(again.stderr.matches("going on after").count(), 2, "{again:?}");
    assert_eq!((again.code, again.stdout), (found.code, found.stdout));
}

/// What was found until then is said and kept, and the same command goes on.
#[test]
fn a_sweep_that_is_interrupted_goes_on_later() {
    let (server, place) = (slow(), Place::new());
    plan(&place, &server.url(), "ok_rate >= 50%");
    let both = format!("1={},2={}", server.url(), server.url());
    let arguments = [
        &["capacity", "plan.yaml"],
        &QUICK[..],
        &["found", "--from", "20", "--to", "40", "--walk", "--instances", &both],
    ];
    let mut child =
        place.command(&arguments.concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    while !told.next().unwrap().unwrap().contains("20.0/s") {}
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(105), "{said}");
    assert!(said.contains("by instances carries: 1 ") && !said.contains(", 2 "), "{said}");
    let kept = read_json(&place.path("found/instances-1/capacity.json")).unwrap();
    let again = place.plimsoll(&arguments.concat());
    assert!(again.stderr.contains("going on after 1 levels") && [0, 98].contains(&again.code), "{again:?}");
    assert!(again.stdout.contains("by instances carries: 1 ") && again.stdout.contains(", 2 "), "{again:?}");
    let whole = read_json(&place.path("found/instances-1/capacity.json")).unwrap();
    assert_eq!(whole["tried"][0], kept["tried"][0]);
}

#[test]
fn instances_that_make_no_sense_are_refused() {
    let place = Place::new();
    plan(&place, "http://127.0.0.1:9", "ok_rate >= 50%");
    let word = search(&place, &["--instances", "two=http://127.0.0.1:9"]);
    assert!(word.code == 2 && word.stderr.contains("write a whole number from 1"), "{word:?}");
    let twice = search(&place, &["--instances", "1=http://127.0.0.1:9,1=http://127.0.0.1:8"]);
    assert!(twice.code == 104 && twice.stderr.contains("names 1 twice"), "{twice:?}");
    let text = std::fs::read_to_string(place.path("plan.yaml")).unwrap();
    place.write(
        "plan.yaml",
        &format!("{text}instances: {{ two: http://127.0.0.1:9, 0: http://127.0.0.1:9 }}\n"),
    );
    let plans = search(&place, &[]);
    assert!(plans.code == 104 && plans.stderr.contains("`two` is not a number of instances"), "{plans:?}");
    assert!(plans.stderr.contains("`0` is not a number of instances"), "{plans:?}");
}

#[test]
fn nothing_that_failed_leaves_nothing_to_walk_down_from() {
    let (server, place) = (slow(), Place::new());
    plan(&place, &server.url(), "ok_rate >= 50%");
    let found = search(&place, &["--from", "20", "--to", "20", "--walk"]);
    assert!(found.stderr.contains("no walk: nothing failed"), "{found:?}");
}

/// The shape `breakpoint` in an ordinary plan.
#[test]
fn one_ramp_tells_what_became_of_every_claim() {
    let (server, place) = (service("echo"), Place::new());
    let text = format!(
        "target: {}\nclaims: [p50 < 10s, fail_rate >= 50%, throughput >= 1/s]\nload: {{ all: {{ shape: {{ kind: breakpoint, rate: 80/s, for: 10s }} }} }}\nscenarios: {{ all: [{{ call: {{ get: /health, expect: {{ status: 200 }} }} }}] }}\n",
        server.url()
    );
    let (ended, run) = place.run_plan(&text, &[]);
    assert!(ended.stdout.contains("Load line by one ramp"), "{ended:?}");
    assert!(ended.stdout.contains("`plimsoll capacity` holds one level after another"), "{ended:?}");
    let fates: Vec<_> =
        run["breakpoint"]["claims"].as_array().unwrap().iter().map(|claim| claim["fate"].clone()).collect();
    assert_eq!(fates, ["kept", "broke", "not_judged"], "{run}");
    assert_eq!(
        (run["breakpoint"]["unit"].clone(), run["breakpoint"]["kept"].clone()),
        (json!("rate"), json!(null))
    );
    assert_eq!(place.plimsoll(&["verify", "out"]).code, 0);
    assert!(
        std::fs::read_to_string(place.path("out/report.html")).unwrap().contains("Load line by one ramp")
    );
}
