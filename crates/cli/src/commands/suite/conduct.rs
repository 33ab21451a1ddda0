//! Runs the scenarios of a suite one after another, each in a process of its own, and keeps what came of each.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::Context;
use plimsoll_audit::statistics::order::round;
use plimsoll_engine::clock::now;
use plimsoll_model::Nanos;
use plimsoll_report::capacity::Capacity;
use plimsoll_report::comparison::{Arm, JudgedClaim, Rules, compared};
use plimsoll_report::render::capacity::headline as line_found;
use plimsoll_report::render::comparison::{comparison_text, headline as told};
use plimsoll_report::suite::{ClaimRun, Kind, ScenarioRun, State, SuiteRun};
use plimsoll_script::yaml::ComparedPlans;
use rustix::process::{Pid, Signal, kill_process};

use super::prepare::{Prepared, Task};
use super::progress::{Now, Progress};
use super::write_reports;
use crate::commands::arms::side;
use crate::commands::compare::exit;
use crate::exit_code::Exit;
use crate::signals::Interrupts;
use crate::{facts, fresh};

/// Between two looks at a process.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a scenario's process says beside its result.
const OUTPUT: &str = "output.txt";

/// Lines of it that are shown where it failed.
const TAIL: usize = 12;

/// k6's summary of a script, and the flag that asks for it.
const SUMMARY: &str = "summary.json";
const EXPORT: &str = "--summary-export";

/// Why a scenario was not run that was to be.
const INTERRUPTED: &str = "interrupted before it";
const TO_COME: &str = "not reached yet";

/// What plans of a comparison differ in.
const FACTORS: [&str; 4] = ["plan", "claims", "target", "env"];

/// A suite that is being run.
pub(super) struct Conductor {
    pub(super) directory: PathBuf,
    pub(super) run: SuiteRun,
    pub(super) interrupts: Interrupts,
    is_quiet: bool,
}

/// How a scenario ended.
struct Came {
    exit_code: u8,
    why: Option<String>,
}

impl Conductor {
    pub(super) fn new(directory: PathBuf, run: SuiteRun, interrupts: Interrupts, is_quiet: bool) -> Self {
        Self { directory, run, interrupts, is_quiet }
    }

    /// Runs what is left to be run, with a rest between two scenarios. After each everything that is known is written.
    pub(super) fn conduct(&mut self, prepared: &[Prepared], rest_ns: Nanos) -> anyhow::Result<()> {
        let left: Vec<usize> = (0..prepared.len())
            .filter(|at| prepared[*at].task.is_some() && !self.run.scenarios[*at].state.is_finished())
            .collect();
        let to_come =
            |from: usize| left[from..].iter().filter_map(|at| prepared[*at].estimate_ns).sum::<Nanos>();
        let mut progress = Progress::new(self.is_quiet, left.len(), 0);
        left.iter().for_each(|at| self.run.scenarios[*at].why = Some(TO_COME.to_owned()));
        self.write()?;
        for (number, at) in left.iter().enumerate() {
            progress.to_come_ns = to_come(number + 1);
            let now = Now {
                number: number + 1,
                name: &prepared[*at].run.name,
                estimate_ns: prepared[*at].estimate_ns,
            };
            self.scenario(*at, &prepared[*at], now, &mut progress)?;
            self.write()?;
            if number + 1 < left.len() {
                self.rest(rest_ns);
            }
            if self.interrupts.any() {
                break;
            }
        }
        for at in left {
            let scenario = &mut self.run.scenarios[at];
            if scenario.state == State::NotRun {
                scenario.why = Some(INTERRUPTED.to_owned());
            }
        }
        self.run.ended_at = (!self.interrupts.any()).then(|| facts::now().1);
        Ok(())
    }

    fn write(&self) -> anyhow::Result<()> {
        write_reports(&self.directory, &self.run)
    }

    fn rest(&self, rest_ns: Nanos) {
        let began = now();
        while began.elapsed() < Duration::from_nanos(rest_ns) && !self.interrupts.any() {
            std::thread::sleep(LOOK_EVERY.min(Duration::from_nanos(rest_ns)));
        }
    }

