//! A world without sockets: a virtual clock, a protocol backed by the truth server's queue, users of one step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use futures::executor::LocalPool;
use futures::future::LocalBoxFuture;
use futures::task::LocalSpawnExt;
use plimsoll_engine::worker::{Worker, WorkerMessage, WorkerParts};
use plimsoll_model::http::HttpRequest;
use plimsoll_model::record::merge_window;
use plimsoll_model::testing::{VirtualClock, run_to_end};
use plimsoll_model::{
    Clock, Driver, Finished, Host, IdleStrategy, Load, Nanos, Observation, Operation, Outcome, Plan, Record,
    Reply, ResponseView, RunEvent, SECOND_NS, Scenario, Schedule, Segment, Session, Started, Step, StepBooks,
    StepKind, User, WorkerContext, Workload,
};
use plimsoll_targets::truth::Queue;

/// What the queue does with one request.
pub(crate) type Server = Rc<RefCell<dyn FnMut(Nanos) -> (Nanos, Outcome)>>;

/// One request as the client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) user: u64,
    pub(crate) due_ns: Nanos,
    pub(crate) sent_ns: Nanos,
    pub(crate) done_ns: Nanos,
}

/// A server that answers as `queue` says.
pub(crate) fn queue(mut queue: Queue) -> Server {
    Rc::new(RefCell::new(move |at_ns| (queue.arrive(at_ns, 1.0).departure_ns, Outcome::Ok)))
}

struct QueueDriver {
    clock: Rc<dyn Clock>,
    server: Server,
}

impl Driver for QueueDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(QueueSession { clock: self.clock.clone(), server: self.server.clone() })
    }
}

struct QueueSession {
    clock: Rc<dyn Clock>,
    server: Server,
}

impl Session for QueueSession {
    fn perform<'a>(&'a mut self, _operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let sent_ns = self.clock.now();
            let (departure_ns, outcome) = (self.server.borrow_mut())(sent_ns);
            self.clock.sleep_until(departure_ns).await;
            Reply { outcome, sent_ns: Some(sent_ns), done_ns: self.clock.now(), ..Reply::new() }
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView::default()
    }

    fn begin_iteration(&mut self) {}
}

/// Nanoseconds in a millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// Users that perform step number `scenario` once an iteration, then think.
pub(crate) struct OneStep {
    pub(crate) think_ns: Nanos,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

impl Workload for OneStep {
    fn user(&self, context: &WorkerContext, number: u64) -> Box<dyn User> {
        Box::new(OneStepUser {
            session: context.session("queue"),
            think_ns: self.think_ns,
            seen: self.seen.clone(),
            number,
        })
    }

    fn setup(&self, _context: &WorkerContext) -> Option<Box<dyn User>> {
        None
    }

    fn teardown(&self, _context: &WorkerContext) -> Option<Box<dyn User>> {
        None
    }
}

struct OneStepUser {
    session: Box<dyn Session>,
    think_ns: Nanos,
    seen: Arc<Mutex<Vec<Seen>>>,
    number: u64,
}

impl User for OneStepUser {
    fn live<'a>(mut self: Box<Self>, mut host: Box<dyn Host + 'a>) -> LocalBoxFuture<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let operation = Arc::new(Operation::Http(HttpRequest::new("GET", "http://nowhere/")));
            while let Some(iteration) = poll_fn(|cx| host.poll_iteration(cx)).await {
                let begun = host.begin(iteration.scenario);
                let reply = self.session.perform(&operation).await;
                host.finish(&Observation {
                    begun,
                    outcome: reply.outcome,
                    reply: &reply,
                    failure: None,
                    checked: false,
                });
                let seen = Seen {
                    user: self.number,
                    due_ns: begun.due_ns,
                    sent_ns: reply.sent_ns.unwrap_or(0),
                    done_ns: reply.done_ns,
                };
                self.seen.lock().unwrap().push(seen);
                if self.think_ns > 0 {
                    let clock = host.clock();
                    host.pause_begins();
                    clock.sleep_until(clock.now() + self.think_ns).await;
                    host.pause_ends();
                }
                host.end_iteration(true);
            }
        })
    }
}

/// A load of scenario 0.
pub(crate) fn load(schedule: Schedule) -> Load {
    Load {
        name: "load".to_owned(),
        schedule,
        mix: vec![(0, 1.0)],
        start_ns: 0,
        graceful_stop_ns: 60 * SECOND_NS,
        iteration_ns_min: 0,
    }
}

