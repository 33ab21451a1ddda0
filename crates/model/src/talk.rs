//! Conversations step by step, as a plan speaks of them: over WebSocket, TCP or UDP. Pure data, but for what a message is
//! looked for by.

use std::fmt;
use std::sync::Arc;

use crate::conversation::Message;
use crate::{Nanos, PartKind, PartUnit};

/// What a conversation measures besides, by the places that follow.
pub const PARTS: [PartKind; 1] = [PartKind::new("skipped", PartUnit::Number)];

/// Messages that came before the one that was waited for.
pub const SKIPPED: u8 = 0;

/// One step of a conversation. It is begun by the first step, if none has begun it.
#[derive(Clone, Debug, PartialEq)]
pub struct TalkRequest {
    /// Whom to speak with: `ws://host/path`, `wss://`, `tcp://host:port`,
    /// `tcps://host:port`, `udp://host:port`.
    pub server: Arc<str>,
    /// Sent when a conversation over WebSocket begins.
    pub headers: Vec<(String, String)>,
    /// What is done.
    pub act: Act,
    /// For all of it, in nanoseconds.
    pub timeout_ns: Nanos,
}

/// What is done in one step.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A conversation is begun, whether there was one or not.
    Connect,
    /// Something is said; with something to wait for, that is the answer.
    Say(Message, Option<Wanted>),
    /// Something is waited for.
    Hear(Wanted),
    /// Are you there? Done when the answer comes.
    Ping,
    /// The conversation is ended, and its end is waited for.
    Close,
}

/// The message that is waited for; others are passed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// How messages are cut out of a stream that knows none.
    pub cut: Cut,
    /// Which one it is.
    pub pattern: Pattern,
}

/// How messages are cut out of a stream that knows none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// Whatever comes at once.
    #[default]
    Any,
    /// Up to these bytes, which are part of it.
    Until(Vec<u8>),
    /// So many bytes.
    Bytes(usize),
}

/// Whether a message is the one.
type Meets = dyn Fn(&[u8]) -> bool + Send + Sync;

/// What a message is looked for by. Two patterns are equal if they are the same one.
#[derive(Clone)]
pub struct Pattern(Arc<Meets>);

impl Pattern {
    /// Any message.
    pub fn any() -> Self {
        Self::new(|_| true)
    }

    /// The messages that this is true of.
    pub fn new(meets: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(meets))
    }

    /// Whether a message is the one.
    pub fn is_met(&self, message: &[u8]) -> bool {
        (self.0)(message)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pattern")
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
