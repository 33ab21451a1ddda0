//! What goes wrong with NATS, in classes that reports count by.

use async_nats::client::{PublishErrorKind, RequestErrorKind};
use async_nats::jetstream::context::{PublishError as StoreError, PublishErrorKind as StoreErrorKind};
use async_nats::{ConnectError, ConnectErrorKind, PublishError, RequestError};

use crate::broker::{BrokerError, chain};

/// Of a connection to a server of this host and port.
pub(super) fn of_connect(server: &str, error: &ConnectError) -> BrokerError {
    let class = match error.kind() {
        ConnectErrorKind::Dns => "dns",
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => "credentials",
        ConnectErrorKind::TimedOut => "connect timeout",
        ConnectErrorKind::Tls => "tls",
        ConnectErrorKind::Io if chain(error).contains("refused") => "refused",
        _ => "connect",
    };
    BrokerError::Connect(class, format!("no connection to {server}: {}", chain(error)))
}

/// Of a message that should be on its way.
pub(super) fn of_publish(error: &PublishError, bytes: usize) -> BrokerError {
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => too_large(bytes),
        PublishErrorKind::InvalidSubject => BrokerError::Request("bad subject", error.to_string()),
        PublishErrorKind::Send => BrokerError::Lost(chain(error)),
    }
}

/// Of a message that should have been answered.
pub(super) fn of_request(error: &RequestError, subject: &str, bytes: usize) -> BrokerError {
    match error.kind() {
        // NATS has few statuses: 503 says that nobody listens.
        RequestErrorKind::NoResponders => {
            BrokerError::Refused("no responders".into(), format!("nobody listens to {subject}"), 503)
        }
        RequestErrorKind::TimedOut => BrokerError::TimedOut("timeout"),
        RequestErrorKind::MaxPayloadExceeded => too_large(bytes),
        RequestErrorKind::InvalidSubject => BrokerError::Request("bad subject", error.to_string()),
        RequestErrorKind::Other => BrokerError::Lost(chain(error)),
    }
}

/// Of a message that should have been stored.
pub(super) fn of_store(error: &StoreError) -> BrokerError {
    match error.kind() {
        StoreErrorKind::TimedOut => BrokerError::TimedOut("timeout"),
        StoreErrorKind::BrokenPipe => BrokerError::Lost(chain(error)),
        StoreErrorKind::StreamNotFound => BrokerError::refused("no stream", chain(error)),
        _ => BrokerError::refused("not stored", chain(error)),
    }
}

/// Of a stream, a consumer or a subscription that cannot be had.
pub(super) fn of_source(what: &str, error: &dyn std::error::Error) -> BrokerError {
    BrokerError::refused("no subscription", format!("{what}: {}", chain(error)))
}

fn too_large(bytes: usize) -> BrokerError {
    BrokerError::Request("too large", format!("the server takes no message of {bytes} bytes"))
}
