//! One user's side of brokers.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::LocalBoxFuture;
use plimsoll_model::message::{DeclareRequest, LAG, MessageRequest, ReceiveRequest, SKIPPED, Source, Until};
use plimsoll_model::{Clock, Nanos, Operation, Outcome, Reading, Reply, ResponseView, Session};

use super::{Broker, BrokerError, Connections, Letter, Line, size_of};
use crate::net::Deadline;
use crate::phases::{CONNECT, SEND, WAIT};
use crate::trouble::{Trouble, not_ours, put_down};

/// What a user has at one server.
struct Seat<B: Broker> {
    server: Arc<str>,
    connection: B::Connection,
    line: B::Line,
    inboxes: Vec<(Source, <B::Line as Line>::Inbox)>,
}

/// One user's side of brokers of a kind.
pub(super) struct BrokerSession<B: Broker> {
    clock: Rc<dyn Clock>,
    connections: Rc<Connections<B>>,
    seats: Vec<Seat<B>>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    parts: Vec<Reading>,
    /// The seat whose last inbox is waited for at the moment.
    listens_to: Option<usize>,
    deadline: Deadline,
}

/// Subscriptions that a user has at one broker at most: addresses that are filled in anew each time would add up.
const INBOXES_MAX: usize = 64;

impl<B: Broker> BrokerSession<B> {
    pub(super) fn new(clock: Rc<dyn Clock>, connections: Rc<Connections<B>>) -> Self {
        Self {
            clock,
            connections,
            seats: Vec::new(),
            status: 0,
            headers: Vec::new(),
            body: Bytes::new(),
            parts: Vec::new(),
            listens_to: None,
            deadline: Deadline::default(),
        }
    }

    /// Where the user's seat at a server is; taken, if there is none that is of any use. What it took is put down in `reply`.
    async fn seat(&mut self, server: &Arc<str>, reply: &mut Reply) -> Result<usize, BrokerError> {
        self.seats
            .retain(|seat| seat.server != *server || (B::is_open(&seat.connection) && seat.line.is_open()));
        if let Some(at) = self.seats.iter().position(|seat| seat.server == *server) {
            // Connections that were lost and made again meanwhile are work that nobody asked for.
            reply.connects += B::made_again(&self.seats[at].connection);
            return Ok(at);
        }
        let before_ns = self.clock.now();
        let begun = Box::pin(self.begun(server, reply)).await;
        reply.phases_ns[CONNECT] += self.clock.now() - before_ns;
        self.seats.push(begun?);
        Ok(self.seats.len() - 1)
    }

    async fn begun(&self, server: &Arc<str>, reply: &mut Reply) -> Result<Seat<B>, BrokerError> {
        let (connection, is_fresh) = self.connections.get(server).await;
        reply.connects += u32::from(is_fresh);
        let connection = connection?;
        let line = B::line(&connection).await?;
        Ok(Seat { server: server.clone(), connection, line, inboxes: Vec::new() })
    }

    async fn send(&mut self, request: &MessageRequest, reply: &mut Reply) -> Result<(), BrokerError> {
        let at = self.seat(&request.server, reply).await?;
        let sent_ns = self.begins(reply);
        reply.bytes_sent += size_of(&request.headers) + request.payload.len() as u64;
        let answer = self.seats[at].line.send(request).await;
        let phase = if request.until == Until::Sent { SEND } else { WAIT };
        self.ends(reply, phase, sent_ns);
        if let Some(letter) = answer? {
            self.take(letter, reply);
        }
        Ok(())
    }

    async fn receive(&mut self, request: &ReceiveRequest, reply: &mut Reply) -> Result<(), BrokerError> {
        let at = self.seat(&request.server, reply).await?;
        let begun_ns = self.begins(reply);
        let Seat { line, inboxes, .. } = &mut self.seats[at];
        let known = inboxes.iter().position(|(source, _)| is_same(source, &request.source));
        // The one in use stands last, so that the one that was not used for longest is given up when there are too many.
        let inbox = match known {
            Some(place) => inboxes.remove(place),
            None => (request.source.clone(), Box::pin(line.subscribe(&request.source)).await?),
        };
        inboxes.push(inbox);
        if inboxes.len() > INBOXES_MAX {
            inboxes.remove(0);
        }
        let last = inboxes.len() - 1;
        if let Err(error) = line.ready(&mut inboxes[last].1).await {
            inboxes.pop();
            return Err(error);
        }
        if let Some(wanted) = &request.wanted {
            let mut skipped = 0;
            self.listens_to = Some(at);
            let taken = loop {
                self.parts = vec![Reading::number(SKIPPED, skipped)];
                let letter = line.next(&mut inboxes[last].1).await;
                match letter {
                    Ok(letter) if !wanted.is_met(&letter.payload) => {
                        reply.bytes_received += letter.size();
                        skipped += 1;
                    }
                    taken => break taken,
                }
            };
            self.listens_to = None;
            if taken.is_err() {
                inboxes.pop();
            }
            self.ends(reply, WAIT, begun_ns);
            self.take(taken?, reply);
        }
        reply.done_ns = self.clock.now();
        Ok(())
    }

