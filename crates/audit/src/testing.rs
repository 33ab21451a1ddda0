//! Synthetic records with known contents: the controls that audits must leave alone, and the stuff mutants are
//! made of.

pub mod mutants;

use std::collections::BTreeMap;

use plimsoll_metrics::window::{InFlight, LoadCounts, Shape};
use plimsoll_metrics::{Cell, Compact, Histogram, SECOND_NS, StepCounts, Window};
use plimsoll_model::event::Origin;
use plimsoll_model::health::{Health, ThreadHealth, Used};
use plimsoll_model::{
    Arrivals, ClockSample, Closed, Finished, Load, Nanos, Open, Outcome, Phase, Plan, Process, Record,
    RunEvent, Scenario, Schedule, Stage, Started, Step, StepBooks, StepKind,
};

use crate::audits::disclosure::FACTS;
use crate::finding::{Finding, Status};

/// Length of a synthetic run, in seconds.
const SECONDS: u64 = 60;

/// A run of one step at 200 operations a second for a minute, service times spread evenly between 10 and 30 ms
/// with a thin tail to 70 ms, and as many other outcomes as asked for.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// Successes.
    pub ok: u64,
    /// Application errors.
    pub failed: u64,
    /// How long those took.
    pub failure_ns: Nanos,
    /// Timeouts, at one second.
    pub timeouts: u64,
    /// Still in flight at the end.
    pub in_flight: u64,
    /// Never sent.
    pub dropped: u64,
    /// How late load threads woke.
    pub wake_ns: Nanos,
    /// Closed with so many users instead of open.
    pub closed_users: Option<u64>,
    /// So many of the successes took so long instead.
    pub stall: Option<(u64, Nanos)>,
    /// By how much, relative to the beginning, times have grown at the end.
    pub drift: f64,
    /// Varies the times.
    pub seed: u64,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            ok: 12_000,
            failed: 0,
            failure_ns: 0,
            timeouts: 0,
            in_flight: 0,
            dropped: 0,
            wake_ns: 20_000,
            closed_users: None,
            stall: None,
            drift: 0.0,
            seed: 1,
        }
    }
}

impl Synthetic {
    fn total(&self) -> u64 {
        self.ok + self.failed + self.timeouts + self.in_flight + self.dropped
    }

    fn plan(&self) -> Plan {
        let rate = self.total() as f64 / SECONDS as f64;
        let schedule = match self.closed_users {
            None => Schedule::Open(Open {
                stages: vec![Stage::hold("hold", SECONDS * SECOND_NS, rate)],
                process: Process::Uniform,
                trace: None,
                max_users: 1_000,
            }),
            Some(users) => {
                Schedule::Closed(Closed::new(vec![Stage::hold("hold", SECONDS * SECOND_NS, users as f64)]))
            }
        };
        Plan {
            name: "synthetic".to_owned(),
            seed: self.seed,
            target: "nowhere".to_owned(),
            scenarios: vec![Scenario { name: "main".to_owned(), first_step: Some(0) }],
            steps: vec![Step {
                name: "call".to_owned(),
                scenario: 0,
                kind: StepKind::Operation,
                tags: BTreeMap::from([("kind".to_owned(), "read".to_owned())]),
            }],
            loads: vec![Load {
                name: "main".to_owned(),
                schedule,
                mix: vec![(0, 1.0)],
                start_ns: 0,
                graceful_stop_ns: SECOND_NS,
                iteration_ns_min: 0,
            }],
            phases: vec![Phase { name: "hold".to_owned(), start_ns: 0, end_ns: SECONDS * SECOND_NS }],
            ..Plan::default()
        }
    }

    /// The events of the run.
    pub fn events(&self) -> Vec<RunEvent> {
        let plan = self.plan();
        let windows = self.windows(&plan);
        let mut books = StepBooks::default();
        for window in &windows {
            books.counts.add(window.steps[0].1);
            for (_, outcome, cell) in &window.cells {
                books.outcomes[outcome.index()] += cell.response.count();
            }
            books.outcomes[Outcome::Dropped.index()] += window.steps[0].1.dropped;
        }
        let started = Started {
            plan,
            origin: Origin::Due,
            workers: 1,
            clock_tick_ns: 40,
            timeout_ns_max: 10 * SECOND_NS,
            floor_ns: Some(100_000),
            plan_digest: "sha256:plan".to_owned(),
            claims_digest: "sha256:claims".to_owned(),
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            environment: environment(),
            ..Started::default()
        };
        let health: Vec<_> = windows.iter().map(healthy).collect();
        let clocks = (0..=SECONDS).map(|s| ClockSample {
            at_ns: s * SECOND_NS,
            raw_ns: s * SECOND_NS + 9,
            boot_ns: s * SECOND_NS + 7,
            wall_ns: s * SECOND_NS + 5,
        });
        let finished = Finished {
            duration_ns: SECONDS * SECOND_NS,
            closed_ns: SECONDS * SECOND_NS,
            books: vec![books],
            ..Finished::default()
        };
        let mut events = vec![RunEvent::Started(Box::new(started)), RunEvent::Windows(windows)];
        events.extend(clocks.map(RunEvent::Clock));
        events.extend(health.into_iter().map(|h| RunEvent::Health(Box::new(h))));
        events.push(RunEvent::Finished(Box::new(finished)));
        events
    }

