//! `plimsoll compare A.. -- B..`: is B slower?

use anyhow::Context;
use plimsoll_audit::statistics::change::Change;
use plimsoll_report::comparison::{Comparison, RunSummary, circumstances, compared, runs_in};
use plimsoll_report::render::comparison::{comparison_markdown, comparison_text};

use crate::args::{CompareArgs, CompareFormat};
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn compare(args: &CompareArgs) -> anyhow::Result<Exit> {
    if let Some(unknown) = args.factors.iter().find(|f| !circumstances().contains(&f.as_str())) {
        let known = circumstances().join(", ");
        return Err(anyhow::anyhow!("--factor {unknown}: runs differ in {known}").context(Exit::WrongPlan));
    }
    let (a, b) = (side(&args.a)?, side(&args.b)?);
    let found = compared(a, b, &args.factors, args.with_invalid);
    console::result(&match args.format {
        CompareFormat::Text => comparison_text(&found),
        CompareFormat::Md => comparison_markdown(&found),
    });
    Ok(exit(&found))
}

fn side(paths: &[std::path::PathBuf]) -> anyhow::Result<Vec<RunSummary>> {
    let mut runs = Vec::new();
    for path in paths {
        for run in runs_in(path).context(Exit::Failed)? {
            runs.push(RunSummary::read(&run).context(Exit::Failed)?);
        }
    }
    Ok(runs)
}

/// A regression is one whatever else could not be told; a word that could not be given is no all-clear.
fn exit(found: &Comparison) -> Exit {
    if !found.differences.is_empty() || found.measures.is_empty() {
        return Exit::Unproven;
    }
    let any = |wanted: fn(&Change) -> bool| found.measures.iter().any(|m| wanted(&m.change));
    match () {
        () if any(|c| matches!(c, Change::Regression)) => Exit::Refuted,
        () if any(|c| matches!(c, Change::Inconclusive { .. } | Change::TooFew { .. })) => Exit::Unproven,
        () => Exit::Success,
    }
}
