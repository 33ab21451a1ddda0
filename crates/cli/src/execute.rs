//! Wiring: a lowered plan, protocols, sinks, signals; then the run, the judgement and the result.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use plimsoll_engine::{RunSettings, StopHandle, run};
use plimsoll_model::event::Origin;
use plimsoll_model::monitor::MonitorSettings;
use plimsoll_model::{
    Nanos, Plan, ProtocolSettings, Record, RunEvent, Sample, Segment, Sink, Started, Workload,
};
use plimsoll_report::log::LogWriter;
use plimsoll_report::verify::claims_digest;
use plimsoll_report::{RunDirectory, SampleWriter, View, files, json, text};
use plimsoll_script::Lowered;
use plimsoll_script::behaviour::ScriptWorkload;

use crate::args::CommonArgs;
use crate::calibrate::floor;
use crate::exit_code::Exit;
use crate::protocols::{Known, are_there, wired};
use crate::terminal::{Display, Mode};
use crate::watch::Watch;
use crate::{console, facts, signals};

/// Where a run is kept.
pub(crate) enum Keep {
    /// In this directory.
    Directory(PathBuf),
    /// Nowhere, once its result has been printed.
    Nothing,
}

/// What is to be run, wherever it came from.
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) workload: Arc<dyn Workload>,
    pub(crate) protocols: ProtocolSettings,
    /// What is watched besides.
    pub(crate) monitors: Vec<MonitorSettings>,
    /// Names of those that its users speak.
    pub(crate) needs: Vec<&'static str>,
    /// Services that are known already.
    pub(crate) known: Known,
    pub(crate) timeout_ns_max: Nanos,
    /// As it is executed, for people.
    pub(crate) effective: String,
    pub(crate) digest: String,
    /// Environment variables that it is told, with their values: of a plan all that it declares, of a script what `-e` gives.
    pub(crate) variables: BTreeMap<String, String>,
}

impl From<&Lowered> for Job {
    fn from(lowered: &Lowered) -> Self {
        Self {
            plan: lowered.plan.clone(),
            workload: Arc::new(ScriptWorkload(lowered.behaviour.clone())),
            protocols: lowered.protocols.clone(),
            monitors: lowered.monitors.clone(),
            needs: lowered.behaviour.protocols.clone(),
            known: Known::default(),
            timeout_ns_max: lowered.timeout_ns_max,
            effective: lowered.effective.clone(),
            digest: lowered.digest.clone(),
            variables: lowered.variables.clone(),
        }
    }
}

/// Carries out a run and prints its result.
pub(crate) fn execute(lowered: &Lowered, common: &CommonArgs, keep: &Keep) -> anyhow::Result<Exit> {
    #[cfg(feature = "mcp")]
    crate::tools::check(lowered)?;
    let stop = signals::interruptible()?;
    let (view, directory) = perform(&lowered.into(), common, keep, stop)?;
    conclude(&view, directory.as_ref(), common);
    Ok(Exit::of(&view.judgement))
}

/// Carries out a run, judges it, and writes its files. What could not be written is printed.
pub(crate) fn perform(
    job: &Job,
    common: &CommonArgs,
    keep: &Keep,
    stop: StopHandle,
) -> anyhow::Result<(View, Option<RunDirectory>)> {
    let Measured { view, directory, warnings } = measure(job, common, keep, stop)?;
    warnings.iter().for_each(|warning| console::remark(&format!("warning: {warning}")));
    Ok((view, directory))
}

/// A run that was carried out.
pub(crate) struct Measured {
    pub(crate) view: View,
    pub(crate) directory: Option<RunDirectory>,
    /// What could not be kept.
    pub(crate) warnings: Vec<String>,
}

/// The same, without a word: what could not be written is returned.
pub(crate) fn measure(
    job: &Job,
    common: &CommonArgs,
    keep: &Keep,
    stop: StopHandle,
) -> anyhow::Result<Measured> {
    let settings = settings(job, common, &stop)?;
    let directory = match keep {
        Keep::Directory(path) => Some(
            RunDirectory::create(path)
                .with_context(|| format!("failed to make the run directory {}", path.display()))?,
        ),
        Keep::Nothing => None,
    };
    let scratch = tempfile::Builder::new()
        .prefix("plimsoll-")
        .tempdir()
        .context("failed to make a temporary directory")?;
    let log_path =
        directory.as_ref().map_or_else(|| scratch.path().join("events.plimsoll"), RunDirectory::events);
    let log =
        LogWriter::create(&log_path).with_context(|| format!("failed to write {}", log_path.display()))?;
    if let Some(directory) = &directory {
        std::fs::write(directory.plan(), &job.effective)
            .context("failed to write the plan into the run directory")?;
    }
    let (watch, progress) = Watch::new(stop);
    let display = Display::start(mode(common), &progress);
    let samples = samples(directory.as_ref(), common)?;
    let mut sinks = Sinks { log, watch, samples };
    let ran = run(started(job, common, floor(common)), &settings, &mut sinks);
    display.finish();
    if let Err(error) = ran {
        return Err(anyhow::Error::new(error).context(Exit::Unproven));
    }
    let mut warnings = Vec::new();
    if let Some(Err(problem)) = sinks.samples.map(SampleWriter::finish) {
        warnings.push(format!("samples could not be kept: {problem}"));
    }
    let view = judged(sinks.log, directory.as_ref(), &mut warnings)?;
    Ok(Measured { view, directory, warnings })
}

