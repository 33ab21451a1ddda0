//! `plimsoll baseline save|check`: runs kept under a name, and later ones held against them.

use std::path::Path;

use anyhow::{Context, bail};
use plimsoll_report::baseline::Baseline;
use plimsoll_report::comparison::{Arm, Rules, compared};

use super::arms::side;
use super::compare::conclude;
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
            let arms = vec![Arm::new(name, kept.runs()), Arm::new("now", side(runs)?)];
            let found = compared(arms, &Rules { factors, ..Rules::default() });
            Ok(conclude(&found, *format))
        }
    }
}

/// Whether a baseline may be called so: its name is no path.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

/// The file of a baseline.
fn named(directory: &Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    if !is_plain(name) {
        bail!(
            anyhow::anyhow!("{name:?} is no name for a baseline: letters, digits, `-`, `_` and `.`")
                .context(Exit::WrongPlan)
        );
    }
    Ok(Baseline::file(directory, name))
}
