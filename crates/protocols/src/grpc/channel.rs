//! Connections to servers, and one call on one of them: messages there, messages back, and the server's word.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::future::{Either, select};
use h2::client::{self, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use plimsoll_model::grpc::GrpcSettings;
use plimsoll_model::http::Connections as Whose;
use plimsoll_model::{Clock, Nanos, Reply};
use tokio::sync::Mutex;
use url::Url;

use super::error::CallError;
use crate::net::{Dialer, Origin};
use crate::phases::{CONNECT, DNS, RECEIVE, SEND, TLS, WAIT};

/// What we are ready to receive of one call, and of all together, before we say that we have taken it.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// The largest message that is taken, in bytes.
const LARGEST: usize = 256 << 20;

/// Before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// A connection.
#[derive(Clone)]
pub(super) struct Channel {
    send: SendRequest<Bytes>,
    authority: Rc<str>,
    secure: bool,
    is_lost: Arc<AtomicBool>,
}

/// How connections are made, and those that are shared.
pub(super) struct Channels {
    dialer: Dialer,
    settings: Arc<GrpcSettings>,
    shared: RefCell<HashMap<Arc<str>, Channel>>,
    /// Of users who come at the same time, one makes the connection that all of them share.
    making: Mutex<()>,
}

/// A call before it is made: where to, and what is said.
pub(super) struct Call<'a> {
    /// `/package.Service/Method`.
    pub(super) path: String,
    pub(super) metadata: &'a [(String, String)],
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) timeout_ns: Nanos,
}

/// What came back.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) messages: Vec<Bytes>,
    /// Metadata before the messages.
    pub(super) headers: Vec<(String, String)>,
    /// Metadata behind them.
    pub(super) trailers: Vec<(String, String)>,
    /// When the first message was there.
    pub(super) first_ns: Option<Nanos>,
}

impl Channel {
    /// Whether there is any use in it.
    pub(super) fn is_open(&self) -> bool {
        !self.is_lost.load(Ordering::Relaxed)
    }
}

impl Channels {
    pub(super) fn new(dialer: Dialer, settings: Arc<GrpcSettings>) -> Self {
        Self { dialer, settings, shared: RefCell::default(), making: Mutex::default() }
    }

    /// A connection for whoever has none of its own. What it took is put down in `reply`.
    pub(super) async fn to(&self, server: &Arc<str>, reply: &mut Reply) -> Result<Channel, CallError> {
        if !self.are_shared() {
            return self.dial(server, reply).await;
        }
        let _alone = self.making.lock().await;
        if let Some(channel) = self.shared(server) {
            return Ok(channel);
        }
        let channel = self.dial(server, reply).await?;
        self.shared.borrow_mut().insert(server.clone(), channel.clone());
        Ok(channel)
    }

    /// Whether connections carry the calls of several users.
    pub(super) fn are_shared(&self) -> bool {
        matches!(self.settings.connections, Whose::Shared(_))
    }

    /// The connection that all share, if there is one.
    pub(super) fn shared(&self, server: &Arc<str>) -> Option<Channel> {
        self.shared.borrow().get(server).filter(|channel| channel.is_open()).cloned()
    }

    /// Gives up the connection that all share: it ends when nothing is under way on it any more.
    pub(super) fn forget(&self, server: &Arc<str>) {
        self.shared.borrow_mut().remove(server);
    }

    async fn dial(&self, server: &str, reply: &mut Reply) -> Result<Channel, CallError> {
        let (origin, authority) = origin(server)?;
        reply.connects += 1;
        let dialled = self.dialer.dial(&origin, self.settings.connect_timeout_ns).await;
        let (socket, route) = dialled.map_err(CallError::Net)?;
        for (phase, took) in [(DNS, route.dns_ns), (CONNECT, route.connect_ns), (TLS, route.tls_ns)] {
            reply.phases_ns[phase] += took;
        }
        let mut builder = client::Builder::new();
        builder
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        builder.enable_push(false);
        let (send, connection) = builder.handshake(socket).await.map_err(|e| CallError::of(&e))?;
        let is_lost = Arc::new(AtomicBool::new(false));
        let lost = is_lost.clone();
        // What ended it is told by the calls that were on it; later ones go elsewhere.
        tokio::spawn(async move {
            let _ended = connection.await;
            lost.store(true, Ordering::Relaxed);
        });
        Ok(Channel { send, authority: authority.into(), secure: origin.tls, is_lost })
    }
}

fn origin(server: &str) -> Result<(Origin, String), CallError> {
    let bad = |why: &str| CallError::Request("bad url", format!("the service's address: {why}"));
    let url = Url::parse(server).map_err(|e| bad(&e.to_string()))?;
    let tls = url.scheme() == "grpcs";
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("it names no host"))?;
    let port = url.port().unwrap_or(if tls { 443 } else { 80 });
    Ok((
        Origin { host: host.to_owned(), port, tls, receive_bytes: None, network: None },
        format!("{host}:{port}"),
    ))
}

