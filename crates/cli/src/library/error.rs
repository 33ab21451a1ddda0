//! What can go wrong for who runs plans from code.

use std::fmt;
use std::path::PathBuf;

use super::report::Judged;

/// Why a plan was not run, or its result not kept. A target that fails is no error: its failures are counted.
#[derive(thiserror::Error)]
pub enum Error {
    /// The plan is wrong: everything that is, each with its place and what to write instead.
    #[error("the plan is wrong\n{0}")]
    Plan(String),
    /// The run could not be carried out, such as when a step of `setup` fails.
    #[error("the run could not be carried out: {0}")]
    Run(String),
    /// A file could not be read or written.
    #[error("failed to {doing} {}", path.display())]
    File {
        /// What was being done: read, write.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A name that no baseline can have.
    #[error("{0:?} is no name for a baseline: letters, digits, `-`, `_` and `.`")]
    Name(String),
}

/// As it is said: tests print what they return with its causes, and nobody wants to read a structure.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

/// Claims that are not verified.
#[derive(Clone, PartialEq)]
pub struct NotVerified(pub Vec<Judged>);

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Judged::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Debug for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NotVerified {}
