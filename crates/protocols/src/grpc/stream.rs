//! Calls whose messages come one by one, as a conversation: what we say are messages as JSON and, with a close, that there are
//! no more; what the other side says are messages as JSON, and at the end its word if that is no success.
//!
//! An address without a method is a connection alone, which the calls to the same address share, until our side of the
//! conversation is dropped.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::LocalBoxFuture;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use plimsoll_model::conversation::{Listener, Message, Opened, Speaker};
use plimsoll_model::http::HttpRequest;
use plimsoll_model::{Failure, Nanos, Reply};
use prost_reflect::MessageDescriptor;
use url::Url;

use super::Shared;
use super::channel::{Frames, said, word};
use super::error::CallError;
use super::schema::{Style, decoded, encoded, parts};
use crate::trouble::{Trouble, put_down, within};

/// Fields that have not been set are left out, and the rest is named as JSON has it: k6 shows messages of streams so.
const STYLE: Style = Style { json_names: true, defaults: false };

/// Begins a call, or a connection.
pub(super) async fn converse(shared: Rc<Shared>, request: HttpRequest) -> Opened {
    let mut reply = Reply::new();
    let begun = begun(shared.clone(), &request, &mut reply);
    let ends = match within(request.timeout_ns, begun).await {
        Ok(ends) => Some(ends),
        Err(error) => {
            put_down(&mut reply, &error, shared.clock.now());
            None
        }
    };
    reply.done_ns = shared.clock.now();
    Opened { reply, headers: Vec::new(), body: Vec::new(), ends }
}

type Ends = (Box<dyn Speaker>, Box<dyn Listener>);

async fn begun(shared: Rc<Shared>, request: &HttpRequest, reply: &mut Reply) -> Result<Ends, CallError> {
    let (server, path) = split(&request.url)?;
    let channel = match shared.channels.shared(&server) {
        Some(channel) => channel,
        None => Box::pin(shared.channels.to(&server, reply)).await?,
    };
    if path.is_empty() {
        reply.sent_ns = Some(shared.clock.now());
        return Ok((Box::new(Held { shared, server }), Box::new(Nothing)));
    }
    let method = shared.method(&server, &path, (&channel, request.timeout_ns), reply).await?;
    let (service, name) = parts(&path)?;
    let timeout_ns: Nanos = request.timeout_ns;
    let (response, stream) =
        channel.begin(&format!("/{service}/{name}"), &request.headers, timeout_ns).await?;
    reply.sent_ns = Some(shared.clock.now());
    let speaker = Sayer { stream: Some(stream), kind: method.input() };
    let listener = Hearer {
        response: Some(response),
        stream: None,
        head_word: None,
        frames: Frames::default(),
        kind: method.output(),
    };
    Ok((Box::new(speaker), Box::new(listener)))
}

/// The server of an address, and the method behind it.
fn split(address: &str) -> Result<(Arc<str>, String), CallError> {
    let bad =
        |e: &dyn std::fmt::Display| CallError::Request("bad url", format!("the service's address: {e}"));
    let mut url = Url::parse(address).map_err(|e| bad(&e))?;
    let path = url.path().trim_matches('/').to_owned();
    url.set_path("");
    Ok((url.as_str().into(), path))
}

/// A connection for as long as somebody holds it.
struct Held {
    shared: Rc<Shared>,
    server: Arc<str>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.channels.forget(&self.server);
        self.shared.schemas.forget(&self.server);
    }
}

impl Speaker for Held {
    fn say(&mut self, _message: Message) -> LocalBoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Err(Failure::new("no call", "nothing is said outside of calls")) })
    }
}

/// Hears nothing for as long as it is asked.
struct Nothing;

impl Listener for Nothing {
    fn hear(&mut self) -> LocalBoxFuture<'_, Option<Result<Message, Failure>>> {
        Box::pin(std::future::pending())
    }
}

struct Sayer {
    /// Nothing once all has been said.
    stream: Option<SendStream<Bytes>>,
    kind: MessageDescriptor,
}

impl Sayer {
    async fn said(&mut self, message: Message) -> Result<(), CallError> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        match message {
            Message::Text(json) => said(stream, &encoded(&self.kind, &json)?).await,
            _ => {
                let ended = stream.send_data(Bytes::new(), true).map_err(|e| CallError::of(&e));
                self.stream = None;
                ended
            }
        }
    }
}

impl Speaker for Sayer {
    fn say(&mut self, message: Message) -> LocalBoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.said(message).await.map_err(|error| error.failure()) })
    }
}

impl Drop for Sayer {
    fn drop(&mut self) {
        // Nobody will say more, or wants to hear more.
        if let Some(stream) = &mut self.stream {
            stream.send_reset(h2::Reason::CANCEL);
        }
    }
}

struct Hearer {
    response: Option<ResponseFuture>,
    stream: Option<RecvStream>,
    /// The head, if it is all that came.
    head_word: Option<http::HeaderMap>,
    frames: Frames,
    kind: MessageDescriptor,
}

impl Hearer {
    async fn heard(&mut self) -> Result<Option<Message>, CallError> {
        if let Some(response) = self.response.take() {
            let (head, stream) = response.await.map_err(|e| CallError::of(&e))?.into_parts();
            self.head_word = stream.is_end_stream().then_some(head.headers);
            self.stream = Some(stream);
        }
        let Some(stream) = &mut self.stream else { return Ok(None) };
        loop {
            if let Some(message) = self.frames.next()? {
                return decoded(&self.kind, &message, STYLE).map(|json| Some(Message::Text(json)));
            }
            match stream.data().await {
                Some(piece) => {
                    let piece = piece.map_err(|e| CallError::of(&e))?;
                    // What ends the connection shows itself with the next piece.
                    let _ended = stream.flow_control().release_capacity(piece.len());
                    self.frames.take(&piece);
                }
                None => break,
            }
        }
        let trailers = poll_fn(|cx| stream.poll_trailers(cx)).await.map_err(|e| CallError::of(&e))?;
        self.stream = None;
        word(&trailers.or_else(|| self.head_word.take()).unwrap_or_default()).map(|()| None)
    }
}

impl Listener for Hearer {
    fn hear(&mut self) -> LocalBoxFuture<'_, Option<Result<Message, Failure>>> {
        Box::pin(async move { self.heard().await.map_err(|error| error.failure()).transpose() })
    }
}
