//! What goes wrong with calls, in classes that reports count by.

use plimsoll_model::{Failure, Outcome};

use crate::net::{NetError, TwoFailure};
use crate::trouble::Trouble;

/// Names of the codes a call may end with, by their numbers (the gRPC specification, "Status codes and their use in gRPC").
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Why a call came to nothing.
#[derive(Debug)]
pub(super) enum CallError {
    /// Below HTTP/2.
    Net(NetError),
    /// The connection or the stream broke its rules, or was broken off.
    Protocol(&'static str, String),
    /// It cannot be called as it is.
    Request(&'static str, String),
    /// The server's word on it: a code, and what it says.
    Status(u16, String),
    /// Nothing came in time.
    TimedOut,
}

impl CallError {
    /// Of a stream or connection of HTTP/2.
    pub(super) fn of(error: &h2::Error) -> Self {
        match TwoFailure::of(error) {
            TwoFailure::Net(net) => Self::Net(net),
            TwoFailure::Protocol(class, message) => Self::Protocol(class, message),
        }
    }

    /// Whether the connection may be of no use any more.
    pub(super) fn ends_connection(&self) -> bool {
        matches!(self, Self::Net(_) | Self::Protocol("went away" | "not http/2", _))
    }
}

impl Trouble for CallError {
    fn timed_out() -> Self {
        Self::TimedOut
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Net(net) => net.outcome(),
            Self::Protocol(..) => Outcome::ProtocolError,
            Self::Request(..) | Self::Status(..) => Outcome::AppError,
            Self::TimedOut => Outcome::Timeout,
        }
    }

    fn status(&self) -> u16 {
        if let Self::Status(code, _) = self { *code } else { 0 }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Net(net) => net.failure(),
            Self::Protocol(class, message) | Self::Request(class, message) => {
                Failure::new(*class, message.clone())
            }
            Self::Status(code, message) => match CODES.get(usize::from(*code)) {
                Some(name) => Failure::new(*name, message.clone()),
                None => Failure::new(format!("code {code}"), message.clone()),
            },
            Self::TimedOut => Failure::new("timeout", "the call did not end in time"),
        }
    }
}
