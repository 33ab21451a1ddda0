//! When things are sent, to the nanosecond.

use plimsoll_model::{Arrivals, Closed, Open, Process, SECOND_NS, Schedule, Segment, Stage};
use plimsoll_targets::truth::{Queue, ServiceTime};

use crate::world::{MS, load, plan, queue, simulate};

fn open(rate: f64, seconds: u64, process: Process) -> Open {
    Open {
        stages: vec![Stage::hold("hold", seconds * SECOND_NS, rate)],
        process,
        trace: None,
        max_users: 1_000,
    }
}

fn instant(service_ns: u64) -> crate::world::Server {
    queue(Queue::new(0, ServiceTime::Deterministic(service_ns), 1))
}

#[test]
fn open_arrivals_are_sent_when_they_are_due_whatever_the_target_does() {
    for process in [Process::Poisson, Process::Uniform] {
        let schedule = open(500.0, 5, process);
        let plan = plan(vec![load(Schedule::Open(schedule.clone()))]);
        // Service takes far longer than the gaps between arrivals.
        let mut sent: Vec<_> =
            simulate(&plan, Segment::WHOLE, 0, instant(700 * MS)).seen.iter().map(|s| s.sent_ns).collect();
        sent.sort_unstable();
        let due: Vec<_> = Arrivals::new(&schedule, plan.arrival_seed(0)).collect();
        assert_eq!(sent, due);
    }
}

#[test]
fn parts_of_a_plan_make_up_the_whole() {
    let schedule = open(300.0, 3, Process::Poisson);
    let plan = plan(vec![load(Schedule::Open(schedule.clone()))]);
    let parts = (0..3).map(|index| simulate(&plan, Segment { index, count: 3 }, 0, instant(MS)).seen);
    let mut sent: Vec<_> = parts.flatten().map(|s| s.due_ns).collect();
    sent.sort_unstable();
    assert_eq!(sent, Arrivals::new(&schedule, plan.arrival_seed(0)).collect::<Vec<_>>());
}

#[test]
fn closed_users_go_on_when_they_are_answered() {
    let plan = plan(vec![load(Schedule::Closed(Closed::new(vec![Stage::hold("hold", SECOND_NS, 2.0)])))]);
    let seen = simulate(&plan, Segment::WHOLE, 15 * MS, instant(10 * MS)).seen;
    for user in 0..2 {
        let sent: Vec<_> = seen.iter().filter(|s| s.user == user).map(|s| s.sent_ns).collect();
        let expected: Vec<_> = (0..SECOND_NS / (25 * MS)).map(|n| n * 25 * MS).collect();
        assert_eq!(sent, expected, "user {user}");
    }
}

#[test]
fn users_come_and_go_with_the_stages() {
    let ramp = |from, to| Stage { name: "ramp".to_owned(), duration_ns: 4 * SECOND_NS, from, to };
    let plan = plan(vec![load(Schedule::Closed(Closed::new(vec![
        ramp(0.0, 4.0),
        Stage::hold("hold", 2 * SECOND_NS, 4.0),
        ramp(4.0, 0.0),
    ])))]);
    let seen = simulate(&plan, Segment::WHOLE, 0, instant(100 * MS)).seen;
    // User k arrives when the level reaches k + 1 and finishes what it has begun when the level falls below.
    for user in 0..4u64 {
        let sent: Vec<_> = seen.iter().filter(|s| s.user == user).map(|s| s.sent_ns).collect();
        assert_eq!(sent.first(), Some(&((user + 1) * SECOND_NS)));
        assert!(*sent.last().unwrap() <= (9 - user) * SECOND_NS, "user {user}");
        assert!(sent.len() as u64 >= (8 - 2 * user) * 10 - 1, "user {user} sent {}", sent.len());
    }
}

