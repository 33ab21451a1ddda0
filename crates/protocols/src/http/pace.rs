//! Reads an answer no faster than so many bytes a second, as somebody on a slow line does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use plimsoll_model::{Nanos, SECOND_NS};
use tokio::time::{Instant, Sleep, sleep_until};

/// Pieces a second that a slow reader takes: few enough to cost nothing, and so many that it goes on evenly.
const PIECES_PER_S: u64 = 20;

/// What a slow reader's socket holds at least, in bytes: systems go silent over less.
const RECEIVE_BYTES_MIN: u64 = 16 * 1024;

/// ... and at most.
const RECEIVE_BYTES_MAX: u64 = 1 << 20;

/// What the socket of a reader may hold that it has not read: a quarter of a second's, so that the sender feels the rest.
pub(crate) fn receive_bytes(rate_per_s: u64) -> u32 {
    (rate_per_s / 4).clamp(RECEIVE_BYTES_MIN, RECEIVE_BYTES_MAX) as u32
}

/// The pace of one answer, counted from its first byte.
pub(crate) struct Pace {
    rate_per_s: u64,
    began_ns: Nanos,
    bytes: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// So many bytes a second, one at least.
    pub(crate) fn new(rate_per_s: u64) -> Self {
        Self { rate_per_s: rate_per_s.max(1), began_ns: 0, bytes: 0, sleep: None }
    }

    /// When the next piece may be read: once what has been read has had its time.
    fn due_ns(&self) -> Nanos {
        let took_ns = u128::from(self.bytes) * u128::from(SECOND_NS) / u128::from(self.rate_per_s);
        self.began_ns.saturating_add(Nanos::try_from(took_ns).unwrap_or(Nanos::MAX))
    }

    /// How many bytes may be read; wakes the task when it is time for some.
    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>, now_ns: Nanos) -> Poll<usize> {
        let due_ns = self.due_ns();
        if now_ns >= due_ns {
            return Poll::Ready((self.rate_per_s / PIECES_PER_S).max(1) as usize);
        }
        let at = Instant::now() + Duration::from_nanos(due_ns - now_ns);
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                sleep.as_mut().reset(at);
                sleep
            }
            None => self.sleep.insert(Box::pin(sleep_until(at))),
        };
        // The timer's own verdict does not matter: the clock's does, at the next poll.
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// So much was read just now.
    pub(crate) fn took(&mut self, bytes: usize, now_ns: Nanos) {
        if self.bytes == 0 {
            self.began_ns = now_ns;
        }
        self.bytes += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may be read at a moment, whoever waits.
    fn room(pace: &mut Pace, now_ns: Nanos) -> Option<usize> {
        match pace.poll_room(&mut Context::from_waker(std::task::Waker::noop()), now_ns) {
            Poll::Ready(bytes) => Some(bytes),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn what_was_read_has_its_time_before_more_is_read() {
        let mut pace = Pace::new(1_000);
        // However late the answer begins, nothing was missed before.
        assert_eq!(room(&mut pace, 7 * SECOND_NS), Some(50));
        pace.took(50, 7 * SECOND_NS);
        assert_eq!(room(&mut pace, 7 * SECOND_NS + 49_999_999), None);
        assert_eq!(room(&mut pace, 7 * SECOND_NS + 50_000_000), Some(50));
        // A late piece does not make the next one late.
        pace.took(50, 7 * SECOND_NS + 90_000_000);
        assert_eq!(room(&mut pace, 7 * SECOND_NS + 100_000_000), Some(50));
    }

    #[tokio::test]
    async fn a_rate_may_be_tiny_or_huge() {
        let mut pace = Pace::new(3);
        assert_eq!(room(&mut pace, 0), Some(1));
        pace.took(1, 0);
        assert_eq!((room(&mut pace, 333_333_332), room(&mut pace, 333_333_333)), (None, Some(1)));
        let mut pace = Pace::new(u64::MAX);
        pace.took(usize::MAX, 0);
        assert!(room(&mut pace, SECOND_NS).is_some());
        assert_eq!(
            (receive_bytes(1), receive_bytes(400_000), receive_bytes(u64::MAX)),
            (16_384, 100_000, 1 << 20)
        );
    }
}
