//! What goes wrong with Redis, in classes that reports count by.

use plimsoll_model::{Failure, Outcome};
use redis::{ErrorKind, RedisError};

use crate::trouble::Trouble;

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// There is no connection to the server of a host and port.
    Connect(String, RedisError),
    /// The connection was lost.
    Lost(RedisError),
    /// The server says no: its code, and its words.
    Refused(String, String),
    /// What came is not Redis.
    Nonsense(RedisError),
    /// It cannot be sent.
    Request(&'static str, String),
    /// Nothing came in time.
    TimedOut(&'static str),
}

impl CommandError {
    /// Of an operation on a connection.
    pub(crate) fn of(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Parse => Self::Nonsense(error),
            _ if error.is_timeout() => Self::TimedOut("timeout"),
            _ if error.is_io_error() || error.is_connection_dropped() => Self::Lost(error),
            _ => Self::Refused(error.code().unwrap_or("ERR").to_owned(), error.to_string()),
        }
    }

    /// Whether the connection is of no use any more.
    pub(crate) fn ends_connection(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Nonsense(_) | Self::TimedOut(_))
    }
}

impl Trouble for CommandError {
    fn timed_out() -> Self {
        Self::TimedOut("timeout")
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Connect(..) | Self::Lost(_) => Outcome::ConnectError,
            Self::Refused(..) | Self::Request(..) => Outcome::AppError,
            Self::Nonsense(_) => Outcome::ProtocolError,
            Self::TimedOut(_) => Outcome::Timeout,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Connect(server, error) => {
                Failure::new(connect_class(error), format!("no connection to {server}: {error}"))
            }
            Self::Lost(error) => Failure::new("closed", error.to_string()),
            Self::Refused(code, message) => Failure::new(code.clone(), message.clone()),
            Self::Nonsense(error) => Failure::new("not redis", error.to_string()),
            Self::Request(class, message) => Failure::new(*class, message.clone()),
            Self::TimedOut(what) => Failure::new(*what, "no reply in time"),
        }
    }
}

/// What a connection came to nothing by.
pub(super) fn connect_class(error: &RedisError) -> &'static str {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::AuthenticationFailed => "credentials",
        _ if text.contains("NOAUTH") || text.contains("WRONGPASS") => "credentials",
        ErrorKind::Parse => "not redis",
        _ if error.is_connection_refusal() => "refused",
        _ if error.is_timeout() => "connect timeout",
        ErrorKind::Io if text.contains("lookup") || text.contains("resolve") => "dns",
        _ if error.is_connection_dropped() => "closed",
        _ => "connect",
    }
}
