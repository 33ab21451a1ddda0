//! What other tools leave, read as far as it goes: one file a tool. What is read is judged by `audit`.
//!
//! Large files are read as streams, in bounded memory; a line that is damaged is counted and left out.

mod gathered;
mod recognise;
mod text;

pub mod artillery;
pub mod gatling;
pub mod h2load;
pub mod hey;
pub mod jmeter;
pub mod k6;
pub mod locust;
pub mod oha;
pub mod published;
pub mod vegeta;
pub mod wrk;

use std::path::{Path, PathBuf};

use plimsoll_audit::foreign::Foreign;

pub use recognise::read;

/// A foreign result cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The file cannot be opened or read.
    #[error("failed to read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No tool that is known writes such a file.
    #[error("{path} is nothing that is known here; known are: {KNOWN}")]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// It looks like a known kind, and is not.
    #[error("{path} looks like {kind}, but {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        kind: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// Everything that can be read.
pub const KNOWN: &str = "k6 (--out json, --out csv, --summary-export, handleSummary data), Locust (_stats.csv, _stats_history.csv), wrk and wrk2 text, oha JSON, vegeta JSON (report, and encoded results), hey text, JMeter JTL (CSV), Gatling simulation.log (text), Artillery JSON, h2load text, and published tables (YAML with `rows`)";

pub(crate) fn malformed(path: &Path, kind: &'static str, problem: impl Into<String>) -> ForeignError {
    ForeignError::Malformed { path: path.to_owned(), kind, problem: problem.into() }
}

/// A result or why there is none.
pub type Read = Result<Foreign, ForeignError>;