    async fn declare(&mut self, request: &DeclareRequest, reply: &mut Reply) -> Result<(), BrokerError> {
        let at = self.seat(&request.server, reply).await?;
        let begun_ns = self.begins(reply);
        let declared = Box::pin(self.seats[at].line.declare(request)).await;
        self.ends(reply, WAIT, begun_ns);
        declared
    }

    fn begins(&self, reply: &mut Reply) -> Nanos {
        let now_ns = self.clock.now();
        reply.sent_ns = Some(now_ns);
        now_ns
    }

    fn ends(&self, reply: &mut Reply, phase: usize, since_ns: Nanos) {
        reply.done_ns = self.clock.now();
        reply.phases_ns[phase] += reply.done_ns - since_ns;
    }

    fn take(&mut self, letter: Letter, reply: &mut Reply) {
        reply.bytes_received += letter.size();
        reply.status = letter.status;
        self.status = letter.status;
        self.parts.extend(letter.lag.map(|lag| Reading::number(LAG, lag)));
        self.headers = letter.headers;
        self.body = letter.payload;
    }

    /// Whether it was waited for a message when time was over, of a broker that could be heard.
    fn is_sure_of_silence(&self) -> bool {
        let seat = self.listens_to.and_then(|at| self.seats.get(at));
        seat.is_some_and(|seat| {
            let inbox = seat.inboxes.last();
            B::is_open(&seat.connection) && inbox.is_some_and(|(_, inbox)| seat.line.hears(inbox))
        })
    }

    /// What is rare stands in boxes of its own: a future is moved whenever an operation begins, and it is as large as the
    /// largest of what it may wait for.
    async fn attempt(&mut self, operation: &Operation, reply: &mut Reply) -> Result<(), BrokerError> {
        match operation {
            Operation::Message(request) => self.send(request, reply).await,
            Operation::Receive(request) => self.receive(request, reply).await,
            Operation::Declare(request) => self.declare(request, reply).await,
            _ => Ok(()),
        }
    }
}

/// How long an operation may take; nothing for what is not for a broker.
fn time_of(operation: &Operation) -> Option<Nanos> {
    match operation {
        Operation::Message(request) => Some(request.timeout_ns),
        Operation::Receive(request) => Some(request.timeout_ns),
        Operation::Declare(request) => Some(request.timeout_ns),
        _ => None,
    }
}

/// Whether two steps mean the same subscription; from where it began is a matter of the one that began it.
fn is_same(one: &Source, other: &Source) -> bool {
    one.address == other.address && one.group == other.group && one.stored == other.stored
}

/// Whether it is no failure that nothing came.
fn may_be_nothing(operation: &Operation) -> bool {
    matches!(operation, Operation::Receive(ReceiveRequest { or_nothing: true, .. }))
}

impl<B: Broker> Session for BrokerSession<B> {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Some(timeout_ns) = time_of(operation) else {
                return not_ours("messages", self.clock.now());
            };
            self.status = 0;
            self.headers.clear();
            self.body = Bytes::new();
            self.parts.clear();
            self.listens_to = None;
            let mut reply = Reply::new();
            // One timer for all operations of a user; whoever drops this future has to make another.
            let (clock, mut deadline) = (self.clock.clone(), std::mem::take(&mut self.deadline));
            let until_ns = clock.now() + timeout_ns;
            let done = {
                let attempt = pin!(self.attempt(operation, &mut reply));
                deadline.within(&*clock, until_ns, attempt).await
            };
            self.deadline = deadline;
            if let Err(error) = done.unwrap_or_else(|| Err(BrokerError::timed_out())) {
                self.status = error.status();
                put_down(&mut reply, &error, self.clock.now());
                if may_be_nothing(operation) && self.is_sure_of_silence() {
                    reply.outcome = Outcome::Rejected;
                }
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView {
            status: self.status,
            headers: &self.headers,
            body: &self.body,
            ..ResponseView::default()
        }
    }

    fn parts(&self) -> &[Reading] {
        &self.parts
    }

    fn begin_iteration(&mut self) {}
}
