//! Connections to NATS servers, with whatever proves who one is.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use plimsoll_model::message::MessageSettings;

use super::error;
use crate::broker::BrokerError;

/// A connection, and how often it was made.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    made: Arc<AtomicU32>,
    /// So many of these have been told of.
    told: Rc<Cell<u32>>,
}

impl Connection {
    /// How often it was made again since this was asked last.
    pub(crate) fn made_again(&self) -> u32 {
        // The client tells of its first connection a little later than it returns.
        let made = self.made.load(Ordering::Relaxed).max(1);
        made - self.told.replace(made)
    }
}

/// Connects to a server.
pub(super) async fn connect(server: &str, settings: &MessageSettings) -> Result<Connection, BrokerError> {
    let address: ServerAddr = server
        .parse()
        .map_err(|e: std::io::Error| BrokerError::Request("bad url", format!("the server's address: {e}")))?;
    let made = Arc::new(AtomicU32::new(0));
    let counted = made.clone();
    let timeout = Duration::from_nanos(settings.connect_timeout_ns);
    let mut options = ConnectOptions::new()
        .name("plimsoll")
        .connection_timeout(timeout)
        // Every operation has a timeout of its own.
        .request_timeout(None)
        .event_callback(move |event| {
            if matches!(event, Event::Connected) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            async {}
        });
    // What an address has before its host is a name with a password, or a token.
    let before_host = address.username().map(|user| (user.to_owned(), address.password().map(str::to_owned)));
    let given = settings.user.clone().map(|(user, password)| (user, Some(password)));
    match (given.or(before_host), settings.token.clone()) {
        (_, Some(token)) | (Some((token, None)), None) => options = options.token(token),
        (Some((user, Some(password))), None) => options = options.user_and_password(user, password),
        (None, None) => {}
    }
    if let Some(file) = &settings.credentials_file {
        let read = options.credentials_file(file).await;
        options =
            read.map_err(|e| BrokerError::Request("no credentials", format!("{}: {e}", file.display())))?;
    }
    if let Some(file) = &settings.ca_file {
        options = options.add_root_certificates(file.clone()).require_tls(true);
    }
    if let Some((chain, key)) = &settings.client_pair {
        options = options.add_client_certificate(chain.clone(), key.clone()).require_tls(true);
    }
    // Without what stands before the host: it may be a password.
    let named = format!("{}:{}", address.host(), address.port());
    let client =
        Box::pin(options.connect(address)).await.map_err(|error| error::of_connect(&named, &error))?;
    Ok(Connection { client, made, told: Rc::new(Cell::new(1)) })
}
