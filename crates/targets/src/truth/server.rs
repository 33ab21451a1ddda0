//! The truth server on a socket.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::TruthOptions;
use super::faults::{FaultKind, GRUDGE_CALM_NS, GRUDGE_WAIT_NS};
use super::queue::{Grudge, Queue, Served, Stall};
use crate::timer::Timers;

/// Requests larger than this are refused by closing.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// How long a request that is to fail fast takes, in nanoseconds.
const FAST_FAIL_NS: u64 = 1_000_000;

/// One request in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Its number, from 0.
    pub id: u64,
    /// When it arrived, in nanoseconds since the server started.
    pub arrival_ns: u64,
    /// How long it was served.
    pub service_ns: u64,
    /// When its reply was due.
    pub departure_ns: u64,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Stats {
    connections: u64,
    refused_connections: u64,
    received: u64,
    answered: u64,
    faulted: u64,
    writes_acknowledged: u64,
    writes_kept: u64,
}

struct Truth {
    options: TruthOptions,
    timers: Rc<Timers>,
    queue: RefCell<Option<Queue>>,
    /// When the first request came: faults count from there.
    first_ns: Cell<Option<u64>>,
    random: RefCell<Xoshiro256PlusPlus>,
    stats: Cell<Stats>,
    open: Cell<u32>,
    log: RefCell<Vec<LogEntry>>,
}

/// Serves until dropped.
pub(super) async fn serve(listener: TcpListener, options: TruthOptions) {
    let Ok(timers) = Timers::new() else { return };
    let truth = Rc::new(Truth {
        random: RefCell::new(Xoshiro256PlusPlus::seed_from_u64(options.seed ^ 0x5eed)),
        options,
        timers: timers.clone(),
        queue: RefCell::default(),
        first_ns: Cell::new(None),
        stats: Cell::default(),
        open: Cell::new(0),
        log: RefCell::default(),
    });
    drop(tokio::task::spawn_local(async move { timers.run().await }));
    loop {
        // Out of descriptors: wait for one to become free rather than spin.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let truth = truth.clone();
        drop(tokio::task::spawn_local(async move { truth.connection(stream).await }));
    }
}

/// What to do with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Answer,
    Fault(FaultKind),
}

impl Truth {
    fn count(&self, with: impl FnOnce(&mut Stats)) {
        let mut stats = self.stats.get();
        with(&mut stats);
        self.stats.set(stats);
    }

    fn since_first(&self) -> u64 {
        let now = self.timers.now();
        let first = self.first_ns.get().unwrap_or(now);
        self.first_ns.set(Some(first));
        now - first
    }

    async fn connection(self: Rc<Self>, mut stream: TcpStream) {
        self.count(|s| s.connections += 1);
        let cap = self
            .options
            .faults
            .iter()
            .find_map(|f| if let FaultKind::ConnectionCap(cap) = f.kind { Some(cap) } else { None });
        if cap.is_some_and(|cap| self.open.get() >= cap) {
            return self.count(|s| s.refused_connections += 1);
        }
        self.open.set(self.open.get() + 1);
        // Small replies are not to wait for acknowledgements; if it cannot be set, they do.
        let _best_effort = stream.set_nodelay(true);
        let mut buffer = Vec::new();
        while let Some(request) = read_request(&mut stream, &mut buffer).await {
            if self.reply(&mut stream, &request).await.is_none() {
                break;
            }
        }
        self.open.set(self.open.get() - 1);
    }

    async fn reply(&self, stream: &mut TcpStream, request: &Request) -> Option<()> {
        match request.path.as_str() {
            "/_truth/stats" => return send(stream, &serde_json::to_string(&self.stats.get()).ok()?).await,
            "/_truth/log" => {
                let lines: Vec<_> =
                    self.log.borrow().iter().filter_map(|e| serde_json::to_string(e).ok()).collect();
                return send(stream, &lines.join("\n")).await;
            }
            "/_truth/memory" => return send(stream, &self.memory()).await,
            _ => {}
        }
        let (manner, served) = self.admit();
        let departure_ns = if matches!(manner, Manner::Fault(FaultKind::FastFail(_))) {
            served.arrival_ns + FAST_FAIL_NS
        } else {
            served.departure_ns
        };
        self.timers.sleep_until(departure_ns).await;
        match manner {
            Manner::Answer => {
                let body = self.body(request, served.id);
                self.count(|s| s.answered += 1);
                send(stream, &body).await
            }
            Manner::Fault(kind) => {
                self.count(|s| s.faulted += 1);
                self.misbehave(stream, kind).await
            }
        }
    }

