//! Channels of Redis: what is published goes to whoever listens at that moment. Each subscription has a connection of its own.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures::StreamExt;
use plimsoll_model::message::{DeclareRequest, MessageRequest, MessageSettings, Source};
use plimsoll_model::{Clock, Driver, Protocol};
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::{AsyncConnectionConfig, Client, Msg, RedisError};

use super::connection::Access;
use super::error::{CommandError, connect_class};
use crate::broker::{Broker, BrokerDriver, BrokerError, Letter, Line};

/// Channels of Redis, for a run.
pub struct RedisChannels {
    settings: Arc<MessageSettings>,
}

impl RedisChannels {
    /// With these settings.
    pub fn new(settings: MessageSettings) -> Self {
        Self { settings: Arc::new(settings) }
    }
}

impl Protocol for RedisChannels {
    fn name(&self) -> &'static str {
        "redis channels"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(BrokerDriver::<Channels>::new(clock, self.settings.clone()))
    }
}

/// The client.
struct Channels;

/// A connection, and whether it was lost.
#[derive(Clone)]
struct Connection {
    client: Client,
    commands: MultiplexedConnection,
    is_lost: Rc<Cell<bool>>,
}

impl Broker for Channels {
    type Connection = Connection;
    type Line = Connection;

    async fn connect(server: &str, settings: &MessageSettings) -> Result<Connection, BrokerError> {
        let access =
            Access::new(settings).map_err(|e| BrokerError::Request("no certificate", e.to_string()))?;
        let client = access.client(server).map_err(told)?;
        // Operations have a timeout of their own.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let made = Box::pin(client.get_multiplexed_async_connection_with_config(&config)).await;
        let commands = made.map_err(|e| not_connected(&client, &e))?;
        Ok(Connection { client, commands, is_lost: Rc::default() })
    }

    async fn line(connection: &Connection) -> Result<Connection, BrokerError> {
        Ok(connection.clone())
    }

    fn is_open(connection: &Connection) -> bool {
        !connection.is_lost.get()
    }
}

impl Line for Connection {
    type Inbox = PubSubStream;

    fn is_open(&self) -> bool {
        !self.is_lost.get()
    }

    async fn send(&mut self, request: &MessageRequest) -> Result<Option<Letter>, BrokerError> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(&request.address).arg(&*request.payload);
        let sent: Result<u64, RedisError> = command.query_async(&mut self.commands).await;
        sent.map(|_listeners| None).map_err(|error| self.told(error))
    }

    /// A channel, or with `*`, `?` or `[` in its name all that fit.
    async fn subscribe(&mut self, source: &Source) -> Result<PubSubStream, BrokerError> {
        let begun = self.client.get_async_pubsub().await;
        let mut begun = begun.map_err(|e| not_connected(&self.client, &e))?;
        let subscribed = if source.address.contains(['*', '?', '[']) {
            begun.psubscribe(&source.address).await
        } else {
            begun.subscribe(&source.address).await
        };
        subscribed.map_err(|error| self.told(error))?;
        Ok(begun.into_on_message())
    }

    async fn next(&mut self, inbox: &mut PubSubStream) -> Result<Letter, BrokerError> {
        let message = inbox.next().await;
        message
            .map(|message| letter(&message))
            .ok_or_else(|| BrokerError::Lost("the server ended the subscription".to_owned()))
    }

    async fn declare(&mut self, _request: &DeclareRequest) -> Result<(), BrokerError> {
        Err(BrokerError::Request("bad request", "channels of Redis are not declared".to_owned()))
    }
}

impl Connection {
    fn told(&self, error: RedisError) -> BrokerError {
        let told = told(CommandError::of(error));
        if matches!(told, BrokerError::Lost(_)) {
            self.is_lost.set(true);
        }
        told
    }
}

/// In the words of all brokers.
fn told(error: CommandError) -> BrokerError {
    match error {
        CommandError::Refused(code, message) => BrokerError::refused(code, message),
        CommandError::Nonsense(error) => BrokerError::refused("not redis", error.to_string()),
        CommandError::Lost(error) | CommandError::Connect(_, error) => BrokerError::Lost(error.to_string()),
        CommandError::Request(class, message) => BrokerError::Request(class, message),
        CommandError::TimedOut(what) => BrokerError::TimedOut(what),
    }
}

/// Without what stands before the host: it may be a password.
fn not_connected(client: &Client, error: &RedisError) -> BrokerError {
    let server = client.get_connection_info().addr().to_string();
    BrokerError::Connect(connect_class(error), format!("no connection to {server}: {error}"))
}

fn letter(message: &Msg) -> Letter {
    Letter {
        payload: message.get_payload_bytes().to_vec().into(),
        headers: vec![("channel".to_owned(), message.get_channel_name().to_owned())],
        ..Letter::default()
    }
}
