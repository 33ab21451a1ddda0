//! One second of results, mergeable by addition.
//!
//! An operation belongs to the second in which it was **due**, whenever it ends, so a rate has the issue span
//! as its denominator and ramp-down needs no cropping (METHOD section 6). A window may therefore arrive in
//! several parts; parts of one second are merged by adding counts.

use serde::{Deserialize, Serialize};

use crate::{Compact, Histogram, Nanos, Outcome, SECOND_NS};

/// Number of phases of an operation that are timed.
pub const PHASES: usize = 7;

/// Names of the timed phases, in the order in which they happen.
pub const PHASE_NAMES: [&str; PHASES] = ["blocked", "dns", "connect", "tls", "send", "wait", "receive"];

/// Width of the bins in which arrivals are counted as they are issued, in nanoseconds.
pub const ISSUE_BIN_NS: Nanos = 10_000_000;

/// What a response looks like from outside: its status, and its length to a factor of two. A new shape among the
/// successes is how an error page with status 200 shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shape {
    /// The protocol's status.
    pub status: u16,
    /// Binary digits of the number of bytes received.
    pub length_bits: u8,
}

impl Shape {
    /// The shape of a response of so many bytes.
    pub const fn of(status: u16, bytes: u64) -> Self {
        Self { status, length_bits: (u64::BITS - bytes.leading_zeros()) as u8 }
    }

    /// The lengths it stands for, in bytes: from, and below.
    pub const fn lengths(self) -> (u64, u64) {
        if self.length_bits == 0 { (0, 1) } else { (1 << (self.length_bits - 1), 1 << self.length_bits) }
    }
}

/// Durations and sizes of the operations of one step with one outcome. `H` is a [`Compact`] in a window and a
/// [`Histogram`] where results accumulate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell<H = Compact> {
    /// Done − due.
    pub response: H,
    /// Done − sent. Operations that were never sent have none.
    pub service: H,
    /// Time spent in each phase, summed, in nanoseconds.
    pub phases_ns: [u64; PHASES],
    /// Bytes handed to the socket.
    pub bytes_sent: u64,
    /// Bytes taken from the socket.
    pub bytes_received: u64,
    /// Connections opened for these operations.
    pub connects: u64,
    /// Attempts beyond the first that the protocol made on its own (redirects followed, stale connections).
    pub extra_attempts: u64,
    /// Operations whose expectations looked beyond the protocol's status.
    pub checked: u64,
    /// Responses by their shape.
    pub shapes: Vec<(Shape, u64)>,
}

impl Cell<Histogram> {
    /// Adds a stored cell.
    pub fn merge_stored(&mut self, stored: &Cell) {
        self.response.merge_compact(&stored.response);
        self.service.merge_compact(&stored.service);
        self.add_counts(stored);
    }

    /// Adds another accumulated cell.
    pub fn merge(&mut self, other: &Self) {
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.add_counts(other);
    }

    /// The stored form.
    pub fn stored(&self) -> Cell {
        Cell {
            response: Compact::from(&self.response),
            service: Compact::from(&self.service),
            phases_ns: self.phases_ns,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            connects: self.connects,
            extra_attempts: self.extra_attempts,
            checked: self.checked,
            shapes: self.shapes.clone(),
        }
    }

    /// Forgets everything and keeps allocations.
    pub fn clear(&mut self) {
        self.response.clear();
        self.service.clear();
        self.phases_ns = [0; PHASES];
        (self.bytes_sent, self.bytes_received, self.connects) = (0, 0, 0);
        (self.extra_attempts, self.checked) = (0, 0);
        self.shapes.clear();
    }
}

impl<H> Cell<H> {
    fn add_counts<G>(&mut self, other: &Cell<G>) {
        for (mine, theirs) in self.phases_ns.iter_mut().zip(other.phases_ns) {
            *mine += theirs;
        }
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.connects += other.connects;
        self.extra_attempts += other.extra_attempts;
        self.checked += other.checked;
        other.shapes.iter().for_each(|(shape, count)| self.count_shape(*shape, *count));
    }

