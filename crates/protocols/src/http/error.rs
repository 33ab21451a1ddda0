//! What goes wrong in HTTP itself.

use plimsoll_model::{Failure, Outcome};

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
}

impl HttpError {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Net(net) => net.outcome(),
            Self::Truncated(0) => Outcome::ConnectError,
            Self::Truncated(_) | Self::Protocol(..) => Outcome::ProtocolError,
            Self::Request(..) => Outcome::AppError,
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
            Self::Protocol(class, message) | Self::Request(class, message) => {
                Failure::new(*class, message.clone())
            }
        }
    }
}