    /// A long run of many steps: the default run's minute again and again, the same for every step.
    pub fn repeated(seconds: u32, steps: u16) -> Record {
        let mut minute = Self::default().events();
        let RunEvent::Windows(windows) = minute.remove(1) else { unreachable!("windows come second") };
        let mut events = minute;
        if let Some(RunEvent::Started(started)) = events.first_mut() {
            let step = started.plan.steps[0].clone();
            started.plan.steps =
                (0..steps).map(|n| Step { name: format!("step {n}"), ..step.clone() }).collect();
            started.plan.phases[0].end_ns = u64::from(seconds) * SECOND_NS;
            if let Schedule::Open(open) = &mut started.plan.loads[0].schedule {
                open.stages[0].duration_ns = u64::from(seconds) * SECOND_NS;
            }
        }
        if let Some(RunEvent::Finished(finished)) = events.last_mut() {
            (finished.duration_ns, finished.closed_ns) =
                (u64::from(seconds) * SECOND_NS, u64::from(seconds) * SECOND_NS);
        }
        let last = events.len() - 1;
        let repeated = (0..seconds).map(|second| {
            let window = &windows[second as usize % windows.len()];
            let mut copy = Window { second, cells: Vec::new(), steps: Vec::new(), ..window.clone() };
            for step in 0..steps {
                copy.cells
                    .extend(window.cells.iter().map(|(_, outcome, cell)| (step, *outcome, cell.clone())));
                copy.steps.extend(window.steps.iter().map(|(_, counts)| (step, *counts)));
            }
            RunEvent::Windows(vec![copy])
        });
        let repeated: Vec<_> = repeated.collect();
        events.splice(last..last, repeated);
        Record::from_events(&events)
    }

    /// The run as a record.
    pub fn record(&self) -> Record {
        Record::from_events(&self.events())
    }

    /// Outcomes are dealt out evenly over the seconds in which arrivals were due.
    fn windows(&self, plan: &Plan) -> Vec<Window> {
        let mut due: Vec<Vec<Nanos>> = vec![Vec::new(); SECONDS as usize];
        match &plan.loads[0].schedule {
            Schedule::Open(open) => Arrivals::new(open, plan.arrival_seed(0))
                .for_each(|at| due[(at / SECOND_NS) as usize].push(at % SECOND_NS)),
            Schedule::Closed(_) => (0..self.total()).for_each(|n| due[(n % SECONDS) as usize].push(0)),
        }
        let mut deck = self.deck().into_iter();
        let mut windows: Vec<Window> = Vec::new();
        for (second, offsets) in (0..).zip(due) {
            let operations: Vec<_> = deck.by_ref().take(offsets.len()).collect();
            windows.push(self.window(second, &operations));
            // What is issued late in a second is counted in the next.
            for offset in offsets.iter().map(|o| o + self.wake_ns).filter(|_| self.closed_users.is_none()) {
                if let Some(window) = windows.get_mut(second as usize + (offset / SECOND_NS) as usize) {
                    window.loads[0].1.issue(offset % SECOND_NS);
                }
            }
        }
        windows
    }

