//! Commands to a store of keys and values, as a plan speaks of them. Pure data.

use std::sync::Arc;

use crate::Nanos;

/// One command, or several that are sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRequest {
    /// Whom to send them to: `redis://user:password@host:port/database`.
    pub server: Arc<str>,
    /// Words of every command: its name, then its arguments.
    pub commands: Vec<Vec<Vec<u8>>>,
    /// For all of them together, in nanoseconds.
    pub timeout_ns: Nanos,
}
