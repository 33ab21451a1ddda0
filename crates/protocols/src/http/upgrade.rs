//! WebSocket (RFC 6455): a request that turns its connection into a conversation.

use futures::future::LocalBoxFuture;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use plimsoll_model::conversation::{Listener, Message, Opened, Speaker};
use plimsoll_model::http::HttpRequest;
use plimsoll_model::{Failure, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Frame};
use url::Url;

use super::ThreadShared;
use super::error::HttpError;
use super::prepared::{origin_of, parse_url};
use crate::net::{NetError, Origin, Stream};
use crate::phases::{CONNECT, DNS, TLS};

type Socket = WebSocketStream<Stream>;

/// Begins a conversation with who answers at `request`'s address, `ws:` or `wss:`.
pub(super) async fn converse(shared: &ThreadShared, request: &HttpRequest) -> Opened {
    let mut opened = Opened { reply: Reply::new(), headers: Vec::new(), body: Vec::new(), ends: None };
    let reply = &mut opened.reply;
    reply.sent_ns = Some(shared.clock.now());
    let limit = std::time::Duration::from_nanos(request.timeout_ns);
    let ended = match timeout(limit, handshake(shared, request, reply)).await {
        Ok(ended) => ended,
        Err(_elapsed) => Err(Refusal::Failed(HttpError::Net(NetError::TimedOut("handshake timeout")))),
    };
    opened.reply.done_ns = shared.clock.now();
    match ended {
        Ok((socket, headers)) => {
            opened.reply.status = 101;
            opened.headers = headers;
            let (sink, stream) = socket.split();
            opened.ends = Some((Box::new(Out(sink)), Box::new(In(stream))));
        }
        Err(Refusal::Answered(status, headers, body)) => {
            let error = HttpError::Protocol("bad handshake", format!("the answer was status {status}"));
            opened.reply.status = status;
            fail(&mut opened.reply, &error);
            (opened.headers, opened.body) = (headers, body);
        }
        Err(Refusal::Failed(error)) => fail(&mut opened.reply, &error),
    }
    opened
}

fn fail(reply: &mut Reply, error: &HttpError) {
    reply.outcome = error.outcome();
    reply.failure = Some(Box::new(error.failure()));
}

type Headers = Vec<(String, String)>;

/// Why there is no conversation.
enum Refusal {
    /// The server answered something else: status, headers, and what of the body came with them.
    Answered(u16, Headers, Vec<u8>),
    Failed(HttpError),
}

impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        Self::Failed(error)
    }
}

async fn handshake(
    shared: &ThreadShared,
    request: &HttpRequest,
    reply: &mut Reply,
) -> Result<(Socket, Headers), Refusal> {
    let mut url = parse_url(&request.url)?;
    let asked = asked(shared, request, &url)?;
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    // Between special schemes it always can be set; the port stays the scheme's own.
    let _special = url.set_scheme(scheme);
    let origin = Origin { network: request.network, ..origin_of(&url)? };
    let (stream, route) =
        shared.dialer.dial_for_upgrade(&origin, request.connect_timeout_ns).await.map_err(HttpError::Net)?;
    reply.connects = 1;
    for (phase, took) in [(DNS, route.dns_ns), (CONNECT, route.connect_ns), (TLS, route.tls_ns)] {
        reply.phases_ns[phase] += took;
    }
    answered(stream, &asked).await
}

/// The handshake's request, and the answer that its key asks for (RFC 6455, 4.1).
struct Asked {
    head: String,
    accept: String,
}

/// The handshake's request, with what its sender adds.
fn asked(shared: &ThreadShared, request: &HttpRequest, url: &Url) -> Result<Asked, HttpError> {
    if !["ws", "wss"].contains(&url.scheme()) || url.host_str().is_none() {
        return Err(HttpError::Request("bad url", "malformed ws or wss URL".to_owned()));
    }
    let key = generate_key();
    let host = url.authority().rsplit('@').next().unwrap_or_default();
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut head = format!("GET {path} HTTP/1.1\r\n");
    let mut field = |name: &str, value: &str| {
        let forbidden = |c: char| c == '\r' || c == '\n' || c == '\0';
        if name.is_empty()
            || name.contains(|c: char| c == ':' || c.is_whitespace())
            || value.contains(forbidden)
        {
            let text = format!("header {name:?} holds a line break or another forbidden character");
            return Err(HttpError::Request("bad header", text));
        }
        head.push_str(&format!("{name}: {value}\r\n"));
        Ok(())
    };
    let given = |name: &str| request.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    let added = [("Host", host), ("User-Agent", &shared.settings.user_agent)];
    for (name, value) in added.into_iter().filter(|(name, _)| !given(name)) {
        field(name, value)?;
    }
    let fixed = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key.as_str()),
    ];
    fixed.into_iter().try_for_each(|(name, value)| field(name, value))?;
    request.headers.iter().try_for_each(|(name, value)| field(name, value))?;
    head.push_str("\r\n");
    Ok(Asked { head, accept: derive_accept_key(key.as_bytes()) })
}

