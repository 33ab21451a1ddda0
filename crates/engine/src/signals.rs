//! What a load thread lets others see of itself, written by it alone.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use plimsoll_model::Nanos;

/// One load thread's signals, on cache lines of their own: the thread writes, the canary reads.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct ThreadSignals {
    in_flight: AtomicU64,
    spun_ns: AtomicU64,
    /// The system's number of the thread; 0 until it runs.
    thread: AtomicU32,
}

impl ThreadSignals {
    pub(crate) fn set_in_flight(&self, count: u64) {
        self.in_flight.store(count, Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Relaxed)
    }

    /// Only the thread itself writes, so reading and writing need not be one step.
    pub(crate) fn add_spun_ns(&self, more: Nanos) {
        self.spun_ns.store(self.spun_ns() + more, Relaxed);
    }

    pub(crate) fn spun_ns(&self) -> Nanos {
        self.spun_ns.load(Relaxed)
    }

    pub(crate) fn set_thread(&self, number: u32) {
        self.thread.store(number, Relaxed);
    }

    pub(crate) fn thread(&self) -> Option<u32> {
        Some(self.thread.load(Relaxed)).filter(|n| *n != 0)
    }
}
