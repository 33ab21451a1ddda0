//! The load line of targets whose line is known from a formula (docs/METHOD.md, section 8).

use plimsoll_audit::capacity::measured;
use plimsoll_audit::judge;
use plimsoll_audit::statistics::bracket::{Line, Next, Probe, Reason, Settings, next};
use plimsoll_audit::statistics::queues::{Md1, Mm1};
use plimsoll_metrics::SECOND_NS;
use plimsoll_model::{Claim, Open, Phase, Process, Schedule, Segment, Stage};
use plimsoll_targets::truth::{Queue, ServiceTime};

use crate::world::{MS, load, plan, queue, simulate};

/// Per request, on average.
const SERVICE_S: f64 = 0.005;

const CLAIM: &str = "p95(phase=hold) < 100ms";
const WARM_UP_S: u64 = 10;
const HOLD_S: u64 = 400;

/// Searches the line of one server.
fn search(process: Process, service: &ServiceTime, claim: &str) -> Line {
    let settings = Settings { repeats: 0, ..Settings::between(1.0, 20.0, 10_000.0) };
    let mut probes: Vec<Probe> = Vec::new();
    loop {
        let level = match next(&settings, &probes) {
            Next::Done(line) => return line,
            Next::Probe(level) => level,
        };
        let stage = |name: &str, seconds: u64| Stage::hold(name, seconds * SECOND_NS, level);
        let schedule = Schedule::Open(Open {
            stages: vec![stage("warm_up", WARM_UP_S), stage("hold", HOLD_S)],
            process,
            trace: None,
            max_users: 1_000_000,
        });
        let mut plan = plan(vec![load(schedule)]);
        plan.seed = probes.len() as u64;
        let (start_ns, end_ns) = (WARM_UP_S * SECOND_NS, (WARM_UP_S + HOLD_S) * SECOND_NS);
        plan.phases = vec![Phase { name: "hold".to_owned(), start_ns, end_ns }];
        plan.claims = vec![Claim { text: claim.to_owned(), abort: false }];
        let target = queue(Queue::new(1, service.clone(), probes.len() as u64));
        let run = simulate(&plan, Segment::WHOLE, 0, target);
        let answer = measured(&run.record, &judge(&run.record), "hold").answer;
        probes.push(Probe { level, answer });
    }
}

fn assert_line(line: Line, expected: f64, tolerance: f64) {
    assert_eq!(line.reason, Reason::Bracketed, "{line:?}");
    let (held, failed) = (line.held.unwrap(), line.failed.unwrap());
    assert!(failed / held < 1.021, "{line:?}");
    let found = (held * failed).sqrt();
    assert!((found / expected - 1.0).abs() < tolerance, "{line:?}, expected {expected}");
}

#[test]
fn the_line_of_mm1_is_where_the_formula_has_it() {
    let expected = Mm1 { service_s: SERVICE_S }.rate_per_s_within(0.95, 0.1).unwrap();
    let service = ServiceTime::Exponential(SERVICE_S * 1e3 * MS as f64);
    assert_line(search(Process::Poisson, &service, CLAIM), expected, 0.05);
}

#[test]
fn the_line_of_md1_is_where_the_formula_has_it() {
    let expected = Md1 { service_s: SERVICE_S }.rate_per_s_within(0.95, 0.05).unwrap();
    let service = ServiceTime::Deterministic(5 * MS);
    assert_line(search(Process::Poisson, &service, "p95(phase=hold) < 50ms"), expected, 0.05);
}

/// Evenly spaced arrivals never wait until there are more than the server can take.
#[test]
fn a_hard_limit_is_found_to_the_resolution() {
    let service = ServiceTime::Deterministic(5 * MS);
    assert_line(search(Process::Uniform, &service, "p99(phase=hold) < 20ms"), 200.0, 0.021);
}
