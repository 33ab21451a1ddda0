//! HTTP/2, by the crate h2: requests as streams of a connection that several users may share.
//!
//! Times: `blocked` is waiting for the connection to allow another stream, `send` until the body has been handed over, `wait`
//! until the head of the answer, `receive` the rest. What was sent and received counts fields and bodies, not frames.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{Either, FusedFuture};
use h2::client::{self, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use plimsoll_model::dial::TlsSpoken;
use plimsoll_model::http::{Body, Connections, HttpRequest, Keep};
use plimsoll_model::{Nanos, Reply};
use tokio::sync::Mutex;

use super::ThreadShared;
use super::error::HttpError;
use super::line::{Line, Open};
use super::prepared::Prepared;
use crate::events::Watch;
use crate::net::{Deadline, NetError, Origin, Stream, TwoFailure};
use crate::phases::{BLOCKED, CONNECT, DNS, RECEIVE, SEND, TLS, WAIT};

/// What we are ready to receive of one stream, and of all together, before we say that we have taken it.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Read at once from a body's file.
const FILE_PIECE_BYTES: usize = 64 * 1024;

/// The connections of a load thread, or of one user.
#[derive(Default)]
pub(super) struct Lines {
    kept: RefCell<Vec<Rc<Line>>>,
    /// Servers that chose HTTP/1.1.
    older: RefCell<Vec<Origin>>,
    /// One connection is made at a time, so that there are not more than there may be.
    dialling: Mutex<()>,
}

/// What came back.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) tls: Option<TlsSpoken>,
}

/// What is asked, and how much of the answer is kept.
pub(super) struct Asked<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) prepared: &'a Prepared,
    pub(super) cookie: Option<String>,
    pub(super) keep: Keep,
}

/// A connection over TLS whose server chose HTTP/1.1.
pub(super) struct Older(pub(super) Box<Stream>);

impl Lines {
    /// One request and its answer, within its time.
    pub(super) async fn exchange(
        &self,
        shared: &ThreadShared,
        asked: &Asked<'_>,
        (deadline, until_ns): (&mut Deadline, Nanos),
        reply: &mut Reply,
        watch: Option<&mut Watch>,
    ) -> Result<Either<Answered, Older>, HttpError> {
        let exchanged = pin!(self.exchanged(shared, asked, reply, watch));
        let done = deadline.within(&*shared.clock, until_ns, exchanged).await;
        done.unwrap_or(Err(HttpError::Net(NetError::TimedOut("timeout"))))
    }

    async fn exchanged(
        &self,
        shared: &ThreadShared,
        asked: &Asked<'_>,
        reply: &mut Reply,
        watch: Option<&mut Watch>,
    ) -> Result<Either<Answered, Older>, HttpError> {
        let origin = &asked.prepared.origin;
        loop {
            let (line, is_fresh) = match self.made(shared, asked.request, origin, reply).await? {
                Either::Left(made) => made,
                Either::Right(older) => return Ok(Either::Right(older)),
            };
            let before_ns = shared.clock.now();
            while !line.has_room() {
                line.ended.notified().await;
            }
            reply.phases_ns[BLOCKED] += shared.clock.now() - before_ns;
            // From here on it is counted, whatever the library waits for.
            let _open = Open::on(&line);
            line.look(shared.clock.now());
            match line.send.clone().ready().await {
                Ok(send) => {
                    let done = line.carry(stream(shared, send, asked, reply, watch)).await;
                    return done.map(|answered| Either::Left(Answered { tls: line.tls, ..answered }));
                }
                // It went away while nobody used it: another is made, once.
                Err(error) => {
                    self.kept.borrow_mut().retain(|known| !Rc::ptr_eq(known, &line));
                    if is_fresh {
                        return Err(failed(&error));
                    }
                    reply.extra_attempts += 1;
                }
            }
        }
    }

    /// Whether a server has chosen HTTP/1.1.
    pub(super) fn are_older(&self, origin: &Origin) -> bool {
        self.older.borrow().contains(origin)
    }

