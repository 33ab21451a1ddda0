//! Runs in processes of their own, so that nothing of one is left for the next: docs/METHOD.md, section 9.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

/// `plimsoll run PLAN ...` in a process of its own, recorded in `out`; its exit code.
///
/// # Errors
///
/// If it cannot be started, or was ended by a signal.
pub(crate) fn run(plan: &Path, more: &[OsString], out: &Path) -> anyhow::Result<u8> {
    let program = std::env::current_exe().context("failed to find the command itself")?;
    let mut command = Command::new(program);
    command.arg("run").arg(plan).args(more).arg("--quiet").arg("--out").arg(out).stdout(Stdio::null());
    let status = command.status().context("failed to start a run")?;
    let code = status.code().context("a run was ended by a signal")?;
    u8::try_from(code).context("a run ended with a code of its own")
}
