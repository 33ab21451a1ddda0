//! What goes wrong with databases, in classes that reports count by.

use plimsoll_model::{Failure, Outcome};

use crate::trouble::Trouble;

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum SqlError {
    /// There is no connection: a class, and the whole story.
    Connect(&'static str, String),
    /// The connection was lost.
    Lost(String),
    /// The database says no: its code, and its words.
    Refused(String, String),
    /// It cannot be sent.
    Request(&'static str, String),
    /// No connection of the pool came free in time.
    Exhausted(u32),
    /// Nothing came in time.
    TimedOut,
}

impl SqlError {
    /// Whether the connection is of no use any more.
    pub(crate) fn ends_connection(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::TimedOut)
    }
}

/// A short name for why a socket did not come about.
pub(crate) fn connect_class(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "refused",
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof => "closed",
        std::io::ErrorKind::TimedOut => "connect timeout",
        _ if error.to_string().contains("lookup") => "dns",
        _ => "connect",
    }
}

impl Trouble for SqlError {
    fn timed_out() -> Self {
        Self::TimedOut
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Connect(..) | Self::Lost(_) => Outcome::ConnectError,
            Self::Refused(..) | Self::Request(..) => Outcome::AppError,
            Self::Exhausted(_) | Self::TimedOut => Outcome::Timeout,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Connect(class, message) | Self::Request(class, message) => {
                Failure::new(*class, message.clone())
            }
            Self::Lost(message) => Failure::new("closed", message.clone()),
            Self::Refused(code, message) => Failure::new(code.clone(), message.clone()),
            Self::Exhausted(size) => {
                Failure::new("pool exhausted", format!("none of the {size} connections came free in time"))
            }
            Self::TimedOut => Failure::new("timeout", "no answer in time"),
        }
    }
}
