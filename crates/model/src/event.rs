//! The one stream that a run emits. Terminal, run file, web page and uplink are sinks of it; replaying it
//! gives the same report.

use plimsoll_metrics::{StepCounts, Window};
use serde::{Deserialize, Serialize};

use crate::delivery::Deliveries;
use crate::monitor::{Readings, Series};
use crate::{Health, IdleStrategy, Nanos, Outcome, Plan, Step, StepId};

/// Version of the stream. Change it with any change to a type reachable from [`RunEvent`].
pub const VERSION: u32 = 5;

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RunEvent {
    /// Always the first.
    Started(Box<Started>),
    /// About once a second: results since the last such event. Parts of one second add up.
    Windows(Vec<Window>),
    /// Once a second: all clocks at one moment.
    Clock(ClockSample),
    /// Once a second: how the generator and its machine are doing.
    Health(Box<Health>),
    /// Something a person should know.
    Note {
        /// When, on the run's clock.
        at_ns: Nanos,
        /// What.
        text: String,
    },
    /// Steps that users came upon, behind those already known: scripts name them as they go. Always before the
    /// first window with one of them.
    Steps(Vec<Step>),
    /// The last of the load, unless the process was killed. Behind it only what tidying up found.
    Finished(Box<Finished>),
    /// Writes that carried an identity, and what was read back of them.
    Deliveries(Box<Deliveries>),
    /// Series that monitors came upon, behind those already known. Always before the first reading of one of them.
    Series(Vec<Series>),
    /// About once a second: what monitors read.
    Readings(Vec<Readings>),
}

/// What a run set out to do, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The plan.
    pub plan: Plan,
    /// SHA-256 of the effective plan, `sha256:...`.
    pub plan_digest: String,
    /// SHA-256 over the texts of the claims, fixed before the run.
    pub claims_digest: String,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
    /// Number of load threads.
    pub workers: u32,
    /// How load threads wait.
    pub idle: IdleStrategy,
    /// Where latency of open loads begins. Always [`Origin::Due`] for our own runs; the audit checks it.
    pub origin: Origin,
    /// Machine, kernel, tool: name and value.
    pub environment: Vec<(String, String)>,
    /// Smallest step of the monotonic clock seen at the start, in nanoseconds.
    pub clock_tick_ns: Nanos,
    /// The longest timeout of any operation, in nanoseconds.
    pub timeout_ns_max: Nanos,
    /// Response time of a server that does nothing, p99, measured with this client just before the run; `None` if
    /// nobody measured it.
    pub floor_ns: Option<Nanos>,
}

/// The moment from which response time counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// When the operation was due.
    #[default]
    Due,
    /// When it was sent: hides every stall of the sender.
    Sent,
}

/// All clocks, read one right after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSample {
    /// The run's clock.
    pub at_ns: Nanos,
    /// `CLOCK_MONOTONIC_RAW`: not slewed.
    pub raw_ns: Nanos,
    /// `CLOCK_BOOTTIME`: goes on while the machine is suspended.
    pub boot_ns: Nanos,
    /// `CLOCK_REALTIME`: may step.
    pub wall_ns: Nanos,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// From the start until the last schedule ended or sending was stopped: the denominator of rates.
    pub duration_ns: Nanos,
    /// From the start until the books were closed, draining included.
    pub closed_ns: Nanos,
    /// Why it ended.
    pub reason: StopReason,
    /// Counted by the workers apart from the windows.
    pub books: Vec<StepBooks>,
    /// CPU time the process used during the run, in nanoseconds.
    pub cpu_ns: Nanos,
    /// Largest resident memory of the process, in bytes; `None` where the system does not tell.
    pub memory_bytes_max: Option<u64>,
}

/// Why a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Its schedules were over.
    #[default]
    Completed,
    /// Somebody interrupted it.
    Interrupted,
    /// This claim was certainly lost.
    ClaimLost(String),
    /// What it does asked for its end, for this reason.
    Asked(String),
}

/// The worker's own count for one step, kept apart from the windows so that the two can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepBooks {
    /// The step.
    pub step: StepId,
    /// Scheduled, sent, dropped.
    pub counts: StepCounts,
    /// By [`Outcome::index`].
    pub outcomes: [u64; Outcome::ALL.len()],
}

impl StepBooks {
    /// Adds another worker's count of the same step.
    pub fn add(&mut self, other: &Self) {
        self.counts.add(other.counts);
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine += theirs;
        }
    }
}
