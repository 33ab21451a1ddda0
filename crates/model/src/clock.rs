//! Time, injected.

use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

use crate::Nanos;

/// A monotonic clock whose zero is the start of the run. Real runs read the machine's; tests turn a virtual one.
pub trait Clock {
    /// Nanoseconds since the run began.
    fn now(&self) -> Nanos;

    /// Completes at or after `at`; how soon after is the clock's resolution (a millisecond for the real one).
    fn sleep_until(&self, at: Nanos) -> LocalBoxFuture<'static, ()>;

    /// Completes at `at` as exactly as `strategy` allows: what arrivals wait for.
    fn wait_until(&self, at: Nanos, strategy: IdleStrategy) -> LocalBoxFuture<'_, ()>;
}

/// How a load thread waits for the next arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleStrategy {
    /// Sleep until shortly before, then spin: the default on a shared machine.
    #[default]
    Hybrid,
    /// Sleep only: least CPU, coarsest.
    Sleep,
    /// Spin throughout: for a core of its own.
    Spin,
}
