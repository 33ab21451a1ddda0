//! `plimsoll baseline save|check`: runs kept under a name, and later ones held against them.

use std::path::Path;

use anyhow::{Context, bail};
use plimsoll_report::baseline::Baseline;
use plimsoll_report::comparison::compared;

use super::compare::{conclude, side};
use crate::args::{BaselineArgs, BaselineCommand};
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn baseline(args: &BaselineArgs) -> anyhow::Result<Exit> {
    match &args.command {
        BaselineCommand::Save { name, runs, directory } => {
            let runs = side(runs)?;
            let file = named(directory, name)?;
            Baseline::of(name, &runs)
                .write(&file)
                .with_context(|| format!("failed to write {}", file.display()))?;
            console::remark(&format!("{} runs kept as {}", runs.len(), file.display()));
            Ok(Exit::Success)
        }
        BaselineCommand::Check { name, runs, directory, factors, format } => {
            let file = named(directory, name)?;
            let kept = Baseline::read(&file)
                .with_context(|| format!("failed to read the baseline {}", file.display()))?;
            let found = compared(kept.runs(), side(runs)?, factors, false);
            Ok(conclude(&found, *format))
        }
    }
}

/// The file of a baseline; its name is no path.
fn named(directory: &Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if !is_plain || name.starts_with('.') {
        bail!(
            anyhow::anyhow!("{name:?} is no name for a baseline: letters, digits, `-`, `_` and `.`")
                .context(Exit::WrongPlan)
        );
    }
    Ok(Baseline::file(directory, name))
}
