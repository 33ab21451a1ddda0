//! Messages as a plan speaks of them: NATS today, every broker of messages in the same words. Pure data.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Nanos;
use crate::http::Connections;

/// One message, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRequest {
    /// Whom to send it to: `nats://user:password@host:port`.
    pub server: Arc<str>,
    /// Subject, queue or topic.
    pub address: String,
    /// In the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// What is said.
    pub payload: Arc<[u8]>,
    /// When it is done.
    pub until: Until,
    /// For the whole operation, in nanoseconds.
    pub timeout_ns: Nanos,
}

/// When sending a message is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The socket has it: nothing is known of what becomes of it.
    Sent,
    /// The server has stored it, and says so.
    Stored,
    /// Somebody has answered it.
    Answered,
}

/// How connections to servers of messages are made, for a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSettings {
    /// Whose they are. Shared ones carry the operations of many users at once; the number is not a limit of these.
    pub connections: Connections,
    /// For connecting, TLS included, in nanoseconds.
    pub connect_timeout_ns: Nanos,
    /// Name and password, unless the server's address has them.
    pub user: Option<(String, String)>,
    /// A token.
    pub token: Option<String>,
    /// A file with credentials (JWT and key).
    pub credentials_file: Option<PathBuf>,
    /// Certificate authorities to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Client certificate chain and key, PEM.
    pub client_pair: Option<(PathBuf, PathBuf)>,
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self {
            connections: Connections::PerUser,
            connect_timeout_ns: 10 * crate::SECOND_NS,
            user: None,
            token: None,
            credentials_file: None,
            ca_file: None,
            client_pair: None,
        }
    }
}
