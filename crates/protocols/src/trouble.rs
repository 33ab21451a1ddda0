//! Operations that come to nothing: how a reply tells of it, the same for every protocol that a library speaks.

use std::future::Future;
use std::time::Duration;

use plimsoll_model::{Failure, Nanos, Outcome, Reply};

/// Why an operation came to nothing.
pub(crate) trait Trouble: Sized {
    /// Nothing came in time.
    fn timed_out() -> Self;

    /// Its layer.
    fn outcome(&self) -> Outcome;

    /// Its class and the whole story.
    fn failure(&self) -> Failure;

    /// The protocol's status; 0 without.
    fn status(&self) -> u16 {
        0
    }
}

/// An operation within its time.
pub(crate) async fn within<T, E: Trouble>(
    timeout_ns: Nanos,
    attempt: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let ended = tokio::time::timeout(Duration::from_nanos(timeout_ns), attempt).await;
    ended.unwrap_or_else(|_elapsed| Err(E::timed_out()))
}

/// Puts down in a reply what went wrong, and when that was clear.
pub(crate) fn put_down(reply: &mut Reply, trouble: &impl Trouble, now_ns: Nanos) {
    reply.status = trouble.status();
    reply.outcome = trouble.outcome();
    reply.failure = Some(Box::new(trouble.failure()));
    reply.done_ns = now_ns;
}

/// The reply to an operation that is another protocol's: a mistake in our own wiring, told as a failure.
pub(crate) fn not_ours(what: &'static str, now_ns: Nanos) -> Reply {
    let failure = Failure::new("not ours", format!("this session takes {what} only"));
    let failure = Some(Box::new(failure));
    Reply { outcome: Outcome::AppError, failure, done_ns: now_ns, ..Reply::new() }
}
