//! A moment by which a reading must be done.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// A moment by which something must be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    patience: Duration,
}

impl Deadline {
    #[expect(
        clippy::disallowed_methods,
        reason = "what a socket is waited for is real time, whatever the run's clock says"
    )]
    pub(crate) fn after(patience: Duration) -> Self {
        Self { at: Instant::now() + patience, patience }
    }

    /// What is left, or that nothing is.
    #[expect(
        clippy::disallowed_methods,
        reason = "what a socket is waited for is real time, whatever the run's clock says"
    )]
    pub(crate) fn left(self) -> Result<Duration, String> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.missed()) } else { Ok(left) }
    }

    /// What is said when it was missed.
    pub(crate) fn missed(self) -> String {
        format!("no answer within {} ms", self.patience.as_millis())
    }

    /// What is said of an error of a socket.
    pub(crate) fn told(self, error: &std::io::Error) -> String {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => self.missed(),
            _ => error.to_string(),
        }
    }
}
