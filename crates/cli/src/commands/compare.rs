//! `plimsoll compare A.. -- B..`: which is slower, and by how much?

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use plimsoll_audit::Verdict;
use plimsoll_audit::statistics::change::Change;
use plimsoll_audit::statistics::order::round;
use plimsoll_metrics::expression::ArmClaim;
use plimsoll_report::comparison::traces::trace;
use plimsoll_report::comparison::{Comparison, Rules, circumstances, compared};
use plimsoll_report::render::comparison::{comparison_markdown, comparison_text};
use plimsoll_report::render::html::comparison::comparison_html;
use plimsoll_report::verify::claims_digest;
use plimsoll_script::yaml::diagnostics::suggest;
use serde_json::json;

use super::arms::{self, Named};
use super::plan::{self, no_overrides};
use super::script;
use crate::args::{CompareArgs, CompareFormat, OverrideArgs};
use crate::console;
use crate::execute::usual_directory;
use crate::exit_code::Exit;
use crate::fresh::Fresh;

/// The page of a comparison whose runs were made for it, and what was fixed before they were.
const PAGE: &str = "report.html";
const SETTINGS: &str = "comparison.json";

/// See the module.
pub(crate) fn compare(args: &CompareArgs) -> anyhow::Result<Exit> {
    if let Some(unknown) = args.factors.iter().find(|f| !circumstances().contains(&f.as_str())) {
        let hint = suggest(unknown, circumstances());
        let known = circumstances().join(", ");
        let message = format!("--factor {unknown}: runs differ in {known}; {hint}");
        return Err(anyhow::anyhow!(message).context(Exit::WrongPlan));
    }
    if args.plans.is_empty() {
        let named = arms::of_runs(args)?;
        let claims = checked(args, &named)?;
        let found = compared(arms::read(&named)?, &rules(args, &claims));
        if let Some(file) = &args.html {
            write_page(&found, file)?;
        }
        return Ok(conclude(&found, args.format));
    }
    let plans = arms::of_plans(&args.plans)?;
    let claims = checked(args, &plans)?;
    let made = Making { args, arms: &plans, claims: &claims }.make()?;
    let found = compared(arms::read(&made.arms)?, &rules(args, &claims));
    let page = args.html.clone().unwrap_or_else(|| made.directory.join(PAGE));
    write_page(&found, &page)?;
    let exit = conclude(&found, args.format);
    console::remark(&format!(
        "runs are kept in {}, the page is {}",
        made.directory.display(),
        page.display()
    ));
    Ok(if made.is_interrupted { Exit::Interrupted } else { exit })
}

/// What is claimed; all arms that are named must be there.
fn checked<T>(args: &CompareArgs, arms: &[Named<T>]) -> anyhow::Result<Vec<ArmClaim>> {
    args.against.iter().try_for_each(|name| arms::known(name, arms).context("--against"))?;
    arms::claims(&args.claims, arms)
}

fn rules<'a>(args: &'a CompareArgs, claims: &'a [ArmClaim]) -> Rules<'a> {
    Rules { factors: &args.factors, with_invalid: args.with_invalid, against: &args.against, claims }
}

fn write_page(found: &Comparison, file: &Path) -> anyhow::Result<()> {
    let traces: Vec<_> = found.arms.iter().map(trace).collect();
    std::fs::write(file, comparison_html(found, &traces))
        .with_context(|| format!("failed to write {}", file.display()))
}

/// Prints a comparison.
pub(crate) fn conclude(found: &Comparison, format: CompareFormat) -> Exit {
    console::result(&match format {
        CompareFormat::Text => comparison_text(found),
        CompareFormat::Md => comparison_markdown(found),
    });
    exit(found)
}

/// A comparison whose runs are to be made.
struct Making<'a> {
    args: &'a CompareArgs,
    arms: &'a [Named<PathBuf>],
    claims: &'a [ArmClaim],
}

/// What was made.
struct Made {
    directory: PathBuf,
    /// Directories of runs; none of an arm that did not come to any.
    arms: Vec<Named<Vec<PathBuf>>>,
    is_interrupted: bool,
}

