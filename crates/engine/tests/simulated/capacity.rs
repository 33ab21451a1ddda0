//! The load line of targets whose line is known from a formula (docs/METHOD.md, section 8), and of targets that fall, remember or
//! are not what gives out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use plimsoll_audit::breakpoint::{Break, Breakpoint, Fate, STAGE, breakpoint};
use plimsoll_audit::capacity::{Measured, measured};
use plimsoll_audit::judge;
use plimsoll_audit::statistics::bracket::{Answer, Line, Next, Probe, Reason, Settings, next, together};
use plimsoll_audit::statistics::queues::{Md1, Mm1, Station, mean_values};
use plimsoll_audit::statistics::walk::{self, Step, Walked};
use plimsoll_metrics::{Compact, Histogram, SECOND_NS};
use plimsoll_model::{Claim, Closed, Open, Outcome, Phase, Plan, Process, Record, Schedule, Segment, Stage};
use plimsoll_targets::truth::{Grudge, Queue, ServiceTime};

use crate::world::{MS, Server, load, plan, queue, simulate};

/// Per request, on average.
const SERVICE_S: f64 = 0.005;

const CLAIM: &str = "p95(phase=hold) < 100ms";
const WARM_UP_S: u64 = 10;
const HOLD_S: u64 = 400;

/// How levels are run.
struct Runs<'a> {
    process: Process,
    claim: &'a str,
    hold_s: u64,
    max_users: u64,
    /// Levels are users that think so long, instead of arrivals per second.
    think_ns: Option<u64>,
    /// The target of a level, by the number of the look.
    target: &'a dyn Fn(u64) -> Server,
    /// What becomes of the record before it is judged.
    spoil: &'a dyn Fn(f64, &mut Record),
}

impl<'a> Runs<'a> {
    fn of(process: Process, claim: &'a str, target: &'a dyn Fn(u64) -> Server) -> Self {
        let spoil = &|_, _: &mut Record| {};
        Self { process, claim, hold_s: HOLD_S, max_users: 1_000_000, think_ns: None, target, spoil }
    }

    fn look(&self, level: f64, number: u64) -> Measured {
        let stage = |name: &str, seconds: u64| Stage::hold(name, seconds * SECOND_NS, level);
        let stages = vec![stage("warm_up", WARM_UP_S), stage("hold", self.hold_s)];
        let (process, max_users) = (self.process, self.max_users);
        let schedule = if self.think_ns.is_some() {
            Schedule::Closed(Closed::new(stages))
        } else {
            Schedule::Open(Open { stages, process, trace: None, max_users })
        };
        let mut plan = plan(vec![load(schedule)]);
        plan.seed = number;
        let (start_ns, end_ns) = (WARM_UP_S * SECOND_NS, (WARM_UP_S + self.hold_s) * SECOND_NS);
        plan.phases = vec![Phase { name: "hold".to_owned(), start_ns, end_ns }];
        claimed(&mut plan, self.claim);
        let target = (self.target)(number);
        let mut record = simulate(&plan, Segment::WHOLE, self.think_ns.unwrap_or(0), target).record;
        (self.spoil)(level, &mut record);
        measured(&record, &judge(&record), "hold")
    }

    /// Searches the line from 20 on.
    fn search(&self, settings: &Settings) -> (Line, Vec<(Probe, Measured)>) {
        let mut seen: Vec<(Probe, Measured)> = Vec::new();
        loop {
            let probes: Vec<Probe> = seen.iter().map(|(probe, _)| *probe).collect();
            let level = match next(settings, &probes) {
                Next::Done(line) => return (line, seen),
                Next::Probe(level) if self.think_ns.is_some() => level.round(),
                Next::Probe(level) => level,
            };
            let measured = self.look(level, seen.len() as u64);
            seen.push((Probe { level, answer: measured.answer }, measured));
        }
    }
}

fn claimed(plan: &mut Plan, claim: &str) {
    plan.claims = vec![Claim { text: claim.to_owned(), abort: false }];
}

/// Looks are long enough for each to be right: none is repeated.
fn once() -> Settings {
    Settings { repeats: 0, ..Settings::between(1.0, 20.0, 10_000.0) }
}

/// Searches the line of one server.
fn search(process: Process, service: &ServiceTime, claim: &str) -> Line {
    let target = |number| queue(Queue::new(1, service.clone(), number));
    Runs::of(process, claim, &target).search(&once()).0
}

