//! One user's side of HTTP.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::{Either, LocalBoxFuture};
use plimsoll_model::dial::TlsSpoken;
use plimsoll_model::http::{HttpRequest, HttpVersion, Keep};
use plimsoll_model::{Nanos, Operation, Outcome, Reading, Reply, ResponseView, Session};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;
use url::Url;

use super::connection::Connection;
use super::cookies::Cookies;
use super::decode::decode;
use super::error::HttpError;
use super::exchange::Exchange;
use super::pace::Pace;
use super::pool::Pool;
use super::prepared::{Additions, Prepared, parse_url};
use super::response::Wanted;
use super::two::{Asked, Lines, Older};
use super::{PREPARED_MAX, ThreadShared};
use crate::events::Watch;
use crate::net::{Deadline, NetError, Origin, Route};
use crate::phases::{BLOCKED, CONNECT, DNS, TLS};

/// Connections a user keeps for itself, one per origin; beyond that the oldest is closed.
const OWN_CONNECTIONS_MAX: usize = 8;

/// One user's side of HTTP.
pub(crate) struct HttpSession {
    shared: Rc<ThreadShared>,
    pool: Option<Rc<Pool>>,
    /// Connections of HTTP/2, if that is spoken.
    lines: Option<Rc<Lines>>,
    #[expect(
        clippy::vec_box,
        reason = "a connection is taken out and put back for every request; a pointer moves cheaper"
    )]
    own: Vec<Box<Connection>>,
    deadline: Deadline,
    cookies: Cookies,
    /// The encoded form of the operation performed last.
    recent: Option<(Arc<Operation>, Rc<Prepared>)>,
    /// The address that was read last: users ask the same again and again.
    recent_url: Option<(String, Url)>,
    status: u16,
    headers: Option<Rc<[(String, String)]>>,
    tls: Option<TlsSpoken>,
    body: Vec<u8>,
    /// Of the last operation, if its answer came in pieces.
    watch: Option<Box<Watch>>,
}

impl HttpSession {
    pub(super) fn new(shared: Rc<ThreadShared>, pool: Option<Rc<Pool>>, lines: Option<Rc<Lines>>) -> Self {
        Self {
            shared,
            pool,
            lines,
            own: Vec::new(),
            deadline: Deadline::default(),
            cookies: Cookies::default(),
            recent: None,
            recent_url: None,
            status: 0,
            headers: None,
            tls: None,
            body: Vec::new(),
            watch: None,
        }
    }

    /// The encoded form of a request, from memory if other users send the same.
    fn prepare(
        &mut self,
        operation: &Arc<Operation>,
        request: &HttpRequest,
    ) -> Result<Rc<Prepared>, HttpError> {
        let personal = self.shared.settings.cookies && !self.cookies.is_empty();
        if let Some((known, prepared)) = &self.recent
            && Arc::ptr_eq(known, operation)
            && !personal
        {
            return Ok(prepared.clone());
        }
        if personal || !request.is_fixed {
            let url = self.url(&request.url)?;
            return self.encode(request, url).map(Rc::new);
        }
        let key = Arc::as_ptr(operation) as usize;
        let known = self.shared.prepared.borrow().get(&key).map(|(_, prepared)| prepared.clone());
        let prepared = match known {
            Some(prepared) => prepared,
            None => Rc::new(self.encode(request, parse_url(&request.url)?)?),
        };
        let mut memory = self.shared.prepared.borrow_mut();
        if memory.len() < PREPARED_MAX {
            memory.entry(key).or_insert_with(|| (operation.clone(), prepared.clone()));
        }
        self.recent = Some((operation.clone(), prepared.clone()));
        Ok(prepared)
    }

    fn url(&mut self, text: &str) -> Result<Url, HttpError> {
        if let Some((_, url)) = self.recent_url.as_ref().filter(|(known, _)| known == text) {
            return Ok(url.clone());
        }
        let url = parse_url(text)?;
        self.recent_url = Some((text.to_owned(), url.clone()));
        Ok(url)
    }

    fn encode(&self, request: &HttpRequest, url: Url) -> Result<Prepared, HttpError> {
        let settings = &self.shared.settings;
        let mut cookie = settings.cookies.then(|| self.cookies.field(&url)).flatten();
        // One field holds them all: those that were set and those that the request brings.
        let own = |(name, _): &(String, String)| name.eq_ignore_ascii_case("cookie");
        let mut merged = None;
        if let (Some(known), Some((_, brought))) = (&mut cookie, request.headers.iter().find(|h| own(h))) {
            known.push_str("; ");
            known.push_str(brought);
            let mut without = request.clone();
            without.headers.retain(|h| !own(h));
            merged = Some(without);
        }
        let proxy = super::prepared::origin_of(&url)
            .ok()
            .and_then(|origin| self.shared.dialer.forwarding_proxy(&origin));
        let additions = Additions {
            user_agent: &settings.user_agent,
            cookie: cookie.as_deref(),
            proxy_authorization: proxy.as_ref().and_then(|p| p.authorization.as_deref()),
            absolute_form: proxy.is_some(),
            close: !settings.reuse,
        };
        Prepared::encode(merged.as_ref().unwrap_or(request), url, additions)
    }