impl Making<'_> {
    /// Makes the runs of all plans in turn, so that whatever drifts meanwhile meets all of them. An interrupt ends the run
    /// that is being made, and no other is begun.
    fn make(&self) -> anyhow::Result<Made> {
        let directory = self.args.out.clone().unwrap_or_else(|| usual_directory("comparison"));
        if let Some(there) = self.arms.iter().map(|arm| directory.join(&arm.name)).find(|side| side.exists())
        {
            let message = format!("{} is there already; give another directory with --out", there.display());
            bail!(anyhow::anyhow!(message).context(Exit::WrongPlan));
        }
        self.check_plans()?;
        self.write_settings(&directory)?;
        let fresh = Fresh::new()?;
        for number in 0..self.args.pairs as usize {
            for which in round(self.arms.len(), number) {
                self.run(&fresh, which, number, &directory)?;
                if fresh.is_stopped() {
                    return Ok(self.made(directory, true));
                }
            }
            let done = number + 1;
            let all = self.args.pairs;
            console::remark(&format!("round {done} of {all} recorded in {}", directory.display()));
        }
        Ok(self.made(directory, false))
    }

    /// One run of one arm.
    fn run(&self, fresh: &Fresh, which: usize, number: usize, directory: &Path) -> anyhow::Result<()> {
        let Named { name, what: plan } = &self.arms[which];
        let out = directory.join(name).join(format!("{:03}", number + 1));
        let code = fresh.run(plan, &arms::told(&self.args.env, name, self.arms)?, &out)?;
        let is_measured = [Exit::Success, Exit::Unproven, Exit::Refuted].iter().any(|e| *e as u8 == code);
        if is_measured || fresh.is_stopped() {
            return Ok(());
        }
        let kept: Vec<_> =
            self.arms.iter().map(|arm| directory.join(&arm.name).display().to_string()).collect();
        let message = format!(
            "{} ended with exit code {code}; what was made before is kept: plimsoll compare {}",
            plan.display(),
            kept.join(" -- ")
        );
        bail!(anyhow::anyhow!(message).context(Exit::of_code(code)))
    }

    fn made(&self, directory: PathBuf, is_interrupted: bool) -> Made {
        let arm = |arm: &Named<PathBuf>| {
            let own = directory.join(&arm.name);
            // A run that was interrupted before it had begun leaves a directory with nothing in it.
            let what =
                if plimsoll_report::comparison::runs_in(&own).is_ok() { vec![own] } else { Vec::new() };
            Named { name: arm.name.clone(), what }
        };
        Made { arms: self.arms.iter().map(arm).collect(), directory, is_interrupted }
    }

    /// What is wrong with the last plan is said before the first is run.
    fn check_plans(&self) -> anyhow::Result<()> {
        for Named { name, what } in self.arms.iter().filter(|arm| !script::is_script(&arm.what)) {
            let told = arms::told(&self.args.env, name, self.arms)?;
            let pairs = told.chunks(2).filter_map(|flag| flag[1].to_str()?.split_once('='));
            let env = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            plan::read(what, &OverrideArgs { env, ..no_overrides(None) }, None)?;
        }
        Ok(())
    }

    /// What was fixed before the first run. Values of variables may be secrets: each run keeps digests of them.
    fn write_settings(&self, directory: &Path) -> anyhow::Result<()> {
        let arms: Vec<_> = self
            .arms
            .iter()
            .map(|arm| json!({ "name": arm.name, "plan": arm.what.display().to_string() }))
            .collect();
        let settings = json!({
            "schema": "plimsoll.comparison/1",
            "arms": arms,
            "rounds": self.args.pairs,
            "factors": self.args.factors,
            "against": self.args.against,
            "claims": self.args.claims,
            "claims_digest": claims_digest(self.claims.iter().map(|claim| claim.text.as_str())),
        });
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::write(directory.join(SETTINGS), format!("{settings:#}\n")))
            .with_context(|| format!("failed to write into {}", directory.display()))
    }
}

/// Claims decide if there are any. Otherwise a regression is one whatever else could not be told, and a word that could not
/// be given is no all-clear.
pub(crate) fn exit(found: &Comparison) -> Exit {
    if !found.claims.is_empty() {
        let any = |wanted: Verdict| found.claims.iter().any(|claim| claim.verdict == wanted);
        return match () {
            () if any(Verdict::Refuted) => Exit::Refuted,
            () if any(Verdict::Unproven) => Exit::Unproven,
            () => Exit::Success,
        };
    }
    if !found.differences.is_empty() || found.measures().count() == 0 {
        return Exit::Unproven;
    }
    match () {
        () if found.count(|c| matches!(c, Change::Regression)) > 0 => Exit::Refuted,
        () if found.count(|c| matches!(c, Change::Inconclusive { .. } | Change::TooFew { .. })) > 0 => {
            Exit::Unproven
        }
        () if found.is_partial() => Exit::Unproven,
        () => Exit::Success,
    }
}
