//! What became of an operation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What became of an operation. Always a value, never an error: a target's failure is data.
///
/// The order is the order of reports: successes first, then failures by layer from the application down,
/// then what never got an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered as expected.
    Ok,
    /// Refused, and the plan expected the refusal.
    Rejected,
    /// Answered, but not with what the plan expects.
    AppError,
    /// The bytes that came back were not the protocol, or broke its rules.
    ProtocolError,
    /// No connection, or it was lost.
    ConnectError,
    /// No complete answer within the operation's timeout.
    Timeout,
    /// Given up by the plan itself, before an answer came.
    Cancelled,
    /// Due, but never sent: no user or connection was free within the limits.
    Dropped,
    /// Sent, and still unanswered when the books were closed.
    InFlight,
}

impl Outcome {
    /// Every outcome, in report order.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Rejected,
        Self::AppError,
        Self::ProtocolError,
        Self::ConnectError,
        Self::Timeout,
        Self::Cancelled,
        Self::Dropped,
        Self::InFlight,
    ];

    /// The name used in plans, claims, reports and `run.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rejected => "rejected",
            Self::AppError => "app_error",
            Self::ProtocolError => "protocol_error",
            Self::ConnectError => "connect_error",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Dropped => "dropped",
            Self::InFlight => "in_flight",
        }
    }

    /// Position in [`Outcome::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// True for what counts as failed: neither `ok` nor an expected refusal.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Ok | Self::Rejected)
    }

    /// True if the true duration is only known to exceed the recorded one.
    pub const fn is_censored(self) -> bool {
        matches!(self, Self::Timeout | Self::InFlight | Self::Cancelled)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of an outcome.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no outcome is called `{0}`")]
pub struct UnknownOutcome(pub String);

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|o| o.name() == text).ok_or_else(|| UnknownOutcome(text.to_owned()))
    }
}