/// The file of operations one by one, if they are to be kept.
fn samples(directory: Option<&RunDirectory>, common: &CommonArgs) -> anyhow::Result<Option<SampleWriter>> {
    let Some(share) = common.samples else { return Ok(None) };
    let directory =
        directory.context("--samples needs a place to keep them; add --out DIR").context(Exit::WrongPlan)?;
    let path = directory.samples();
    let writer =
        SampleWriter::create(&path, share).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(Some(writer))
}

pub(crate) fn settings(job: &Job, common: &CommonArgs, stop: &StopHandle) -> anyhow::Result<RunSettings> {
    let protocols = wired(job.protocols.clone(), &job.known)?;
    are_there(&protocols, &job.needs)?;
    Ok(RunSettings {
        workers: common.worker_count(),
        idle: common.idle_strategy(),
        segment: Segment::WHOLE,
        workload: job.workload.clone(),
        protocols,
        samples: common.samples,
        monitors: job.monitors.iter().cloned().map(plimsoll_monitors::monitor).collect(),
        stop: stop.clone(),
    })
}

/// Settings for a run that nobody watches: the canary.
pub(crate) fn canary_settings(lowered: &Lowered) -> anyhow::Result<RunSettings> {
    let common = CommonArgs { workers: Some(1), ..CommonArgs::silent() };
    settings(&lowered.into(), &common, &StopHandle::default())
}

fn mode(common: &CommonArgs) -> Mode {
    match () {
        () if common.quiet => Mode::Silent,
        () if console::is_live() => Mode::Live,
        () => Mode::Lines,
    }
}

pub(crate) fn started(job: &Job, common: &CommonArgs, floor_ns: Option<Nanos>) -> Started {
    let (_, started_at) = facts::now();
    let mut environment = facts::environment(&job.plan.target);
    environment.push(facts::told(&job.variables));
    Started {
        plan: job.plan.clone(),
        plan_digest: job.digest.clone(),
        claims_digest: claims_digest(job.plan.claims.iter().map(|c| c.text.as_str())),
        started_at,
        workers: common.worker_count(),
        idle: common.idle_strategy(),
        origin: Origin::Due,
        environment,
        clock_tick_ns: plimsoll_engine::clock::tick_ns(),
        timeout_ns_max: job.timeout_ns_max,
        floor_ns,
    }
}

/// Judges what was recorded and writes the files of the run.
fn judged(
    log: LogWriter,
    directory: Option<&RunDirectory>,
    warnings: &mut Vec<String>,
) -> anyhow::Result<View> {
    if let Some(problem) = log.problem() {
        warnings.push(format!(
            "the run could not be recorded on disk ({problem}); it was kept in memory, and is judged whole"
        ));
    }
    let log = log.read().context("failed to read the recorded run again")?;
    let mut view = View::new(Record::from_events(&log.events)).recorded_as(log.digest);
    if let Some(directory) = directory {
        view = view.sampled(directory);
        if let Err(problem) = files::write(directory, &view) {
            let place = directory.path().display();
            warnings.push(format!("the result could not be written to {place}: {problem}"));
        }
    }
    Ok(view)
}

/// Prints the result.
pub(crate) fn conclude(view: &View, directory: Option<&RunDirectory>, common: &CommonArgs) {
    if common.json {
        console::result(&json(view));
    } else {
        console::summary(view, &text(view));
    }
    if let Some(directory) = directory.filter(|_| !common.quiet) {
        console::remark(&format!(
            "recorded in {}; `plimsoll report {}` shows it again",
            directory.path().display(),
            directory.path().display()
        ));
    }
}

struct Sinks {
    log: LogWriter,
    watch: Watch,
    samples: Option<SampleWriter>,
}

impl Sink for Sinks {
    fn take(&mut self, event: &RunEvent) {
        self.log.take(event);
        self.watch.take(event);
        if let Some(samples) = &mut self.samples {
            samples.take(event);
        }
    }

    fn samples(&mut self, samples: &[Sample]) {
        if let Some(writer) = &mut self.samples {
            writer.samples(samples);
        }
    }
}

/// The usual run directory: `runs/<time>-<name>`.
pub(crate) fn usual_directory(name: &str) -> PathBuf {
    let (_, now) = facts::now();
    let time: String = now.chars().take(19).filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    let name: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let base = PathBuf::from("runs").join(format!("{time}-{name}"));
    // Two runs within a second: the later one gets a number.
    let numbered = (2..).map(|n| base.with_file_name(format!("{time}-{name}-{n}")));
    std::iter::once(base.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(base)
}

/// What is shared with the display.
pub(crate) type Shared<T> = Arc<Mutex<T>>;