    /// A connection to begin a stream on, and whether it was made for it.
    async fn made(
        &self,
        shared: &ThreadShared,
        request: &HttpRequest,
        origin: &Origin,
        reply: &mut Reply,
    ) -> Result<Either<(Rc<Line>, bool), Older>, HttpError> {
        let connections = shared.settings.connections;
        if let Some(line) = self.with_room(origin, connections) {
            return Ok(Either::Left((line, false)));
        }
        // The rare case; boxed, it does not make every request's future larger.
        Box::pin(self.waited_for(shared, request, origin, reply)).await
    }

    /// The same, once nobody else is making one.
    async fn waited_for(
        &self,
        shared: &ThreadShared,
        request: &HttpRequest,
        origin: &Origin,
        reply: &mut Reply,
    ) -> Result<Either<(Rc<Line>, bool), Older>, HttpError> {
        let before_ns = shared.clock.now();
        let _alone = self.dialling.lock().await;
        reply.phases_ns[BLOCKED] += shared.clock.now() - before_ns;
        // Somebody else may have made one meanwhile.
        if let Some(line) = self.with_room(origin, shared.settings.connections) {
            return Ok(Either::Left((line, false)));
        }
        Ok(match self.dial(shared, request, origin, reply).await? {
            Either::Left(line) => Either::Left((line, true)),
            Either::Right(older) => Either::Right(older),
        })
    }

    /// A connection to begin another stream on; `None` if one is to be made.
    fn with_room(&self, origin: &Origin, connections: Connections) -> Option<Rc<Line>> {
        let lines = self.kept.borrow();
        let mine = || lines.iter().filter(|line| line.origin == *origin);
        let least = mine().min_by_key(|line| line.open.get())?;
        let may_be_more = match connections {
            Connections::PerUser => false,
            Connections::Shared(most) => mine().count() < most as usize,
        };
        if !least.has_room() && may_be_more { None } else { Some(least.clone()) }
    }

    async fn dial(
        &self,
        shared: &ThreadShared,
        request: &HttpRequest,
        origin: &Origin,
        reply: &mut Reply,
    ) -> Result<Either<Rc<Line>, Older>, HttpError> {
        let dialled = shared.dialer.dial(origin, request.connect_timeout_ns).await;
        let (socket, route) = dialled.map_err(HttpError::Net)?;
        reply.connects += 1;
        for (phase, took) in [(DNS, route.dns_ns), (CONNECT, route.connect_ns), (TLS, route.tls_ns)] {
            reply.phases_ns[phase] += took;
        }
        if origin.tls && !socket.speaks_two() {
            self.older.borrow_mut().push(origin.clone());
            return Ok(Either::Right(Older(Box::new(socket))));
        }
        let tls = socket.spoken();
        let mut builder = client::Builder::new();
        builder
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        builder.enable_push(false);
        let halves = builder.handshake(socket).await.map_err(|e| failed(&e))?;
        let is_alone = matches!(shared.settings.connections, Connections::PerUser);
        let line = Line::new(origin.clone(), halves, tls, is_alone);
        self.kept.borrow_mut().push(line.clone());
        Ok(Either::Left(line))
    }
}

