//! NATS: publish, request and reply, subscriptions and queue groups, JetStream's stored messages. The client is async-nats,
//! the project's own.

mod connection;
mod error;
mod inbox;
mod line;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::MessageSettings;
use plimsoll_model::{Clock, Driver, Protocol};

use crate::broker::{Broker, BrokerDriver, BrokerError};
use connection::Connection;
use line::NatsLine;

/// NATS, configured for a run.
pub struct Nats {
    settings: Arc<MessageSettings>,
}

impl Nats {
    /// With these settings.
    pub fn new(settings: MessageSettings) -> Self {
        Self { settings: Arc::new(settings) }
    }
}

impl Protocol for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(BrokerDriver::<NatsClient>::new(clock, self.settings.clone()))
    }
}

/// The client.
struct NatsClient;

impl Broker for NatsClient {
    type Connection = Connection;
    type Line = NatsLine;

    async fn connect(server: &str, settings: &MessageSettings) -> Result<Connection, BrokerError> {
        connection::connect(server, settings).await
    }

    async fn line(connection: &Connection) -> Result<NatsLine, BrokerError> {
        Ok(NatsLine::new(connection.client.clone()))
    }

    /// The client connects again by itself.
    fn is_open(_connection: &Connection) -> bool {
        true
    }

    fn made_again(connection: &Connection) -> u32 {
        connection.made_again()
    }
}
