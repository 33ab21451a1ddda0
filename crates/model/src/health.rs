//! How the generator and its machine were doing, read by the engine about once a second.

use plimsoll_metrics::Compact;
use serde::{Deserialize, Serialize};

use crate::Nanos;

/// The generator and its machine since the last reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// When it was read, on the run's clock.
    pub at_ns: Nanos,
    /// The time it covers.
    pub span_ns: Nanos,
    /// By load thread.
    pub threads: Vec<ThreadHealth>,
    /// Time taken from this machine by others on the same host, over all cores; `None` where it is not told.
    pub stolen_ns: Option<Nanos>,
    /// Cores of the machine.
    pub cores: u32,
    /// Times the control group was throttled; `None` without one.
    pub throttled: Option<u64>,
    /// How late a thread that does nothing else woke from its ticks.
    pub hiccups: Compact,
    /// File descriptors.
    pub descriptors: Option<Used>,
    /// Local TCP ports.
    pub ports: Option<Used>,
    /// Readings of the number in flight by that thread, summed over load threads.
    pub in_flight_sum: u64,
    /// How many readings.
    pub in_flight_readings: u64,
}

/// One load thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadHealth {
    /// CPU time it used.
    pub busy_ns: Nanos,
    /// Of that, time spent turning without anything to do.
    pub spun_ns: Nanos,
    /// Time it could have run and had no core.
    pub waited_ns: Nanos,
}

impl ThreadHealth {
    /// CPU time spent on work, as a share of `span_ns`.
    pub fn working_share(self, span_ns: Nanos) -> f64 {
        self.busy_ns.saturating_sub(self.spun_ns) as f64 / span_ns.max(1) as f64
    }

    /// Time without a core as a share of `span_ns`.
    pub fn waiting_share(self, span_ns: Nanos) -> f64 {
        self.waited_ns as f64 / span_ns.max(1) as f64
    }
}

/// Something of which there is only so much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// How much was in use.
    pub used: u64,
    /// How much there is.
    pub limit: u64,
}

impl Used {
    /// The share in use.
    pub fn share(self) -> f64 {
        self.used as f64 / self.limit.max(1) as f64
    }
}
