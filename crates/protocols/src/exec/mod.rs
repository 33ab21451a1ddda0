//! Programs as operations: for what nothing else covers. Slow: starting a process costs the generator about a millisecond of
//! CPU, a thousand times what a request does, so rates beyond some tens a second measure the generator.
//!
//! Times: `connect` is starting the program, `wait` until it has ended. What it writes to its standard output is the answer,
//! up to 16 MiB; what is more is thrown away. One that is given up is killed, with what it started.

use std::process::Stdio;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::exec::ExecRequest;
use plimsoll_model::{Clock, Driver, Failure, Operation, Outcome, Protocol, Reply, ResponseView, Session};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::phases::{CONNECT, WAIT};
use crate::trouble::{Trouble, not_ours, put_down, within};

/// What is kept of an output.
const OUTPUT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Programs, for a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exec;

impl Protocol for Exec {
    fn name(&self) -> &'static str {
        "exec"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(ExecDriver { clock })
    }
}

struct ExecDriver {
    clock: Rc<dyn Clock>,
}

impl Driver for ExecDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(ExecSession { clock: self.clock.clone(), output: Vec::new() })
    }
}

/// Why a program's run is no success.
enum ExecError {
    NotStarted(String),
    Exit(String, String),
    Lost(std::io::Error),
    TimedOut,
}

impl Trouble for ExecError {
    fn timed_out() -> Self {
        Self::TimedOut
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotStarted(_) | Self::Lost(_) => Outcome::ConnectError,
            Self::Exit(..) => Outcome::AppError,
            Self::TimedOut => Outcome::Timeout,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::NotStarted(why) => Failure::new("not started", why.clone()),
            Self::Exit(class, words) => Failure::new(class.clone(), words.clone()),
            Self::Lost(error) => Failure::new("lost", error.to_string()),
            Self::TimedOut => Failure::new("timeout", "the program did not end in time"),
        }
    }
}

struct ExecSession {
    clock: Rc<dyn Clock>,
    output: Vec<u8>,
}

impl ExecSession {
    async fn attempt(&mut self, request: &ExecRequest, reply: &mut Reply) -> Result<(), ExecError> {
        self.output.clear();
        let before_ns = self.clock.now();
        reply.sent_ns = Some(before_ns);
        let mut child = started(request)?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let started_ns = self.clock.now();
        reply.phases_ns[CONNECT] += started_ns - before_ns;
        reply.bytes_sent += request.input.len() as u64;
        let (output, error) =
            both_ways(&mut child, request.input.as_bytes()).await.map_err(ExecError::Lost)?;
        let status = child.wait().await.map_err(ExecError::Lost)?;
        // It has ended by itself: its number may be another's by now.
        group.0 = None;
        reply.done_ns = self.clock.now();
        reply.phases_ns[WAIT] += reply.done_ns - started_ns;
        reply.bytes_received += output.len() as u64;
        self.output = output;
        if status.code() == Some(request.exit) {
            return Ok(());
        }
        let how = status.code().map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
        let words: String = String::from_utf8_lossy(&error).trim().chars().take(500).collect();
        Err(ExecError::Exit(how.clone(), if words.is_empty() { how } else { words }))
    }
}

/// A program with everything that it started; what is left of one that is given up is killed with this.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Usually all of them have ended.
            let _gone = kill_process_group(leader, Signal::KILL);
        }
    }
}

fn started(request: &ExecRequest) -> Result<Child, ExecError> {
    let Some((program, arguments)) = request.words.split_first() else {
        return Err(ExecError::NotStarted("there is no program".to_owned()));
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(request.environment.iter().cloned()).current_dir(&*request.directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // What it starts itself ends with it: see `Group`.
    command.process_group(0);
    command.spawn().map_err(|e| ExecError::NotStarted(format!("{program}: {e}")))
}

/// Writes what a program is to read and reads what it writes, at the same time: neither waits for the other.
async fn both_ways(child: &mut Child, input: &[u8]) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is given.
            let _closed = stdin.write_all(input).await;
        }
    };
    let ((), output, error) = futures::join!(write, all_of(stdout), all_of(stderr));
    Ok((output?, error?))
}

async fn all_of(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let mut first = stream.take(OUTPUT_BYTES_MAX as u64);
        first.read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut first.into_inner(), &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

impl Session for ExecSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Exec(request) = operation.as_ref() else {
                return not_ours("programs", self.clock.now());
            };
            let mut reply = Reply::new();
            if let Err(error) = within(request.timeout_ns, self.attempt(request, &mut reply)).await {
                put_down(&mut reply, &error, self.clock.now());
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView { body: &self.output, ..ResponseView::default() }
    }

    fn begin_iteration(&mut self) {}
}
