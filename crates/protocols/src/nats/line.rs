//! What a user does with a NATS connection.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, HeaderMap, Message, jetstream};
use bytes::Bytes;
use plimsoll_model::message::{DeclareRequest, MessageRequest, Source, Until};

use super::error;
use super::inbox::NatsInbox;
use crate::broker::{BrokerError, Letter, Line};

/// One user's side of a connection.
pub(super) struct NatsLine {
    client: Client,
}

impl NatsLine {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    async fn publish(
        &self,
        request: &MessageRequest,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<(), BrokerError> {
        let (subject, bytes) = (request.address.clone(), payload.len());
        let published = match headers {
            Some(headers) => self.client.publish_with_headers(subject, headers, payload).await,
            None => self.client.publish(subject, payload).await,
        };
        published.map_err(|error| error::of_publish(&error, bytes))?;
        // The client takes messages without a connection, too, and keeps them: what it has not written is not sent.
        self.client.flush().await.map_err(|error| BrokerError::Lost(error.to_string()))
    }

    async fn store(
        &self,
        request: &MessageRequest,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<(), BrokerError> {
        let mut context = jetstream::new(self.client.clone());
        // The operation's own timeout is the one that counts.
        context.set_timeout(Duration::from_nanos(request.timeout_ns));
        let subject = request.address.clone();
        let sent = match headers {
            Some(headers) => context.publish_with_headers(subject, headers, payload).await,
            None => context.publish(subject, payload).await,
        };
        sent.map_err(|e| error::of_store(&e))?.await.map(drop).map_err(|e| error::of_store(&e))
    }

    async fn ask(
        &self,
        request: &MessageRequest,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<Message, BrokerError> {
        let (subject, bytes) = (request.address.clone(), payload.len());
        let answered = match headers {
            Some(headers) => self.client.request_with_headers(subject, headers, payload).await,
            None => self.client.request(subject, payload).await,
        };
        answered.map_err(|error| error::of_request(&error, &request.address, bytes))
    }
}

impl Line for NatsLine {
    type Inbox = NatsInbox;

    fn is_open(&self) -> bool {
        true
    }

    async fn send(&mut self, request: &MessageRequest) -> Result<Option<Letter>, BrokerError> {
        let headers = headers_of(&request.headers)?;
        let payload = Bytes::copy_from_slice(&request.payload);
        match request.until {
            Until::Sent => self.publish(request, headers, payload).await.map(|()| None),
            Until::Answered => self.ask(request, headers, payload).await.map(|answer| Some(letter(answer))),
            Until::Leader | Until::Stored | Until::Once => {
                Box::pin(self.store(request, headers, payload)).await.map(|()| None)
            }
        }
    }

    async fn subscribe(&mut self, source: &Source) -> Result<NatsInbox, BrokerError> {
        NatsInbox::open(&self.client, source).await
    }

    fn hears(&self, _inbox: &NatsInbox) -> bool {
        self.client.connection_state() == State::Connected
    }

    async fn next(&mut self, inbox: &mut NatsInbox) -> Result<Letter, BrokerError> {
        inbox.next().await
    }

    /// A stream of JetStream. `subjects` are separated by blanks or commas; without, the stream has its name's.
    async fn declare(&mut self, request: &DeclareRequest) -> Result<(), BrokerError> {
        let mut config = jetstream::stream::Config {
            name: request.address.clone(),
            storage: jetstream::stream::StorageType::Memory,
            ..Default::default()
        };
        for (name, value) in &request.settings {
            match name.as_str() {
                "subjects" => {
                    let subjects = value.split([' ', ',']).filter(|subject| !subject.is_empty());
                    config.subjects = subjects.map(str::to_owned).collect();
                }
                "durable" if value == "true" => config.storage = jetstream::stream::StorageType::File,
                "durable" => {}
                other => {
                    let why = format!("a stream has no setting {other:?}: there are subjects and durable");
                    return Err(BrokerError::Request("bad setting", why));
                }
            }
        }
        let mut context = jetstream::new(self.client.clone());
        context.set_timeout(Duration::from_nanos(request.timeout_ns));
        let made = Box::pin(context.get_or_create_stream(config)).await;
        made.map(drop).map_err(|e| error::of_source(&request.address, &e))
    }
}

/// A message as everybody sees it.
pub(super) fn letter(message: Message) -> Letter {
    let fields = message.headers.iter().flat_map(HeaderMap::iter);
    let pairs = fields.flat_map(|(name, values)| values.iter().map(|v| (name.to_string(), v.to_string())));
    Letter {
        headers: pairs.collect(),
        status: message.status.map_or(0, |status| status.as_u16()),
        payload: message.payload,
        lag: None,
    }
}

fn headers_of(given: &[(String, String)]) -> Result<Option<HeaderMap>, BrokerError> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let bad = || BrokerError::Request("bad header", format!("header {name:?} cannot be sent"));
        let name: async_nats::HeaderName = name.parse().map_err(|_| bad())?;
        let value: async_nats::HeaderValue = value.parse().map_err(|_| bad())?;
        headers.append(name, value);
    }
    Ok(Some(headers))
}