/// One stream: a request and its answer.
async fn stream(
    shared: &ThreadShared,
    mut send: SendRequest<Bytes>,
    asked: &Asked<'_>,
    reply: &mut Reply,
    watch: Option<&mut Watch>,
) -> Result<Answered, HttpError> {
    let head = match &asked.cookie {
        None => asked.prepared.head_of_two(|| head(shared, asked))?.clone(),
        Some(_) => head(shared, asked)?,
    };
    let sent_ns = shared.clock.now();
    reply.sent_ns.get_or_insert(sent_ns);
    reply.bytes_sent += size(head.headers()) + asked.prepared.url.as_str().len() as u64;
    let is_empty = matches!(asked.request.body, Body::Empty);
    let (response, body) = send.send_request(head, is_empty).map_err(|e| failed(&e))?;
    let (all_sent_ns, handed) = (Cell::new(sent_ns), Cell::new(0));
    // Both go on until the answer is whole: a server may begin to answer before it has taken everything.
    let handing = async {
        if !is_empty {
            Box::pin(hand_over(body, &asked.request.body, &handed)).await?;
        }
        all_sent_ns.set(shared.clock.now());
        Ok::<_, HttpError>(())
    };
    let mut handing = pin!(handing.fuse());
    let answered = beside(response, handing.as_mut()).await;
    let first_ns = shared.clock.now();
    let answered = match answered {
        Ok(answered) => answered,
        Err(error) => {
            reply.bytes_sent += handed.get();
            return Err(failed(&error));
        }
    };
    let (head, stream) = answered.into_parts();
    reply.status = head.status.as_u16();
    reply.bytes_received += size(&head.headers);
    let headers = if asked.keep >= Keep::Head { texts(&head.headers) } else { Vec::new() };
    let watch = watch.filter(|_| head.status.as_u16() < 300);
    let taken = beside(take(shared, stream, asked, reply, watch), handing.as_mut()).await;
    reply.bytes_sent += handed.get();
    reply.done_ns = shared.clock.now();
    let sent_by_ns = all_sent_ns.get().clamp(sent_ns, first_ns);
    reply.phases_ns[SEND] += sent_by_ns - sent_ns;
    reply.phases_ns[WAIT] += first_ns - sent_by_ns;
    reply.phases_ns[RECEIVE] += reply.done_ns - first_ns;
    Ok(Answered { status: reply.status, headers, body: taken?, tls: None })
}

/// Waits for one thing while another goes on; how that ends does not matter: the server says what it thinks of it.
async fn beside<T>(wanted: impl Future<Output = T>, mut other: impl FusedFuture + Unpin) -> T {
    let mut wanted = pin!(wanted);
    poll_fn(|cx| {
        if !other.is_terminated() {
            let _goes_on = Pin::new(&mut other).poll(cx);
        }
        wanted.as_mut().poll(cx)
    })
    .await
}

