//! Calls by gRPC, as a plan speaks of them. Pure data.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::http::Connections;
use crate::{Nanos, PartKind, PartUnit};

/// What a call measures besides, by the places that follow.
pub const PARTS: [PartKind; 2] =
    [PartKind::new("first", PartUnit::Times), PartKind::new("messages", PartUnit::Number)];

/// From its beginning until the first of several messages is there.
pub const FIRST: u8 = 0;

/// Messages that came.
pub const MESSAGES: u8 = 1;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcRequest {
    /// Whom to call: `grpc://host:port`, `grpcs://`.
    pub server: Arc<str>,
    /// `package.Service/Method`.
    pub method: Arc<str>,
    /// Sent before the messages.
    pub metadata: Vec<(String, String)>,
    /// What is said, as JSON: one message, or several to a method that takes a stream.
    pub messages: Vec<String>,
    /// What comes back is named as JSON has it (`lowerCamelCase`), and not as the description does.
    pub json_names: bool,
    /// For the whole call, in nanoseconds; the server is told.
    pub timeout_ns: Nanos,
}

/// How servers are called, for a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrpcSettings {
    /// Whose connections are. Shared ones carry the calls of many users at once.
    pub connections: Connections,
    /// For connecting, TLS included, in nanoseconds.
    pub connect_timeout_ns: Nanos,
    /// What describes the services; without, servers are asked (reflection).
    pub protos: Vec<PathBuf>,
    /// Where these look for each other.
    pub includes: Vec<PathBuf>,
    /// Certificate authorities to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Client certificate chain and key, PEM.
    pub client_pair: Option<(PathBuf, PathBuf)>,
    /// Believe any certificate.
    pub skip_verify: bool,
}

impl Default for GrpcSettings {
    fn default() -> Self {
        Self {
            connections: Connections::PerUser,
            connect_timeout_ns: 10 * crate::SECOND_NS,
            protos: Vec::new(),
            includes: Vec::new(),
            ca_file: None,
            client_pair: None,
            skip_verify: false,
        }
    }
}
