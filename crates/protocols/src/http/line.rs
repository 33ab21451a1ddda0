//! A connection of HTTP/2, and who carries its frames.
//!
//! As long as a connection has one stream at a time, that stream carries its frames itself: nobody has to be woken to write
//! what it says, nor by whoever reads what is meant for it. As soon as there are two, or nobody uses it for a while, a task of its
//! own does, so that what the server asks in between is answered.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::task::AtomicWaker;
use h2::client::{Connection, SendRequest};
use plimsoll_model::Nanos;
use plimsoll_model::dial::TlsSpoken;
use tokio::sync::Notify;

use crate::net::{Origin, Stream};

/// A connection that nobody uses for so long is carried by a task.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was used a moment ago is taken to be there still.
const MOMENT_NS: Nanos = 1_000_000;

/// A connection on which streams can be begun.
pub(super) struct Line {
    pub(super) origin: Origin,
    pub(super) send: SendRequest<Bytes>,
    /// Streams that are open.
    pub(super) open: Cell<usize>,
    /// Told when one of them ends.
    pub(super) ended: Notify,
    pub(super) tls: Option<TlsSpoken>,
    /// What carries frames, unless a task does.
    carrier: RefCell<Option<Connection<Stream, Bytes>>>,
    bell: Arc<Bell>,
    /// The same, as those take it who are to ring it.
    waker: Waker,
    used_ns: Cell<Nanos>,
    is_used: Cell<bool>,
}

/// Wakes the one who carries; but not while it is awake, since it looks again by itself.
#[derive(Default)]
struct Bell {
    is_awake: AtomicBool,
    has_rung: AtomicBool,
    sleeper: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Relaxed);
        if !self.is_awake.load(Ordering::Relaxed) {
            self.sleeper.wake();
        }
    }
}

impl Line {
    /// A connection that was just made; `is_alone` says that only one user has it.
    pub(super) fn new(
        origin: Origin,
        (send, connection): (SendRequest<Bytes>, Connection<Stream, Bytes>),
        tls: Option<TlsSpoken>,
        is_alone: bool,
    ) -> Rc<Self> {
        let bell = Arc::new(Bell::default());
        let line = Rc::new(Self {
            origin,
            send,
            open: Cell::new(0),
            ended: Notify::new(),
            tls,
            carrier: RefCell::new(Some(connection)),
            waker: bell.clone().into(),
            bell,
            used_ns: Cell::new(0),
            is_used: Cell::new(true),
        });
        if is_alone {
            tokio::task::spawn_local(watch(Rc::downgrade(&line)));
        } else {
            line.hand_over();
        }
        line
    }

    /// Whether the server allows another stream on it now.
    pub(super) fn has_room(&self) -> bool {
        self.open.get() < self.send.current_max_send_streams().max(1)
    }

    /// Looks whether it is still there, if it was not used just now.
    pub(super) fn look(&self, now_ns: Nanos) {
        if now_ns > self.used_ns.replace(now_ns) + MOMENT_NS {
            self.bell.is_awake.store(true, Ordering::Relaxed);
            self.go_on(&mut Context::from_waker(&self.waker));
            self.bell.is_awake.store(false, Ordering::Relaxed);
        }
    }

    /// What a stream comes to, whose frames are carried meanwhile.
    pub(super) async fn carry<T>(&self, streaming: impl Future<Output = T>) -> T {
        let mut streaming = pin!(streaming);
        let mut has_begun = false;
        poll_fn(|cx| {
            if self.carrier.borrow().is_none() {
                return streaming.as_mut().poll(cx);
            }
            self.bell.sleeper.register(cx.waker());
            self.bell.is_awake.store(true, Ordering::Relaxed);
            let mut inside = Context::from_waker(&self.waker);
            let polled = loop {
                self.bell.has_rung.store(false, Ordering::Relaxed);
                // A stream that has said nothing yet has nothing to be carried; afterwards it has, and nobody may ring for it: the
                // end of the stream before may have been the last that did, and who has rung does not ring twice.
                let is_first = !std::mem::replace(&mut has_begun, true);
                if !is_first {
                    self.go_on(&mut inside);
                }
                let polled = streaming.as_mut().poll(&mut inside);
                if polled.is_ready() || !(is_first || self.bell.has_rung.load(Ordering::Relaxed)) {
                    break polled;
                }
            };
            self.bell.is_awake.store(false, Ordering::Relaxed);
            polled
        })
        .await
    }

    /// Writes what is to be written, and reads what is there.
    fn go_on(&self, cx: &mut Context<'_>) {
        let mut carrier = self.carrier.borrow_mut();
        // How it ended is told by the streams that notice.
        if let Some(Poll::Ready(_ended)) = carrier.as_mut().map(|it| Pin::new(it).poll(cx)) {
            *carrier = None;
        }
    }

    /// Lets a task carry from now on.
    fn hand_over(&self) {
        if let Some(connection) = self.carrier.borrow_mut().take() {
            // What ends it is told by the requests that notice.
            tokio::spawn(async move {
                let _ended = connection.await;
            });
        }
    }
}

/// Hands a connection over when nobody uses it.
async fn watch(line: Weak<Line>) {
    loop {
        tokio::time::sleep(PATIENCE).await;
        let Some(line) = line.upgrade() else { return };
        if !line.is_used.replace(false) && line.open.get() == 0 {
            line.hand_over();
        }
        if line.carrier.borrow().is_none() {
            return;
        }
    }
}

/// A stream that is open; it ends with this, whatever ends it.
pub(super) struct Open(Rc<Line>);

impl Open {
    /// Another stream on a connection. The first carries for itself; with a second it gets a task.
    pub(super) fn on(line: &Rc<Line>) -> Self {
        line.is_used.set(true);
        line.open.set(line.open.get() + 1);
        if line.open.get() > 1 {
            line.hand_over();
        }
        Self(line.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.ended.notify_one();
    }
}
