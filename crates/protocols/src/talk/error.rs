//! What goes wrong in conversations, in classes that reports count by.

use plimsoll_model::{Failure, Outcome, Reply};

use crate::net::NetError;
use crate::trouble::Trouble;

/// Why a step came to nothing.
#[derive(Debug)]
pub(crate) enum TalkError {
    /// There is no conversation: how beginning one ended.
    Begin(Outcome, u16, Failure),
    /// The conversation was lost.
    Lost(Failure),
    /// The other side ended it.
    Ended(String),
    /// What came breaks the rules.
    Nonsense(Failure),
    /// It cannot be sent.
    Request(&'static str, String),
    /// Nothing came in time, but so many messages that were not waited for.
    TimedOut(u64),
}

impl TalkError {
    /// How beginning a conversation ended.
    pub(crate) fn begin(reply: &Reply) -> Self {
        let failure = reply.failure.as_deref().cloned();
        let failure = failure.unwrap_or_else(|| Failure::new("no conversation", "it was not begun"));
        Self::Begin(reply.outcome, reply.status, failure)
    }

    /// A connection that could not be made.
    pub(crate) fn of_net(error: &NetError) -> Self {
        Self::Begin(error.outcome(), 0, error.failure())
    }

    /// A failure of a conversation that had begun.
    pub(crate) fn of(failure: Failure) -> Self {
        if matches!(failure.class.as_ref(), "lost" | "closed") {
            Self::Lost(failure)
        } else {
            Self::Nonsense(failure)
        }
    }
}

impl Trouble for TalkError {
    fn timed_out() -> Self {
        Self::TimedOut(0)
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Begin(outcome, ..) => *outcome,
            Self::Lost(_) | Self::Ended(_) => Outcome::ConnectError,
            Self::Nonsense(_) => Outcome::ProtocolError,
            Self::Request(..) => Outcome::AppError,
            Self::TimedOut(_) => Outcome::Timeout,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Begin(_, _, failure) | Self::Lost(failure) | Self::Nonsense(failure) => failure.clone(),
            Self::Ended(how) => Failure::new("closed", how.clone()),
            Self::Request(class, message) => Failure::new(*class, message.clone()),
            Self::TimedOut(skipped) => {
                Failure::new("timeout", format!("it did not come in time; {skipped} other messages did"))
            }
        }
    }

    fn status(&self) -> u16 {
        if let Self::Begin(_, status, _) = self { *status } else { 0 }
    }
}
