//! A whole run: threads, setup and teardown, dispatcher.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::{
    Clock, IdleStrategy, Monitor, Plan, Protocol, RunEvent, Segment, Sink, Started, WorkerContext, Workload,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::clock::{self, MonotonicClock};
use crate::dispatcher::{Beside, dispatch};
use crate::signals::ThreadSignals;
use crate::solo::{SoloStep, solo};
use crate::stop::StopHandle;
use crate::worker::{Worker, WorkerMessage, WorkerParts};

/// Time given to threads to come up before the clock starts, so that no arrival is late for it.
const STARTUP: Duration = Duration::from_millis(50);

/// How a run is to be executed: everything that is not the plan.
#[derive(Clone)]
pub struct RunSettings {
    /// Load threads.
    pub workers: u32,
    /// How they wait for arrivals.
    pub idle: IdleStrategy,
    /// Which part of the plan this process executes.
    pub segment: Segment,
    /// What users do.
    pub workload: Arc<dyn Workload>,
    /// What they do it over.
    pub protocols: Vec<Arc<dyn Protocol>>,
    /// Share of operations to hand to the sink one by one, 0 to 1; `None` keeps windows only.
    pub samples: Option<f64>,
    /// What is watched of the target while it runs, each on a thread of its own.
    pub monitors: Vec<Arc<dyn Monitor>>,
    /// Stops the run from outside.
    pub stop: StopHandle,
}

/// Why a run could not be carried out. The target's failures are no reason: they are data.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setup step did not succeed, so there is nothing to load.
    #[error("setup step `{step}` failed: {outcome}: {message}")]
    Setup {
        /// The step.
        step: String,
        /// What became of it.
        outcome: plimsoll_model::Outcome,
        /// The story.
        message: String,
    },
    /// No thread or runtime could be made.
    #[error("no load thread could be started")]
    Thread(#[source] std::io::Error),
}