    /// One entry per operation, shuffled by the seed.
    fn deck(&self) -> Vec<(Outcome, Nanos)> {
        let mut random = self.seed;
        let mut next = move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 33
        };
        let (stalled, stall_ns) = self.stall.unwrap_or_default();
        let mut deck = Vec::new();
        for n in 0..self.ok {
            let spread = 10_000_000 + next() % 20_000_000;
            let tail = if next() % 20 == 0 { next() % 40_000_000 } else { 0 };
            deck.push((Outcome::Ok, if n < stalled { stall_ns } else { spread + tail }));
        }
        let others = [
            (Outcome::AppError, self.failed, self.failure_ns),
            (Outcome::Timeout, self.timeouts, SECOND_NS),
            (Outcome::InFlight, self.in_flight, SECOND_NS),
            (Outcome::Dropped, self.dropped, 0),
        ];
        others.into_iter().for_each(|(outcome, n, ns)| deck.extend((0..n).map(|_| (outcome, ns))));
        for at in (1..deck.len()).rev() {
            deck.swap(at, (next() % (at as u64 + 1)) as usize);
        }
        deck
    }

    fn window(&self, second: u32, operations: &[(Outcome, Nanos)]) -> Window {
        let mut cells: BTreeMap<Outcome, Cell<Histogram>> = BTreeMap::new();
        let mut counts = StepCounts::default();
        let mut wake = Histogram::new();
        let mut in_flight_ns = 0;
        let slower = 1.0 + self.drift * f64::from(second) / SECONDS as f64;
        for (outcome, service_ns) in operations {
            let service_ns = &((*service_ns as f64 * slower) as Nanos);
            counts.scheduled += 1;
            wake.record(self.wake_ns);
            if *outcome == Outcome::Dropped {
                counts.dropped += 1;
                continue;
            }
            counts.sent += 1;
            let cell = cells.entry(*outcome).or_default();
            cell.response.record(service_ns + self.wake_ns);
            cell.checked += 1;
            cell.count_shape(Shape::of(200, 1_500), 1);
            in_flight_ns += service_ns + if self.closed_users.is_some() { self.wake_ns } else { 0 };
            if *outcome != Outcome::InFlight {
                cell.service.record(*service_ns);
            }
        }
        let open = self.closed_users.is_none();
        let load = LoadCounts {
            arrivals: if open { counts.scheduled } else { 0 },
            wake_lateness: if open { Compact::from(&wake) } else { Compact::default() },
            iterations: counts.sent,
            users: self.closed_users.unwrap_or(0),
            users_ns: self.closed_users.unwrap_or(0) * SECOND_NS,
            paused_ns: (self.closed_users.unwrap_or(0) * SECOND_NS).saturating_sub(in_flight_ns),
            ..LoadCounts::default()
        };
        Window {
            second,
            cells: cells.into_iter().map(|(outcome, cell)| (0, outcome, cell.stored())).collect(),
            steps: vec![(0, counts)],
            loads: vec![(0, load)],
            in_flight: InFlight { integral_ns: in_flight_ns, max: 12 },
            ..Window::default()
        }
    }
}

/// A machine of which nothing is kept secret, and on which the target does not run.
fn environment() -> Vec<(String, String)> {
    let fact = |name: &str| {
        (name.to_owned(), if name == "target_on_this_host" { "false" } else { "known" }.to_owned())
    };
    FACTS.into_iter().map(fact).collect()
}

/// A generator with time to spare during the second of `window`.
fn healthy(window: &Window) -> Health {
    let mut hiccups = Histogram::new();
    (0..100).for_each(|n| hiccups.record(40_000 + n * 500));
    Health {
        at_ns: (u64::from(window.second) + 1) * SECOND_NS,
        span_ns: SECOND_NS,
        threads: vec![ThreadHealth { busy_ns: SECOND_NS / 5, spun_ns: 0, waited_ns: SECOND_NS / 1_000 }],
        stolen_ns: Some(0),
        cores: 2,
        throttled: Some(0),
        hiccups: Compact::from(&hiccups),
        descriptors: Some(Used { used: 50, limit: 1_024 }),
        ports: Some(Used { used: 50, limit: 28_232 }),
        in_flight_sum: (window.in_flight.integral_ns as f64 / 1e7).round() as u64,
        in_flight_readings: 100,
    }
}

/// Asserts that the audit leaves the control alone and flags the mutant that `mutate` makes of it.
///
/// # Panics
/// If it does not.
pub fn assert_flags(audit: fn(&Record) -> Finding, expected: Status, mutate: impl Fn(&mut Record)) {
    let mut record = Synthetic::default().record();
    let control = audit(&record);
    assert_eq!(control.status, Status::Pass, "the control was flagged: {}", control.sentence);
    mutate(&mut record);
    let mutant = audit(&record);
    assert_eq!(mutant.status, expected, "the mutant came out as: {}", mutant.sentence);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over 100 seeded controls no audit may raise a false alarm more than once. An audit that has nothing to look at
    /// in one kind of control looks at it in the other.
    #[test]
    fn controls_are_left_alone() {
        let mut alarms: BTreeMap<&str, u32> = BTreeMap::new();
        let mut looked: BTreeMap<&str, u32> = BTreeMap::new();
        for seed in 0..100 {
            for closed_users in [None, Some(10)] {
                for finding in
                    crate::audit(&Synthetic { closed_users, seed, ..Synthetic::default() }.record())
                {
                    let alarm = matches!(finding.status, Status::Limited | Status::Invalid);
                    *alarms.entry(finding.id).or_default() += u32::from(alarm);
                    *looked.entry(finding.id).or_default() += u32::from(finding.status != Status::NotRun);
                }
            }
        }
        assert!(alarms.values().all(|n| *n <= 1), "{alarms:?}");
        assert_eq!(alarms.len(), 25);
        // One kind of step, one level of users, one run, nothing written with an identity, nothing streamed.
        let elsewhere = ["comparison", "delivery", "mix", "scaling", "streams"];
        let blind: Vec<_> = looked.into_iter().filter(|(_, n)| *n == 0).map(|(id, _)| id).collect();
        assert_eq!(blind, elsewhere);
    }
}
