//! A timeout per operation at the price of a timer per timeout: the timer is left running from operation to
//! operation and moved only when it fires too early.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use plimsoll_model::{Clock, Nanos};
use tokio::time::{Instant, Sleep, sleep_until};

/// One user's timer.
#[derive(Default)]
pub(crate) struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When the timer fires; 0 if it is not running.
    armed_ns: Nanos,
}

impl Deadline {
    /// Ready once `now_ns >= at_ns`. Must be polled by the same task every time: the timer remembers its waker.
    ///
    /// `fresh` says that `now_ns` was read for this operation and the timer, if it runs, has not fired: then
    /// nothing needs to be done until it does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, now_ns: Nanos, at_ns: Nanos) -> Poll<()> {
        if now_ns >= at_ns {
            self.armed_ns = 0;
            return Poll::Ready(());
        }
        if self.armed_ns > now_ns && self.armed_ns <= at_ns {
            return Poll::Pending;
        }
        self.armed_ns = at_ns;
        let instant = instant_in(at_ns - now_ns);
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                sleep.as_mut().reset(instant);
                sleep
            }
            None => self.sleep.insert(Box::pin(sleep_until(instant))),
        };
        // The timer's own verdict does not matter: the clock's does, at the next poll.
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// What `future` comes to, or `None` at `until_ns`.
    pub(crate) async fn within<T>(
        &mut self,
        clock: &dyn Clock,
        until_ns: Nanos,
        mut future: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.poll(cx, clock.now(), until_ns).map(|()| None),
        })
        .await
    }
}

fn instant_in(nanos: Nanos) -> Instant {
    Instant::now() + Duration::from_nanos(nanos)
}