/// Carries out a run and sends its events to `sink`. Returns when the books are closed.
pub fn run(started: Started, settings: &RunSettings, sink: &mut dyn Sink) -> Result<(), RunError> {
    let plan = Arc::new(started.plan.clone());
    run_solo(settings, &plan, |w, c| w.setup(c))?.into_iter().try_for_each(must_succeed)?;
    sink.take(&RunEvent::Started(Box::new(started)));
    let (sender, receiver) = channel();
    let mut line = Vec::new();
    let mut threads = Vec::new();
    let mut signals = Vec::new();
    for index in 0..settings.workers {
        let segment = settings.segment.split(Segment { index, count: settings.workers });
        let (settings, plan, sender) = (settings.clone(), plan.clone(), sender.clone());
        let shown = Arc::<ThreadSignals>::default();
        let (lane, own) = lane();
        line.push(own);
        signals.push(shown.clone());
        let named = thread::Builder::new().name(format!("load-{index}"));
        threads.push(
            named
                .spawn(move || work(&settings, plan, segment, &lane, &sender, shown))
                .map_err(RunError::Thread)?,
        );
    }
    drop(sender);
    let start = start(&line);
    let beside = Beside {
        signals,
        monitors: &settings.monitors,
        workload: settings.workload.as_ref(),
        steps_planned: plan.steps.len(),
    };
    dispatch(&receiver, beside, start, &settings.stop, sink);
    for thread in threads {
        match thread.join() {
            Ok(ended) => ended.map_err(RunError::Thread)?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    for failed in run_solo(settings, &plan, |w, c| w.teardown(c))?.into_iter().filter(SoloStep::failed) {
        let text = format!("teardown step `{}` failed: {}", failed.step, failed.message);
        sink.take(&RunEvent::Note { at_ns: plan.duration_ns(), text });
    }
    if let Some(deliveries) = settings.workload.deliveries() {
        sink.take(&RunEvent::Deliveries(Box::new(deliveries)));
    }
    Ok(())
}

/// Where one load thread waits for the others before the clock starts.
struct Lane {
    ready: Sender<()>,
    start: Receiver<Instant>,
}

/// The other end of it.
struct LaneEnd {
    ready: Receiver<()>,
    start: Sender<Instant>,
}

fn lane() -> (Lane, LaneEnd) {
    let ((ready, is_ready), (start, starts)) = (channel(), channel());
    (Lane { ready, start: starts }, LaneEnd { ready: is_ready, start })
}

/// Starts the clock when every thread is ready. One that could not come up is not waited for; it tells why when it is
/// joined.
fn start(line: &[LaneEnd]) -> Instant {
    for end in line {
        let _gone = end.ready.recv();
    }
    let start = clock::now() + STARTUP;
    for end in line {
        let _gone = end.start.send(start);
    }
    start
}

/// The body of one load thread.
fn work(
    settings: &RunSettings,
    plan: Arc<Plan>,
    segment: Segment,
    lane: &Lane,
    messages: &Sender<WorkerMessage>,
    signals: Arc<ThreadSignals>,
) -> Result<(), std::io::Error> {
    signals.set_thread(rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned());
    let runtime = runtime()?;
    let local = Rc::new(LocalSet::new());
    let own = MonotonicClock::of_thread(clock::now(), signals.clone());
    let clock: Rc<dyn Clock> = own.clone();
    let context = context(settings, plan.seed, &clock, segment);
    let spawner = local.clone();
    let worker = Worker::new(WorkerParts {
        plan,
        segment,
        idle: settings.idle,
        workload: settings.workload.clone(),
        samples: settings.samples,
        context,
        spawn: Box::new(move |task| drop(spawner.spawn_local(task))),
        signals,
    });
    worker.prepare(|| settings.stop.is_stopped());
    let _gone = lane.ready.send(());
    // Without a start there is no run: whoever would have given it is gone.
    let Ok(start) = lane.start.recv() else { return Ok(()) };
    own.start_at(start);
    let mut stopped = settings.stop.subscribe();
    local.block_on(&runtime, async {
        tokio::time::sleep_until(start.into()).await;
        let drive = worker.drive(messages);
        let watch = async {
            // An error means that nobody can stop the run any more; then it runs to its end.
            if stopped.wait_for(|set| *set).await.is_ok() {
                worker.stop.set();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! { () = drive => {}, () = watch => {} }
    });
    if let Some(panic) = worker.take_panic() {
        std::panic::resume_unwind(panic);
    }
    Ok(())
}

fn runtime() -> Result<Runtime, std::io::Error> {
    Builder::new_current_thread().enable_all().build()
}

fn context(settings: &RunSettings, seed: u64, clock: &Rc<dyn Clock>, segment: Segment) -> WorkerContext {
    let drivers = settings.protocols.iter().map(|p| (p.name(), p.driver(clock.clone()))).collect();
    WorkerContext::new(clock.clone(), drivers, seed, segment)
}

/// One user on a thread of its own making: what setup and teardown are.
fn run_solo(
    settings: &RunSettings,
    plan: &Plan,
    make: impl Fn(&dyn Workload, &WorkerContext) -> Option<Box<dyn plimsoll_model::User>>,
) -> Result<Vec<SoloStep>, RunError> {
    let runtime = runtime().map_err(RunError::Thread)?;
    let clock: Rc<dyn Clock> = MonotonicClock::starting_at(clock::now());
    let context = context(settings, plan.seed, &clock, Segment::WHOLE);
    let Some(user) = make(settings.workload.as_ref(), &context) else { return Ok(Vec::new()) };
    Ok(LocalSet::new().block_on(&runtime, solo(user, &clock, plan, &[0])))
}

/// Performs every scenario once, with one user and no load: the canary of `plimsoll check`.
pub fn canary(plan: &Plan, settings: &RunSettings) -> Result<Vec<SoloStep>, RunError> {
    run_solo(settings, plan, |w, c| w.setup(c))?.into_iter().try_for_each(must_succeed)?;
    let runtime = runtime().map_err(RunError::Thread)?;
    let clock: Rc<dyn Clock> = MonotonicClock::starting_at(clock::now());
    let context = context(settings, plan.seed, &clock, Segment::WHOLE);
    let scenarios: Vec<_> = (0..plan.scenarios.len() as u16).collect();
    let user = settings.workload.user(&context, 0);
    let steps = LocalSet::new().block_on(&runtime, solo(user, &clock, plan, &scenarios));
    // A canary that leaves something behind is no less a canary; what teardown says is reported with the rest.
    let mut all = steps;
    all.extend(run_solo(settings, plan, |w, c| w.teardown(c))?.into_iter().filter(SoloStep::failed));
    Ok(all)
}

fn must_succeed(step: SoloStep) -> Result<(), RunError> {
    if step.failed() {
        Err(RunError::Setup { step: step.step, outcome: step.outcome, message: step.message })
    } else {
        Ok(())
    }
}
