//! What happens to what cannot be sent, or is not answered in time. Every test also checks that the books balance.

use std::cell::RefCell;
use std::rc::Rc;

use plimsoll_engine::worker::Worker;
use plimsoll_model::{Closed, Open, Outcome, Process, SECOND_NS, Schedule, Segment, Stage};
use plimsoll_targets::truth::{Queue, ServiceTime};

use crate::world::{MS, Server, load, plan, queue, simulate, simulate_with};

fn open(rate: f64, max_users: u64) -> Schedule {
    Schedule::Open(Open {
        stages: vec![Stage::hold("hold", 10 * SECOND_NS, rate)],
        process: Process::Uniform,
        trace: None,
        max_users,
    })
}

fn never() -> Server {
    Rc::new(RefCell::new(|_| (u64::MAX / 2, Outcome::Ok)))
}

#[test]
fn arrivals_beyond_the_users_are_dropped_and_counted() {
    let plan = plan(vec![load(open(100.0, 10))]);
    // Ten users with a second of service serve ten a second of the hundred that come.
    let run =
        simulate(&plan, Segment::WHOLE, 0, queue(Queue::new(0, ServiceTime::Deterministic(SECOND_NS), 1)));
    let counts = run.record.totals();
    assert_eq!((counts.scheduled, counts.sent, counts.dropped), (1_000, 100, 900));
    assert_eq!(run.record.loads[&0].arrivals, 1_000);
}

#[test]
fn what_is_in_flight_at_the_end_is_censored_at_its_age() {
    let mut cut = load(open(1.0, 100));
    cut.graceful_stop_ns = 5 * SECOND_NS;
    let run = simulate(&plan(vec![cut]), Segment::WHOLE, 0, never());
    let cell = &run.record.cells[&(0, Outcome::InFlight)];
    assert_eq!(cell.response.count(), 10);
    // The oldest was due at 0, the youngest at 9 s; the books were closed at 15 s.
    assert_eq!((cell.response.min_ns(), cell.response.max_ns()), (Some(6 * SECOND_NS), Some(15 * SECOND_NS)));
    assert_eq!(run.record.loads[&0].interrupted, 10);
}

#[test]
fn slow_answers_within_the_grace_period_are_waited_for() {
    let run = simulate(
        &plan(vec![load(open(1.0, 100))]),
        Segment::WHOLE,
        0,
        queue(Queue::new(0, ServiceTime::Deterministic(50 * SECOND_NS), 1)),
    );
    assert_eq!((run.record.total(Outcome::Ok), run.record.total(Outcome::InFlight)), (10, 0));
    // They belong to the second in which they were due.
    assert!(
        run.record
            .windows
            .iter()
            .filter(|(_, w)| w.count(Outcome::Ok) > 0)
            .all(|(second, w)| *second < 10 && w.count(Outcome::Ok) == 1)
    );
}

#[test]
fn a_stopped_run_drains_and_closes_its_books() {
    let plan = plan(vec![load(open(100.0, 100))]);
    // The server itself stops the run when it sees the arrival that is due at 2.5 s.
    let worker: Rc<RefCell<Option<Rc<Worker>>>> = Rc::default();
    let stopped = worker.clone();
    let server: Server = Rc::new(RefCell::new(move |at_ns| {
        if at_ns >= 2_500_000_000 {
            stopped.borrow().as_ref().unwrap().stop.set();
        }
        (at_ns + 300_000_000, Outcome::Ok)
    }));
    let run = simulate_with(&plan, Segment::WHOLE, 0, server, |running| *worker.borrow_mut() = Some(running));
    worker.borrow_mut().take();
    assert_eq!(run.record.totals().sent, 251);
    assert_eq!(run.record.total(Outcome::Ok), 251);
    assert_eq!(run.record.finished.unwrap().duration_ns, 2_500_000_000);
}

#[test]
fn outcomes_are_kept_apart() {
    let mut count = 0;
    let server: Server = Rc::new(RefCell::new(move |at_ns| {
        count += 1;
        if count % 10 == 0 { (at_ns + 1_000, Outcome::AppError) } else { (at_ns + 20_000_000, Outcome::Ok) }
    }));
    let run = simulate(&plan(vec![load(open(100.0, 100))]), Segment::WHOLE, 0, server);
    assert_eq!((run.record.total(Outcome::Ok), run.record.total(Outcome::AppError)), (900, 100));
    assert_eq!(run.record.cells[&(0, Outcome::Ok)].response.min_ns(), Some(20_000_000));
    assert_eq!(run.record.cells[&(0, Outcome::AppError)].response.max_ns(), Some(1_000));
}

#[test]
fn the_gauge_agrees_with_littles_law() {
    // 100 a second, each for 0.3 s: 30 in flight, counted by events of their own.
    let run = simulate(
        &plan(vec![load(open(100.0, 100))]),
        Segment::WHOLE,
        0,
        queue(Queue::new(0, ServiceTime::Deterministic(300_000_000), 1)),
    );
    let integral: u64 = run.record.in_flight.integral_ns;
    assert_eq!(integral, 1_000 * 300_000_000);
    // One may arrive at the very moment at which another leaves.
    assert!((30..=31).contains(&run.record.in_flight.max));
}

#[test]
fn every_moment_of_a_closed_user_is_accounted_for() {
    // Users come, think, are held to a pace, and are taken away in the middle of both.
    let ramp = Stage { name: "ramp".to_owned(), duration_ns: 4 * SECOND_NS, from: 0.0, to: 8.0 };
    let schedule = Closed::new(vec![ramp]);
    let mut paced = load(Schedule::Closed(schedule));
    paced.iteration_ns_min = 90 * MS;
    paced.graceful_stop_ns = 5 * MS;
    let slow = queue(Queue::new(0, ServiceTime::Deterministic(7 * MS), 1));
    let record = simulate(&plan(vec![paced]), Segment::WHOLE, 31 * MS, slow).record;
    let load = &record.loads[&0];
    let in_flight: u128 = record.cells.values().map(|c| c.response.sum_ns()).sum();
    assert_eq!(u128::from(load.users_ns), in_flight + u128::from(load.paused_ns));
    assert!(load.paused_ns > 0 && in_flight > 0);
}

#[test]
fn a_user_that_panics_ends_the_run_and_the_books_still_balance() {
    let mut count = 0;
    let server: Server = Rc::new(RefCell::new(move |at_ns| {
        count += 1;
        assert!(count < 50, "a mistake in a user's code");
        (at_ns + 20 * MS, Outcome::Ok)
    }));
    let kept = RefCell::new(None);
    let run = simulate_with(&plan(vec![load(open(100.0, 100))]), Segment::WHOLE, 0, server, |worker| {
        kept.replace(Some(worker));
    });
    assert!(kept.take().is_some_and(|worker| worker.take_panic().is_some()));
    assert_eq!(run.record.total(Outcome::Ok), 49);
    assert_eq!(run.record.total(Outcome::InFlight), 1);
}
