//! The truth server: response times are computed, not suffered, so a client's measurement can be compared with
//! the right answer, request by request.

pub mod faults;
pub mod queue;
mod server;

use std::net::SocketAddr;

pub use faults::{Fault, FaultKind};
pub use queue::{Grudge, Queue, ServiceTime};
pub use server::LogEntry;

use crate::serve::{Running, StartError, spawn};

/// How the truth server behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthOptions {
    /// Servers of the queue; 0 means that nobody ever waits.
    pub servers: u32,
    /// How long one service takes.
    pub service: ServiceTime,
    /// The seed of service times and faults.
    pub seed: u64,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// Bytes of an ordinary response body.
    pub body_bytes: usize,
}

impl Default for TruthOptions {
    fn default() -> Self {
        Self {
            servers: 1,
            service: ServiceTime::Deterministic(1_000_000),
            seed: 1,
            faults: Vec::new(),
            body_bytes: 64,
        }
    }
}

/// Starts a truth server.
///
/// Any path is served through the queue, except `/_truth/stats` (counts), `/_truth/log` (one JSON line a
/// request: number, arrival, service and departure in nanoseconds) and `/_truth/memory` (the scripted memory
/// series).
pub fn start(address: SocketAddr, options: TruthOptions) -> Result<Running, StartError> {
    spawn(address, move |listener| server::serve(listener, options))
}