#[test]
fn iteration_budgets_are_used_up_exactly() {
    let shared =
        Closed { iterations_shared: Some(17), ..Closed::new(vec![Stage::hold("hold", 60 * SECOND_NS, 5.0)]) };
    let shared_plan = plan(vec![load(Schedule::Closed(shared))]);
    let parts: usize = (0..2)
        .map(|index| simulate(&shared_plan, Segment { index, count: 2 }, 0, instant(MS)).seen.len())
        .sum();
    assert_eq!(parts, 17);

    let per_user = Closed {
        iterations_per_user: Some(3),
        ..Closed::new(vec![Stage::hold("hold", 60 * SECOND_NS, 5.0)])
    };
    let run = simulate(&plan(vec![load(Schedule::Closed(per_user))]), Segment::WHOLE, 0, instant(10 * MS));
    assert_eq!(run.seen.len(), 15);
    // A run whose iterations are used up ends then, not when its time is over.
    assert_eq!(run.record.finished.unwrap().duration_ns, 30 * MS);
}

#[test]
fn a_user_that_has_done_its_iterations_does_not_come_back_when_others_arrive() {
    // Every user is done long before the next one comes.
    let ramp = Stage { name: "ramp".to_owned(), duration_ns: 4 * SECOND_NS, from: 0.0, to: 4.0 };
    let schedule = Closed { iterations_per_user: Some(2), ..Closed::new(vec![ramp]) };
    let seen = simulate(&plan(vec![load(Schedule::Closed(schedule))]), Segment::WHOLE, 0, instant(MS)).seen;
    let began: Vec<_> = seen.iter().map(|s| (s.user, s.sent_ns)).collect();
    let expected: Vec<_> =
        (0..3).flat_map(|user| [0, MS].map(|late| (user, (user + 1) * SECOND_NS + late))).collect();
    assert_eq!(began, expected);
}

/// Two users with iterations of 700 ms; from 1 s on there is to be one, which may finish what it is at for so long.
#[test]
fn a_user_that_has_to_leave_is_given_so_long_and_no_longer() {
    let down = vec![Stage::hold("two", SECOND_NS, 2.0), Stage::hold("one", 2 * SECOND_NS, 1.0)];
    let done = |leave_ns| {
        let schedule = Closed { leave_ns, ..Closed::new(down.clone()) };
        let seen =
            simulate(&plan(vec![load(Schedule::Closed(schedule))]), Segment::WHOLE, 0, instant(700 * MS));
        seen.seen.iter().filter(|s| s.user == 1).map(|s| s.done_ns).collect::<Vec<_>>()
    };
    assert_eq!(done(None), [700 * MS, 1_400 * MS]);
    assert_eq!(done(Some(500 * MS)), [700 * MS, 1_400 * MS]);
    assert_eq!(done(Some(300 * MS)), [700 * MS]);
}

#[test]
fn paced_users_are_due_at_their_pace_even_if_late() {
    let mut paced = load(Schedule::Closed(Closed::new(vec![Stage::hold("hold", SECOND_NS, 1.0)])));
    paced.iteration_ns_min = 100 * MS;
    let quick = simulate(&plan(vec![paced.clone()]), Segment::WHOLE, 0, instant(30 * MS)).seen;
    assert_eq!(
        quick.iter().map(|s| s.due_ns).collect::<Vec<_>>(),
        (0..10).map(|n| n * 100 * MS).collect::<Vec<_>>()
    );
    let slow = simulate(&plan(vec![paced]), Segment::WHOLE, 0, instant(150 * MS)).seen;
    assert_eq!(
        slow[1],
        crate::world::Seen { user: 0, due_ns: 100 * MS, sent_ns: 150 * MS, done_ns: 300 * MS }
    );
}

#[test]
fn loads_start_when_they_are_told_to_and_mix_by_weight() {
    let mut late = load(Schedule::Open(open(1_000.0, 10, Process::Uniform)));
    late.start_ns = 3 * SECOND_NS;
    late.mix = vec![(0, 3.0), (1, 1.0)];
    let run = simulate(&plan(vec![late]), Segment::WHOLE, 0, instant(MS));
    assert_eq!(run.seen.iter().map(|s| s.due_ns).min(), Some(3 * SECOND_NS));
    let share = run.record.counts[&1].sent as f64 / run.seen.len() as f64;
    assert!((share - 0.25).abs() < 0.02, "{share}");
}