/// The head of a request. Fields that HTTP/2 has its own words for are left out.
fn head(shared: &ThreadShared, asked: &Asked<'_>) -> Result<Request<()>, HttpError> {
    let bad = |what: String| HttpError::Request("bad header", what);
    let url = &asked.prepared.url;
    let uri: Uri = url[..url::Position::AfterQuery]
        .parse()
        .map_err(|e| HttpError::Request("bad url", format!("{url}: {e}")))?;
    let method = Method::from_bytes(asked.request.method.as_bytes())
        .map_err(|_| HttpError::Request("bad method", asked.request.method.clone()))?;
    let mut head = Request::new(());
    (*head.method_mut(), *head.uri_mut()) = (method, uri);
    let fields = head.headers_mut();
    let own = ["host", "connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection", "te"];
    for (name, value) in &asked.request.headers {
        let lower = name.to_ascii_lowercase();
        if own.contains(&lower.as_str()) {
            continue;
        }
        let name =
            HeaderName::from_bytes(lower.as_bytes()).map_err(|_| bad(format!("{name:?} is no name")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| bad(format!("header {name:?} holds a line break or another forbidden character")))?;
        fields.append(name, value);
    }
    let length = match &asked.request.body {
        Body::Bytes(bytes) | Body::Chunked(bytes, _) => Some(bytes.len() as u64),
        Body::Empty | Body::File(_) => None,
    };
    let added = [
        (http::header::USER_AGENT, Some(shared.settings.user_agent.clone())),
        (http::header::ACCEPT, Some("*/*".to_owned())),
        (http::header::COOKIE, asked.cookie.clone()),
        (http::header::CONTENT_LENGTH, length.map(|length| length.to_string())),
    ];
    for (name, value) in added {
        if let Some(value) = value.filter(|_| !fields.contains_key(&name)) {
            let value = HeaderValue::from_str(&value).map_err(|_| bad(format!("{name} cannot be sent")))?;
            fields.insert(name, value);
        }
    }
    Ok(head)
}

fn texts(fields: &http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    fields.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn size(fields: &http::HeaderMap) -> u64 {
    fields.iter().map(|(name, value)| (name.as_str().len() + value.len()) as u64).sum()
}

/// Hands over a body as fast as the other side takes it.
async fn hand_over(mut stream: SendStream<Bytes>, body: &Body, handed: &Cell<u64>) -> Result<(), HttpError> {
    match body {
        Body::Empty => {}
        Body::Bytes(bytes) => pieces(&mut stream, Bytes::copy_from_slice(bytes), handed).await?,
        Body::Chunked(bytes, size) => {
            for chunk in bytes.chunks((*size).max(1)) {
                pieces(&mut stream, Bytes::copy_from_slice(chunk), handed).await?;
            }
        }
        Body::File(path) => {
            let unreadable =
                |e| HttpError::Request("no file", format!("failed to read {}: {e}", path.display()));
            let mut file = std::fs::File::open(path).map_err(unreadable)?;
            loop {
                let mut piece = vec![0; FILE_PIECE_BYTES];
                let count = std::io::Read::read(&mut file, &mut piece).map_err(unreadable)?;
                if count == 0 {
                    break;
                }
                piece.truncate(count);
                pieces(&mut stream, piece.into(), handed).await?;
            }
        }
    }
    stream.send_data(Bytes::new(), true).map_err(|e| failed(&e))
}

async fn pieces(
    stream: &mut SendStream<Bytes>,
    mut bytes: Bytes,
    handed: &Cell<u64>,
) -> Result<(), HttpError> {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let room = room(stream).await?;
        let piece = bytes.split_to(room.min(bytes.len()));
        handed.set(handed.get() + piece.len() as u64);
        stream.send_data(piece, false).map_err(|e| failed(&e))?;
    }
    Ok(())
}

fn room(stream: &mut SendStream<Bytes>) -> impl Future<Output = Result<usize, HttpError>> + '_ {
    std::future::poll_fn(move |cx| {
        let ended = || HttpError::Protocol("stream reset", "the server takes no more of the body".to_owned());
        stream.poll_capacity(cx).map(|room| room.ok_or_else(ended)?.map_err(|e| failed(&e)))
    })
}

/// Takes the body of an answer, as it comes.
async fn take(
    shared: &ThreadShared,
    mut stream: RecvStream,
    asked: &Asked<'_>,
    reply: &mut Reply,
    mut watch: Option<&mut Watch>,
) -> Result<Vec<u8>, HttpError> {
    let (mut body, mut count) = (Vec::new(), 0_u64);
    while let Some(piece) = stream.data().await {
        let piece = piece.map_err(|e| failed(&e))?;
        count += piece.len() as u64;
        reply.bytes_received += piece.len() as u64;
        if count > asked.request.body_bytes_max {
            let most = asked.request.body_bytes_max;
            return Err(HttpError::Protocol(
                "body too large",
                format!("the body is larger than {most} bytes"),
            ));
        }
        // What ends the connection shows itself with the next piece.
        let _ended = stream.flow_control().release_capacity(piece.len());
        if let Some(watch) = watch.as_deref_mut() {
            watch.take(&piece, shared.clock.now());
            if watch.answered_ns().is_some() {
                body.extend_from_slice(&piece);
                break;
            }
        }
        if asked.keep == Keep::Body {
            body.extend_from_slice(&piece);
        }
    }
    Ok(body)
}

fn failed(error: &h2::Error) -> HttpError {
    match TwoFailure::of(error) {
        TwoFailure::Net(net) => HttpError::Net(net),
        TwoFailure::Protocol(class, message) => HttpError::Protocol(class, message),
    }
}
