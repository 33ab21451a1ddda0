//! Statements to a database, as a plan speaks of them. Pure data.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Nanos, PartKind, PartUnit, SECOND_NS};

/// What statements measure besides, by the places that follow.
pub const PARTS: [PartKind; 2] =
    [PartKind::new("rows", PartUnit::Number), PartKind::new("pool_wait", PartUnit::Time)];

/// Rows that came back.
pub const ROWS: u8 = 0;

/// Waiting for a connection of the pool.
pub const POOL_WAIT: u8 = 1;

/// One statement, or several in a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryRequest {
    /// Whom to ask: `postgres://user:password@host/database`, `mysql://...`, `sqlite:path`.
    pub server: Arc<str>,
    /// In the order in which they are carried out.
    pub statements: Vec<Statement>,
    /// All or nothing.
    pub is_transaction: bool,
    /// Somebody will look at the rows.
    pub keep: bool,
    /// For all of it, in nanoseconds.
    pub timeout_ns: Nanos,
}

/// A statement with its parameters. It is prepared once for each connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// As the database writes it, placeholders included.
    pub text: Arc<str>,
    /// In the order of their placeholders.
    pub parameters: Vec<Scalar>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text; what is neither of the others stands here as JSON.
    Text(String),
}

/// How databases are connected to, for a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuerySettings {
    /// Connections that all users of the process share, at most; without a number each user has its own.
    pub pool: Option<u32>,
    /// How long a user waits for a connection of the pool, in nanoseconds.
    pub pool_wait_ns: Nanos,
    /// For connecting, TLS included, in nanoseconds.
    pub connect_timeout_ns: Nanos,
    /// Certificate authorities to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate.
    pub skip_verify: bool,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            pool: None,
            pool_wait_ns: 30 * SECOND_NS,
            connect_timeout_ns: 10 * SECOND_NS,
            ca_file: None,
            skip_verify: false,
        }
    }
}
