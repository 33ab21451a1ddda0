//! Messages as a plan speaks of them: every broker of messages (NATS, AMQP, MQTT, Kafka, Redis) in the same words. Pure data,
//! but for what a message is looked for by.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::http::Connections;
use crate::talk::Pattern;
use crate::{Nanos, PartKind, PartUnit};

/// What taking a message measures besides, by the places that follow.
pub const PARTS: [PartKind; 2] =
    [PartKind::new("skipped", PartUnit::Number), PartKind::new("lag", PartUnit::Number)];

/// Messages that came before the one that was waited for.
pub const SKIPPED: u8 = 0;

/// Messages that the broker still keeps behind this one, where it says how many.
pub const LAG: u8 = 1;

/// One message, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRequest {
    /// Whom to send it to: `nats://user:password@host:port`.
    pub server: Arc<str>,
    /// Subject, queue, topic or channel; `exchange/key` for an exchange of AMQP.
    pub address: String,
    /// Messages of the same key keep their order (Kafka).
    pub key: Option<String>,
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
    /// The first of the servers that store it has it (Kafka's `acks=1`).
    Leader,
    /// The server has stored it, and says so.
    Stored,
    /// The server has it exactly once, and says so (MQTT's quality of service 2).
    Once,
    /// Somebody has answered it.
    Answered,
}

/// Something is taken from a broker. A user keeps its subscriptions from step to step.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiveRequest {
    /// From whom.
    pub server: Arc<str>,
    /// What of it.
    pub source: Source,
    /// The message that is waited for; without, only the subscription is begun. Others are passed over.
    pub wanted: Option<Pattern>,
    /// That nothing comes in time is no failure.
    pub or_nothing: bool,
    /// For the whole operation, in nanoseconds.
    pub timeout_ns: Nanos,
}

/// What is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Subject, queue, topic or channel.
    pub address: String,
    /// Members of a group share the messages: a queue group or a durable consumer of NATS, a consumer group of Kafka, a
    /// shared subscription of MQTT.
    pub group: Option<String>,
    /// Messages that are stored are read, and acknowledged (NATS: by JetStream).
    pub stored: bool,
    /// What was there before the subscription is read as well.
    pub from_beginning: bool,
}

/// Something that holds messages is made, if it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclareRequest {
    /// Where.
    pub server: Arc<str>,
    /// A queue, topic or stream.
    pub address: String,
    /// In the broker's own words.
    pub settings: Vec<(String, String)>,
    /// For the whole operation, in nanoseconds.
    pub timeout_ns: Nanos,
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
    /// Believe any certificate.
    pub skip_verify: bool,
    /// The server is one of a cluster, among which commands find theirs (Redis).
    pub is_cluster: bool,
    /// In the words of the client's library (Kafka: those of librdkafka).
    pub options: Vec<(String, String)>,
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
            skip_verify: false,
            is_cluster: false,
            options: Vec::new(),
        }
    }
}