fn assert_line(line: Line, expected: f64, tolerance: f64) {
    assert!(matches!(line.reason, Reason::Bracketed | Reason::Pooled { .. }), "{line:?}");
    let (held, failed) = (line.held.unwrap(), line.failed.unwrap());
    assert!(failed / held < 1.0 + 2.0 * tolerance, "{line:?}");
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

/// Looks of twenty seconds near saturation miss the line by a percent or two, and contradict each other; all of them together
/// end the search soon, and near the formula.
#[test]
fn short_looks_at_a_fast_service_end_soon_and_near_the_formula() {
    let expected = Mm1 { service_s: 0.001 }.rate_per_s_within(0.95, 0.05).unwrap();
    for seed in [100, 200] {
        let service = ServiceTime::Exponential(MS as f64);
        let target = |number: u64| queue(Queue::new(1, service.clone(), seed + number));
        let runs = Runs { hold_s: 20, ..Runs::of(Process::Poisson, "p95(phase=hold) < 50ms", &target) };
        let settings = Settings::between(1.0, 400.0, 10_000.0);
        let (line, seen) = runs.search(&settings);
        assert_line(line, expected, 0.05);
        assert!(seen.len() <= 18, "{} looks: {:?}", seen.len(), line);
        let probes: Vec<Probe> = seen.iter().map(|(probe, _)| *probe).collect();
        let together = together(&settings, &probes).unwrap();
        assert!((together.middle / expected - 1.0).abs() < 0.05, "{together:?}");
    }
}

/// Evenly spaced arrivals never wait until there are more than the server can take.
#[test]
fn a_hard_limit_is_found_to_the_resolution() {
    let service = ServiceTime::Deterministic(5 * MS);
    assert_line(search(Process::Uniform, &service, "p99(phase=hold) < 20ms"), 200.0, 0.021);
}

/// Exact mean value analysis of one queue of 10 ms and users that think 100 ms (docs/METHOD.md, section 7).
#[test]
fn the_line_in_users_is_where_mean_value_analysis_has_it() {
    let found = mean_values(Station { demand_s: 0.010, think_s: 0.100 }, 50);
    let expected = found.iter().rfind(|at| at.response_s < 0.060).unwrap().users as f64;
    let target = |number| queue(Queue::new(1, ServiceTime::Exponential(10.0 * MS as f64), number));
    let runs = Runs {
        think_ns: Some(100 * MS),
        hold_s: 1_000,
        ..Runs::of(Process::Poisson, "mean(phase=hold) < 60ms", &target)
    };
    let settings = Settings { width_max: 1.0 / expected, ..Settings::between(1.0, 4.0, 200.0) };
    let (line, seen) = runs.search(&Settings { repeats: 0, ..settings });
    assert!((line.held.unwrap() - expected).abs() <= 1.0, "{line:?}, expected {expected}");
    // What every level carried is what the analysis says.
    for (probe, measured) in seen.iter().filter(|(probe, _)| probe.level <= 50.0) {
        let exact = found[probe.level as usize - 1].throughput_per_s;
        assert!(
            (measured.throughput_per_s / exact - 1.0).abs() < 0.03,
            "{probe:?}: {measured:?}, not {exact}"
        );
    }
}

/// Beyond 150 a second the generator wakes late: nothing is known of the target there, which would carry 200.
#[test]
fn a_throttled_generator_yields_at_least() {
    let target = |number| queue(Queue::new(1, ServiceTime::Deterministic(5 * MS), number));
    let late = |level: f64, record: &mut Record| {
        let mut lateness = Histogram::new();
        (0..1_000).for_each(|_| lateness.record(if level > 150.0 { 20 * MS } else { 1 }));
        let loads = record.windows.values_mut().flat_map(|window| &mut window.loads);
        loads.for_each(|(_, load)| load.wake_lateness = Compact::from(&lateness));
        record.loads.values_mut().for_each(|load| load.wake_lateness = lateness.clone());
    };
    let runs =
        Runs { hold_s: 60, spoil: &late, ..Runs::of(Process::Uniform, "p99(phase=hold) < 20ms", &target) };
    let (line, seen) = runs.search(&once());
    assert_eq!((line.reason, line.failed), (Reason::GeneratorLimit, None), "{line:?}");
    assert!(line.held.is_some_and(|held| held <= 150.0 && held > 140.0), "{line:?}");
    assert!(seen.iter().all(|(_, measured)| !measured.by_plan));
}

/// Three users are all busy long before the server is.
#[test]
fn the_plans_own_users_are_told_from_the_target() {
    let target = |number| queue(Queue::new(1, ServiceTime::Deterministic(5 * MS), number));
    let claim = "ok_rate(phase=hold) >= 99.9%";
    let runs = Runs { hold_s: 60, max_users: 3, ..Runs::of(Process::Poisson, claim, &target) };
    let (line, seen) = runs.search(&once());
    assert_eq!((line.reason, line.failed), (Reason::GeneratorLimit, None), "{line:?}");
    assert!(line.held.is_some_and(|held| held < 100.0), "{line:?}");
    let (_, beyond) = seen.iter().find(|(probe, _)| probe.answer == Answer::GeneratorLimit).unwrap();
    assert!(
        beyond.by_plan && beyond.why.as_ref().is_some_and(|why| why.contains("max_users 3")),
        "{beyond:?}"
    );
    // With users enough it is the target, and a claim about times tells so.
    let runs = Runs { hold_s: 60, ..Runs::of(Process::Poisson, CLAIM, &target) };
    let (line, seen) = runs.search(&once());
    assert!(line.failed.is_some() && seen.iter().all(|(_, measured)| !measured.by_plan), "{line:?}");
}

/// Those that wait are in the way: what is carried falls beyond the line, and the search still finds it.
#[test]
fn retrograde_throughput_is_seen_and_a_plain_queue_has_none() {
    let carried = |crowding: f64| {
        let target =
            |number| queue(Queue::new(1, ServiceTime::Deterministic(5 * MS), number).with_crowding(crowding));
        let runs = Runs { hold_s: 30, ..Runs::of(Process::Uniform, "p99(phase=hold) < 50ms", &target) };
        let line = runs.search(&once()).0;
        let served = |level: f64| runs.look(level, 7).throughput_per_s;
        let held = line.held.unwrap();
        (held, served(held), served(held * 1.5))
    };
    let (held, at_line, beyond) = carried(0.02);
    assert!((150.0..=200.0).contains(&held), "{held}");
    assert!(beyond < at_line, "{beyond} is not less than {at_line}");
    let (held, at_line, beyond) = carried(0.0);
    assert!((190.0..=200.0).contains(&held), "{held}");
    assert!(beyond >= at_line * 0.99, "{beyond} is less than {at_line}");
}

/// A queue that lasts over several runs, each of which begins at 0.
struct Lasting {
    queue: Rc<RefCell<Queue>>,
    begun_ns: Rc<Cell<u64>>,
}

impl Lasting {
    fn new(queue: Queue) -> Self {
        Self { queue: Rc::new(RefCell::new(queue)), begun_ns: Rc::default() }
    }

    /// The target of the next run, which begins two seconds after all of the last was answered.
    fn target(&self) -> Server {
        let (queue, begun_ns) = (self.queue.clone(), self.begun_ns.clone());
        let base_ns = begun_ns.get() + 2 * SECOND_NS;
        Rc::new(RefCell::new(move |at_ns| {
            let departure_ns = queue.borrow_mut().arrive(base_ns + at_ns, 1.0).departure_ns;
            begun_ns.set(begun_ns.get().max(departure_ns));
            (departure_ns - base_ns, Outcome::Ok)
        }))
    }
}

fn walked(queue: Queue) -> Walked {
    let lasting = Lasting::new(queue);
    let target = |_| lasting.target();
    let runs = Runs { hold_s: 30, ..Runs::of(Process::Uniform, "p99(phase=hold) < 20ms", &target) };
    let levels = walk::levels(199.0, 201.0);
    let mut answers = Vec::new();
    loop {
        match walk::next(&levels, &answers) {
            Step::Done(walked) => return walked,
            Step::Probe(level) => answers.push(runs.look(level, answers.len() as u64).answer),
        }
    }
}

#[test]
fn a_target_that_remembers_overload_holds_less_on_the_way_down() {
    let service = || Queue::new(1, ServiceTime::Deterministic(5 * MS), 1);
    // Offended it serves 133 a second, until nobody has waited for ten seconds.
    let grudge = Grudge { wait_ns: 200 * MS, slower: 1.5, calm_ns: 10 * SECOND_NS };
    let found = walked(service().with_grudge(grudge));
    assert!(found.remembers() && found.lost == 3, "{found:?}");
    assert!(
        found.up.is_some_and(|up| up > 180.0) && found.down.is_some_and(|down| down < 133.0),
        "{found:?}"
    );
    let control = walked(service());
    assert!(!control.remembers() && control.up == control.down && control.up.is_some(), "{control:?}");
}

/// One ramp to 400 a second in 400 seconds.
fn ramped(queue_of: Queue, process: Process, claim: &str) -> Breakpoint {
    let stage = Stage { name: STAGE.to_owned(), duration_ns: 400 * SECOND_NS, from: 0.0, to: 400.0 };
    let schedule = Schedule::Open(Open { stages: vec![stage], process, trace: None, max_users: 1_000_000 });
    let mut plan = plan(vec![load(schedule)]);
    claimed(&mut plan, claim);
    let record = simulate(&plan, Segment::WHOLE, 0, queue(queue_of)).record;
    breakpoint(&record, &[]).unwrap()
}

#[test]
fn one_ramp_tells_about_where_the_line_is() {
    let service = || Queue::new(1, ServiceTime::Deterministic(5 * MS), 1);
    // A hard limit at 200 a second.
    let found = ramped(service(), Process::Uniform, "p99 < 20ms");
    let Some(Break { kept: Some(kept), low, high }) = found.first else { panic!("{found:?}") };
    assert!(kept > 170.0 && low <= kept && low < 200.0 && 200.0 < high, "{found:?}");
    // Poisson arrivals wait earlier: the formula has the line at 163 a second, and a ramp is told with its interval.
    let expected = Md1 { service_s: SERVICE_S }.rate_per_s_within(0.95, 0.02).unwrap();
    let found = ramped(service(), Process::Poisson, "p95 < 20ms");
    let Some(first) = found.first else { panic!("{found:?}") };
    let kept = first.kept.unwrap();
    assert!((kept / expected - 1.0).abs() < 0.2, "{found:?}, expected {expected}");
    // What is served at once whatever the load never breaks.
    let unlimited =
        ramped(Queue::new(0, ServiceTime::Deterministic(5 * MS), 1), Process::Poisson, "p99 < 20ms");
    assert!(unlimited.first.is_none() && unlimited.claims[0].fate == Fate::Kept, "{unlimited:?}");
}
