//! Connections to AMQP brokers, with TLS and whatever proves who one is.

use std::path::Path;

use lapin::runtime::default_runtime;
use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use plimsoll_model::message::MessageSettings;

use super::error;
use crate::broker::BrokerError;

/// Connects to `amqp://user:password@host:port/vhost`, or `amqps://`.
pub(super) async fn connect(server: &str, settings: &MessageSettings) -> Result<Connection, BrokerError> {
    let uri: AMQPUri = server
        .parse()
        .map_err(|why: String| BrokerError::Request("bad url", format!("the broker's address: {why}")))?;
    let uri = identified(uri, settings);
    let named = format!("{}:{}", uri.authority.host, uri.authority.port);
    let properties = ConnectionProperties::default().with_connection_name("plimsoll".into());
    let tls = tls(settings)?;
    let runtime = default_runtime().map_err(|e| error::of_connect(&named, &e))?;
    let connected = Connection::connect_uri_with_config(uri, properties, tls, runtime).await;
    connected.map_err(|e| error::of_connect(&named, &e))
}

/// With the name that the settings give.
fn identified(mut uri: AMQPUri, settings: &MessageSettings) -> AMQPUri {
    if let Some((user, password)) = &settings.user {
        uri.authority.userinfo.username.clone_from(user);
        uri.authority.userinfo.password.clone_from(password);
    }
    uri
}

fn tls(settings: &MessageSettings) -> Result<OwnedTLSConfig, BrokerError> {
    let identity = match &settings.client_pair {
        Some((chain, key)) => Some(OwnedIdentity::PKCS8 { pem: read(chain)?, key: read(key)? }),
        None => None,
    };
    let cert_chain = match &settings.ca_file {
        Some(file) => Some(String::from_utf8_lossy(&read(file)?).into_owned()),
        None => None,
    };
    Ok(OwnedTLSConfig { identity, cert_chain })
}

fn read(file: &Path) -> Result<Vec<u8>, BrokerError> {
    std::fs::read(file)
        .map_err(|e| BrokerError::Request("no certificate", format!("{}: {e}", file.display())))
}
