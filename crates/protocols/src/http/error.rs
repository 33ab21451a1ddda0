//! What goes wrong in HTTP itself.

use plimsoll_model::{Failure, Outcome};

use crate::events::StreamError;
use crate::net::NetError;

/// Why an exchange did not end with a complete response.
#[derive(Debug)]
pub(crate) enum HttpError {
    /// Below HTTP.
    Net(NetError),
    /// The connection ended before a complete response: after so many bytes of it.
    Truncated(u64),
    /// What came is not HTTP, or breaks its rules, or its limits.
    Protocol(&'static str, String),
    /// The request itself cannot be sent.
    Request(&'static str, String),
    /// It was to come in pieces, and what came is no answer.
    Stream(StreamError),
}

impl HttpError {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Net(net) => net.outcome(),
            Self::Truncated(0) => Outcome::ConnectError,
            Self::Truncated(_)
            | Self::Protocol(..)
            | Self::Stream(StreamError::Incomplete(_) | StreamError::Nonsense(_)) => Outcome::ProtocolError,
            Self::Request(..) | Self::Stream(_) => Outcome::AppError,
        }
    }

    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Net(net) => net.failure(),
            Self::Truncated(0) => Failure::new("closed", "the connection was closed before any answer"),
            Self::Truncated(bytes) => Failure::new(
                "truncated",
                format!("the connection was closed after {bytes} bytes of an unfinished response"),
            ),
            Self::Stream(error) => stream_failure(error),
            Self::Protocol(class, message) | Self::Request(class, message) => {
                Failure::new(*class, message.clone())
            }
        }
    }
}

fn stream_failure(error: &StreamError) -> Failure {
    match error {
        StreamError::Incomplete(tail) => Failure::new(
            "incomplete stream",
            format!("the stream ended before its end was marked, behind {tail:?}"),
        ),
        StreamError::Empty => Failure::new("empty stream", "the stream ended without any content"),
        StreamError::Nonsense(message) => Failure::new("not the dialect", message.clone()),
        StreamError::Server(message) => Failure::new("error in stream", message.clone()),
    }
}
