//! A protocol of one's own: a store that speaks in lines. `SET name value` is answered with `OK`, `GET name` with the value or
//! `NONE`, anything else with `ERROR why`.
//!
//! A plan reaches it by a target such as `kv://127.0.0.1:9000`, and says `call: { get: name }` or `call: { set: name, to: value }`.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use plimsoll_model::own::OwnRequest;
use plimsoll_model::{Clock, Driver, Failure, Operation, Outcome, Protocol, Reply, ResponseView, Session};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Where phases stand in `Reply::phases_ns`: the names are `plimsoll_metrics::window::PHASE_NAMES`.
const CONNECT: usize = 2;
const WAIT: usize = 5;

/// The protocol, for a run: what all load threads share. It has no settings.
pub(crate) struct Kv;

impl Protocol for Kv {
    /// The scheme of its targets.
    fn name(&self) -> &'static str {
        "kv"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(KvDriver { clock })
    }
}

/// The protocol on one load thread: a pool of connections would stand here.
struct KvDriver {
    clock: Rc<dyn Clock>,
}

impl Driver for KvDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(KvSession { clock: self.clock.clone(), connection: None, body: String::new() })
    }
}

/// One user's side: a connection of its own, and the last answer.
struct KvSession {
    clock: Rc<dyn Clock>,
    connection: Option<BufReader<TcpStream>>,
    body: String,
}

/// Why an operation came to nothing: its layer, and the failure that reports count by its class.
type Trouble = (Outcome, Failure);

impl KvSession {
    async fn attempt(&mut self, request: &OwnRequest, reply: &mut Reply) -> Result<(), Trouble> {
        self.body.clear();
        let line = line_of(&request.call)?;
        // It is taken out: an operation that is given up never puts it back, so that its answer is not taken for another's.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.dialled(request, reply).await?,
        };
        let sent_ns = self.clock.now();
        reply.sent_ns = Some(sent_ns);
        reply.bytes_sent += line.len() as u64;
        connection.write_all(line.as_bytes()).await.map_err(|e| lost(&e))?;
        let count = connection.read_line(&mut self.body).await.map_err(|e| lost(&e))?;
        reply.done_ns = self.clock.now();
        reply.phases_ns[WAIT] += reply.done_ns - sent_ns;
        reply.bytes_received += count as u64;
        if count == 0 {
            return Err((Outcome::ConnectError, Failure::new("closed", "the store closed the connection")));
        }
        self.connection = Some(connection);
        self.body.truncate(self.body.trim_end().len());
        match self.body.strip_prefix("ERROR ") {
            Some(why) => Err((Outcome::AppError, Failure::new("error", why.to_owned()))),
            None => Ok(()),
        }
    }

    async fn dialled(
        &self,
        request: &OwnRequest,
        reply: &mut Reply,
    ) -> Result<BufReader<TcpStream>, Trouble> {
        let before_ns = self.clock.now();
        let address = request.server.strip_prefix("kv://").unwrap_or(&request.server);
        let dialled = TcpStream::connect(address).await;
        reply.phases_ns[CONNECT] += self.clock.now() - before_ns;
        reply.connects += 1;
        let refused = |e: std::io::Error| {
            (Outcome::ConnectError, Failure::new("connect", format!("no connection to {address}: {e}")))
        };
        dialled.map(BufReader::new).map_err(refused)
    }
}

/// What the plan says, as the protocol writes it.
fn line_of(call: &str) -> Result<String, Trouble> {
    let call: Value = serde_json::from_str(call).unwrap_or_default();
    let word = |key: &str| call[key].as_str().filter(|word| !word.contains(char::is_whitespace));
    match (word("get"), word("set"), word("to")) {
        (Some(name), None, None) => Ok(format!("GET {name}\n")),
        (None, Some(name), Some(value)) => Ok(format!("SET {name} {value}\n")),
        _ => {
            let message =
                format!("write `call: {{ get: name }}` or `{{ set: name, to: value }}`, not {call}");
            Err((Outcome::AppError, Failure::new("bad call", message)))
        }
    }
}

fn lost(error: &std::io::Error) -> Trouble {
    (Outcome::ConnectError, Failure::new("lost", error.to_string()))
}

impl Session for KvSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let mut reply = Reply::new();
            let Operation::Own(request) = operation.as_ref() else { return reply };
            let limit = Duration::from_nanos(request.timeout_ns);
            let ended = tokio::time::timeout(limit, self.attempt(request, &mut reply)).await;
            let ended = ended.unwrap_or_else(|_elapsed| {
                Err((Outcome::Timeout, Failure::new("timeout", "no answer in time")))
            });
            if let Err((outcome, failure)) = ended {
                // A failure of the target is a value, never a panic or an error of ours.
                (reply.outcome, reply.failure) = (outcome, Some(Box::new(failure)));
                reply.done_ns = self.clock.now();
            }
            reply
        })
    }

    /// What expectations look at.
    fn response(&self) -> ResponseView<'_> {
        ResponseView { body: self.body.as_bytes(), ..ResponseView::default() }
    }

    /// Nothing belongs to one iteration only.
    fn begin_iteration(&mut self) {}
}
