//! What goes wrong with brokers, in classes that reports count by.

use std::borrow::Cow;

use plimsoll_model::{Failure, Outcome};

use crate::trouble::Trouble;

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum BrokerError {
    /// There is no connection: a class, and the whole story.
    Connect(&'static str, String),
    /// It cannot be asked as it is: a class, and the whole story.
    Request(&'static str, String),
    /// The broker refuses it: a class, the whole story, and the protocol's status.
    Refused(Cow<'static, str>, String, u16),
    /// The connection is gone.
    Lost(String),
    /// Nothing came in time.
    TimedOut(&'static str),
}

impl BrokerError {
    /// The broker refuses it, without a status.
    pub(crate) fn refused(class: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Refused(class.into(), message.into(), 0)
    }
}

impl Trouble for BrokerError {
    fn timed_out() -> Self {
        Self::TimedOut("timeout")
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Connect(..) | Self::Lost(_) => Outcome::ConnectError,
            Self::Request(..) => Outcome::AppError,
            Self::Refused(..) => Outcome::ProtocolError,
            Self::TimedOut(_) => Outcome::Timeout,
        }
    }

    fn status(&self) -> u16 {
        if let Self::Refused(_, _, status) = self { *status } else { 0 }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Connect(class, message) | Self::Request(class, message) => {
                Failure::new(*class, message.clone())
            }
            Self::Refused(class, message, _) => Failure::new(class.clone(), message.clone()),
            Self::Lost(message) => Failure::new("closed", message.clone()),
            Self::TimedOut(what) => Failure::new(*what, "nothing came in time"),
        }
    }
}

/// An error with all that it came from.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
