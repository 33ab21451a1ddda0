//! Who does what: a workload makes users, a user goes through iterations, a host drives and records it.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

use crate::delivery::Deliveries;
use crate::{Clock, Driver, LoadId, Nanos, Outcome, Reply, ScenarioId, Segment, Session, Step, StepId};

/// What the users of a plan do. Shared by all load threads.
pub trait Workload: Send + Sync {
    /// A new user, on the load thread that `context` belongs to. `number` is unique within the run.
    fn user(&self, context: &WorkerContext, number: u64) -> Box<dyn User>;

    /// The user that prepares the run: its one iteration runs before load, and must succeed.
    fn setup(&self, context: &WorkerContext) -> Option<Box<dyn User>>;

    /// The user that tidies up after the run.
    fn teardown(&self, context: &WorkerContext) -> Option<Box<dyn User>>;

    /// Writes that carried an identity, once everything is over; `None` if there were none.
    fn deliveries(&self) -> Option<Deliveries> {
        None
    }

    /// How many users of a load entry, of those that sit first, are to be made before the clock starts: as many as take
    /// long to make.
    fn users_ready(&self, _load: LoadId) -> u64 {
        0
    }

    /// Steps that users have come upon, from the `known`-th on. A plan names all its steps beforehand; a script names
    /// them as it goes, and must have numbered one here before it begins an operation of it.
    fn steps_found(&self, _known: usize) -> Vec<Step> {
        Vec::new()
    }
}

/// What a load thread gives its users.
pub struct WorkerContext {
    /// The run's clock.
    pub clock: Rc<dyn Clock>,
    drivers: BTreeMap<&'static str, Rc<dyn Driver>>,
    /// The run's seed.
    pub seed: u64,
    /// The thread's part of the run.
    pub segment: Segment,
    sequences: RefCell<BTreeMap<String, Rc<Cell<u64>>>>,
    kept: RefCell<BTreeMap<TypeId, Rc<dyn Any>>>,
}

/// A load thread's share of a run-wide sequence 0, 1, 2, ...: threads take turns, so that no number is given
/// twice in a run and nothing is shared between threads.
#[derive(Clone, Debug)]
pub struct Sequence {
    taken: Rc<Cell<u64>>,
    segment: Segment,
}

impl Sequence {
    /// The next number of this thread.
    pub fn take(&self) -> u64 {
        let taken = self.taken.get();
        self.taken.set(taken + 1);
        taken * u64::from(self.segment.count) + u64::from(self.segment.index)
    }
}

impl WorkerContext {
    /// A context with clock and protocols by name.
    pub fn new(
        clock: Rc<dyn Clock>,
        drivers: BTreeMap<&'static str, Box<dyn Driver>>,
        seed: u64,
        segment: Segment,
    ) -> Self {
        Self {
            clock,
            drivers: drivers.into_iter().map(|(name, driver)| (name, Rc::from(driver))).collect(),
            seed,
            segment,
            sequences: RefCell::default(),
            kept: RefCell::default(),
        }
    }

    /// This thread's share of the sequence called `name`; all users of the thread draw from the same.
    pub fn sequence(&self, name: &str) -> Sequence {
        let taken = self.sequences.borrow_mut().entry(name.to_owned()).or_default().clone();
        Sequence { taken, segment: self.segment }
    }

    /// The one `T` of this thread, made when it is first asked for: what all users of a thread have in common.
    pub fn of_thread<T: 'static>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        let known = self.kept.borrow().get(&TypeId::of::<T>()).cloned();
        let kept = known.unwrap_or_else(|| {
            let made: Rc<dyn Any> = Rc::new(make());
            self.kept.borrow_mut().insert(TypeId::of::<T>(), made.clone());
            made
        });
        kept.downcast().expect("it is kept by its type")
    }

    /// A session of the protocol called `name`.
    ///
    /// # Panics
    /// If the run was wired without that protocol, which the plan's lowering rules out.
    pub fn session(&self, name: &str) -> Box<dyn Session> {
        self.driver(name).session()
    }

    /// The protocol called `name`, for a user that does several things at once and makes a session for each.
    ///
    /// # Panics
    /// As [`WorkerContext::session`].
    pub fn driver(&self, name: &str) -> Rc<dyn Driver> {
        self.drivers.get(name).unwrap_or_else(|| panic!("the run was wired without {name}")).clone()
    }

    /// The same of a protocol that may have been left out.
    pub fn driver_if_any(&self, name: &str) -> Option<Rc<dyn Driver>> {
        self.drivers.get(name).cloned()
    }
}

/// One simulated client. Its whole life is one future, so that an iteration costs no allocation.
pub trait User {
    /// Asks the host for iterations until there are none, and performs them.
    fn live<'a>(self: Box<Self>, host: Box<dyn Host + 'a>) -> LocalBoxFuture<'a, ()>
    where
        Self: 'a;
}

/// One pass of a user through a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iteration {
    /// Which scenario.
    pub scenario: ScenarioId,
    /// Number within the run: of the arrival, or a count over the user's iterations.
    pub number: u64,
    /// When it was due.
    pub due_ns: Nanos,
    /// The user's number.
    pub user: u64,
}

/// An operation that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The step it belongs to.
    pub step: StepId,
    /// When it was due: with the iteration for its first operation, when the user came to it for later ones.
    pub due_ns: Nanos,
}

/// What became of a begun operation, or of a timed group.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// What had begun.
    pub begun: Begun,
    /// The final outcome, the plan's expectations included.
    pub outcome: Outcome,
    /// What the session saw.
    pub reply: &'a Reply,
    /// Class and message of the failure, if it is not the reply's own.
    pub failure: Option<(&'a str, &'a str)>,
    /// Whether an expectation looked beyond the protocol's status.
    pub checked: bool,
}

/// The engine as one user sees it.
pub trait Host {
    /// The next iteration; `None` when this user's time is over.
    fn poll_iteration(&mut self, cx: &mut Context<'_>) -> Poll<Option<Iteration>>;

    /// The iteration is over; `complete` if it went through all its steps.
    fn end_iteration(&mut self, complete: bool);

    /// An operation of `step` is handed to a session now.
    fn begin(&mut self, step: StepId) -> Begun;

    /// That operation has ended.
    fn finish(&mut self, observation: &Observation<'_>);

    /// What an operation that has ended measured besides: a number for a step that is a part of its own.
    fn part(&mut self, step: StepId, begun: Begun, outcome: Outcome, number: u64);

    /// A group of steps that began at `begun_ns` has ended now.
    fn group(&mut self, step: StepId, begun_ns: Nanos, outcome: Outcome);

    /// The user thinks, and does nothing else until [`Host::pause_ends`].
    fn pause_begins(&mut self);

    /// The user goes on.
    fn pause_ends(&mut self);

    /// The run's clock.
    fn clock(&self) -> Rc<dyn Clock>;
}

/// Lets the other tasks of the thread run once, on whichever executor it is.
pub async fn give_way() {
    let mut gave = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
