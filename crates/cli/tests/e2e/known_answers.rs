//! METHOD's tables on a real socket. The server computes when every reply is due, so the right answer is known;
//! the tolerance covers timers and a busy machine, and the tables leave room for it by taking milliseconds.

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Record};
use plimsoll_report::read_log;
use plimsoll_targets::truth::{ServiceTime, TruthOptions};
use serde_json::Value;

use crate::plimsoll::{Place, ask, quantile_ms, truth_server};

const MS: f64 = 1e6;

fn open_plan(url: &str, rate: f64, seconds: u32, arrivals: &str) -> String {
    format!(
        "target: {url}\nhttp: {{ connections: shared, cookies: false }}\nload: {{ main: {{ open: {{ rate: {rate}/s, arrivals: {arrivals}, for: {seconds}s }} }} }}\nscenarios: {{ main: [ get: / ] }}\n"
    )
}

/// The response times of the successes, straight from the recorded windows.
fn recorded_response_times(place: &Place) -> Histogram {
    let log = read_log(&place.path("out/events.plimsoll")).unwrap();
    Record::from_events(&log.events).merged(Outcome::Ok, |_| true).response
}

/// A quantile as run.json has it, if it is among those that are reported.
fn printed(run: &Value, q: f64) -> (Option<f64>, Option<f64>, Option<f64>) {
    let reported = [0.5, 0.9, 0.95, 0.99, 0.999].contains(&q);
    if reported { quantile_ms(run, q) } else { (None, None, None) }
}

/// What the server logged, in order of arrival: response time by the queue's own arithmetic.
fn sojourns_ms(log: &str) -> Vec<f64> {
    let sojourn = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        (entry["departure_ns"].as_f64().unwrap() - entry["arrival_ns"].as_f64().unwrap()) / MS
    };
    log.lines().map(sojourn).collect()
}

fn exact_quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((q * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1]
}

/// T2 in small: a stall of half a second in fifteen at 1,000/s. Q(q) = b for q <= 1 - S/T, else b + S - (1 - q) T.
#[test]
fn a_stall_shows_in_full() {
    let server = truth_server(TruthOptions {
        servers: 0,
        service: ServiceTime::Deterministic(10_000_000),
        faults: vec!["stall@5s+500ms".parse().unwrap()],
        ..TruthOptions::default()
    });
    let place = Place::new();
    let (_, run) = place.run_plan(&open_plan(&server.url(), 1_000.0, 15, "uniform"), &[]);
    assert_eq!(run["totals"]["ok"], 15_000);
    let recorded = recorded_response_times(&place);
    let (b, stall, length) = (10.0, 500.0, 15_000.0);
    for q in [0.5, 0.9, 0.95, 0.97, 0.98, 0.99, 0.999] {
        let expected = if q <= 1.0 - stall / length { b } else { b + stall - (1.0 - q) * length };
        let found = recorded.quantile(q).unwrap() as f64 / MS;
        // Everything held back by the stall is answered at once, which takes a busy server some tens of milliseconds.
        assert!(
            (found - expected).abs() <= 0.03 * expected + 30.0,
            "q {q}: {found} ms, expected {expected} ms"
        );
        // The stall is one event: above it few values may be printed, but the intervals must hold the truth.
        if let (value, Some(low), high) = printed(&run, q) {
            assert!(
                low <= found * 1.01 && high.is_none_or(|h| h >= found * 0.99),
                "q {q}: {value:?} ({low}, {high:?})"
            );
        }
    }
    let max = run["steps"][0]["outcomes"]["ok"]["response_time_ns"]["max"].as_f64().unwrap() / MS;
    assert!((505.0..600.0).contains(&max), "{max}");
}

/// Queues on a socket: the measured distribution is the logged one, request for request the same count.
#[test]
fn queues_come_out_as_they_were_computed() {
    let table = [("exp", ServiceTime::Exponential(2.0 * MS)), ("det", ServiceTime::Deterministic(2_000_000))];
    for (name, service) in table {
        let server = truth_server(TruthOptions { servers: 1, service, ..TruthOptions::default() });
        let (_, run) = Place::new().run_plan(&open_plan(&server.url(), 250.0, 20, "poisson"), &[]);
        let logged = sojourns_ms(&ask(&server, "/_truth/log"));
        assert_eq!(run["totals"]["ok"].as_u64().unwrap(), logged.len() as u64, "{name}");
        assert_eq!(run["totals"]["sent"], run["totals"]["ok"]);
        for q in [0.5, 0.9, 0.99] {
            let expected = exact_quantile(logged.clone(), q);
            let (value, low, high) = quantile_ms(&run, q);
            let near = |v: f64| v >= expected * 0.97 && v <= expected * 1.08 + 1.0;
            let covered =
                low.is_none_or(|l| l <= expected * 1.08 + 1.0) && high.is_none_or(|h| h >= expected * 0.97);
            assert!(
                value.map_or(covered, near),
                "{name} q {q}: {value:?} ({low:?}, {high:?}), the queue says {expected}"
            );
        }
    }
}

