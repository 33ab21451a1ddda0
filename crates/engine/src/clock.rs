//! The real clocks: the run's monotonic one for load threads, and readings of all the others for the audit.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::LocalBoxFuture;
use plimsoll_model::{Clock, ClockSample, IdleStrategy, Nanos};
use rustix::time::{ClockId, clock_gettime};

use crate::signals::ThreadSignals;
use crate::timer::Timer;

/// Before an arrival the hybrid strategy stops sleeping and spins: longer than timers oversleep on an
/// unloaded machine, short enough to cost little at low rates (METHOD section 2).
const SPIN_NS: Nanos = 200_000;

/// A turn of spinning shorter than this found nothing to do: an operation alone takes longer.
const IDLE_TURN_NS: Nanos = 2_000;

/// Monotonic time since the start of the run, on one load thread.
pub struct MonotonicClock {
    start: Cell<Instant>,
    timers: RefCell<Vec<Timer>>,
    signals: Arc<ThreadSignals>,
}

impl MonotonicClock {
    /// A clock whose zero is `start`; before that it stands at 0. Needs a tokio runtime when it is waited on.
    pub fn starting_at(start: Instant) -> Rc<Self> {
        Self::of_thread(start, Arc::default())
    }

    /// The same, for a load thread that shows how long it spun.
    pub(crate) fn of_thread(start: Instant, signals: Arc<ThreadSignals>) -> Rc<Self> {
        Rc::new(Self { start: Cell::new(start), timers: RefCell::default(), signals })
    }

    /// Sets the zero, once everybody is ready.
    pub(crate) fn start_at(&self, start: Instant) {
        self.start.set(start);
    }

    async fn sleep_exactly_until(&self, at: Nanos) {
        let timer = self.timers.borrow_mut().pop();
        let mut timer = timer.unwrap_or_else(Timer::new);
        timer.sleep(at.saturating_sub(self.now())).await;
        self.timers.borrow_mut().push(timer);
    }

    async fn spin_until(&self, at: Nanos) {
        // Every turn lets other tasks run and polls the sockets.
        let mut last = self.now();
        let mut idle = 0;
        while last < at {
            tokio::task::yield_now().await;
            let now = self.now();
            idle += Some(now - last).filter(|turn| *turn < IDLE_TURN_NS).unwrap_or(0);
            last = now;
        }
        self.signals.add_spun_ns(idle);
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Nanos {
        let elapsed = now().saturating_duration_since(self.start.get());
        elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos())
    }

    fn sleep_until(&self, at: Nanos) -> LocalBoxFuture<'static, ()> {
        let deadline = tokio::time::Instant::from_std(self.start.get() + Duration::from_nanos(at));
        Box::pin(tokio::time::sleep_until(deadline))
    }

    fn wait_until(&self, at: Nanos, strategy: IdleStrategy) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            match strategy {
                IdleStrategy::Spin => {}
                IdleStrategy::Sleep => return self.sleep_exactly_until(at).await,
                IdleStrategy::Hybrid if self.now() + SPIN_NS >= at => {}
                IdleStrategy::Hybrid => self.sleep_exactly_until(at - SPIN_NS).await,
            }
            self.spin_until(at).await;
        })
    }
}

/// The monotonic clock of the machine; the only place in the engine that reads it.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub fn now() -> Instant {
    Instant::now()
}

/// All clocks at one moment of a run that began at `start`.
pub fn sample(start: Instant) -> ClockSample {
    let elapsed = now().saturating_duration_since(start);
    ClockSample {
        at_ns: elapsed.as_nanos() as Nanos,
        raw_ns: read(RAW),
        boot_ns: read(BOOT),
        wall_ns: read(ClockId::Realtime),
    }
}

#[cfg(target_os = "linux")]
const RAW: ClockId = ClockId::MonotonicRaw;
#[cfg(target_os = "linux")]
const BOOT: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const RAW: ClockId = ClockId::Monotonic;
#[cfg(not(target_os = "linux"))]
const BOOT: ClockId = ClockId::Monotonic;

fn read(id: ClockId) -> Nanos {
    let time = clock_gettime(id);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// CPU time of this process so far, in nanoseconds.
pub fn process_cpu_ns() -> Nanos {
    read(ClockId::ProcessCPUTime)
}

/// The smallest step of the monotonic clock, over a thousand readings.
pub fn tick_ns() -> Nanos {
    let mut smallest = Nanos::MAX;
    let mut last = read(ClockId::Monotonic);
    for _ in 0..1_000 {
        let reading = read(ClockId::Monotonic);
        if reading > last {
            smallest = smallest.min(reading - last);
        }
        last = reading;
    }
    smallest
}
