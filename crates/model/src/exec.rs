//! Commands of the system as operations: for what nothing else covers. Pure data.

use std::sync::Arc;

use crate::Nanos;

/// One run of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecRequest {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Written to its standard input.
    pub input: String,
    /// Added to its environment.
    pub environment: Vec<(String, String)>,
    /// Where it runs.
    pub directory: Arc<std::path::Path>,
    /// The exit code that is a success.
    pub exit: i32,
    /// For all of it, in nanoseconds.
    pub timeout_ns: Nanos,
}
