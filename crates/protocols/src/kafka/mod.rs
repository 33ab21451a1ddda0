//! Kafka: produce with acknowledgements, consume alone or in a group. The client is librdkafka, by its Rust wrapper: the
//! one that Kafka's own people keep. It has threads of its own for every connection, so that users had better share one
//! (`connections: shared`), and makes lost connections again by itself; it tells once a second how often.

mod connection;
mod error;
mod inbox;
mod line;
mod watch;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::MessageSettings;
use plimsoll_model::{Clock, Driver, Protocol};

use crate::broker::{Broker, BrokerDriver, BrokerError};
use connection::Connection;
use line::KafkaLine;

/// Kafka, configured for a run.
pub struct Kafka {
    settings: Arc<MessageSettings>,
}

impl Kafka {
    /// With these settings.
    pub fn new(settings: MessageSettings) -> Self {
        Self { settings: Arc::new(settings) }
    }
}

impl Protocol for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(BrokerDriver::<KafkaClient>::new(clock, self.settings.clone()))
    }
}

/// The client.
struct KafkaClient;

impl Broker for KafkaClient {
    type Connection = Rc<Connection>;
    type Line = KafkaLine;

    async fn connect(server: &str, settings: &MessageSettings) -> Result<Rc<Connection>, BrokerError> {
        Connection::make(server, settings).await.map(Rc::new)
    }

    async fn line(connection: &Rc<Connection>) -> Result<KafkaLine, BrokerError> {
        Ok(KafkaLine::new(connection.clone()))
    }

    /// The client connects again by itself.
    fn is_open(_connection: &Rc<Connection>) -> bool {
        true
    }

    fn made_again(connection: &Rc<Connection>) -> u32 {
        connection.made_again()
    }
}
