//! A clock that is turned by hand, for tests that must come out the same to the nanosecond.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures::executor::LocalPool;
use futures::future::LocalBoxFuture;

use crate::{Clock, IdleStrategy, Nanos};

/// A virtual clock: time passes only when [`run_to_end`] finds nothing left to do at the present moment.
#[derive(Clone, Default)]
pub struct VirtualClock(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    now: Nanos,
    timers: BinaryHeap<Reverse<(Nanos, u64)>>,
    wakers: std::collections::HashMap<u64, Waker>,
    next_id: u64,
}

impl VirtualClock {
    /// A clock that stands at 0.
    pub fn new() -> Self {
        Self::default()
    }

    fn sleeper(&self, at: Nanos) -> LocalBoxFuture<'static, ()> {
        let state = self.0.clone();
        let mut id = None;
        Box::pin(poll_fn(move |cx| {
            let mut state = state.borrow_mut();
            if state.now >= at {
                return Poll::Ready(());
            }
            let id = *id.get_or_insert_with(|| {
                state.next_id += 1;
                let fresh = state.next_id;
                state.timers.push(Reverse((at, fresh)));
                fresh
            });
            state.wakers.insert(id, cx.waker().clone());
            Poll::Pending
        }))
    }

    /// Moves to the next timer and wakes it; false if there is none. Timers of one moment fire in the order
    /// in which they were set.
    fn advance(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let Some(Reverse((at, id))) = state.timers.pop() else { return false };
        state.now = state.now.max(at);
        if let Some(waker) = state.wakers.remove(&id) {
            drop(state);
            waker.wake();
        }
        true
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Nanos {
        self.0.borrow().now
    }

    fn sleep_until(&self, at: Nanos) -> LocalBoxFuture<'static, ()> {
        self.sleeper(at)
    }

    fn wait_until(&self, at: Nanos, _strategy: IdleStrategy) -> LocalBoxFuture<'_, ()> {
        self.sleeper(at)
    }
}

/// Runs everything in `pool`, turning `clock` whenever nothing can go on, until no timer is left.
pub fn run_to_end(pool: &mut LocalPool, clock: &VirtualClock) {
    loop {
        pool.run_until_stalled();
        if !clock.advance() {
            return;
        }
    }
}
