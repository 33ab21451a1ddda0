//! What goes wrong with NATS, in classes that reports count by.

use async_nats::client::{PublishErrorKind, RequestErrorKind};
use async_nats::jetstream::context::PublishErrorKind as StoreErrorKind;
use async_nats::{ConnectErrorKind, jetstream};
use plimsoll_model::{Failure, Outcome};

use crate::trouble::Trouble;

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum NatsError {
    /// There is no connection to the server of a host and port.
    Connect(String, async_nats::ConnectError),
    /// The message cannot be sent as it is.
    Request(&'static str, String),
    /// Nobody listens: the server says so at once.
    NoResponders(String),
    /// The server refuses to store it, or nobody stores messages of this subject.
    NotStored(jetstream::context::PublishError),
    /// The connection is gone.
    Lost(String),
    /// Nothing came in time.
    TimedOut(&'static str),
}

impl Trouble for NatsError {
    fn timed_out() -> Self {
        Self::TimedOut("timeout")
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Connect(..) | Self::Lost(_) => Outcome::ConnectError,
            Self::Request(..) => Outcome::AppError,
            Self::NotStored(error) => match error.kind() {
                StoreErrorKind::TimedOut => Outcome::Timeout,
                StoreErrorKind::BrokenPipe => Outcome::ConnectError,
                _ => Outcome::ProtocolError,
            },
            Self::NoResponders(_) => Outcome::ProtocolError,
            Self::TimedOut(_) => Outcome::Timeout,
        }
    }

    /// NATS has few statuses: 503 says that nobody listens.
    fn status(&self) -> u16 {
        if matches!(self, Self::NoResponders(_)) { 503 } else { 0 }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Connect(server, error) => {
                Failure::new(connect_class(error), format!("no connection to {server}: {}", chain(error)))
            }
            Self::Request(class, message) => Failure::new(*class, message.clone()),
            Self::NoResponders(subject) => {
                Failure::new("no responders", format!("nobody listens to {subject}"))
            }
            Self::NotStored(error) => Failure::new(stored_class(error), chain(error)),
            Self::Lost(message) => Failure::new("closed", message.clone()),
            Self::TimedOut(what) => Failure::new(*what, "no answer in time"),
        }
    }
}

impl NatsError {
    /// Of a message that should be on its way.
    pub(crate) fn of_publish(error: &async_nats::PublishError, bytes: usize) -> Self {
        match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => {
                Self::Request("too large", format!("the server takes no message of {bytes} bytes"))
            }
            PublishErrorKind::InvalidSubject => Self::Request("bad subject", error.to_string()),
            PublishErrorKind::Send => Self::Lost(chain(error)),
        }
    }

    /// Of a message that should have been answered.
    pub(crate) fn of_request(error: &async_nats::RequestError, subject: &str, bytes: usize) -> Self {
        match error.kind() {
            RequestErrorKind::NoResponders => Self::NoResponders(subject.to_owned()),
            RequestErrorKind::TimedOut => Self::TimedOut("timeout"),
            RequestErrorKind::MaxPayloadExceeded => {
                Self::Request("too large", format!("the server takes no message of {bytes} bytes"))
            }
            RequestErrorKind::InvalidSubject => Self::Request("bad subject", error.to_string()),
            RequestErrorKind::Other => Self::Lost(chain(error)),
        }
    }
}

fn connect_class(error: &async_nats::ConnectError) -> &'static str {
    match error.kind() {
        ConnectErrorKind::Dns => "dns",
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => "credentials",
        ConnectErrorKind::TimedOut => "connect timeout",
        ConnectErrorKind::Tls => "tls",
        ConnectErrorKind::Io if chain(error).contains("refused") => "refused",
        _ => "connect",
    }
}

fn stored_class(error: &jetstream::context::PublishError) -> &'static str {
    match error.kind() {
        StoreErrorKind::StreamNotFound => "no stream",
        StoreErrorKind::TimedOut => "timeout",
        StoreErrorKind::BrokenPipe => "closed",
        _ => "not stored",
    }
}

/// An error with all that it came from.
fn chain(error: &dyn std::error::Error) -> String {
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
