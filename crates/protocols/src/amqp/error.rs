//! What goes wrong with AMQP, in classes that reports count by.

use std::borrow::Cow;
use std::io;

use lapin::{Error, ErrorKind};

use crate::broker::{BrokerError, chain};

/// Of a connection to a broker of this host and port.
pub(super) fn of_connect(server: &str, error: &Error) -> BrokerError {
    let class = match error.kind() {
        ErrorKind::IOError(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "refused",
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::UnexpectedEof => "closed",
            _ if error.to_string().contains("lookup") => "dns",
            _ => "connect",
        },
        ErrorKind::ProtocolError(error) if error.get_id() == 403 => "credentials",
        ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_) => "not amqp",
        _ => "connect",
    };
    BrokerError::Connect(class, format!("no connection to {server}: {}", chain(error)))
}

/// Of an operation.
pub(super) fn of(error: &Error) -> BrokerError {
    match error.kind() {
        ErrorKind::ProtocolError(error) => {
            let status = error.get_id();
            BrokerError::Refused(class_of(status), error.to_string(), status)
        }
        ErrorKind::ChannelsLimitReached => {
            BrokerError::refused("too many channels", "the connection has no channel left for this user")
        }
        _ => BrokerError::Lost(chain(error)),
    }
}

/// What the broker means by its number.
pub(super) fn class_of(status: u16) -> Cow<'static, str> {
    match status {
        311 => "too large".into(),
        312 => "no route".into(),
        313 => "no consumers".into(),
        403 => "not allowed".into(),
        404 => "not found".into(),
        405 => "locked".into(),
        406 => "precondition failed".into(),
        _ => format!("status {status}").into(),
    }
}
