//! `plimsoll capacity`: the highest load at which every claim holds.

mod instances;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use plimsoll_audit::capacity::measured;
use plimsoll_audit::statistics::bracket::{Next, Reason};
use plimsoll_audit::statistics::walk::Step;
use plimsoll_engine::StopHandle;
use plimsoll_metrics::expression::{Measure, Statement, parse_statement};
use plimsoll_metrics::interval::samples_needed;
use plimsoll_model::{Load, Nanos, SECOND_NS, Schedule};
use plimsoll_report::capacity::{Capacity, Look, SCHEMA, Search, Tried, Unit, Walk};
use plimsoll_report::render::capacity::{Margin, capacity_text, level as shown, line_of, usual_margins};
use plimsoll_report::render::html::capacity::capacity_html;
use plimsoll_script::yaml::HOLD;
use plimsoll_script::{Constant, Lowered};

use super::plan::{Services, no_overrides, read_at};
use crate::args::{CapacityArgs, CommonArgs, OverrideArgs};
use crate::execute::{Job, Keep, perform, usual_directory};
use crate::exit_code::Exit;
use crate::{console, facts, signals};

/// No search goes beyond: a level that no generator reaches is found out by the audits long before.
const HIGHEST: f64 = 10_000_000.0;

/// And none below: one arrival a second, or one user.
const LOWEST: f64 = 1.0;

/// Without a word about it, levels begin at this share of the plan's own.
const FIRST_SHARE: f64 = 0.1;

/// Samples for each that a quantile needs at the least: its intervals are to mean something.
const SAMPLES: f64 = 3.0;

/// The smallest share of `--hold` that a level is held for while levels only grow, and while they are still far apart: far
/// from the line a short look says as much as a long one.
const GROWING_SHARE: u64 = 4;
const WIDE_SHARE: u64 = 2;

/// Up to which ratio what held and what failed are not far apart.
const WIDE: f64 = 1.2;

/// Seeds of the walk follow those of the levels at this distance.
const WALK_SEEDS: u64 = 1_000;

/// A search that is going on.
struct Going<'a> {
    args: &'a CapacityArgs,
    overrides: OverrideArgs,
    directory: PathBuf,
    found: Capacity,
    services: Services,
    stop: StopHandle,
}

/// See the module.
pub(crate) fn capacity(args: &CapacityArgs) -> anyhow::Result<Exit> {
    let args = &args.shortened();
    let mut services = Services::new();
    let plan = read_at(&args.plan, &overrides(args, None), args.common.seed, None, &mut services)?;
    let directory =
        args.common.directory().unwrap_or_else(|| usual_directory(&format!("{}-capacity", plan.plan.name)));
    let stop = signals::interruptible()?;
    let instances = instances::asked_for(args, &plan)?;
    if !instances.is_empty() {
        return instances::sweep(args, &plan, &directory, &instances, &stop);
    }
    let mut going = Going::begin(args, None, directory, services, &stop)?;
    going.search()?;
    Ok(going.conclude())
}

