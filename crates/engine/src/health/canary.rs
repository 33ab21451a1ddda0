//! A thread that only ticks: what makes it late makes everything late. It reads the gauges of operations in
//! flight as it goes, independently of the threads that keep them.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_metrics::Histogram;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::clock;
use crate::signals::ThreadSignals;

/// Between ticks, on average: a hundred readings a second (docs/METHOD.md, sections 7 and 16).
const TICK: Duration = Duration::from_millis(10);

/// The same ticks in every run.
const SEED: u64 = 1;

/// What was seen since somebody last asked.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) hiccups: Histogram,
    pub(super) in_flight_sum: u64,
    pub(super) readings: u64,
}

pub(super) struct Canary {
    seen: Arc<Mutex<Seen>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Canary {
    /// A canary that cannot be started sees nothing, and the audit says that nothing was seen.
    pub(super) fn start(signals: Vec<Arc<ThreadSignals>>) -> Self {
        let (seen, over) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (shared, ended) = (seen.clone(), over.clone());
        let body = move || tick(&signals, &shared, &ended);
        let thread = std::thread::Builder::new().name("canary".to_owned()).spawn(body).ok();
        Self { seen, over, thread }
    }

    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(super) fn ticks(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).readings
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn tick(signals: &[Arc<ThreadSignals>], seen: &Mutex<Seen>, over: &AtomicBool) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    // Half to one and a half ticks apart: a reader in step with what it reads sees the same moment of it every time.
    let mut gap = move || TICK.mul_f64(random.random_range(0.5..1.5));
    let mut due = clock::now() + gap();
    while !over.load(Relaxed) {
        std::thread::sleep(due.saturating_duration_since(clock::now()));
        let late = clock::now().saturating_duration_since(due);
        let in_flight: u64 = signals.iter().map(|s| s.in_flight()).sum();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.hiccups.record(late.as_nanos() as u64);
        seen.in_flight_sum += in_flight;
        seen.readings += 1;
        drop(seen);
        // Ticks missed in a stall are not made up for: one stall is one hiccup, as long as it was.
        due = (due + gap()).max(clock::now());
    }
}
