//! Stopping a run before its time.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_model::StopReason;
use tokio::sync::watch;

/// Stops a run from outside: sending ends, what is in flight is drained, the books are closed and judged.
#[derive(Clone, Debug)]
pub struct StopHandle {
    signal: watch::Sender<bool>,
    reason: Arc<Mutex<StopReason>>,
}

impl Default for StopHandle {
    fn default() -> Self {
        Self { signal: watch::Sender::new(false), reason: Arc::default() }
    }
}

impl StopHandle {
    /// Stops the run. The first reason given stands.
    pub fn stop(&self, reason: StopReason) {
        let mut first = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.signal.send_replace(true) {
            *first = reason;
        }
    }

    /// Whether the run was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.signal.borrow()
    }

    /// Why: [`StopReason::Completed`] unless somebody stopped it.
    pub fn reason(&self) -> StopReason {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.signal.subscribe()
    }
}