    fn scenario(
        &mut self,
        at: usize,
        prepared: &Prepared,
        shown: Now<'_>,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let (Some(task), Some(own)) = (&prepared.task, &prepared.run.directory) else { return Ok(()) };
        let directory = self.directory.join(own);
        // An interrupted run was judged, and counts for nothing; a search and a comparison go on with what they have.
        if directory.exists() && matches!(prepared.run.kind, Kind::Run | Kind::Script) {
            remove(&directory)?;
        }
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("failed to make the directory {}", directory.display()))?;
        progress.begin(shown);
        let began = now();
        let mut tick = || progress.tick(shown, began.elapsed().as_nanos() as Nanos);
        let mut scenario = prepared.run.clone();
        let came = match task {
            Task::Command(arguments) => {
                let mut arguments = arguments.clone();
                let is_own = arguments.iter().any(|a| a.to_string_lossy().starts_with(EXPORT));
                if prepared.run.kind == Kind::Script && !is_own {
                    arguments.extend([EXPORT.into(), directory.join(SUMMARY).into()]);
                }
                self.command(&arguments, &directory, &mut tick)?
            }
            Task::Compare(plans, more) => {
                self.comparison(&mut scenario, &directory, (plans, more.as_slice()), &mut tick)?
            }
        };
        let took_ns = began.elapsed().as_nanos() as Nanos;
        scenario.took_ns = Some(took_ns);
        scenario.exit_code = Some(came.exit_code);
        scenario.why = came.why;
        scenario.state = state_of(Exit::of_code(came.exit_code));
        read_result(&mut scenario, &directory)?;
        progress.end(shown, scenario.state.name(), took_ns);
        self.run.scenarios[at] = scenario;
        Ok(())
    }

    /// One command of ours, recorded in `directory`.
    fn command(
        &self,
        arguments: &[OsString],
        directory: &Path,
        tick: &mut dyn FnMut(),
    ) -> anyhow::Result<Came> {
        let output = directory.join(OUTPUT);
        let open = || -> std::io::Result<File> { OpenOptions::new().create(true).append(true).open(&output) };
        let (said, also) = open()
            .and_then(|file| Ok((file.try_clone()?, file)))
            .with_context(|| format!("failed to write {}", output.display()))?;
        let mut command = fresh::command()?;
        command.args(arguments).arg("--quiet").arg("--out").arg(directory);
        command.stdin(Stdio::null()).stdout(said).stderr(also);
        // In a group of its own, so that an interrupt reaches it once: from here.
        let mut child = command.process_group(0).spawn().context("failed to start a run")?;
        let exit_code = self.wait(&mut child, tick)?;
        let exit = Exit::of_code(exit_code);
        let why = match exit {
            Exit::Success | Exit::Refuted | Exit::Unproven => None,
            Exit::Interrupted => Some("interrupted; judged as far as it came".to_owned()),
            other => Some(format!("{other}{}", last_words(&output))),
        };
        Ok(Came { exit_code, why })
    }

    /// Waits for a process and hands interrupts on to it.
    fn wait(&self, child: &mut Child, tick: &mut dyn FnMut()) -> anyhow::Result<u8> {
        let mut handed_on = 0;
        loop {
            if let Some(status) = child.try_wait().context("failed to look after a run")? {
                // Whoever leaves at once has nothing to tell any more.
                return fresh::code(status).or_else(|error| {
                    if self.interrupts.any() { Ok(Exit::Interrupted as u8) } else { Err(error) }
                });
            }
            while handed_on < self.interrupts.count() {
                // One that has ended meanwhile needs no interrupt.
                let _ended = kill_process(Pid::from_child(child), Signal::INT);
                handed_on += 1;
            }
            tick();
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Plans in turn, forwards and backwards, so that whatever drifts meanwhile meets all of them; then they are compared.
    fn comparison(
        &self,
        scenario: &mut ScenarioRun,
        directory: &Path,
        (compared_plans, more): (&ComparedPlans, &[OsString]),
        tick: &mut dyn FnMut(),
    ) -> anyhow::Result<Came> {
        let plans = &compared_plans.files;
        let sides: Vec<PathBuf> =
            (1..).zip(plans).map(|(n, plan)| directory.join(side_name(n, plan))).collect();
        for number in 0..compared_plans.pairs as usize {
            for which in round(plans.len(), number) {
                let out = sides[which].join(format!("{:03}", number + 1));
                if is_measured(&out) {
                    continue;
                }
                if out.exists() {
                    remove(&out)?;
                }
                std::fs::create_dir_all(&out)
                    .with_context(|| format!("failed to make the directory {}", out.display()))?;
                let arguments: Vec<OsString> = ["run".into(), plans[which].clone().into()]
                    .into_iter()
                    .chain(more.iter().cloned())
                    .collect();
                let came = self.command(&arguments, &out, tick)?;
                if !state_of(Exit::of_code(came.exit_code)).is_finished() {
                    return Ok(came);
                }
            }
        }
        let factors = FACTORS.map(str::to_owned);
        let arms = plans.iter().zip(&sides).map(|(plan, path)| {
            let is_alone = plans.iter().filter(|other| stem(other) == stem(plan)).count() == 1;
            let name = if is_alone { stem(plan) } else { plan.display().to_string() };
            Ok(Arm::new(&name, side(std::slice::from_ref(path))?))
        });
        let arms = arms.collect::<anyhow::Result<Vec<_>>>()?;
        let rules = Rules { factors: &factors, claims: &compared_plans.claims, ..Rules::default() };
        let found = compared(arms, &rules);
        scenario.sentences.push(told(&found).trim_start_matches("⦵ ").to_owned());
        let runs = found.arms.iter().map(|arm| arm.runs.len() as u64).sum();
        scenario.claims = found.claims.iter().map(|claim| claim_run(claim, runs)).collect();
        let text = comparison_text(&found);
        let file = directory.join("report.txt");
        std::fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))?;
        Ok(Came { exit_code: exit(&found) as u8, why: None })
    }
}

