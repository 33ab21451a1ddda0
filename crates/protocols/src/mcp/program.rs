//! A server that is a program: one line a message, over its standard streams.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::Stdio;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::http::Connections;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::error::ToolError;
use super::message;

/// A line longer than this is no message.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The programs of a load thread.
pub(super) struct Programs {
    whose: Connections,
    shared: RefCell<HashMap<Arc<str>, Slot>>,
}

/// Where a program runs, or will: one conversation at a time.
pub(super) type Slot = Rc<Mutex<Option<Program>>>;

impl Programs {
    pub(super) fn new(whose: Connections) -> Self {
        Self { whose, shared: RefCell::default() }
    }

    /// Where the program behind an address runs for this user.
    pub(super) fn slot(&self, server: &Arc<str>) -> Slot {
        match self.whose {
            Connections::PerUser => Slot::default(),
            Connections::Shared(_) => self.shared.borrow_mut().entry(server.clone()).or_default().clone(),
        }
    }
}

/// A program that runs; it ends with its handle.
pub(super) struct Program {
    // Kept for its end: it is killed when it is dropped.
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: Vec<u8>,
    /// A message is under way; whoever finds this set after a failure cannot trust the streams.
    is_amid: bool,
    /// Numbers of requests: users may share a program.
    pub(super) next_id: u64,
}

impl Program {
    /// Starts the command line behind `stdio:`.
    pub(super) fn start(server: &str) -> Result<Self, ToolError> {
        let line = server.strip_prefix("stdio:").unwrap_or(server);
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((program, arguments)) = words.split_first() else {
            return Err(ToolError::Request("bad command", "the command line is empty".to_owned()));
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let failed = |e: std::io::Error| ToolError::Program("not started", format!("{program}: {e}"));
        let mut child = command.kill_on_drop(true).spawn().map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(ToolError::Program("not started", format!("{program} has no standard streams")));
        };
        let stdout = BufReader::new(stdout);
        Ok(Self { _child: child, stdin, stdout, line: Vec::new(), is_amid: false, next_id: 0 })
    }

    /// Whether its streams stand between two messages.
    pub(super) fn is_sound(&self) -> bool {
        !self.is_amid
    }

    /// Writes one message.
    pub(super) async fn write(&mut self, message: &str) -> Result<(), ToolError> {
        self.is_amid = true;
        let line = format!("{message}\n");
        self.stdin.write_all(line.as_bytes()).await.map_err(|e| ended(&e.to_string()))?;
        self.stdin.flush().await.map_err(|e| ended(&e.to_string()))?;
        self.is_amid = false;
        Ok(())
    }

    /// Reads until a message answers the request of this number: notifications, and answers to what was given up, are
    /// passed over.
    pub(super) async fn answer(&mut self, id: u64) -> Result<Vec<u8>, ToolError> {
        loop {
            // A line that is read in parts stays as it is if this is given up in between.
            let room = (LINE_BYTES_MAX + 1).saturating_sub(self.line.len()) as u64;
            let mut bounded = (&mut self.stdout).take(room);
            let count = bounded.read_until(b'\n', &mut self.line).await;
            if count.map_err(|e| ended(&e.to_string()))? == 0 {
                return Err(ended("it closed its output"));
            }
            let line = std::mem::take(&mut self.line);
            if line.len() > LINE_BYTES_MAX {
                return Err(ToolError::Nonsense("too large", "a message of 64 MiB or more came".to_owned()));
            }
            let Ok(value) = serde_json::from_slice::<Value>(&line) else {
                let start = String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned();
                return Err(ToolError::Nonsense("not json-rpc", format!("the program wrote {start:?}")));
            };
            if message::settles(&value, id) {
                return Ok(line);
            }
        }
    }
}

fn ended(how: &str) -> ToolError {
    ToolError::Program("program ended", format!("the program has ended: {how}"))
}