impl<'a> Going<'a> {
    /// A search in `directory`, of the plan's target or another one, as far as it has come.
    fn begin(
        args: &'a CapacityArgs,
        target: Option<String>,
        directory: PathBuf,
        mut services: Services,
        stop: &StopHandle,
    ) -> anyhow::Result<Self> {
        let overrides = overrides(args, target);
        let plan = read_at(&args.plan, &overrides, args.common.seed, None, &mut services)?;
        let found = resumed(&directory, begun(args, &plan)?)?;
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("failed to make the directory {}", directory.display()))?;
        Ok(Self { args, overrides, directory, found, services, stop: stop.clone() })
    }

    fn search(&mut self) -> anyhow::Result<()> {
        while let Next::Probe(level) = self.found.next() {
            let held = self.found.line().held;
            let Some(throughput) = self.look(level)? else { return Ok(()) };
            // Nothing succeeded where something did before: is it the level, or is the target gone?
            if let Some(before) = held.filter(|_| throughput <= 0.0)
                && let Some(again) = self.look(before)?
                && again <= 0.0
            {
                // What a target that is gone does not answer says nothing of the levels.
                self.found.tried.truncate(self.found.tried.len() - 2);
                return self.gone(level);
            }
        }
        if self.args.walk { self.walk() } else { Ok(()) }
    }

    /// Ends the search: nobody answers any more.
    fn gone(&mut self, level: f64) -> anyhow::Result<()> {
        let at = shown(self.found.unit, level);
        self.found.ended = Some(format!(
            "nothing succeeds any more since {at}, not even what did before: the target is gone"
        ));
        self.keep()
    }

    /// Tries a level and keeps what came of it: successes per second, or nothing if somebody interrupted.
    fn look(&mut self, level: f64) -> anyhow::Result<Option<f64>> {
        let number = self.found.tried.len();
        let Some(tried) = self.probe(level, "levels", number, number as u64)? else { return Ok(None) };
        let throughput = tried.throughput_per_s;
        self.found.tried.push(tried);
        self.keep()?;
        std::thread::sleep(Duration::from_nanos(self.args.cool_down));
        Ok(Some(throughput))
    }

    /// Up and down again over the line.
    fn walk(&mut self) -> anyhow::Result<()> {
        if self.found.walk.is_none() {
            let Some(levels) = self.found.walk_levels() else {
                console::remark("no walk: nothing failed, so there is nothing to come down from");
                return Ok(());
            };
            self.found.walk = Some(Walk { levels, tried: Vec::new() });
        }
        while let Some((level, number)) = self.found.walk.as_ref().and_then(|walk| match walk.next() {
            Step::Probe(level) => Some((level, walk.tried.len())),
            Step::Done(_) => None,
        }) {
            let Some(tried) = self.probe(level, "walk", number, WALK_SEEDS + number as u64)? else { break };
            // A target that is gone has not forgotten anything: what held before is tried once more.
            if tried.throughput_per_s <= 0.0
                && let Some(held) = self.found.line().held
                && let Some(again) = self.probe(held, "walk", number, WALK_SEEDS + number as u64)?
                && again.throughput_per_s <= 0.0
            {
                self.found.walk = None;
                return self.gone(level);
            }
            self.found.walk.iter_mut().for_each(|walk| walk.tried.push(tried.clone()));
            self.keep()?;
        }
        Ok(())
    }

    /// One run at a level, kept below `place` by its number; nothing if somebody interrupted.
    fn probe(&mut self, level: f64, place: &str, number: usize, seed: u64) -> anyhow::Result<Option<Tried>> {
        let hold_ns = self.hold_ns(level);
        let constant = Constant { level, warm_up_ns: self.args.warm_up, hold_ns };
        let lowered = read_at(
            &self.args.plan,
            &self.overrides,
            Some(self.found.seed.wrapping_add(seed)),
            Some(constant),
            &mut self.services,
        )?;
        let name = PathBuf::from(place).join(format!("{:03}", number + 1));
        let path = self.directory.join(&name);
        // What an interrupted search has left there was never counted.
        if path.exists() {
            std::fs::remove_dir_all(&path).with_context(|| format!("failed to remove {}", path.display()))?;
        }
        let common = CommonArgs { quiet: true, json: false, ..self.args.common.clone() };
        let job = Job::from(&lowered);
        let (view, _) = perform(&job, &common, &Keep::Directory(path), self.stop.clone())?;
        if self.stop.is_stopped() {
            return Ok(None);
        }
        let measured = measured(&view.record, &view.judgement, HOLD);
        let tried = Tried::new(level, &measured, &self.found.claims, hold_ns, name);
        if !self.args.common.quiet {
            console::remark(&line_of(self.found.unit, &tried));
        }
        Ok(Some(tried))
    }

    /// Long enough for the quantiles that are claimed, in whole seconds; shorter while the line is far.
    fn hold_ns(&self, level: f64) -> Nanos {
        let usual = match self.found.gap() {
            None => self.args.hold / GROWING_SHARE,
            Some(gap) if gap > WIDE => self.args.hold / WIDE_SHARE,
            Some(_) => self.args.hold,
        };
        let per_s = match self.found.unit {
            Unit::Rate => level,
            // As many as complete beside the level that was tried nearest to it; of the first one nothing is known.
            Unit::Users => self.found.throughput_near(level).unwrap_or(f64::INFINITY),
        };
        let needed = samples_of(&self.found.claims) * SAMPLES / per_s;
        let needed_ns = (needed * SECOND_NS as f64) as Nanos;
        needed_ns.max(usual).min(self.args.hold_max.max(self.args.hold)).div_ceil(SECOND_NS).max(1)
            * SECOND_NS
    }

    fn keep(&self) -> anyhow::Result<()> {
        let written = self.found.write(&self.directory);
        written.with_context(|| format!("failed to write into {}", self.directory.display()))
    }

    /// Prints the result of a search that stands alone.
    fn conclude(&self) -> Exit {
        let margins = margins(self.args);
        let text = capacity_text(&self.found, &margins, &self.args.loads);
        if self.args.common.json {
            console::result(&serde_json::to_string_pretty(&self.found).unwrap_or_default());
        } else {
            console::result(&text);
        }
        self.write(&text, &margins);
        let exit = self.exit();
        told_where(&self.directory, exit, self.args.common.quiet);
        exit
    }

    /// Writes what is shown of it into its directory.
    fn write(&self, text: &str, margins: &[Margin]) {
        let page = capacity_html(&self.found, margins, &self.args.loads);
        write_shown(&self.directory, text, &page);
    }

    fn exit(&self) -> Exit {
        if self.stop.is_stopped() {
            return Exit::Interrupted;
        }
        if self.found.ended.is_some() {
            return Exit::Unproven;
        }
        match self.found.line().reason {
            Reason::Bracketed | Reason::HoldsAtHighest | Reason::Pooled { .. } => Exit::Success,
            Reason::FailsAtLowest => Exit::Refuted,
            Reason::Contradicted { .. } | Reason::GeneratorLimit | Reason::ProbesExhausted => Exit::Unproven,
        }
    }
}