/// A claim about plans as a suite keeps it; it rests on whole runs.
fn claim_run(claim: &JudgedClaim, runs: u64) -> ClaimRun {
    let ratio = claim.ratio.as_ref();
    ClaimRun {
        text: claim.text.clone(),
        verdict: claim.verdict.name().to_owned(),
        value: ratio.map(|ratio| ratio.estimate),
        low: ratio.map(|ratio| ratio.low),
        high: ratio.map(|ratio| ratio.high),
        unit: None,
        samples: runs,
        reason: claim.reason.clone(),
    }
}

/// What the result of a scenario says, as far as there is one.
fn read_result(scenario: &mut ScenarioRun, directory: &Path) -> anyhow::Result<()> {
    let unread = || format!("failed to read the result in {}", directory.display());
    match scenario.kind {
        Kind::Capacity => {
            let found = Capacity::read(directory).with_context(unread)?;
            scenario.sentences.extend(found.map(|found| line_found(&found)));
        }
        Kind::Run => scenario.take_run(directory).with_context(unread)?,
        Kind::Script => {
            scenario.take_run(directory).with_context(unread)?;
            scenario.take_summary(&directory.join(SUMMARY)).with_context(unread)?;
        }
        Kind::Comparison | Kind::Declared => {}
    }
    Ok(())
}

fn state_of(exit: Exit) -> State {
    match exit {
        Exit::Success => State::Verified,
        Exit::MarkedFailed | Exit::Refuted => State::Refuted,
        Exit::Aborted | Exit::Unproven => State::Unproven,
        Exit::Interrupted => State::Interrupted,
        Exit::Failed | Exit::ScriptThrew | Exit::WrongPlan => State::Failed,
    }
}

/// Whether a run was measured to its end.
fn is_measured(run: &Path) -> bool {
    let text = std::fs::read_to_string(run.join("run.json")).unwrap_or_default();
    let run: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    run["ended"].as_str().is_some_and(|ended| ended != "interrupted")
}

fn remove(directory: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(directory).with_context(|| format!("failed to remove {}", directory.display()))
}

/// The end of what a process said, after a colon; nothing, if it said nothing.
fn last_words(output: &Path) -> String {
    let said = std::fs::read_to_string(output).unwrap_or_default();
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(": {}", lines[lines.len().saturating_sub(TAIL)..].join("\n"))
}

fn side_name(number: usize, plan: &Path) -> String {
    format!("{number}-{}", stem(plan))
}

fn stem(plan: &Path) -> String {
    plan.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