impl Channel {
    /// Makes a call. A connection that breaks its rules or is gone is of no use any more.
    pub(super) async fn call(
        &self,
        clock: &dyn Clock,
        call: &Call<'_>,
        answered: &mut Answered,
        reply: &mut Reply,
    ) -> Result<(), CallError> {
        let called = self.called(clock, call, answered, reply).await;
        if called.as_ref().is_err_and(CallError::ends_connection) {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        called
    }

    /// Begins a call: where its answer comes, and where its messages go.
    pub(super) async fn begin(
        &self,
        path: &str,
        metadata: &[(String, String)],
        timeout_ns: Nanos,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), CallError> {
        let head = self.head(path, metadata, timeout_ns)?;
        let mut send = self.send.clone().ready().await.map_err(|e| CallError::of(&e))?;
        send.send_request(head, false).map_err(|e| CallError::of(&e))
    }

    async fn called(
        &self,
        clock: &dyn Clock,
        call: &Call<'_>,
        answered: &mut Answered,
        reply: &mut Reply,
    ) -> Result<(), CallError> {
        let (response, stream) = self.begin(&call.path, call.metadata, call.timeout_ns).await?;
        let sent_ns = clock.now();
        reply.sent_ns = Some(sent_ns);
        reply.bytes_sent += call.messages.iter().map(|m| m.len() as u64).sum::<u64>();
        let all_sent_ns = Cell::new(sent_ns);
        // Both go on until the answer is whole: a server may answer before it has heard everything, and its word counts.
        let saying = async {
            let said = say(stream, &call.messages).await;
            all_sent_ns.set(clock.now());
            said
        };
        let first_byte_ns = Cell::new(None);
        let ended = {
            let hearing = hear(clock, response, answered, &first_byte_ns);
            match select(pin!(saying), pin!(hearing)).await {
                Either::Left((_said, hearing)) => hearing.await,
                Either::Right((ended, _saying)) => ended,
            }
        };
        reply.done_ns = clock.now();
        reply.bytes_received += answered.messages.iter().map(|m| m.len() as u64).sum::<u64>();
        let first_ns = first_byte_ns.get().unwrap_or(reply.done_ns);
        let sent_by_ns = all_sent_ns.get().clamp(sent_ns, first_ns);
        reply.phases_ns[SEND] += sent_by_ns - sent_ns;
        reply.phases_ns[WAIT] += first_ns - sent_by_ns;
        reply.phases_ns[RECEIVE] += reply.done_ns - first_ns;
        ended
    }

    fn head(
        &self,
        path: &str,
        metadata: &[(String, String)],
        timeout_ns: Nanos,
    ) -> Result<Request<()>, CallError> {
        let bad = |what: String| CallError::Request("bad metadata", what);
        let scheme = if self.secure { "https" } else { "http" };
        let uri: Uri = format!("{scheme}://{}{}", self.authority, path)
            .parse()
            .map_err(|e| CallError::Request("no method", format!("{path}: {e}")))?;
        // In the largest unit that the field's eight digits allow.
        let micros = (timeout_ns / 1_000).max(1);
        let timeout =
            if micros < 100_000_000 { format!("{micros}u") } else { format!("{}m", micros / 1_000) };
        let mut head = Request::post(uri)
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .header("grpc-timeout", timeout)
            .header("user-agent", concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .body(())
            .map_err(|e| bad(e.to_string()))?;
        for (name, value) in metadata {
            let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes())
                .map_err(|_| bad(format!("{name:?} is no name")))?;
            let value = HeaderValue::from_str(value).map_err(|_| bad(format!("{name} cannot be sent")))?;
            head.headers_mut().append(name, value);
        }
        Ok(head)
    }
}

/// Hands over messages as fast as the other side takes them.
async fn say(mut stream: SendStream<Bytes>, messages: &[Vec<u8>]) -> Result<(), CallError> {
    for message in messages {
        said(&mut stream, message).await?;
    }
    stream.send_data(Bytes::new(), true).map_err(|e| CallError::of(&e))
}

/// Hands over one message.
pub(super) async fn said(stream: &mut SendStream<Bytes>, message: &[u8]) -> Result<(), CallError> {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.extend_from_slice(message);
    let mut framed = framed.freeze();
    while !framed.is_empty() {
        stream.reserve_capacity(framed.len());
        let room = poll_fn(|cx| stream.poll_capacity(cx)).await;
        let ended = || CallError::Protocol("stream reset", "the server takes no more".to_owned());
        let room = room.ok_or_else(ended)?.map_err(|e| CallError::of(&e))?;
        stream.send_data(framed.split_to(room.min(framed.len())), false).map_err(|e| CallError::of(&e))?;
    }
    Ok(())
}

/// Hears the answer: its head, its messages, and the server's word behind them.
async fn hear(
    clock: &dyn Clock,
    response: impl Future<Output = Result<http::Response<RecvStream>, h2::Error>>,
    answered: &mut Answered,
    first_byte_ns: &Cell<Option<Nanos>>,
) -> Result<(), CallError> {
    let (head, mut stream) = response.await.map_err(|e| CallError::of(&e))?.into_parts();
    first_byte_ns.set(Some(clock.now()));
    if head.status != 200 {
        let status = head.status.as_u16();
        let why = format!("the server answers with the status {status} of HTTP, and not by gRPC");
        return Err(CallError::Protocol("not grpc", why));
    }
    // An answer without messages may be one head: then all of it stands behind them.
    let is_all = stream.is_end_stream() && head.headers.contains_key("grpc-status");
    keep(if is_all { &mut answered.trailers } else { &mut answered.headers }, &head.headers);
    let mut frames = Frames::default();
    while let Some(piece) = stream.data().await {
        let piece = piece.map_err(|e| CallError::of(&e))?;
        // What ends the connection shows itself with the next piece.
        let _ended = stream.flow_control().release_capacity(piece.len());
        frames.take(&piece);
        while let Some(message) = frames.next()? {
            answered.first_ns.get_or_insert_with(|| clock.now());
            answered.messages.push(message);
        }
    }
    if !frames.0.is_empty() {
        return Err(CallError::Protocol(
            "truncated",
            "the answer ends in the middle of a message".to_owned(),
        ));
    }
    let trailers = stream.trailers().await.map_err(|e| CallError::of(&e))?;
    if let Some(trailers) = &trailers {
        keep(&mut answered.trailers, trailers);
    }
    word(trailers.as_ref().unwrap_or(&head.headers))
}

/// What has come and is no whole message yet.
#[derive(Default)]
pub(super) struct Frames(BytesMut);

impl Frames {
    pub(super) fn take(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
    }

