//! Conversations: both sides speak when they like, until one of them ends it.

use futures::future::LocalBoxFuture;

use crate::{Failure, Reply};

/// What one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Are you there?
    Ping(Vec<u8>),
    /// The answer to a ping.
    Pong(Vec<u8>),
    /// The end, with a code and why; no code if none was given.
    Close(Option<u16>, String),
}

impl Message {
    /// Bytes of what is said, without what frames it.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(code, reason) => code.map_or(0, |_| 2) + reason.len(),
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What came of beginning a conversation.
pub struct Opened {
    /// As of any operation.
    pub reply: Reply,
    /// Header fields of the answer, in order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body of an answer that was no consent, as far as it came.
    pub body: Vec<u8>,
    /// Both directions; `None` if there is no conversation.
    pub ends: Option<(Box<dyn Speaker>, Box<dyn Listener>)>,
}

/// The direction in which we speak.
pub trait Speaker {
    /// Says something. After a close nothing more can be said.
    fn say(&mut self, message: Message) -> LocalBoxFuture<'_, Result<(), Failure>>;
}

/// The direction in which the other side speaks.
pub trait Listener {
    /// What the other side says next; pings are answered by themselves. `None` when the conversation is over.
    fn hear(&mut self) -> LocalBoxFuture<'_, Option<Result<Message, Failure>>>;
}
