//! `plimsoll compare A.. -- B..`: is B slower?

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail};
use plimsoll_audit::statistics::change::Change;
use plimsoll_report::comparison::{Comparison, RunSummary, circumstances, compared, runs_in};
use plimsoll_report::render::comparison::{comparison_markdown, comparison_text};

use crate::args::{CompareArgs, CompareFormat};
use crate::execute::usual_directory;
use crate::exit_code::Exit;
use crate::{console, fresh, signals};

/// See the module.
pub(crate) fn compare(args: &CompareArgs) -> anyhow::Result<Exit> {
    if let Some(unknown) = args.factors.iter().find(|f| !circumstances().contains(&f.as_str())) {
        let known = circumstances().join(", ");
        return Err(anyhow::anyhow!("--factor {unknown}: runs differ in {known}").context(Exit::WrongPlan));
    }
    let (a, b) = match args.plans.as_slice() {
        [first, second] => {
            let made = made(args, [first, second])?;
            (side(&made[..1])?, side(&made[1..])?)
        }
        _ => (side(&args.a)?, side(&args.b)?),
    };
    let found = compared(a, b, &args.factors, args.with_invalid);
    Ok(conclude(&found, args.format))
}

/// Prints a comparison.
pub(crate) fn conclude(found: &Comparison, format: CompareFormat) -> Exit {
    console::result(&match format {
        CompareFormat::Text => comparison_text(found),
        CompareFormat::Md => comparison_markdown(found),
    });
    exit(found)
}

/// Runs both plans in turn, so that whatever drifts meanwhile meets both: A B B A.
fn made(args: &CompareArgs, plans: [&PathBuf; 2]) -> anyhow::Result<[PathBuf; 2]> {
    let directory = args.out.clone().unwrap_or_else(|| usual_directory("comparison"));
    let sides = ["a", "b"].map(|name| directory.join(name));
    if let Some(there) = sides.iter().find(|side| side.exists()) {
        bail!(
            anyhow::anyhow!("{} is there already; give another directory with --out", there.display())
                .context(Exit::WrongPlan)
        );
    }
    let stop = signals::interruptible()?;
    let more: Vec<OsString> = args
        .env
        .iter()
        .flat_map(|(key, value)| ["-e".to_owned(), format!("{key}={value}")])
        .map(Into::into)
        .collect();
    for pair in 1..=args.pairs {
        let order = if pair % 2 == 1 { [0, 1] } else { [1, 0] };
        for which in order {
            let out = sides[which].join(format!("{pair:03}"));
            let code = fresh::run(plans[which], &more, &out)?;
            let is_measured = [Exit::Success, Exit::Unproven, Exit::Refuted].iter().any(|e| *e as u8 == code);
            if stop.is_stopped() || !is_measured {
                let exit = if stop.is_stopped() { Exit::Interrupted } else { Exit::of_code(code) };
                bail!(
                    anyhow::anyhow!("{} ended with exit code {code}", plans[which].display()).context(exit)
                );
            }
        }
        console::remark(&format!("pair {pair} of {} recorded in {}", args.pairs, directory.display()));
    }
    Ok(sides)
}

/// The runs of one side.
pub(crate) fn side(paths: &[PathBuf]) -> anyhow::Result<Vec<RunSummary>> {
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
        () if !found.missing.is_empty() => Exit::Unproven,
        () => Exit::Success,
    }
}
