//! Before anything runs: every plan of a suite is read, so that what is wrong is said at once and how long it takes is known.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Parser;
use plimsoll_model::{Nanos, SECOND_NS};
use plimsoll_report::suite::{Kind, PlanFile, ScenarioRun, State};
use plimsoll_script::Suite;
use plimsoll_script::yaml::{ComparedPlans, Scenario, Variant, Work};

use crate::args::{Command, Options, RunArgs, Scale, SuiteArgs};
use crate::commands::capacity;
use crate::commands::plan::{Services, read_at};
use crate::commands::script;
use crate::console;
use crate::exit_code::Exit;

/// What a run takes beside its schedules: to start, to measure the floor, to be judged.
const BESIDE_NS: Nanos = SECOND_NS;

/// A scenario, ready to run or with the reason why it is not.
pub(super) struct Prepared {
    /// As it stands before it has run.
    pub(super) run: ScenarioRun,
    /// What is to be done; nothing, if it is not run.
    pub(super) task: Option<Task>,
    /// How long it takes, about; `None` if nobody can know.
    pub(super) estimate_ns: Option<Nanos>,
}

/// What is to be done.
pub(super) enum Task {
    /// A command of ours with its arguments.
    Command(Vec<OsString>),
    /// Plans in turn, with further arguments for each run.
    Compare(ComparedPlans, Vec<OsString>),
}

/// Reads every plan of the scenarios that are to run. What is wrong with them is printed, all of it.
pub(super) fn prepare(
    suite: &Suite,
    variant: &Variant,
    folder: &Path,
    args: &SuiteArgs,
) -> anyhow::Result<Vec<Prepared>> {
    let mut services = Services::new();
    let (mut prepared, mut wrong) = (Vec::new(), Vec::new());
    for (number, scenario) in (1..).zip(&suite.scenarios) {
        let mut run = unread(number, scenario, folder);
        let reason = reason(scenario, variant, &args.only);
        let task = reason.is_none().then(|| task(scenario, variant, args)).flatten();
        run.why = reason;
        let mut estimate_ns = None;
        match task.as_ref().map(|task| look(task, &mut services)) {
            None => {}
            Some(Ok((digests, estimated))) => {
                estimate_ns = estimated;
                run.plans.iter_mut().zip(digests).for_each(|(plan, digest)| plan.digest = Some(digest));
            }
            Some(Err(error)) => {
                console::remark(&format!("scenario `{}`: {error:#}\n", scenario.name));
                wrong.push(scenario.name.as_str());
            }
        }
        prepared.push(Prepared { run, task, estimate_ns });
    }
    if !wrong.is_empty() {
        bail!(anyhow::anyhow!("{} cannot be run as they stand", wrong.join(", ")).context(Exit::WrongPlan));
    }
    Ok(prepared)
}

/// A scenario before anything is known of its plans.
fn unread(number: usize, scenario: &Scenario, folder: &Path) -> ScenarioRun {
    let kind = match &scenario.work {
        Work::Capacity(_) => Kind::Capacity,
        Work::Compare(..) => Kind::Comparison,
        Work::Nothing(_) => Kind::Declared,
        Work::Run(file) if script::is_script(file) => Kind::Script,
        Work::Run(_) => Kind::Run,
    };
    let within = |file: &Path| file.strip_prefix(folder).unwrap_or(file).to_owned();
    let plain: String = scenario.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    ScenarioRun {
        name: scenario.name.clone(),
        kind,
        from: scenario.from.clone(),
        plans: scenario
            .files()
            .into_iter()
            .map(|file| PlanFile { file: within(file), digest: None })
            .collect(),
        directory: (kind != Kind::Declared).then(|| PathBuf::from(format!("{number:02}-{plain}"))),
        state: State::NotRun,
        why: None,
        exit_code: None,
        took_ns: None,
        sentences: Vec::new(),
        run_verdict: None,
        claims: Vec::new(),
        limits: Vec::new(),
    }
}

/// Why a scenario is not run, if it is not.
fn reason(scenario: &Scenario, variant: &Variant, only: &[String]) -> Option<String> {
    match &scenario.work {
        Work::Nothing(why) => Some(why.clone()),
        _ if !scenario.is_for(&variant.name) => {
            Some(format!("only with the variant {}", scenario.only.join(" or ")))
        }
        _ if !only.is_empty() && !only.contains(&scenario.name) => Some("not asked for (--only)".to_owned()),
        _ => None,
    }
}

