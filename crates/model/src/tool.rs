//! Calls of tools by the Model Context Protocol, as a plan speaks of them. Pure data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::http::Connections;
use crate::{Nanos, PartKind, PartUnit};

/// What calling a tool measures besides, by the places that follow.
pub const PARTS: [PartKind; 2] =
    [PartKind::new("initialize", PartUnit::Times), PartKind::new("spawn", PartUnit::Times)];

/// Beginning a session, of the operation that had to.
pub const INITIALIZE: u8 = 0;

/// Starting a server that is a program, of the operation that had to.
pub const SPAWN: u8 = 1;

/// One request of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRequest {
    /// Whom to ask: an address of HTTP, or `stdio:` with a command line.
    pub server: Arc<str>,
    /// `tools/call`, `tools/list`, `resources/read`, ...
    pub method: Arc<str>,
    /// Its parameters, JSON; empty for none.
    pub params: String,
    /// For the whole operation, in nanoseconds.
    pub timeout_ns: Nanos,
    /// Which of the networks of the dial settings lies in between, if any.
    pub network: Option<u16>,
}

/// Whether users keep sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolSessions {
    /// Every user has one, for as long as it lives.
    #[default]
    PerUser,
    /// Every iteration begins one.
    PerIteration,
    /// None: requests stand for themselves.
    Stateless,
}

/// How servers of tools are spoken with, for a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSettings {
    /// Whether users keep sessions.
    pub sessions: ToolSessions,
    /// The version of the protocol to ask for.
    pub version: String,
    /// Headers of all requests over HTTP.
    pub headers: Vec<(String, String)>,
    /// Whose a server is that is a program: each user's, or one for all users of a load thread, who then wait for each
    /// other.
    pub programs: Connections,
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            sessions: ToolSessions::PerUser,
            version: "2025-06-18".to_owned(),
            headers: Vec::new(),
            programs: Connections::Shared(1),
        }
    }
}
