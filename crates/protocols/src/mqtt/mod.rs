//! MQTT 3.1.1: publish at each quality of service, subscribe alone or sharing. The client is rumqttc, the one most used in
//! Rust; it does its work on the load thread. A connection that was lost is made again by the next operation.

mod connection;
mod error;
mod line;
mod post;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::http::HttpSettings;
use plimsoll_model::message::MessageSettings;
use plimsoll_model::{Clock, Driver, Protocol};

use crate::broker::{Broker, BrokerDriver, BrokerError};
use crate::net::{TlsConfigs, TlsError};
use connection::Connection;
use line::MqttLine;

/// MQTT, configured for a run.
pub struct Mqtt {
    settings: Arc<MessageSettings>,
}

impl Mqtt {
    /// With these settings.
    ///
    /// # Errors
    ///
    /// Certificates that cannot be read.
    pub fn new(settings: MessageSettings) -> Result<Self, TlsError> {
        tls_of(&settings)?;
        Ok(Self { settings: Arc::new(settings) })
    }
}

/// What is said to a server over TLS.
fn tls_of(settings: &MessageSettings) -> Result<TlsConfigs, TlsError> {
    let (client_cert, client_key) = settings.client_pair.clone().unzip();
    TlsConfigs::new(&HttpSettings {
        ca_file: settings.ca_file.clone(),
        skip_verify: settings.skip_verify,
        client_cert,
        client_key,
        ..HttpSettings::default()
    })
}

impl Protocol for Mqtt {
    fn name(&self) -> &'static str {
        "mqtt"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(BrokerDriver::<MqttClient>::new(clock, self.settings.clone()))
    }
}

/// The client.
struct MqttClient;

impl Broker for MqttClient {
    type Connection = Rc<Connection>;
    type Line = MqttLine;

    async fn connect(server: &str, settings: &MessageSettings) -> Result<Rc<Connection>, BrokerError> {
        Connection::make(server, settings).await.map(Rc::new)
    }

    async fn line(connection: &Rc<Connection>) -> Result<MqttLine, BrokerError> {
        Ok(MqttLine::new(connection.clone()))
    }

    fn is_open(connection: &Rc<Connection>) -> bool {
        connection.is_open()
    }
}