    pub(super) fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        next(&mut self.0)
    }
}

/// The next whole message, cut off from what came.
fn next(pending: &mut BytesMut) -> Result<Option<Bytes>, CallError> {
    if pending.len() < PREFIX_BYTES {
        return Ok(None);
    }
    if pending[0] != 0 {
        return Err(CallError::Protocol(
            "compressed",
            "a compressed message, which nobody asked for".to_owned(),
        ));
    }
    let length = u32::from_be_bytes([pending[1], pending[2], pending[3], pending[4]]) as usize;
    if length > LARGEST {
        return Err(CallError::Protocol("too large", format!("a message of {length} bytes")));
    }
    if pending.len() < PREFIX_BYTES + length {
        return Ok(None);
    }
    pending.advance(PREFIX_BYTES);
    Ok(Some(pending.split_to(length).freeze()))
}

/// How the server says that the call ended.
pub(super) fn word(fields: &HeaderMap) -> Result<(), CallError> {
    let text =
        |name: &str| fields.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let Some(code) = text("grpc-status") else {
        return Err(CallError::Protocol(
            "no status",
            "the answer ends without the server's word on it".to_owned(),
        ));
    };
    match code.parse() {
        Ok(0) => Ok(()),
        Ok(code) => {
            let message = text("grpc-message").unwrap_or_default();
            let plain = percent_encoding::percent_decode_str(&message).decode_utf8_lossy().into_owned();
            Err(CallError::Status(code, plain))
        }
        Err(_) => Err(CallError::Protocol("no status", format!("{code:?} is no code"))),
    }
}

fn keep(headers: &mut Vec<(String, String)>, fields: &HeaderMap) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.extend(fields.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::garbled::garbled;

    #[test]
    fn messages_are_cut_out_of_whatever_comes() {
        let whole = [&[0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9][..]].concat();
        for step in 1..whole.len() {
            let (mut pending, mut messages) = (BytesMut::new(), Vec::new());
            for piece in whole.chunks(step) {
                pending.extend_from_slice(piece);
                while let Some(message) = next(&mut pending).unwrap() {
                    messages.push(message.to_vec());
                }
            }
            assert_eq!(messages, [vec![7, 8], vec![], vec![9]], "in pieces of {step}");
            assert!(pending.is_empty());
        }
        assert!(next(&mut BytesMut::from(&[1, 0, 0, 0, 0][..])).is_err());
        assert!(next(&mut BytesMut::from(&[0, 255, 255, 255, 255][..])).is_err());
    }

    proptest! {
        /// Whatever comes is cut into messages or refused, and nothing is made up.
        #[test]
        fn whatever_comes_is_cut_or_refused(bytes in garbled(&[b"\0\0\0\0\x02hi\0\0\0\0\0"]), piece in 1_usize..9) {
            let cut = |piece: usize| {
                let (mut pending, mut count) = (BytesMut::new(), 0);
                for piece in bytes.chunks(piece) {
                    pending.extend_from_slice(piece);
                    while let Some(message) = next(&mut pending).ok()? {
                        count += PREFIX_BYTES + message.len();
                    }
                }
                Some(count)
            };
            let whole = cut(bytes.len().max(1));
            prop_assert!(whole.is_none_or(|count| count <= bytes.len()));
            prop_assert_eq!(cut(piece), whole);
        }
    }
}
