//! What is subscribed to: a subject, alone or in a queue group, or what JetStream has stored of it.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::{Client, Subscriber, jetstream};
use futures::StreamExt;
use plimsoll_model::message::Source;

use super::error;
use super::line::letter;
use crate::broker::{BrokerError, Letter, chain};

/// How long a server remembers where somebody was who reads alone.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Something subscribed to.
pub(super) enum NatsInbox {
    /// What is sent from now on.
    Live(Box<Subscriber>),
    /// What is stored.
    Stored(Box<pull::Stream>),
}

impl NatsInbox {
    pub(super) async fn open(client: &Client, source: &Source) -> Result<Self, BrokerError> {
        if source.stored {
            return Box::pin(stored(client, source)).await.map(|messages| Self::Stored(Box::new(messages)));
        }
        let address = source.address.clone();
        let subscribed = match &source.group {
            Some(group) => client.queue_subscribe(address, group.clone()).await,
            None => client.subscribe(address).await,
        };
        let subscriber = subscribed.map_err(|e| error::of_source(&source.address, &e))?;
        settled(client).await.map_err(|e| error::of_source(&source.address, &*e))?;
        Ok(Self::Live(Box::new(subscriber)))
    }

    pub(super) async fn next(&mut self) -> Result<Letter, BrokerError> {
        let ended = || BrokerError::Lost("the subscription has ended".to_owned());
        match self {
            Self::Live(messages) => messages.next().await.map(letter).ok_or_else(ended),
            Self::Stored(messages) => {
                let message = messages.next().await.ok_or_else(ended)?;
                let message = message.map_err(|e| BrokerError::Lost(chain(&e)))?;
                message.ack().await.map_err(|e| BrokerError::Lost(e.to_string()))?;
                let lag = message.info().ok().map(|info| info.pending);
                let (message, _) = message.split();
                Ok(Letter { lag, ..letter(message) })
            }
        }
    }
}

/// What JetStream has stored of a subject. With a group, its members share one durable consumer.
async fn stored(client: &Client, source: &Source) -> Result<pull::Stream, BrokerError> {
    let context = jetstream::new(client.clone());
    let refused = |e: &dyn std::error::Error| error::of_source(&source.address, e);
    let name = context.stream_by_subject(source.address.clone()).await.map_err(|e| refused(&e))?;
    let stream = context.get_stream(name).await.map_err(|e| refused(&e))?;
    let config = pull::Config {
        durable_name: source.group.clone(),
        filter_subject: source.address.clone(),
        deliver_policy: if source.from_beginning { DeliverPolicy::All } else { DeliverPolicy::New },
        ack_policy: AckPolicy::Explicit,
        // Whoever reads alone may think for a while between two messages; the server would forget where it was.
        inactive_threshold: if source.group.is_none() { REMEMBERED } else { Duration::ZERO },
        ..Default::default()
    };
    let consumer = match &source.group {
        Some(group) => {
            Box::pin(stream.get_or_create_consumer(group, config)).await.map_err(|e| refused(&e))?
        }
        None => Box::pin(stream.create_consumer(config)).await.map_err(|e| refused(&e))?,
    };
    let reads = &consumer.cached_info().config.filter_subject;
    if *reads != source.address {
        let why = format!("{}: the group reads {reads} already; give this one another name", source.address);
        return Err(BrokerError::refused("no subscription", why));
    }
    // One at a time: what this user does not take is there for others at once.
    consumer.stream().max_messages_per_batch(1).messages().await.map_err(|e| refused(&e))
}

/// The server has done all that it was told: it takes everything in order, and a word to oneself comes back last.
async fn settled(client: &Client) -> Result<(), async_nats::Error> {
    let inbox = client.new_inbox();
    let mut own = client.subscribe(inbox.clone()).await?;
    client.publish(inbox, "".into()).await?;
    own.next().await.map(drop).ok_or_else(|| "the connection is gone".into())
}
