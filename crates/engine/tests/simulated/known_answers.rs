//! METHOD sections 1 and 15: what must come out is known before the run.

use plimsoll_metrics::SECOND_NS;
use plimsoll_model::{Open, Outcome, Process, Schedule, Segment, Stage};
use plimsoll_targets::truth::queue::Stall;
use plimsoll_targets::truth::{Queue, ServiceTime};

use crate::world::{MS, load, plan, queue, simulate};

fn open(rate: f64, seconds: u64, process: Process) -> Schedule {
    Schedule::Open(Open {
        stages: vec![Stage::hold("hold", seconds * SECOND_NS, rate)],
        process,
        trace: None,
        max_users: 100_000,
    })
}

/// T1: client and queue agree request by request, by Lindley's recursion, to the nanosecond.
#[test]
fn every_response_time_is_the_queues() {
    let plan = plan(vec![load(open(140.0, 60, Process::Poisson))]);
    let run = simulate(
        &plan,
        Segment::WHOLE,
        0,
        queue(Queue::new(1, ServiceTime::Exponential(5.0 * MS as f64), 9)),
    );
    let mut seen = run.seen.clone();
    seen.sort_by_key(|s| s.due_ns);
    let mut expected = Queue::new(1, ServiceTime::Exponential(5.0 * MS as f64), 9);
    for request in seen {
        assert_eq!(request.sent_ns, request.due_ns);
        assert_eq!(request.done_ns, expected.arrive(request.due_ns, 1.0).departure_ns);
    }
}

/// T2: one stall of a second in a minute. Q(q) = b for q <= 1 - S/T, else b + S - (1 - q) T.
#[test]
fn a_single_stall_shows_in_every_quantile_it_touches() {
    let plan = plan(vec![load(open(1_000.0, 60, Process::Uniform))]);
    let stalled = Queue::new(0, ServiceTime::Deterministic(10 * MS), 1)
        .with_stall(Stall { from_ns: 20 * SECOND_NS, until_ns: 21 * SECOND_NS });
    let run = simulate(&plan, Segment::WHOLE, 0, queue(stalled));
    let response = &run.record.cells[&(0, Outcome::Ok)].response;
    for (q, expected_ms) in [(0.98, 10.0), (0.985, 110.0), (0.99, 410.0), (0.999, 950.0), (0.9999, 1_004.0)] {
        let found_ms = response.quantile(q).unwrap() as f64 / MS as f64;
        assert!(
            (found_ms / expected_ms - 1.0).abs() < 0.005,
            "q {q}: {found_ms} ms, expected {expected_ms} ms"
        );
    }
}

/// The sojourn quantiles of M/M/1, in units of the mean service time: T_q = -ln(1 - q) / (1 - rho).
#[test]
fn the_mm1_table() {
    for (rho, expected) in [(0.5, [1.386, 4.605, 9.210]), (0.7, [2.310, 7.675, 15.351])] {
        let run = simulate(
            &plan(vec![load(open(rho * 1_000.0, 1_000, Process::Poisson))]),
            Segment::WHOLE,
            0,
            queue(Queue::new(1, ServiceTime::Exponential(MS as f64), 5)),
        );
        assert_table(
            &run.record.cells[&(0, Outcome::Ok)].response,
            &expected,
            0.06,
            &format!("M/M/1 rho {rho}"),
        );
    }
}

/// The sojourn quantiles of M/D/1 (Iversen & Staalhage 1999).
#[test]
fn the_md1_table() {
    for (rho, expected) in [(0.5, [1.000, 2.516, 4.336]), (0.7, [1.730, 4.077, 7.486])] {
        let run = simulate(
            &plan(vec![load(open(rho * 1_000.0, 1_000, Process::Poisson))]),
            Segment::WHOLE,
            0,
            queue(Queue::new(1, ServiceTime::Deterministic(MS), 5)),
        );
        assert_table(
            &run.record.cells[&(0, Outcome::Ok)].response,
            &expected,
            0.05,
            &format!("M/D/1 rho {rho}"),
        );
    }
}

fn assert_table(response: &plimsoll_metrics::Histogram, expected: &[f64; 3], tolerance: f64, what: &str) {
    for (q, expected) in [0.5, 0.9, 0.99].into_iter().zip(expected) {
        let found = response.quantile(q).unwrap() as f64 / MS as f64;
        assert!((found / expected - 1.0).abs() < tolerance, "{what}, q {q}: {found}, expected {expected}");
    }
}

/// Two runs of one seed are the same run, to the nanosecond; another seed is another run.
#[test]
fn a_seed_is_a_run() {
    let run = |seed| {
        let mut plan = plan(vec![load(open(200.0, 20, Process::Poisson))]);
        plan.seed = seed;
        simulate(&plan, Segment::WHOLE, 0, queue(Queue::new(1, ServiceTime::Exponential(3.0 * MS as f64), 2)))
            .seen
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