    /// Counts responses of one shape.
    #[inline]
    pub fn count_shape(&mut self, shape: Shape, count: u64) {
        match self.shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, known)) => *known += count,
            None => self.shapes.push((shape, count)),
        }
    }
}

/// What was asked of a step and what was begun, counted apart from the outcomes so that the books can be
/// checked against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCounts {
    /// Operations that became due.
    pub scheduled: u64,
    /// Operations handed to a session.
    pub sent: u64,
    /// Operations that became due and could not be sent.
    pub dropped: u64,
}

impl StepCounts {
    /// Adds another count.
    pub const fn add(&mut self, other: Self) {
        self.scheduled += other.scheduled;
        self.sent += other.sent;
        self.dropped += other.dropped;
    }
}

/// How one load entry was driven during a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadCounts<H = Compact> {
    /// Woken − due of arrivals: the generator's own fault.
    pub wake_lateness: H,
    /// Sent − woken of arrivals: no free user or connection.
    pub queue_lateness: H,
    /// Arrivals that became due.
    pub arrivals: u64,
    /// Iterations completed.
    pub iterations: u64,
    /// Iterations cut off by the end of the run.
    pub interrupted: u64,
    /// The longest time without an arrival being issued although at least one was due.
    pub send_gap_ns_max: Nanos,
    /// Users running at the end of the second.
    pub users: u64,
    /// Integral of the number of users over time, in user-nanoseconds.
    pub users_ns: u64,
    /// Time users spent thinking or keeping their pace, summed, in nanoseconds.
    pub paused_ns: u64,
    /// Arrivals issued in each [`ISSUE_BIN_NS`] of the second, empty if there were none.
    pub issued: Vec<u32>,
}

impl<H> LoadCounts<H> {
    /// Counts an arrival issued at this offset into the second.
    #[inline]
    pub fn issue(&mut self, offset_ns: Nanos) {
        if self.issued.is_empty() {
            self.issued = vec![0; (SECOND_NS / ISSUE_BIN_NS) as usize];
        }
        self.issued[(offset_ns / ISSUE_BIN_NS) as usize] += 1;
    }

    /// Adds counts of issues.
    pub fn merge_issued(&mut self, issued: &[u32]) {
        self.issued.resize(self.issued.len().max(issued.len()), 0);
        self.issued.iter_mut().zip(issued).for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// Operations in flight during a second, counted by events apart from the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// Integral of the number in flight over time, in operation-nanoseconds.
    pub integral_ns: u64,
    /// The largest number at once.
    pub max: u64,
}

/// Operations of one step that failed in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// The step's number in the plan.
    pub step: u16,
    /// The outcome they had.
    pub outcome: Outcome,
    /// The class within the outcome: `refused`, `reset`, `status 503`, ...
    pub class: String,
    /// How many.
    pub count: u64,
    /// The first message seen.
    pub example: String,
    /// When the first of them ended, on the run's clock.
    pub first_ns: Nanos,
    /// When the last of them ended, on the run's clock.
    pub last_ns: Nanos,
}

impl ErrorCount {
    /// Adds a later count of the same class.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
    }

    /// True if both count the same kind of failure.
    pub fn same_class(&self, other: &Self) -> bool {
        self.step == other.step && self.outcome == other.outcome && self.class == other.class
    }
}

/// Results of the operations due in one second, or a part of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Whole seconds since the run began.
    pub second: u32,
    /// Per step and outcome.
    pub cells: Vec<(u16, Outcome, Cell)>,
    /// Per step.
    pub steps: Vec<(u16, StepCounts)>,
    /// Per load entry.
    pub loads: Vec<(u16, LoadCounts)>,
    /// The gauge of operations in flight.
    pub in_flight: InFlight,
    /// How late load threads came round to a tick of their own.
    pub loop_lag: Compact,
    /// Failures by class.
    pub errors: Vec<ErrorCount>,
    /// Durations that came out negative and were taken as zero: the clock audit wants none.
    pub negative_durations: u64,
}

impl Window {
    /// Operations of the window that ended with `outcome`, over all steps.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.cells.iter().filter(|(_, o, _)| *o == outcome).map(|(_, _, c)| c.response.count()).sum()
    }
}