/// A plan with as many one-step scenarios as the loads mix.
pub(crate) fn plan(loads: Vec<Load>) -> Plan {
    let count = loads.iter().flat_map(|l| &l.mix).map(|(scenario, _)| scenario + 1).max().unwrap_or(1);
    let name = |n: u16| format!("step-{n}");
    Plan {
        name: "simulated".to_owned(),
        seed: 42,
        target: "queue".to_owned(),
        scenarios: (0..count).map(|n| Scenario { name: name(n), first_step: Some(n) }).collect(),
        steps: (0..count)
            .map(|n| Step { name: name(n), scenario: n, kind: StepKind::Operation, tags: BTreeMap::new() })
            .collect(),
        loads,
        phases: Vec::new(),
        ..Plan::default()
    }
}

/// What came of a simulated run.
pub(crate) struct Simulated {
    pub(crate) record: Record,
    pub(crate) seen: Vec<Seen>,
}

/// Runs one load thread to its end in virtual time.
pub(crate) fn simulate(plan: &Plan, segment: Segment, think_ns: Nanos, server: Server) -> Simulated {
    simulate_with(plan, segment, think_ns, server, |_| {})
}

/// The same, with something else going on beside it.
pub(crate) fn simulate_with(
    plan: &Plan,
    segment: Segment,
    think_ns: Nanos,
    server: Server,
    beside: impl FnOnce(Rc<Worker>),
) -> Simulated {
    let mut pool = LocalPool::new();
    let clock = VirtualClock::new();
    let shared: Rc<dyn Clock> = Rc::new(clock.clone());
    let driver: Box<dyn Driver> = Box::new(QueueDriver { clock: shared.clone(), server });
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let spawner = pool.spawner();
    let worker = Worker::new(WorkerParts {
        plan: Arc::new(plan.clone()),
        segment,
        idle: IdleStrategy::Spin,
        workload: Arc::new(OneStep { think_ns, seen: seen.clone() }),
        context: WorkerContext::new(shared, BTreeMap::from([("queue", driver)]), plan.seed, segment),
        spawn: Box::new(move |task| spawner.spawn_local(task).unwrap()),
        samples: Some(1.0),
        signals: Arc::default(),
    });
    beside(worker.clone());
    let (sender, receiver) = channel();
    let driven = worker.clone();
    pool.spawner().spawn_local(async move { driven.drive(&sender).await }).unwrap();
    run_to_end(&mut pool, &clock);
    let mut record = Record::from_events(&[RunEvent::Started(Box::new(Started {
        plan: plan.clone(),
        ..Started::default()
    }))]);
    let mut samples = 0;
    for message in receiver.try_iter() {
        match message {
            WorkerMessage::Windows(windows) => record.apply(&RunEvent::Windows(windows)),
            WorkerMessage::Samples(kept) => samples += kept.concat().len() as u64,
            WorkerMessage::Done(end) => {
                let finished = Finished {
                    duration_ns: end.sending_ended_ns,
                    closed_ns: end.closed_ns,
                    books: end.books,
                    ..Finished::default()
                };
                record.apply(&RunEvent::Finished(Box::new(finished)));
            }
        }
    }
    assert_balanced(&record);
    assert_eq!(samples, record.totals().sent, "an operation was kept twice or not at all");
    let seen = seen.lock().unwrap().clone();
    Simulated { record, seen }
}

/// Every run's books must balance, whatever happened in it.
fn assert_balanced(record: &Record) {
    let finished = record.finished.as_ref().expect("the worker closed its books");
    for StepBooks { step, counts, outcomes } in &finished.books {
        let windows = record.counts.get(step).copied().unwrap_or_default();
        assert_eq!(windows, *counts, "step {step}");
        assert_eq!(counts.scheduled, counts.sent + counts.dropped, "step {step}");
        assert_eq!(counts.scheduled, outcomes.iter().sum::<u64>(), "step {step}");
        for outcome in Outcome::ALL {
            assert_eq!(record.count(*step, outcome), outcomes[outcome.index()], "step {step}, {outcome}");
        }
    }
    let mut merged = plimsoll_metrics::Window::default();
    record.windows.values().for_each(|w| merge_window(&mut merged, w));
    assert_eq!(merged.count(Outcome::Ok), record.total(Outcome::Ok));
}
