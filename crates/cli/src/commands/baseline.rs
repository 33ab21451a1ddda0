//! `plimsoll baseline save|check`: runs kept under a name, and later ones held against them.

use std::path::Path;

use anyhow::{Context, bail};
use plimsoll_audit::statistics::change::RUNS_MIN;
use plimsoll_report::baseline::Baseline;
use plimsoll_report::comparison::{Arm, Rules, RunSummary, compared};

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
            doubts(&runs).iter().for_each(|doubt| console::remark(doubt));
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

/// What a check against these runs will have to say, told while there is still time to make others.
fn doubts(runs: &[RunSummary]) -> Vec<String> {
    let mut doubts = Vec::new();
    for run in runs {
        if let Some(fault) = run.fault() {
            doubts.push(format!("warning: {} will not be counted by a check: {fault}", run.path.display()));
        }
    }
    let counted = runs.iter().filter(|run| run.fault().is_none()).count();
    if counted < RUNS_MIN {
        doubts.push(format!(
            "warning: {counted} of these runs count, and a check gives no word below {RUNS_MIN}; `plimsoll run --repeat {RUNS_MIN}` makes more"
        ));
    }
    doubts
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