/// Writes the text and the page of a result.
fn write_shown(directory: &Path, text: &str, page: &str) {
    for (name, content) in [("report.txt", text), ("report.html", page)] {
        if let Err(error) = std::fs::write(directory.join(name), content) {
            console::remark(&format!(
                "warning: {name} could not be written to {}: {error}",
                directory.display()
            ));
        }
    }
}

/// Says where the result is kept, and how an interrupted search goes on.
fn told_where(directory: &Path, exit: Exit, is_quiet: bool) {
    let place = directory.display();
    if exit == Exit::Interrupted {
        console::remark(&format!(
            "interrupted; what was found is kept in {place}, and the same command with --out {place} goes on from there"
        ));
    } else if !is_quiet {
        console::remark(&format!("recorded in {place}"));
    }
}

fn margins(args: &CapacityArgs) -> Vec<Margin> {
    if args.margins.is_empty() { usual_margins() } else { args.margins.clone() }
}

/// A search that has tried nothing yet.
pub(super) fn begun(args: &CapacityArgs, lowered: &Lowered) -> anyhow::Result<Capacity> {
    let plan = &lowered.plan;
    if plan.claims.is_empty() {
        bail!(anyhow::anyhow!(
            "a load line needs claims: it is the highest load at which they hold; add some, such as `claims: [p99 < 200ms, ok_rate >= 99.9%]`"
        )
        .context(Exit::WrongPlan));
    }
    let by_rate = plan.loads.iter().any(|load| matches!(load.schedule, Schedule::Open(_)));
    let searched = |load: &&Load| matches!(load.schedule, Schedule::Open(_)) == by_rate;
    let own: f64 = plan.loads.iter().filter(searched).map(|load| load.schedule.highest_level()).sum();
    let highest = args.to.unwrap_or(HIGHEST);
    let highest = if by_rate { highest } else { highest.floor() };
    let from = args.from.unwrap_or_else(|| (own * FIRST_SHARE).min(highest)).max(LOWEST);
    let from = if by_rate { from } else { from.round() };
    let search = Search {
        from,
        lowest: LOWEST,
        highest,
        factor: args.factor,
        resolution: args.resolution,
        confirm: args.confirm,
        look: Look { warm_up_ns: args.warm_up, hold_ns: args.hold, hold_max_ns: args.hold_max },
    };
    search.settings().check().map_err(|e| anyhow::anyhow!("{e}").context(Exit::WrongPlan))?;
    Ok(Capacity {
        schema: SCHEMA.to_owned(),
        plan: plan.name.clone(),
        plan_digest: lowered.digest.clone(),
        target: plan.target.clone(),
        variables: facts::told(&lowered.variables).1,
        unit: if by_rate { Unit::Rate } else { Unit::Users },
        seed: plan.seed,
        scale: plan.scale,
        claims: plan.claims.iter().map(|claim| claim.text.clone()).collect(),
        search,
        tried: Vec::new(),
        ended: None,
        walk: None,
    })
}

/// A search that was interrupted goes on; one of another plan, or that goes another way, is not touched.
fn resumed(directory: &Path, begun: Capacity) -> anyhow::Result<Capacity> {
    let known = Capacity::read(directory)
        .with_context(|| format!("failed to read {}", Capacity::file(directory).display()))?;
    let Some(known) = known else { return Ok(begun) };
    if let Some(other) = begun.differs_from(&known) {
        bail!(
            anyhow::anyhow!(
                "{} holds a search of {other}; give another directory with --out",
                directory.display()
            )
            .context(Exit::WrongPlan)
        );
    }
    console::remark(&format!("going on after {} levels in {}", known.tried.len(), directory.display()));
    Ok(Capacity { ended: None, ..known })
}

pub(super) fn overrides(args: &CapacityArgs, target: Option<String>) -> OverrideArgs {
    OverrideArgs { env: args.env.clone(), scale: args.scale, target, ..no_overrides(None) }
}

/// How many operations the claims need at the least to be judged (docs/METHOD.md, section 4).
fn samples_of(claims: &[String]) -> f64 {
    let needed = |text: &String| match parse_statement(text) {
        Ok(Statement::Measured(expression)) => match expression.measure {
            Measure::Quantile(q) => samples_needed(q),
            _ => 0,
        },
        _ => 0,
    };
    claims.iter().map(needed).max().unwrap_or(0) as f64
}