/// METHOD section 5: 5 % black-holed. Quantiles of the successes are those of the answered; p99 of all is open.
#[test]
fn black_holed_requests_are_censored_not_forgotten() {
    let server = truth_server(TruthOptions {
        servers: 0,
        service: ServiceTime::Deterministic(5_000_000),
        faults: vec!["black_hole=5%".parse().unwrap()],
        ..TruthOptions::default()
    });
    let plan = open_plan(&server.url(), 300.0, 8, "uniform")
        .replace("connections: shared,", "connections: shared, timeout: 500ms,")
        + "claims: [ 'p99 < 100ms', 'p90 < 100ms', 'ok_rate >= 99%' ]\n";
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    let outcomes = &run["steps"][0]["outcomes"];
    let (ok, timeout) =
        (outcomes["ok"]["count"].as_u64().unwrap(), outcomes["timeout"]["count"].as_u64().unwrap());
    assert_eq!(ok + timeout, 2_400);
    assert!((60..200).contains(&timeout), "{timeout}");
    let verdicts: Vec<_> =
        run["claims"].as_array().unwrap().iter().map(|c| c["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["REFUTED", "VERIFIED", "REFUTED"]);
    let p99 = run["steps"][0]["all_response_time_quantiles"]
        .as_array()
        .unwrap()
        .iter()
        .find(|x| x["q"] == 0.99)
        .unwrap();
    assert_eq!((p99["value"].clone(), p99["measurable"].clone()), (Value::Null, Value::Bool(false)));
    assert_eq!(ended.code, 99);
}

/// Errors that come back fast do not pass as fast successes.
#[test]
fn fast_failures_do_not_make_a_service_fast() {
    let server = truth_server(TruthOptions {
        servers: 0,
        service: ServiceTime::Deterministic(50_000_000),
        faults: vec!["fast_fail=30%".parse().unwrap()],
        ..TruthOptions::default()
    });
    let (_, run) = Place::new().run_plan(&open_plan(&server.url(), 200.0, 5, "uniform"), &[]);
    let ok = &run["steps"][0]["outcomes"]["ok"]["response_time_ns"];
    assert!(ok["min"].as_f64().unwrap() >= 50.0 * MS);
    let failures = run["audits"].as_array().unwrap().iter().find(|a| a["id"] == "failures").unwrap();
    assert_eq!(failures["status"], "LIMITED");
    assert_eq!(run["errors"][0]["class"], "status 503");
}

/// A service that loses every seventh event it accepts, and keeps every fifth twice: the accounts say how many to the event.
#[test]
fn what_is_lost_and_repeated_is_counted_exactly() {
    let place = Place::new();
    let example = include_str!("../../../../examples/delivery.yaml");
    let plan = |query: &str| example.replace("post: /v1/events", &format!("post: /v1/events{query}"));
    let run = |query: &str| {
        std::fs::write(place.path("plan.yaml"), plan(query)).unwrap();
        let arguments = ["run", "plan.yaml", "--duration", "2s", "--quiet", "--json"];
        let ended = place.plimsoll(&arguments);
        serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"))
    };
    let verdicts = |run: &serde_json::Value| {
        let claims = run["claims"].as_array().unwrap().iter().take(2);
        claims.map(|c| c["verdict"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let good = run("");
    assert_eq!(verdicts(&good), ["VERIFIED", "VERIFIED"], "{}", good["deliveries"]);
    assert_eq!(good["deliveries"]["attempted"], good["totals"]["ok"]);
    let bad = run("?lose=7&twice=5");
    let sent = bad["totals"]["ok"].as_u64().unwrap();
    let accounts = &bad["deliveries"];
    // Of every 35 one is due to be both: it is lost.
    assert_eq!(accounts["lost"].as_u64(), Some(sent / 7), "{accounts}");
    assert_eq!(accounts["duplicated"].as_u64(), Some(sent / 5 - sent / 35), "{accounts}");
    assert_eq!((&accounts["unexpected"], &accounts["recovered"]), (&0.into(), &0.into()));
    assert_eq!(verdicts(&bad), ["REFUTED", "REFUTED"]);
    let audit = bad["audits"].as_array().unwrap().iter().find(|a| a["id"] == "delivery").unwrap();
    assert_eq!(audit["status"], "INVALID");
}
