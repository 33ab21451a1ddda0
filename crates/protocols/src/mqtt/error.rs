//! What goes wrong with MQTT, in classes that reports count by.

use std::io;

use rumqttc::{ConnectReturnCode, ConnectionError, StateError};

use crate::broker::{BrokerError, chain};

/// Of a connection to a broker of this host and port.
pub(super) fn of_connect(server: &str, error: &ConnectionError) -> BrokerError {
    let class = match error {
        ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error)) => of_io(error),
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => "credentials",
        ConnectionError::ConnectionRefused(_) => "not taken",
        ConnectionError::Tls(_) => "tls",
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => "connect timeout",
        ConnectionError::MqttState(_) | ConnectionError::NotConnAck(_) => "not mqtt",
        ConnectionError::RequestsDone => "connect",
    };
    BrokerError::Connect(class, format!("no connection to {server}: {}", chain(error)))
}

fn of_io(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => {
            "closed"
        }
        io::ErrorKind::InvalidData => "not mqtt",
        _ if error.to_string().contains("lookup") => "dns",
        _ => "connect",
    }
}
