//! Timers finer than the runtime's millisecond, for replies that are due at an exact time.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

/// A deadline with whom to wake.
struct Entry(u64, u64, oneshot::Sender<()>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// Many deadlines on one descriptor.
pub(crate) struct Timers {
    fd: AsyncFd<OwnedFd>,
    waiting: RefCell<BinaryHeap<Reverse<Entry>>>,
    start: std::time::Instant,
    count: std::cell::Cell<u64>,
}

impl Timers {
    /// Timers on a clock that starts now. Needs a tokio runtime.
    #[expect(
        deprecated,
        reason = "its replacement is unsafe; the descriptor is owned and stays open as long as the AsyncFd"
    )]
    #[expect(clippy::disallowed_methods, reason = "a service has its own clock")]
    pub(crate) fn new() -> std::io::Result<Rc<Self>> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
        Ok(Rc::new(Self {
            fd,
            waiting: RefCell::default(),
            start: std::time::Instant::now(),
            count: std::cell::Cell::new(0),
        }))
    }

    /// Nanoseconds since the timers were made.
    #[expect(clippy::disallowed_methods, reason = "a service has its own clock")]
    pub(crate) fn now(&self) -> u64 {
        std::time::Instant::now().duration_since(self.start).as_nanos() as u64
    }

    /// Completes at `at_ns`.
    pub(crate) async fn sleep_until(&self, at_ns: u64) {
        if self.now() >= at_ns {
            return;
        }
        let (sender, receiver) = oneshot::channel();
        self.count.set(self.count.get() + 1);
        let is_next = {
            let mut waiting = self.waiting.borrow_mut();
            let is_next = waiting.peek().is_none_or(|Reverse(next)| at_ns < next.0);
            waiting.push(Reverse(Entry(at_ns, self.count.get(), sender)));
            is_next
        };
        if is_next {
            self.arm(at_ns);
        }
        // The sender is dropped only with the timers themselves.
        let _fired = receiver.await;
    }

    fn arm(&self, at_ns: u64) {
        let nanos = at_ns.saturating_sub(self.now()).max(1);
        let value =
            Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::empty(), &once)
            .expect("a valid time on an open timer");
    }

    /// Fires deadlines for ever.
    pub(crate) async fn run(&self) {
        loop {
            let Ok(mut ready) = self.fd.readable().await else { return };
            let mut expirations = [0u8; 8];
            // Nothing to read means that the timer was moved in the meantime.
            let _expired = rustix::io::read(self.fd.get_ref(), &mut expirations);
            ready.clear_ready();
            self.fire();
        }
    }

    fn fire(&self) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(Reverse(next)) = waiting.peek() {
            if next.0 > self.now() {
                let at_ns = next.0;
                drop(waiting);
                return self.arm(at_ns);
            }
            if let Some(Reverse(Entry(_, _, sender))) = waiting.pop() {
                // Whoever waited may have gone.
                let _gone = sender.send(());
            }
        }
    }
}
