//! Connections to a cluster: one producer for each kind of acknowledgement, and what consumers are made from.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plimsoll_model::message::{MessageSettings, Until};
use rdkafka::ClientConfig;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, Producer};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::error;
use super::watch::{Told, Watch};
use crate::broker::BrokerError;

/// For what is asked of the cluster before anything is sent or taken.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A producer that tells.
pub(super) type Telling = FutureProducer<Told>;

/// One user's way to a cluster, or that of all users of a load thread.
pub(super) struct Connection {
    config: ClientConfig,
    /// Each with what it tells.
    producers: RefCell<HashMap<&'static str, (Telling, Arc<Watch>)>>,
    /// Connections that have been told of.
    told: Cell<u32>,
}

impl Connection {
    /// Connects: some broker must answer, or say no.
    pub(super) async fn make(server: &str, settings: &MessageSettings) -> Result<Self, BrokerError> {
        let config = config(server, settings)?;
        let told = Told::default();
        let producer = producer(&config, "all", told.clone()).await?;
        let asked = producer.clone();
        // librdkafka asks until its time is over, even if nobody is there; that it says by another way.
        let patience = Duration::from_nanos(settings.connect_timeout_ns);
        let watch = told.0;
        let is_over = Arc::new(AtomicBool::new(false));
        let _given_up = GivenUp(is_over.clone());
        let answer = spawn_blocking(move || asked_for(&asked, patience, &is_over));
        tokio::select! {
            answer = answer => match answer {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Err(error::of_connect(&watch.complaint(), &why.to_string())),
                Err(_) => return Err(gone()),
            },
            () = watch.is_alone.notified() => {
                return Err(error::of_connect(&watch.complaint(), "no broker can be reached"));
            }
        }
        let producers = RefCell::new(HashMap::from([("all", (producer, watch))]));
        Ok(Self { config, producers, told: Cell::new(1) })
    }

    /// Connections made since this was asked last.
    pub(super) fn made_again(&self) -> u32 {
        let made: u32 = self.producers.borrow().values().map(|(_, watch)| watch.connects()).sum();
        let told = self.told.get();
        self.told.set(told.max(made));
        made.saturating_sub(told)
    }

    /// What consumers are made from.
    pub(super) fn config(&self) -> ClientConfig {
        self.config.clone()
    }

    /// The producer that waits for that.
    pub(super) async fn producer(&self, until: Until) -> Result<Telling, BrokerError> {
        let acks = match until {
            Until::Sent => "0",
            Until::Leader => "1",
            Until::Stored | Until::Once | Until::Answered => "all",
        };
        if let Some((known, _)) = self.producers.borrow().get(acks) {
            return Ok(known.clone());
        }
        let told = Told::default();
        let made = producer(&self.config, acks, told.clone()).await?;
        self.producers.borrow_mut().insert(acks, (made.clone(), told.0));
        Ok(made)
    }
}

/// Sets its flag when whoever waits goes away.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks until there is an answer, time is over or nobody waits any more: longer each time, so that an answer that takes a
/// while is heard, and a thread that nobody waits for is soon gone.
fn asked_for(producer: &Telling, patience: Duration, is_over: &AtomicBool) -> Result<(), KafkaError> {
    let (mut step, mut left) = (Duration::from_millis(500), patience);
    loop {
        let now = step.min(left);
        let answer = producer.client().fetch_metadata(None, now);
        left -= now;
        if answer.is_ok() || left.is_zero() || is_over.load(Ordering::Relaxed) {
            return answer.map(drop);
        }
        step *= 2;
    }
}

/// Threads are begun; a load thread has no time for that.
async fn producer(config: &ClientConfig, acks: &str, told: Told) -> Result<Telling, BrokerError> {
    let mut config = config.clone();
    config.set("acks", acks);
    let made = spawn_blocking(move || Telling::from_config_and_context(&config, told)).await;
    made.map_err(|_| gone())?.map_err(|e| error::of_config(&e))
}

/// Threads are ended, too.
impl Drop for Connection {
    fn drop(&mut self) {
        if let Ok(runtime) = Handle::try_current() {
            let producers = std::mem::take(self.producers.get_mut());
            runtime.spawn_blocking(move || drop(producers));
        }
    }
}

/// The client has ended before its time.
pub(super) fn gone() -> BrokerError {
    BrokerError::Lost("the client has gone".to_owned())
}

/// What a plan says, in librdkafka's words. Messages go as soon as they are there, unless the plan's options say otherwise.
fn config(server: &str, settings: &MessageSettings) -> Result<ClientConfig, BrokerError> {
    let brokers = server.strip_prefix("kafka://").unwrap_or(server).trim_end_matches('/');
    if brokers.is_empty() || brokers.contains(['/', '@']) {
        let why = "write kafka://host:port,host:port; names and passwords go to `kafka: { user: ... }`";
        return Err(BrokerError::Request("bad url", why.to_owned()));
    }
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("client.id", "plimsoll");
    config.set("linger.ms", "0").set("statistics.interval.ms", "1000");
    if let Some((user, password)) = &settings.user {
        config.set("sasl.mechanisms", "PLAIN").set("sasl.username", user).set("sasl.password", password);
    }
    let secure = settings.ca_file.is_some() || settings.client_pair.is_some() || settings.skip_verify;
    let protocol = match (secure, settings.user.is_some()) {
        (true, true) => "sasl_ssl",
        (true, false) => "ssl",
        (false, true) => "sasl_plaintext",
        (false, false) => "plaintext",
    };
    config.set("security.protocol", protocol);
    if let Some(file) = &settings.ca_file {
        config.set("ssl.ca.location", file.display().to_string());
    }
    if let Some((chain, key)) = &settings.client_pair {
        config.set("ssl.certificate.location", chain.display().to_string());
        config.set("ssl.key.location", key.display().to_string());
    }
    if settings.skip_verify {
        config.set("enable.ssl.certificate.verification", "false");
    }
    for (name, value) in &settings.options {
        config.set(name, value);
    }
    Ok(config)
}

/// A client without anything to tell, for making topics.
pub(super) type Silent = DefaultClientContext;