    /// What of the response has to be read closely: cookies and redirects live in the head.
    fn keep(&self, request: &HttpRequest) -> Keep {
        if request.stream.is_some() {
            return Keep::Body;
        }
        let head = self.shared.settings.cookies || request.redirects_max > 0;
        if head { request.keep.max(Keep::Head) } else { request.keep }
    }

    /// One request and its response, on a connection of whatever kind is configured. A connection that went
    /// stale while it was idle is replaced once, if repeating the request does no harm.
    async fn round(
        &mut self,
        request: &HttpRequest,
        prepared: &Prepared,
        began_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<(), HttpError> {
        let until_ns = began_ns + request.timeout_ns;
        if self.speaks_two(prepared)
            && Box::pin(self.round_of_two(request, prepared, until_ns, reply)).await?
        {
            return Ok(());
        }
        let pool = self.pool.clone();
        let _permit = match &pool {
            None => None,
            Some(pool) => match pool.try_permit() {
                Some(permit) => Some(permit),
                // Waiting is the rare case; boxed, it does not make every request's future larger.
                None => Some(Box::pin(self.permit(pool, until_ns, reply)).await?),
            },
        };
        loop {
            // What an earlier round came to says nothing of this one.
            reply.done_ns = 0;
            let (mut connection, fresh) = match self.idle_connection(&prepared.origin) {
                Some(connection) => (connection, false),
                None => (Box::pin(self.dial(request, &prepared.origin, until_ns, reply)).await?, true),
            };
            let received_before = reply.bytes_received;
            let wanted = Wanted {
                keep: self.keep(request),
                to_head: prepared.is_head,
                body_bytes_max: request.body_bytes_max,
            };
            connection.reader.expect(wanted);
            let mut pace = request.read_rate_per_s.map(|rate| Box::new(Pace::new(rate)));
            let mut exchange = Exchange {
                shared: &self.shared,
                connection: &mut connection,
                deadline: &mut self.deadline,
                deadline_ns: until_ns,
                began_ns: (!fresh && pool.is_none() && reply.extra_attempts == 0).then_some(began_ns),
                reply,
                watch: self.watch.as_deref_mut(),
                pace: pace.as_deref_mut(),
            };
            let ended = exchange.run(prepared).await;
            match ended {
                Err(error)
                    if !fresh
                        && prepared.idempotent
                        && reply.bytes_received == received_before
                        && is_lost(&error) =>
                {
                    reply.extra_attempts += 1;
                }
                ended => {
                    self.status = connection.reader.status;
                    if wanted.keep > Keep::Status {
                        std::mem::swap(&mut self.body, &mut connection.reader.body);
                        self.tls = connection.stream.spoken();
                        self.headers = Some(connection.reader.headers.clone());
                    }
                    if ended.is_ok()
                        && connection.served > 0
                        && self.shared.settings.reuse
                        && connection.reader.may_reuse()
                    {
                        self.give_back(connection);
                    }
                    return ended;
                }
            }
        }
    }

    /// Whether a request is to travel over HTTP/2.
    fn speaks_two(&self, prepared: &Prepared) -> bool {
        match self.shared.settings.version {
            HttpVersion::One => false,
            HttpVersion::Two => true,
            HttpVersion::Agreed => {
                prepared.origin.tls && self.lines.as_ref().is_some_and(|l| !l.are_older(&prepared.origin))
            }
        }
    }

    /// The same over HTTP/2. False if the server prefers HTTP/1.1, to which the connection is then kept.
    async fn round_of_two(
        &mut self,
        request: &HttpRequest,
        prepared: &Prepared,
        until_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<bool, HttpError> {
        let Some(lines) = self.lines.clone() else { return Ok(false) };
        let cookie = self.shared.settings.cookies.then(|| self.cookies.field(&prepared.url)).flatten();
        let asked = Asked { request, prepared, cookie, keep: self.keep(request) };
        let deadline = (&mut self.deadline, until_ns);
        let watch = self.watch.as_deref_mut();
        match lines.exchange(&self.shared, &asked, deadline, reply, watch).await? {
            Either::Left(answered) => {
                (self.status, self.body, self.tls) = (answered.status, answered.body, answered.tls);
                self.headers = Some(answered.headers.into());
                Ok(true)
            }
            Either::Right(_) if self.shared.settings.version == HttpVersion::Two => {
                Err(HttpError::Protocol("not http/2", "the server did not agree to speak HTTP/2".to_owned()))
            }
            Either::Right(Older(socket)) => {
                self.give_back(Connection::new(prepared.origin.clone(), *socket));
                Ok(false)
            }
        }
    }

    async fn permit<'p>(
        &self,
        pool: &'p Rc<Pool>,
        until_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<SemaphorePermit<'p>, HttpError> {
        let before = self.shared.clock.now();
        let wait = std::time::Duration::from_nanos(until_ns.saturating_sub(before));
        let permit = timeout(wait, pool.permit()).await;
        reply.phases_ns[BLOCKED] += self.shared.clock.now() - before;
        permit.map_err(|_elapsed| HttpError::Net(NetError::TimedOut("no free connection")))
    }

    fn idle_connection(&mut self, origin: &Origin) -> Option<Box<Connection>> {
        match &self.pool {
            Some(pool) => pool.take(origin),
            None => {
                let at = self.own.iter().position(|c| c.origin == *origin)?;
                Some(self.own.swap_remove(at))
            }
        }
    }

    fn give_back(&mut self, connection: Box<Connection>) {
        match &self.pool {
            Some(pool) => pool.put(connection),
            None => {
                if self.own.len() == OWN_CONNECTIONS_MAX {
                    self.own.remove(0);
                }
                self.own.push(connection);
            }
        }
    }

    async fn dial(
        &self,
        request: &HttpRequest,
        origin: &Origin,
        until_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<Box<Connection>, HttpError> {
        let left = until_ns.saturating_sub(self.shared.clock.now());
        let dialled = self.shared.dialer.dial(origin, request.connect_timeout_ns.min(left)).await;
        let (stream, Route { dns_ns, connect_ns, tls_ns }) = dialled.map_err(HttpError::Net)?;
        reply.connects += 1;
        for (phase, took) in [(DNS, dns_ns), (CONNECT, connect_ns), (TLS, tls_ns)] {
            reply.phases_ns[phase] += took;
        }
        Ok(Connection::new(origin.clone(), stream))
    }

    /// Follows redirects until there is none, or no more are allowed.
    async fn follow(
        &mut self,
        request: &HttpRequest,
        first: &Prepared,
        began_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<(), HttpError> {
        let mut request = request.clone();
        let mut url = first.url.clone();
        for _ in 0..request.redirects_max {
            let view = ResponseView { body: &[], ..self.response() };
            let Some(location) =
                view.header("location").filter(|_| matches!(self.status, 301 | 302 | 303 | 307 | 308))
            else {
                return Ok(());
            };
            let next = url
                .join(location)
                .map_err(|e| HttpError::Protocol("bad redirect", format!("Location {location:?}: {e}")))?;
            redirect(&mut request, self.status, url.origin() == next.origin());
            url = next;
            let prepared = self.encode(&request, url.clone())?;
            reply.extra_attempts += 1;
            self.round(&request, &prepared, began_ns, reply).await?;
            self.learn(&url);
        }
        match self.status {
            301 | 302 | 303 | 307 | 308 if request.redirects_max > 0 => {
                let most = request.redirects_max;
                Err(HttpError::Protocol(
                    "too many redirects",
                    format!("still redirected after {most} redirects, to {url}"),
                ))
            }
            _ => Ok(()),
        }
    }

    fn learn(&mut self, url: &Url) {
        if self.shared.settings.cookies {
            self.cookies.learn(self.headers.as_deref().unwrap_or_default(), url);
        }
    }

    /// The decoded body, if somebody will look at it.
    fn decode_body(&mut self, request: &HttpRequest) -> Result<(), HttpError> {
        if request.keep < Keep::Body {
            return Ok(());
        }
        let view = ResponseView { body: &[], ..self.response() };
        if let Some(codings) = view.header("content-encoding").map(str::to_owned) {
            self.body = decode(&codings, std::mem::take(&mut self.body), request.body_bytes_max)?;
        }
        Ok(())
    }

    async fn attempt(&mut self, operation: &Arc<Operation>, reply: &mut Reply) -> Result<(), HttpError> {
        let Operation::Http(request) = operation.as_ref() else {
            return Err(HttpError::Request("no request", "HTTP sends requests only".to_owned()));
        };
        // Nobody may take an old response for this one's.
        self.status = 0;
        self.headers = None;
        self.tls = None;
        self.body.clear();
        self.watch = request.stream.map(|dialect| Box::new(Watch::new(dialect)));
        let prepared = self.prepare(operation, request)?;
        // The timeout counts from here; the request's own time counts from when it was due.
        let began_ns = self.shared.clock.now();
        self.round(request, &prepared, began_ns, reply).await?;
        if self.keep(request) == Keep::Status {
            return Ok(());
        }
        self.learn(&prepared.url);
        if request.redirects_max > 0 && (300..400).contains(&self.status) {
            Box::pin(self.follow(request, &prepared, began_ns, reply)).await?;
        }
        self.decode_body(request)?;
        if self.watch.is_some() { self.end_of_stream(reply) } else { Ok(()) }
    }

    /// What the pieces of the answer came to, in place of the body. An error page stays as it is.
    fn end_of_stream(&mut self, reply: &mut Reply) -> Result<(), HttpError> {
        if self.status >= 300 {
            self.watch = None;
            return Ok(());
        }
        let kind = self.response().header("content-type").unwrap_or_default().to_owned();
        if !kind.starts_with("text/event-stream") {
            if self.watch.take().is_some_and(|watch| watch.is_optional()) {
                return Ok(());
            }
            let message = format!("the answer is no stream of events but {kind:?}");
            return Err(HttpError::Protocol("no stream", message));
        }
        if let Some(coding) = self.response().header("content-encoding").map(str::to_owned) {
            self.watch = None;
            let message = format!("the stream is encoded ({coding}), so its pieces cannot be timed");
            return Err(HttpError::Protocol("encoded stream", message));
        }
        let Some(watch) = &mut self.watch else { return Ok(()) };
        let ended = watch.end();
        self.body = watch.summary();
        reply.done_ns = watch.answered_ns().unwrap_or(reply.done_ns);
        ended.map_err(HttpError::Stream)
    }
}

/// Turns a request into the one that answers a redirect (RFC 9110, 15.4).
fn redirect(request: &mut HttpRequest, status: u16, same_origin: bool) {
    if matches!(status, 301..=303) && request.method != "HEAD" {
        "GET".clone_into(&mut request.method);
        request.body = plimsoll_model::http::Body::Empty;
        request.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
    }
    if !same_origin {
        // Credentials are for the one they were given to.
        let personal = ["authorization", "cookie", "host"];
        request.headers.retain(|(name, _)| !personal.contains(&name.to_ascii_lowercase().as_str()));
    }
}

fn is_lost(error: &HttpError) -> bool {
    matches!(error, HttpError::Truncated(0) | HttpError::Net(NetError::Lost(_)))
}

impl Session for HttpSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let mut reply = Reply::new();
            if let Err(error) = self.attempt(operation, &mut reply).await {
                reply.outcome = error.outcome();
                reply.failure = Some(Box::new(error.failure()));
                if reply.done_ns == 0 || reply.outcome == Outcome::Timeout {
                    reply.done_ns = self.shared.clock.now();
                }
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        let headers = self.headers.as_deref().unwrap_or_default();
        ResponseView { status: self.status, headers, body: &self.body, trailers: &[], tls: self.tls }
    }

    fn parts(&self) -> &[Reading] {
        self.watch.as_ref().map_or(&[], |watch| watch.readings())
    }

    fn headers(&self) -> Rc<[(String, String)]> {
        self.headers.clone().unwrap_or_default()
    }

    fn begin_iteration(&mut self) {
        if self.shared.settings.cookies {
            self.cookies.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The future of a request is allocated for every request: beyond a kilobyte allocators take a slower path.
    #[test]
    fn the_future_of_a_request_stays_small() {
        fn size<F>(
            _: impl FnOnce(&'static mut HttpSession, &'static Arc<Operation>, &'static mut Reply) -> F,
        ) -> usize {
            std::mem::size_of::<F>()
        }
        let bytes = size(HttpSession::attempt);
        assert!(bytes <= 768, "{bytes} bytes");
    }

    /// The one of a stream is allocated besides.
    #[test]
    fn the_future_of_a_stream_stays_small() {
        fn size<F>(
            _: impl FnOnce(
                &'static mut HttpSession,
                &'static HttpRequest,
                &'static Prepared,
                Nanos,
                &'static mut Reply,
            ) -> F,
        ) -> usize {
            std::mem::size_of::<F>()
        }
        // A stream carries the frames of its connection itself (`line.rs`).
        let bytes = size(HttpSession::round_of_two);
        assert!(bytes <= 3_072, "{bytes} bytes");
    }
}