    /// Puts a request into the queue and decides how it will be treated.
    fn admit(&self) -> (Manner, Served) {
        let at_ns = self.since_first();
        let arrival_ns = self.timers.now();
        let slower = self.slowdown(at_ns);
        let mut queue = self.queue.borrow_mut();
        let queue = queue.get_or_insert_with(|| self.make_queue(arrival_ns));
        let mut served = queue.arrive(arrival_ns, slower);
        if let Some(stub_ns) = self
            .options
            .faults
            .iter()
            .filter(|f| f.is_on(at_ns))
            .find_map(|f| if let FaultKind::Stub(ns) = f.kind { Some(ns) } else { None })
        {
            served.service_ns = stub_ns;
            served.departure_ns = arrival_ns + stub_ns;
        }
        self.count(|s| s.received += 1);
        let Served { id, service_ns, departure_ns, .. } = served;
        self.log.borrow_mut().push(LogEntry { id, arrival_ns, service_ns, departure_ns });
        (self.manner(at_ns), served)
    }

    /// Stalls are fixed on the time axis when the first request comes.
    fn make_queue(&self, first_ns: u64) -> Queue {
        let queue = Queue::new(self.options.servers, self.options.service.clone(), self.options.seed);
        self.options.faults.iter().fold(queue, |queue, fault| match fault.kind {
            FaultKind::Crowd(share) => queue.with_crowding(share),
            FaultKind::Grudge(slower) => {
                queue.with_grudge(Grudge { wait_ns: GRUDGE_WAIT_NS, slower, calm_ns: GRUDGE_CALM_NS })
            }
            FaultKind::Stall => {
                let from_ns = first_ns + fault.from_ns;
                queue.with_stall(Stall { from_ns, until_ns: from_ns.saturating_add(fault.for_ns) })
            }
            _ => queue,
        })
    }

    fn slowdown(&self, at_ns: u64) -> f64 {
        let ramps = self
            .options
            .faults
            .iter()
            .filter_map(|f| if let FaultKind::Ramp(factor) = f.kind { Some((f, factor)) } else { None });
        ramps
            .map(|(f, factor)| {
                1.0 + (factor - 1.0) * (at_ns.saturating_sub(f.from_ns) as f64 / f.for_ns as f64).min(1.0)
            })
            .product()
    }

    fn manner(&self, at_ns: u64) -> Manner {
        let mut random = self.random.borrow_mut();
        for fault in self.options.faults.iter().filter(|f| f.is_on(at_ns)) {
            let share = match fault.kind {
                FaultKind::BlackHole(share)
                | FaultKind::Duplicate(share)
                | FaultKind::EndlessBody(share)
                | FaultKind::EndlessHead(share)
                | FaultKind::ErrorPage(share)
                | FaultKind::FastFail(share)
                | FaultKind::Garbage(share)
                | FaultKind::Reset(share)
                | FaultKind::Trickle(share)
                | FaultKind::Truncate(share) => share,
                FaultKind::Cached
                | FaultKind::ConnectionCap(_)
                | FaultKind::Crowd(_)
                | FaultKind::Grudge(_)
                | FaultKind::Lose(_)
                | FaultKind::Ramp(_)
                | FaultKind::Stall
                | FaultKind::Stub(_) => continue,
            };
            if random.random_bool(share) {
                return Manner::Fault(fault.kind);
            }
        }
        Manner::Answer
    }

    /// An ordinary body: the request's number, unless everything is cached; padded to its size.
    fn body(&self, request: &Request, id: u64) -> String {
        let faults = &self.options.faults;
        if request.is_write {
            let every = faults
                .iter()
                .find_map(|f| if let FaultKind::Lose(every) = f.kind { Some(every) } else { None });
            self.count(|s| {
                s.writes_acknowledged += 1;
                s.writes_kept +=
                    u64::from(every.is_none_or(|every| !s.writes_acknowledged.is_multiple_of(every)));
            });
        }
        let shown = if faults.iter().any(|f| f.kind == FaultKind::Cached) { 0 } else { id };
        let body = format!(
            "{{\"id\":{shown},\"path\":{:?}",
            if faults.iter().any(|f| f.kind == FaultKind::Cached) { "" } else { &request.path }
        );
        let padding = self.options.body_bytes.saturating_sub(body.len() + 10);
        format!("{body},\"pad\":\"{}\"}}", "x".repeat(padding))
    }