fn task(scenario: &Scenario, variant: &Variant, args: &SuiteArgs) -> Option<Task> {
    let mut more: Vec<OsString> = Vec::new();
    for (key, value) in variant.env.iter().chain(&scenario.env).chain(&args.env) {
        more.extend(["-e".into(), format!("{key}={value}").into()]);
    }
    let mut put = |flag: &str, value: Option<String>| {
        more.extend(value.into_iter().flat_map(|value| [OsString::from(flag), value.into()]));
    };
    put("--workers", args.workers.map(|n| n.to_string()));
    put("--seed", args.seed.map(|n| n.to_string()));
    put("--scale", args.scale.and_then(Scale::share).map(|share| share.to_string()));
    let command = |name: &str, file: &Path| {
        let own = scenario.args.iter().map(OsString::from);
        [name.into(), file.into()].into_iter().chain(more.iter().cloned()).chain(own).collect()
    };
    match &scenario.work {
        Work::Capacity(file) => Some(Task::Command(command("capacity", file))),
        Work::Compare(plans) => Some(Task::Compare(plans.clone(), more)),
        Work::Nothing(_) => None,
        Work::Run(file) => Some(Task::Command(command("run", file))),
    }
}

/// Digests of what a task runs, and how long it takes about.
fn look(task: &Task, services: &mut Services) -> anyhow::Result<(Vec<String>, Option<Nanos>)> {
    match task {
        Task::Command(arguments) => {
            let (digest, lasts_ns) = look_at(arguments, services)?;
            Ok((vec![digest], lasts_ns.map(|ns| ns + BESIDE_NS)))
        }
        Task::Compare(plans, more) => {
            let (mut digests, mut total_ns) = (Vec::new(), 0);
            for plan in &plans.files {
                let arguments: Vec<OsString> =
                    ["run".into(), plan.into()].into_iter().chain(more.iter().cloned()).collect();
                let (digest, lasts_ns) = look_at(&arguments, services)?;
                digests.push(digest);
                total_ns += lasts_ns.unwrap_or(0) + BESIDE_NS;
            }
            Ok((digests, Some(total_ns * u64::from(plans.pairs))))
        }
    }
}

fn look_at(arguments: &[OsString], services: &mut Services) -> anyhow::Result<(String, Option<Nanos>)> {
    let line = [OsString::from("plimsoll")].into_iter().chain(arguments.iter().cloned());
    let options = Options::try_parse_from(line)
        .map_err(|wrong| anyhow::anyhow!("{}", wrong.to_string().trim()).context(Exit::WrongPlan))?;
    match options.command {
        Command::Capacity(args) => {
            refuse_own_place(args.common.directory().is_some())?;
            let plan =
                read_at(&args.plan, &capacity::overrides(&args, None), args.common.seed, None, services)?;
            capacity::begun(&args.shortened(), &plan)?;
            Ok((plan.digest, None))
        }
        Command::Run(args) => look_at_run(&args, services),
        _ => bail!("only `run` and `capacity` take arguments of a suite"),
    }
}

fn look_at_run(args: &RunArgs, services: &mut Services) -> anyhow::Result<(String, Option<Nanos>)> {
    refuse_own_place(args.common.directory().is_some())?;
    if args.repeat.is_some() {
        bail!(
            anyhow::anyhow!("--repeat makes runs for comparisons; write `compare` instead")
                .context(Exit::WrongPlan)
        );
    }
    if script::is_script(&args.plan) {
        let script = script::prepared(args)?;
        return Ok((script.digest.clone(), Some(script.plan.duration_ns())));
    }
    let plan = read_at(&args.plan, &args.overrides, args.common.seed, None, services)
        .with_context(|| format!("{}", args.plan.display()))?;
    Ok((plan.digest, Some(plan.plan.duration_ns())))
}

/// A suite knows itself where its runs are kept.
fn refuse_own_place(has_one: bool) -> anyhow::Result<()> {
    if has_one {
        bail!(
            anyhow::anyhow!("`args` name --out; the suite says itself where a run is kept")
                .context(Exit::WrongPlan)
        );
    }
    Ok(())
}
