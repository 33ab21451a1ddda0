//! One load thread: its part of the plan, its users, its recorder.
//!
//! Nothing here knows which executor polls it or which clock it is given: real runs use a single-threaded
//! tokio runtime and the monotonic clock, tests a local pool and a virtual clock.

use std::cell::{Cell, RefCell, RefMut};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::{Poll, Waker};

use futures::future::{Either, LocalBoxFuture, join_all, select};
use plimsoll_metrics::{SECOND_NS, Window};
use plimsoll_model::{
    Clock, IdleStrategy, Iteration, LoadId, Nanos, Plan, Sample, Schedule, Segment, StepBooks, User,
    WorkerContext, Workload,
};

use crate::host::{UserHost, UserTask};
use crate::load::LoadState;
use crate::recorder::Recorder;
use crate::sampler::Sampler;
use crate::signals::ThreadSignals;
use crate::{closed, open};

/// Between two looks at how late a load thread comes round.
const LAG_TICK_NS: Nanos = 20_000_000;

/// Puts a future on the thread's executor.
pub type Spawn = Box<dyn Fn(LocalBoxFuture<'static, ()>)>;

/// Users that wait for their seats, by seat; `None` where one has sat down.
type Bench = Vec<Option<Box<dyn User>>>;

/// What a load thread tells the dispatcher.
#[derive(Debug)]
pub enum WorkerMessage {
    /// Results since the last such message.
    Windows(Vec<Window>),
    /// Operations kept one by one since the last such message, in chunks.
    Samples(Vec<Vec<Sample>>),
    /// The thread is done.
    Done(WorkerEnd),
}

/// How a load thread ended.
#[derive(Debug)]
pub struct WorkerEnd {
    /// When the last schedule ended or sending was stopped.
    pub sending_ended_ns: Nanos,
    /// When the last operation was in or given up.
    pub closed_ns: Nanos,
    /// The thread's own count.
    pub books: Vec<StepBooks>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    Reached,
    Stopped,
}

impl Waited {
    pub(crate) fn is_stopped(self) -> bool {
        self == Self::Stopped
    }
}

/// A flag that wakes whoever waits for it, within the thread.
#[derive(Debug, Default)]
pub struct LocalStop {
    set: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl LocalStop {
    pub(crate) fn is_set(&self) -> bool {
        self.set.get()
    }

    /// Sets the flag.
    pub fn set(&self) {
        self.set.set(true);
        self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            if self.set.get() {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.iter().any(|w| w.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// What a load thread is made of.
pub struct WorkerParts {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Which part of it.
    pub segment: Segment,
    /// How to wait for arrivals.
    pub idle: IdleStrategy,
    /// Makes users.
    pub workload: Arc<dyn Workload>,
    /// Clock and protocols.
    pub context: WorkerContext,
    /// The executor.
    pub spawn: Spawn,
    /// Share of operations to keep one by one, if any.
    pub samples: Option<f64>,
    /// Where others see how the thread is doing.
    pub signals: Arc<ThreadSignals>,
}

/// One load thread.
pub struct Worker {
    pub(crate) plan: Arc<Plan>,
    pub(crate) segment: Segment,
    pub(crate) clock: Rc<dyn Clock>,
    /// Sending is to end.
    pub stop: LocalStop,
    idle: IdleStrategy,
    workload: Arc<dyn Workload>,
    context: WorkerContext,
    spawn: Spawn,
    recorder: RefCell<Recorder>,
    loads: Vec<RefCell<LoadState>>,
    sending_ended_ns: Cell<Nanos>,
    /// Users that were made before the clock started, by load and seat.
    ready: RefCell<Vec<Bench>>,
    panic: RefCell<Option<Panic>>,
}

/// What a user's code panicked with.
pub type Panic = Box<dyn std::any::Any + Send>;

impl Worker {
    /// A load thread that has not begun.
    pub fn new(parts: WorkerParts) -> Rc<Self> {
        let loads =
            (0..parts.plan.loads.len()).map(|id| RefCell::new(LoadState::new(id as LoadId))).collect();
        Rc::new(Self {
            recorder: RefCell::new(Recorder::new(
                parts.plan.steps.len(),
                parts.plan.loads.len(),
                parts.signals,
                parts.samples.map(|share| Sampler::new(share, parts.plan.seed, parts.segment)),
            )),
            loads,
            clock: parts.context.clock.clone(),
            plan: parts.plan,
            segment: parts.segment,
            stop: LocalStop::default(),
            idle: parts.idle,
            workload: parts.workload,
            context: parts.context,
            spawn: parts.spawn,
            sending_ended_ns: Cell::new(0),
            ready: RefCell::default(),
            panic: RefCell::default(),
        })
    }

    /// A user's code has panicked: the run is to end. The first panic stands.
    pub(crate) fn panicked(&self, panic: Panic) {
        self.panic.borrow_mut().get_or_insert(panic);
        self.stop.set();
    }

    /// What a user's code panicked with, once the run has ended for it.
    pub fn take_panic(&self) -> Option<Panic> {
        self.panic.borrow_mut().take()
    }

    /// Makes the users that take long to make, until it is told that nobody needs them.
    pub fn prepare(&self, is_stopped: impl Fn() -> bool) {
        for load in 0..self.loads.len() as LoadId {
            let count = self.segment.share(self.workload.users_ready(load)) as usize;
            let number = |seat| self.load(load).user_number(seat, self.segment);
            let make = |seat| Some(self.workload.user(&self.context, number(seat)));
            let made = (0..count).take_while(|_| !is_stopped()).map(make).collect();
            self.ready.borrow_mut().push(made);
        }
    }

    /// Drives all load entries to their end, sending results every second.
    pub async fn drive(self: &Rc<Self>, messages: &Sender<WorkerMessage>) {
        let loads = (0..self.loads.len() as LoadId)
            .map(|load| Box::pin(self.drive_load(load)) as LocalBoxFuture<'_, ()>);
        let reporter = Box::pin(self.report_every_second(messages));
        let metronome = Box::pin(self.measure_lag());
        if let Either::Right(_) = select(join_all(loads), select(reporter, metronome)).await {
            unreachable!("reporter and metronome never end");
        }
        let now = self.clock.now();
        self.send_windows(messages, now);
        let end = WorkerEnd {
            sending_ended_ns: self.sending_ended_ns.get(),
            closed_ns: now,
            books: self.recorder().books().to_vec(),
        };
        // The dispatcher may be gone if the process is being torn down; then nobody is left to tell.
        let _gone = messages.send(WorkerMessage::Done(end));
    }

    async fn report_every_second(&self, messages: &Sender<WorkerMessage>) -> std::convert::Infallible {
        loop {
            let next = (self.clock.now() / SECOND_NS + 1) * SECOND_NS;
            self.clock.sleep_until(next).await;
            self.send_windows(messages, next);
        }
    }

    /// How late the thread comes round to a tick is how late it comes round to anything.
    async fn measure_lag(&self) -> std::convert::Infallible {
        loop {
            let due = self.clock.now() + LAG_TICK_NS;
            self.clock.wait_until(due, IdleStrategy::Sleep).await;
            self.recorder().lagged(self.clock.now().saturating_sub(due));
        }
    }

    fn send_windows(&self, messages: &Sender<WorkerMessage>, at_ns: Nanos) {
        let count = |mut load: RefMut<'_, LoadState>| (load.busy(), load.take_users_ns(at_ns));
        let users: Vec<_> = self.loads.iter().map(|l| count(l.borrow_mut())).collect();
        let windows = self.recorder().take(at_ns, &users);
        let _gone = messages.send(WorkerMessage::Windows(windows));
        let samples = self.recorder().take_samples();
        if !samples.is_empty() {
            let _gone = messages.send(WorkerMessage::Samples(samples));
        }
    }

    async fn drive_load(self: &Rc<Self>, load: LoadId) {
        let entry = &self.plan.loads[usize::from(load)];
        if !self.wait_until(entry.start_ns).await.is_stopped() {
            match &entry.schedule {
                Schedule::Open(schedule) => open::pace(self, load, schedule).await,
                Schedule::Closed(schedule) => closed::populate(self, load, schedule).await,
            }
        }
        // An open schedule ends at its end, not at its last arrival.
        if matches!(entry.schedule, Schedule::Open(_)) {
            let _stopped = self.wait_until(entry.end_ns()).await;
        }
        let now = self.clock.now().min(entry.end_ns());
        self.sending_ended_ns.set(self.sending_ended_ns.get().max(now));
        self.drain(load, entry.graceful_stop_ns).await;
    }

    /// Lets users finish their iteration, up to the grace period; then takes them away.
    async fn drain(self: &Rc<Self>, load: LoadId, grace_ns: Nanos) {
        self.load(load).ended = true;
        self.load(load).wake_all();
        let deadline = self.clock.sleep_until(self.clock.now() + grace_ns);
        if let Either::Right(_) = select(Box::pin(self.emptied(load)), deadline).await {
            self.load(load).cancelled = true;
            self.load(load).wake_all();
            self.emptied(load).await;
        }
    }

    /// Completes when the load entry has no users.
    pub(crate) async fn emptied(&self, load: LoadId) {
        poll_fn(|cx| {
            let mut state = self.load(load);
            if state.active == 0 {
                return Poll::Ready(());
            }
            state.emptied = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Waits until an arrival is due at `at_ns`, as exactly as asked for, or until sending is stopped.
    pub(crate) async fn wait_until_due(&self, at_ns: Nanos) -> Waited {
        self.wait(at_ns, self.idle).await
    }

    /// Waits until `at_ns` without spinning, or until sending is stopped: users that come and go, and ends of
    /// schedules, are no arrivals that anybody times.
    pub(crate) async fn wait_until(&self, at_ns: Nanos) -> Waited {
        self.wait(at_ns, IdleStrategy::Sleep).await
    }

    async fn wait(&self, at_ns: Nanos, strategy: IdleStrategy) -> Waited {
        if self.stop.is_set() {
            return Waited::Stopped;
        }
        if self.clock.now() >= at_ns {
            return Waited::Reached;
        }
        let stopped = std::pin::pin!(self.stop.wait());
        match select(self.clock.wait_until(at_ns, strategy), stopped).await {
            Either::Left(_) => Waited::Reached,
            Either::Right(_) => Waited::Stopped,
        }
    }

    /// Puts a new user into `seat`.
    pub(crate) fn seat_user(self: &Rc<Self>, load: LoadId, seat: usize) {
        let number = {
            let mut state = self.load(load);
            state.sit(seat, self.clock.now());
            state.user_number(seat, self.segment)
        };
        let ready = self.ready.borrow_mut().get_mut(usize::from(load)).and_then(|l| l.get_mut(seat)?.take());
        let user = ready.unwrap_or_else(|| self.workload.user(&self.context, number));
        let host = Box::new(UserHost::new(self.clone(), load, seat));
        let life = Some(user.live(host));
        (self.spawn)(Box::pin(UserTask { worker: self.clone(), load, seat, life }));
    }

    /// An arrival that no user could take.
    pub(crate) fn drop_arrival(&self, iteration: &Iteration) {
        if let Some(step) = self.plan.scenarios[usize::from(iteration.scenario)].first_step {
            self.recorder().dropped(step, iteration.due_ns);
        }
    }

    pub(crate) fn recorder(&self) -> RefMut<'_, Recorder> {
        self.recorder.borrow_mut()
    }

    pub(crate) fn load(&self, load: LoadId) -> RefMut<'_, LoadState> {
        self.loads[usize::from(load)].borrow_mut()
    }
}
