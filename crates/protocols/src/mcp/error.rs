//! What goes wrong with servers of tools, in classes that reports count by.

use plimsoll_model::{Failure, Outcome, Reply};

use crate::trouble::Trouble;

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum ToolError {
    /// What carries the messages failed, and said how.
    Carrier(Outcome, Failure),
    /// HTTP answered with a status that is no success, and these words.
    Status(u16, String),
    /// The server does not know the session any more.
    SessionLost,
    /// The program could not be started, or has ended.
    Program(&'static str, String),
    /// What came is not JSON-RPC, or answers another request.
    Nonsense(&'static str, String),
    /// The server says no: its code, and its words.
    Refused(i64, String),
    /// The tool says that it failed.
    Tool(String),
    /// It cannot be sent.
    Request(&'static str, String),
    /// Nothing came in time.
    TimedOut,
}

impl ToolError {
    /// What the carrier's own reply says of its failure.
    pub(crate) fn of(reply: &Reply) -> Self {
        let failure = reply.failure.as_deref().cloned();
        Self::Carrier(reply.outcome, failure.unwrap_or_else(|| Failure::new("no answer", "no answer came")))
    }
}

impl Trouble for ToolError {
    fn timed_out() -> Self {
        Self::TimedOut
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Carrier(outcome, _) => *outcome,
            Self::Program(..) => Outcome::ConnectError,
            Self::Nonsense(..) => Outcome::ProtocolError,
            Self::Status(..) | Self::SessionLost | Self::Refused(..) | Self::Tool(_) | Self::Request(..) => {
                Outcome::AppError
            }
            Self::TimedOut => Outcome::Timeout,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Carrier(_, failure) => failure.clone(),
            Self::Status(status, body) => {
                Failure::new(format!("status {status}"), format!("status {status}: {body}"))
            }
            Self::SessionLost => {
                Failure::new("session lost", "the server does not know the session any more")
            }
            Self::Program(class, message)
            | Self::Nonsense(class, message)
            | Self::Request(class, message) => Failure::new(*class, message.clone()),
            Self::Refused(code, message) => Failure::new(class_of(*code), format!("{code}: {message}")),
            Self::Tool(message) => Failure::new("tool error", message.clone()),
            Self::TimedOut => Failure::new("timeout", "no answer in time"),
        }
    }

    fn status(&self) -> u16 {
        if let Self::Status(status, _) = self { *status } else { 0 }
    }
}

/// A short name for a code of JSON-RPC (its specification, section 5.1).
fn class_of(code: i64) -> &'static str {
    match code {
        -32_700 => "parse error",
        -32_600 => "invalid request",
        -32_601 => "no such method",
        -32_602 => "invalid params",
        -32_603 => "internal error",
        _ => "server error",
    }
}