    async fn misbehave(&self, stream: &mut TcpStream, kind: FaultKind) -> Option<()> {
        let page = "<html><title>502 Bad Gateway</title><h1>Something went wrong</h1></html>";
        match kind {
            FaultKind::BlackHole(_) => std::future::pending().await,
            FaultKind::Duplicate(_) => {
                let whole = format!("{}{}", response(200, "twice"), response(200, "twice"));
                stream.write_all(whole.as_bytes()).await.ok()
            }
            FaultKind::EndlessBody(_) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok()?;
                let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
                loop {
                    stream.write_all(chunk.as_bytes()).await.ok()?;
                }
            }
            FaultKind::EndlessHead(_) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await.ok()?;
                let field = format!("X-Endless: {}\r\n", "x".repeat(4_000));
                loop {
                    stream.write_all(field.as_bytes()).await.ok()?;
                }
            }
            FaultKind::ErrorPage(_) => send(stream, page).await,
            FaultKind::FastFail(_) => stream.write_all(response(503, "busy").as_bytes()).await.ok(),
            FaultKind::Garbage(_) => {
                stream.write_all(b"\x16\x03\x01garbage, not a protocol\r\n\r\n").await.ok()?;
                None
            }
            FaultKind::Reset(_) => {
                // With no lingering, closing sends RST. If it cannot be set, the client sees a plain close.
                let _best_effort =
                    rustix::net::sockopt::set_socket_linger(&*stream, Some(std::time::Duration::ZERO));
                None
            }
            FaultKind::Trickle(_) => {
                let whole = response(200, &"t".repeat(100));
                for piece in whole.as_bytes().chunks(whole.len().div_ceil(20)) {
                    stream.write_all(piece).await.ok()?;
                    self.timers.sleep_until(self.timers.now() + 50_000_000).await;
                }
                Some(())
            }
            FaultKind::Truncate(_) => {
                let whole = response(200, &"t".repeat(1_000));
                stream.write_all(&whole.as_bytes()[..whole.len() / 2]).await.ok()?;
                None
            }
            FaultKind::Cached
            | FaultKind::ConnectionCap(_)
            | FaultKind::Crowd(_)
            | FaultKind::Grudge(_)
            | FaultKind::Lose(_)
            | FaultKind::Ramp(_)
            | FaultKind::Stall
            | FaultKind::Stub(_) => Some(()),
        }
    }

    /// A scripted memory series: 100 MiB, a GC sawtooth of 40 MiB over a minute, and a leak of 1 MiB a minute.
    fn memory(&self) -> String {
        let seconds = self.timers.now() as f64 / 1e9;
        let mib = 100.0 + 40.0 * (seconds / 60.0).fract() + seconds / 60.0;
        format!("{{\"rss_bytes\":{}}}", (mib * 1024.0 * 1024.0) as u64)
    }
}

fn response(status: u16, body: &str) -> String {
    let reason = if status == 200 { "OK" } else { "Service Unavailable" };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn send(stream: &mut TcpStream, body: &str) -> Option<()> {
    stream.write_all(response(200, body).as_bytes()).await.ok()
}

struct Request {
    path: String,
    is_write: bool,
}

/// The next request, its body read and dropped; `None` when the connection has ended or makes no sense.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        match parse(buffer) {
            Parsed::Whole(request, length) => {
                buffer.drain(..length);
                return Some(request);
            }
            Parsed::Partial => {}
            Parsed::Nonsense => return None,
        }
        if buffer.len() > REQUEST_BYTES_MAX || stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

enum Parsed {
    Nonsense,
    Partial,
    /// A request and its length.
    Whole(Request, usize),
}

fn parse(bytes: &[u8]) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut fields);
    let head_length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Nonsense,
    };
    let length = head.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
    let body = length.map_or(Some(0), |h| std::str::from_utf8(h.value).ok()?.trim().parse::<usize>().ok());
    match (body, head.path) {
        (Some(body), Some(_)) if bytes.len() < head_length + body => Parsed::Partial,
        (Some(body), Some(path)) => {
            let is_write = matches!(head.method, Some("POST" | "PUT" | "PATCH" | "DELETE"));
            Parsed::Whole(Request { path: path.to_owned(), is_write }, head_length + body)
        }
        _ => Parsed::Nonsense,
    }
}
