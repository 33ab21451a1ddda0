//! One user's side of NATS.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{HeaderMap, Message, jetstream};
use bytes::Bytes;
use futures::future::LocalBoxFuture;
use plimsoll_model::message::{MessageRequest, Until};
use plimsoll_model::{Clock, Operation, Reply, ResponseView, Session};

use super::connection::{Connection, Connections};
use super::error::NatsError;
use crate::phases::{CONNECT, SEND, WAIT};
use crate::trouble::{Trouble, not_ours, put_down, within};

/// One user's side of NATS.
pub(crate) struct NatsSession {
    clock: Rc<dyn Clock>,
    connections: Rc<Connections>,
    /// The connection in use, to which server, and how often it had been made when last looked at.
    current: Option<(Arc<str>, Connection, u32)>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl NatsSession {
    pub(crate) fn new(clock: Rc<dyn Clock>, connections: Rc<Connections>) -> Self {
        Self { clock, connections, current: None, status: 0, headers: Vec::new(), body: Bytes::new() }
    }

    /// The connection to a server, made if there is none. What it took is put down in `reply`.
    async fn connection(&mut self, server: &Arc<str>, reply: &mut Reply) -> Result<Connection, NatsError> {
        if let Some((known, connection, times_made)) = &mut self.current
            && known == server
        {
            // Connections that were lost and made again meanwhile are work that nobody asked for.
            let now_made = connection.times_made();
            reply.connects += now_made.saturating_sub(std::mem::replace(times_made, now_made));
            return Ok(connection.clone());
        }
        let connection = match self.connections.at_hand(server) {
            Some(connection) => connection,
            None => {
                let before = self.clock.now();
                let made = self.connections.make(server).await;
                reply.phases_ns[CONNECT] += self.clock.now() - before;
                reply.connects += 1;
                made?
            }
        };
        // The client tells of its first connection a little later than it returns.
        let times_made = connection.times_made().max(1);
        self.current = Some((server.clone(), connection.clone(), times_made));
        Ok(connection)
    }

    async fn attempt(&mut self, request: &MessageRequest, reply: &mut Reply) -> Result<(), NatsError> {
        self.status = 0;
        self.headers.clear();
        self.body = Bytes::new();
        let connection = self.connection(&request.server, reply).await?;
        let headers = headers_of(&request.headers)?;
        let payload = Bytes::copy_from_slice(&request.payload);
        let sent_ns = self.clock.now();
        reply.sent_ns = Some(sent_ns);
        reply.bytes_sent += size_of(&request.headers) + payload.len() as u64;
        let ended = match request.until {
            Until::Sent => {
                let sent = publish(&connection, request, headers, payload).await;
                reply.phases_ns[SEND] += self.clock.now() - sent_ns;
                sent
            }
            Until::Stored => {
                let stored = store(&connection, request, headers, payload).await;
                reply.phases_ns[WAIT] += self.clock.now() - sent_ns;
                stored
            }
            Until::Answered => {
                let answer = ask(&connection, request, headers, payload).await;
                reply.phases_ns[WAIT] += self.clock.now() - sent_ns;
                answer.map(|message| self.take(message, reply))
            }
        };
        reply.done_ns = self.clock.now();
        ended
    }

    fn take(&mut self, message: Message, reply: &mut Reply) {
        self.status = message.status.map_or(0, |status| status.as_u16());
        let fields = message.headers.iter().flat_map(HeaderMap::iter);
        let pairs =
            fields.flat_map(|(name, values)| values.iter().map(|v| (name.to_string(), v.to_string())));
        self.headers.extend(pairs);
        reply.bytes_received += size_of(&self.headers) + message.payload.len() as u64;
        reply.status = self.status;
        self.body = message.payload;
    }
}

fn size_of(headers: &[(String, String)]) -> u64 {
    headers.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum()
}

fn headers_of(given: &[(String, String)]) -> Result<Option<HeaderMap>, NatsError> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let bad = || NatsError::Request("bad header", format!("header {name:?} cannot be sent"));
        let name: async_nats::HeaderName = name.parse().map_err(|_| bad())?;
        let value: async_nats::HeaderValue = value.parse().map_err(|_| bad())?;
        headers.append(name, value);
    }
    Ok(Some(headers))
}

async fn publish(
    connection: &Connection,
    request: &MessageRequest,
    headers: Option<HeaderMap>,
    payload: Bytes,
) -> Result<(), NatsError> {
    let (subject, bytes) = (request.address.clone(), payload.len());
    let published = match headers {
        Some(headers) => connection.client.publish_with_headers(subject, headers, payload).await,
        None => connection.client.publish(subject, payload).await,
    };
    published.map_err(|error| NatsError::of_publish(&error, bytes))?;
    // The client takes messages without a connection, too, and keeps them: what it has not written is not sent.
    connection.client.flush().await.map_err(|error| NatsError::Lost(error.to_string()))
}

async fn store(
    connection: &Connection,
    request: &MessageRequest,
    headers: Option<HeaderMap>,
    payload: Bytes,
) -> Result<(), NatsError> {
    let mut context = jetstream::new(connection.client.clone());
    // The operation's own timeout is the one that counts.
    context.set_timeout(Duration::from_nanos(request.timeout_ns));
    let subject = request.address.clone();
    let sent = match headers {
        Some(headers) => context.publish_with_headers(subject, headers, payload).await,
        None => context.publish(subject, payload).await,
    };
    sent.map_err(NatsError::NotStored)?.await.map(drop).map_err(NatsError::NotStored)
}

async fn ask(
    connection: &Connection,
    request: &MessageRequest,
    headers: Option<HeaderMap>,
    payload: Bytes,
) -> Result<Message, NatsError> {
    let (subject, bytes) = (request.address.clone(), payload.len());
    let answered = match headers {
        Some(headers) => connection.client.request_with_headers(subject, headers, payload).await,
        None => connection.client.request(subject, payload).await,
    };
    answered.map_err(|error| NatsError::of_request(&error, &request.address, bytes))
}

impl Session for NatsSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Message(request) = operation.as_ref() else {
                return not_ours("messages", self.clock.now());
            };
            let mut reply = Reply::new();
            if let Err(error) = within(request.timeout_ns, self.attempt(request, &mut reply)).await {
                self.status = error.status();
                put_down(&mut reply, &error, self.clock.now());
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView { status: self.status, headers: &self.headers, body: &self.body, tls: None }
    }

    fn begin_iteration(&mut self) {}
}