/// Sends the request and reads the answer. Which subprotocol was chosen, and whether one was, is for the caller.
async fn answered(mut stream: Stream, asked: &Asked) -> Result<(Socket, Headers), Refusal> {
    let lost = |error| HttpError::Net(NetError::Lost(error));
    stream.write_all(asked.head.as_bytes()).await.map_err(lost)?;
    let mut bytes = Vec::new();
    let (status, headers, length) = loop {
        if let Some(head) = parsed(&bytes)? {
            break head;
        }
        if bytes.len() > HEAD_BYTES_MAX {
            return Err(HttpError::Protocol("bad handshake", "the answer has no end".to_owned()).into());
        }
        if stream.read_buf(&mut bytes).await.map_err(lost)? == 0 {
            return Err(HttpError::Truncated(bytes.len() as u64).into());
        }
    };
    let mut rest = bytes.split_off(length);
    let field = |name: &str| {
        let found = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    };
    if status != 101 || !field("upgrade").eq_ignore_ascii_case("websocket") {
        let length = field("content-length").parse().unwrap_or(0).min(BODY_BYTES_MAX);
        while rest.len() < length && stream.read_buf(&mut rest).await.map_err(lost)? > 0 {}
        return Err(Refusal::Answered(status, headers, rest));
    }
    if field("sec-websocket-accept") != asked.accept {
        let text = "the answer does not belong to our key (Sec-WebSocket-Accept)".to_owned();
        return Err(HttpError::Protocol("bad handshake", text).into());
    }
    Ok((WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config())).await, headers))
}

/// Connections are many and mostly idle: the library would set aside 128 KiB for each.
fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES).write_buffer_size(0)
}

/// What a connection reads at once, in bytes.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// As much is read of the body of an answer that is no consent, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// The longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Status, header fields and length of the head; `None` while it is not whole.
fn parsed(bytes: &[u8]) -> Result<Option<(u16, Headers, usize)>, HttpError> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut fields);
    let bad = |e: httparse::Error| HttpError::Protocol("bad handshake", format!("this is no HTTP: {e}"));
    let httparse::Status::Complete(length) = answer.parse(bytes).map_err(bad)? else { return Ok(None) };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = answer.headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect();
    Ok(Some((answer.code.unwrap_or(0), headers, length)))
}

struct Out(SplitSink<Socket, Frame>);

impl Speaker for Out {
    fn say(&mut self, message: Message) -> LocalBoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.0.send(frame(message)).await.map_err(|e| failure(&e)) })
    }
}

struct In(SplitStream<Socket>);

impl Listener for In {
    fn hear(&mut self) -> LocalBoxFuture<'_, Option<Result<Message, Failure>>> {
        Box::pin(async move {
            match self.0.next().await? {
                Ok(frame) => message(frame).map(Ok),
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => None,
                Err(error) => Some(Err(failure(&error))),
            }
        })
    }
}

fn failure(error: &Error) -> Failure {
    let class = match error {
        Error::Io(_) => "lost",
        Error::AlreadyClosed | Error::ConnectionClosed => "closed",
        Error::Protocol(_) => "protocol",
        _ => "websocket",
    };
    Failure::new(class, error.to_string())
}

fn frame(message: Message) -> Frame {
    match message {
        Message::Text(text) => Frame::Text(text.into()),
        Message::Binary(bytes) => Frame::Binary(bytes.into()),
        Message::Ping(bytes) => Frame::Ping(bytes.into()),
        Message::Pong(bytes) => Frame::Pong(bytes.into()),
        Message::Close(code, reason) => {
            Frame::Close(code.map(|code| CloseFrame { code: code.into(), reason: reason.into() }))
        }
    }
}

fn message(frame: Frame) -> Option<Message> {
    Some(match frame {
        Frame::Text(text) => Message::Text(text.to_string()),
        Frame::Binary(bytes) => Message::Binary(bytes.to_vec()),
        Frame::Ping(bytes) => Message::Ping(bytes.to_vec()),
        Frame::Pong(bytes) => Message::Pong(bytes.to_vec()),
        Frame::Close(None) => Message::Close(None, String::new()),
        Frame::Close(Some(frame)) => Message::Close(Some(frame.code.into()), frame.reason.to_string()),
        // Parts of messages are only given out when they are asked for, which we do not.
        Frame::Frame(_) => return None,
    })
}
