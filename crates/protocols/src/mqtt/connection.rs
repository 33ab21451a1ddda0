//! Connections to MQTT brokers: a task of the load thread moves packets, and tells whoever waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use percent_encoding::percent_decode_str;
use plimsoll_model::SECOND_NS;
use plimsoll_model::http::Connections;
use plimsoll_model::message::MessageSettings;
use rumqttc::{AsyncClient, Event, EventLoop, Incoming, MqttOptions, TlsConfiguration, Transport};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use url::Url;

use super::error;
use super::post::Post;
use crate::broker::BrokerError;

/// What the protocol can carry at most, in bytes.
const LARGEST: usize = 268_435_455;

/// Messages that may be without acknowledgement: of one user, who waits for each; of many, as many as the protocol can number.
const FEW: u16 = 16;
const MANY: u16 = u16::MAX;

/// Messages that may wait to be sent.
const WAITING: usize = 65_536;

/// Brokers tell clients apart by their names, and end the connection of the older of two.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A connection.
pub(super) struct Connection {
    pub(super) client: AsyncClient,
    pub(super) post: Arc<Post>,
    task: AbortHandle,
}

impl Connection {
    /// Connects to `mqtt://user:password@host:port`, or `mqtts://`.
    pub(super) async fn make(server: &str, settings: &MessageSettings) -> Result<Self, BrokerError> {
        let options = options(server, settings)?;
        let (host, port) = options.broker_address();
        let (client, mut events) = AsyncClient::new(options, WAITING);
        // The settings' own limit is the one that counts; the library knows whole seconds.
        events.network_options.set_connection_timeout(settings.connect_timeout_ns.div_ceil(SECOND_NS) + 1);
        let post = Arc::new(Post::default());
        let (ready, is_ready) = oneshot::channel();
        let task = tokio::spawn(carry(events, client.clone(), post.clone(), ready)).abort_handle();
        let connection = Self { client, post, task };
        match is_ready.await {
            Ok(None) => Ok(connection),
            Ok(Some(why)) => Err(error::of_connect(&format!("{host}:{port}"), &why)),
            Err(_) => Err(BrokerError::Lost("the connection is gone".to_owned())),
        }
    }

    /// Whether packets are moved.
    pub(super) fn is_open(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Moves packets until the connection ends; `ready` hears how it began.
async fn carry(
    mut events: EventLoop,
    client: AsyncClient,
    post: Arc<Post>,
    ready: oneshot::Sender<Option<Box<rumqttc::ConnectionError>>>,
) {
    let mut ready = Some(ready);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                // Who waited may have gone meanwhile.
                let _unheard = ready.take().map(|ready| ready.send(None));
            }
            Ok(event) => post.deliver(&client, event),
            Err(why) => {
                post.close(&why.to_string());
                let _unheard = ready.take().map(|ready| ready.send(Some(Box::new(why))));
                return;
            }
        }
    }
}

fn options(server: &str, settings: &MessageSettings) -> Result<MqttOptions, BrokerError> {
    let bad = |why: String| BrokerError::Request("bad url", why);
    let url = Url::parse(server).map_err(|e| bad(format!("the broker's address: {e}")))?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| bad("the broker's address names no host".to_owned()))?;
    let secure = url.scheme() == "mqtts";
    let port = url.port().unwrap_or(if secure { 8_883 } else { 1_883 });
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("plimsoll-{}-{number}", std::process::id());
    let mut options = MqttOptions::new(name, host, port);
    let inflight = if matches!(settings.connections, Connections::Shared(_)) { MANY } else { FEW };
    options.set_max_packet_size(LARGEST, LARGEST).set_inflight(inflight).set_manual_acks(true);
    let before_host = (!url.username().is_empty()).then(|| {
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        (plain(url.username()), plain(url.password().unwrap_or_default()))
    });
    if let Some((user, password)) = settings.user.clone().or(before_host) {
        options.set_credentials(user, password);
    }
    if secure {
        let tls = super::tls_of(settings);
        let tls = tls.map_err(|e| BrokerError::Request("no certificate", e.to_string()))?.usual();
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls)));
    }
    Ok(options)
}
