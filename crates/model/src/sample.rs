//! One operation by itself, as `--samples` keeps it.

use serde::{Deserialize, Serialize};

use crate::{Nanos, Outcome, StepId};

/// One operation that has ended, or was in flight when the run did. Times are on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was due.
    pub due_ns: Nanos,
    /// First byte handed to the socket; `None` if it never came to that.
    pub sent_ns: Option<Nanos>,
    /// Last byte of the reply, or the moment it was given up.
    pub done_ns: Nanos,
    /// Bytes taken from the socket.
    pub bytes_received: u64,
    /// Its step.
    pub step: StepId,
    /// The protocol's status; 0 if none came.
    pub status: u16,
    /// What became of it.
    pub outcome: Outcome,
}
