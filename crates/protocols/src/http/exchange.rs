//! One request and its response on one connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use plimsoll_model::{Nanos, Reply};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connection::Connection;
use super::error::HttpError;
use super::outgoing::Sending;
use super::pace::Pace;
use super::prepared::Prepared;
use super::{READ_BYTES, ThreadShared};
use crate::events::Watch;
use crate::net::{Deadline, NetError};
use crate::phases::{RECEIVE, SEND, WAIT};

/// How long a body is held back for a `100 Continue` that does not come (RFC 9110, 10.1.1 leaves it open).
const CONTINUE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// How long the end of a stream is waited for behind what was wanted of it: with it the connection can be used again.
const END_PATIENCE_NS: Nanos = 20_000_000;

/// One request on its way, and its response.
pub(crate) struct Exchange<'a> {
    pub(crate) shared: &'a ThreadShared,
    pub(crate) connection: &'a mut Connection,
    pub(crate) deadline: &'a mut Deadline,
    pub(crate) deadline_ns: Nanos,
    /// The present moment, if it was read just now.
    pub(crate) began_ns: Option<Nanos>,
    pub(crate) reply: &'a mut Reply,
    /// Looks at the body as it comes.
    pub(crate) watch: Option<&'a mut Watch>,
    /// Keeps the reading slow.
    pub(crate) pace: Option<&'a mut Pace>,
}

