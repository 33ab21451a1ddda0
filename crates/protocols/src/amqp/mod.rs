//! AMQP 0.9.1: publish with and without confirms, consume, questions over reply queues. The client is lapin, the one that the
//! field uses; each connection has a thread of its own for its socket, so that many users had better share one
//! (`connections: shared`): each of them has its own channel of it.

mod connection;
mod error;
mod line;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::MessageSettings;
use plimsoll_model::{Clock, Driver, Protocol};

use crate::broker::{Broker, BrokerDriver, BrokerError};
use line::AmqpLine;

/// AMQP, configured for a run.
pub struct Amqp {
    settings: Arc<MessageSettings>,
}

impl Amqp {
    /// With these settings.
    pub fn new(settings: MessageSettings) -> Self {
        Self { settings: Arc::new(settings) }
    }
}

impl Protocol for Amqp {
    fn name(&self) -> &'static str {
        "amqp"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(BrokerDriver::<AmqpClient>::new(clock, self.settings.clone()))
    }
}

/// The client.
struct AmqpClient;

impl Broker for AmqpClient {
    type Connection = Rc<lapin::Connection>;
    type Line = AmqpLine;

    async fn connect(server: &str, settings: &MessageSettings) -> Result<Self::Connection, BrokerError> {
        connection::connect(server, settings).await.map(Rc::new)
    }

    async fn line(connection: &Self::Connection) -> Result<AmqpLine, BrokerError> {
        let channel = connection.create_channel().await.map_err(|e| error::of(&e))?;
        Ok(AmqpLine::new(connection.clone(), channel))
    }

    fn is_open(connection: &Self::Connection) -> bool {
        connection.status().connected()
    }
}
