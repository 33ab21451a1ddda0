//! Runs in processes of their own, so that nothing of one is left for the next: docs/METHOD.md, section 9.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use anyhow::Context;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::exit_code::Exit;
use crate::signals::{HandedOn, handing_on};

/// The command itself, to be started again.
///
/// # Errors
///
/// If it is not known where it stands.
pub(crate) fn command() -> anyhow::Result<Command> {
    std::env::current_exe().context("failed to find the command itself").map(Command::new)
}

/// How a process of ours ended.
///
/// # Errors
///
/// If it was ended by a signal.
pub(crate) fn code(status: ExitStatus) -> anyhow::Result<u8> {
    let code = status.code().with_context(|| format!("a run was ended by a signal ({status})"))?;
    u8::try_from(code).context("a run ended with a code of its own")
}

/// Makes runs, one after another; an interrupt goes to the one that is being made.
pub(crate) struct Fresh(Arc<HandedOn>);

impl Fresh {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(handing_on()?))
    }

    /// Whether somebody interrupted.
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }

    /// `plimsoll run PLAN ...` in a process of its own, recorded in `out`; its exit code, that of an interrupt if it was not
    /// even started any more.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or was ended by a signal that nobody sent on purpose.
    pub(crate) fn run(&self, plan: &Path, more: &[OsString], out: &Path) -> anyhow::Result<u8> {
        let mut command = command()?;
        command.arg("run").arg(plan).args(more).arg("--quiet").arg("--out").arg(out);
        // In a group of its own: an interrupt at the terminal comes to us alone, and is handed on once.
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        let Some(mut child) = self.0.start(&mut command).context("failed to start a run")? else {
            return Ok(Exit::Interrupted as u8);
        };
        // It is not forgotten before nobody signals it any more: its number may then be another's.
        let pid = Pid::from_raw(child.id().cast_signed()).context("a process has a number")?;
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            .context("failed to wait for a run")?;
        self.0.ended();
        let status = child.wait().context("failed to wait for a run")?;
        if status.code().is_none() && self.is_stopped() {
            return Ok(Exit::Interrupted as u8);
        }
        code(status)
    }
}
