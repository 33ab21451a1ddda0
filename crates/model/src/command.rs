//! Commands to a store of keys and values, as a plan speaks of them. Pure data.

use std::sync::Arc;

use crate::{Nanos, PartKind, PartUnit};

/// What looking for one thing measures besides: whether it was there. By the places that follow.
pub const PARTS: [PartKind; 2] =
    [PartKind::new("hit", PartUnit::Event), PartKind::new("miss", PartUnit::Event)];

/// It was there.
pub const HIT: u8 = 0;

/// It was not.
pub const MISS: u8 = 1;

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