impl Exchange<'_> {
    /// Sends the request and reads the response, both as far as the other side lets us, until the response is
    /// whole: a server may answer before it has read everything.
    pub(crate) async fn run(&mut self, prepared: &Prepared) -> Result<(), HttpError> {
        let mut sending = Sending::of(prepared)?;
        let mut times = Times::default();
        let mut patience = sending.held_back.then(|| Box::pin(tokio::time::sleep(CONTINUE_PATIENCE)));
        let sent_ns = self.began_ns.unwrap_or_else(|| self.shared.clock.now());
        self.reply.sent_ns.get_or_insert(sent_ns);
        times.now_ns = sent_ns;
        let ended = poll_fn(|cx| self.poll(cx, &mut sending, &mut times, &mut patience)).await;
        self.account(sent_ns, &times);
        if !sending.is_done() {
            // Whatever was not sent makes the connection useless for the next request.
            self.connection.served = 0;
        }
        ended.map(|()| self.connection.served += u64::from(sending.is_done()))
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Sending<'_>,
        times: &mut Times,
        patience: &mut Option<Pin<Box<Sleep>>>,
    ) -> Poll<Result<(), HttpError>> {
        if let Some(sleep) = patience
            && (self.connection.reader.continued || sleep.as_mut().poll(cx).is_ready())
        {
            sending.held_back = false;
            *patience = None;
        }
        let mut failed = None;
        while failed.is_none() && !sending.is_done() {
            match self.poll_send(cx, sending) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => {}
                // The answer may already be here although the target hung up on the rest of the request.
                Poll::Ready(Err(error)) => failed = Some(error),
            }
        }
        if sending.is_done() && times.all_sent_ns == 0 {
            times.all_sent_ns = self.shared.clock.now();
        }
        let held = sending.held_back;
        loop {
            match self.poll_receive(cx, times) {
                Poll::Ready(Ok(true)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(false)) if held && self.connection.reader.continued => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Ok(false)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(failed.unwrap_or(error))),
                Poll::Pending => break,
            }
        }
        if let Some(error) = failed {
            return Poll::Ready(Err(error));
        }
        if std::mem::replace(&mut times.polled, true) {
            times.now_ns = self.shared.clock.now();
        }
        // Behind the one message that was waited for, only the end of the stream is left to come.
        let answered_ns = self.watch.as_ref().and_then(|watch| watch.answered_ns());
        let until_ns = answered_ns.map_or(self.deadline_ns, |at| self.deadline_ns.min(at + END_PATIENCE_NS));
        ready!(self.deadline.poll(cx, times.now_ns, until_ns));
        if answered_ns.is_some() {
            return Poll::Ready(Ok(()));
        }
        times.done_ns = times.now_ns;
        Poll::Ready(Err(HttpError::Net(NetError::TimedOut("timeout"))))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, sending: &mut Sending<'_>) -> Poll<Result<(), HttpError>> {
        let held_back = sending.held_back;
        let bytes = match sending.next() {
            Ok([]) if held_back => return Poll::Pending,
            Ok([]) => return Poll::Ready(Ok(())),
            Ok(bytes) => bytes,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let stream = &mut self.connection.stream;
        let lost = |e| HttpError::Net(NetError::Lost(e));
        let count = ready!(Pin::new(&mut *stream).poll_write(cx, bytes)).map_err(lost)?;
        self.reply.bytes_sent += count as u64;
        sending.advance(count);
        if stream.holds_back() {
            // Pending here only means that the rest leaves with the next turn.
            if let Poll::Ready(flushed) = Pin::new(stream).poll_flush(cx) {
                flushed.map_err(lost)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// True once the response is whole.
    fn poll_receive(&mut self, cx: &mut Context<'_>, times: &mut Times) -> Poll<Result<bool, HttpError>> {
        let room = match self.pace.as_deref_mut() {
            None => READ_BYTES,
            Some(pace) => ready!(pace.poll_room(cx, self.shared.clock.now())).min(READ_BYTES),
        };
        let mut buffer = self.shared.buffer.borrow_mut();
        let mut buffer = ReadBuf::new(&mut buffer[..room]);
        let read = ready!(Pin::new(&mut self.connection.stream).poll_read(cx, &mut buffer));
        let bytes = buffer.filled();
        let reader = &mut self.connection.reader;
        let seen = reader.body.len();
        times.now_ns = self.shared.clock.now();
        times.done_ns = times.now_ns;
        if let Some(pace) = self.pace.as_deref_mut() {
            pace.took(bytes.len(), times.now_ns);
        }
        let outcome = match read {
            Err(error) => Err(HttpError::Net(NetError::Lost(error))),
            Ok(()) if bytes.is_empty() => reader.end(self.reply.bytes_received),
            Ok(()) => {
                self.reply.bytes_received += bytes.len() as u64;
                reader.feed(bytes)
            }
        };
        if times.first_ns == 0 && reader.has_head() {
            times.first_ns = times.now_ns;
        }
        // An error page is not what was asked for, whatever it looks like.
        if let Some(watch) = self.watch.as_deref_mut().filter(|_| reader.status < 300) {
            watch.take(&reader.body[seen..], times.now_ns);
        }
        Poll::Ready(outcome.map(|()| reader.is_done()))
    }

    fn account(&mut self, sent_ns: Nanos, times: &Times) {
        let done_ns = if times.done_ns == 0 { self.shared.clock.now() } else { times.done_ns };
        let all_sent_ns = times.all_sent_ns.max(sent_ns);
        // A timeout may have been over before anything was sent.
        let done_ns = done_ns.max(all_sent_ns);
        self.reply.done_ns = done_ns;
        let first_ns = if times.first_ns == 0 { done_ns } else { times.first_ns.clamp(all_sent_ns, done_ns) };
        self.reply.phases_ns[SEND] += all_sent_ns - sent_ns;
        self.reply.phases_ns[WAIT] += first_ns - all_sent_ns;
        self.reply.phases_ns[RECEIVE] += done_ns - first_ns;
        self.reply.status = self.connection.reader.status;
    }
}

#[derive(Default)]
struct Times {
    /// The last reading of the clock: when the request was sent, then whenever bytes came. Two readings serve
    /// most requests.
    now_ns: Nanos,
    polled: bool,
    all_sent_ns: Nanos,
    first_ns: Nanos,
    done_ns: Nanos,
}
