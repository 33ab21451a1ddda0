//! A plan with what may be changed about it from outside, and its run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_engine::StopHandle;
use plimsoll_report::RunDirectory;
use plimsoll_script::Lowered;

use super::build::Builder;
use super::error::Error;
use super::report::Report;
use crate::args::{CommonArgs, OverrideArgs, Scale};
use crate::commands::plan::{Services, no_overrides, read_quietly};
use crate::execute::{Job, Keep, measure};

/// What is to be run: a plan, and what is changed about it.
///
/// Every method that changes something takes the plan and gives it back, so that they can be chained.
#[derive(Clone, Debug)]
pub struct Plan {
    path: PathBuf,
    text: String,
    target: Option<String>,
    overrides: OverrideArgs,
    common: CommonArgs,
}

impl Plan {
    /// Begins a plan that is put together step by step.
    #[expect(clippy::new_ret_no_self, reason = "a plan without steps is none: it is built first")]
    pub fn new(name: impl Into<String>) -> Builder {
        Builder::new(name.into())
    }

    /// A plan from its file, or from its text: whatever has a line break is a text.
    ///
    /// # Errors
    ///
    /// A file that cannot be read. What the plan says is checked when it is run.
    pub fn from_yaml(path_or_text: impl AsRef<str>) -> Result<Self, Error> {
        let given = path_or_text.as_ref();
        if given.contains('\n') { Ok(Self::from_text(given)) } else { Self::from_file(given) }
    }

    /// A plan from its file. Files that it names are looked for beside it.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::of(path, text)),
            Err(source) => Err(Error::File { doing: "read", path, source }),
        }
    }

    /// A plan from its text. Files that it names are looked for from the current directory on.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self::of(PathBuf::from("plan.yaml"), text.into())
    }

    fn of(path: PathBuf, text: String) -> Self {
        Self { path, text, target: None, overrides: no_overrides(None), common: CommonArgs::silent() }
    }

    /// What is tested, instead of what the plan names: a URL, or `demo:shop` for a built-in service.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// A variable that the plan declares under `env`.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.overrides.env.push((name.into(), value.into()));
        self
    }

    /// The seed of everything random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.common.seed = Some(seed);
        self
    }

    /// Load threads; half of the cores without a word.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.common.workers = Some(workers.max(1));
        self
    }

    /// The highest level of the plan's only closed load.
    #[must_use]
    pub fn users(mut self, users: u64) -> Self {
        self.overrides.vus = Some(users);
        self
    }

    /// The highest level of the plan's only open load, in arrivals per second.
    #[must_use]
    pub fn rate(mut self, per_s: f64) -> Self {
        self.overrides.rate = Some(per_s);
        self
    }

    /// Iterations for all users of closed loads together.
    #[must_use]
    pub fn iterations(mut self, iterations: u64) -> Self {
        self.overrides.iterations = Some(iterations);
        self
    }

    /// Stretches or shrinks all schedules so that the run lasts this long.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.overrides.duration = Some(duration.as_nanos() as u64);
        self
    }

    /// Shortens all schedules to this share of their durations. The report says so, and claims about durations are UNPROVEN.
    #[must_use]
    pub fn scaled(mut self, share: f64) -> Self {
        self.overrides.scale = Scale::of(share);
        self
    }

    /// Runs the plan and judges the run. Blocks until it is over; on a runtime that has one thread only and serves what is tested,
    /// use [`Plan::run_async`].
    ///
    /// # Errors
    ///
    /// A plan that is wrong, all of it; a run that could not be carried out. What the target does wrong is in the report.
    pub fn run(self) -> Result<Report, Error> {
        // On a thread of its own: the caller's may be within a runtime, where no other can be begun.
        let running = std::thread::Builder::new()
            .name("plimsoll".to_owned())
            .spawn(move || self.run_here())
            .map_err(|error| Error::Run(error.to_string()))?;
        running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// The same for any runtime: other tasks go on meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`].
    pub async fn run_async(self) -> Result<Report, Error> {
        let (sender, receiver) = futures::channel::oneshot::channel();
        std::thread::Builder::new()
            .name("plimsoll".to_owned())
            .spawn(move || drop(sender.send(self.run())))
            .map_err(|error| Error::Run(error.to_string()))?;
        receiver.await.unwrap_or_else(|_gone| Err(Error::Run("the run panicked".to_owned())))
    }

    /// Reads the plan and says what is wrong with it; runs nothing.
    ///
    /// # Errors
    ///
    /// A plan that is wrong, all of it.
    pub fn check(&self) -> Result<(), Error> {
        self.lowered(&mut Services::new()).map(drop)
    }

    fn run_here(self) -> Result<Report, Error> {
        let mut services = Services::new();
        let lowered = self.lowered(&mut services)?;
        #[cfg(feature = "mcp")]
        check_tools(&lowered)?;
        let place = tempfile::Builder::new().prefix("plimsoll-").tempdir();
        let place =
            place.map_err(|source| Error::File { doing: "write", path: std::env::temp_dir(), source })?;
        let keep = Keep::Directory(place.path().join("run"));
        let measured = measure(&Job::from(&lowered), &self.common, &keep, StopHandle::default());
        let measured = measured.map_err(|error| Error::Run(format!("{error:#}")))?;
        let directory = measured.directory.unwrap_or_else(|| RunDirectory::open(&place.path().join("run")));
        Ok(Report::new(measured.view, directory, place, measured.warnings))
    }

    fn lowered(&self, services: &mut Services) -> Result<Lowered, Error> {
        let given = (self.common.seed, self.target.clone());
        let read = read_quietly(&self.path, self.text.clone(), &self.overrides, given, services);
        read.map_err(|wrong| Error::Plan(wrong.render(false)))
    }
}

/// Before the load: what the plan passes to tools is held against what their servers say of them.
#[cfg(feature = "mcp")]
fn check_tools(lowered: &Lowered) -> Result<(), Error> {
    let checked = crate::tools::look(lowered).map_err(|error| Error::Run(format!("{error:#}")))?;
    if checked.count() == 0 {
        return Ok(());
    }
    let all: Vec<_> = checked.wrong.iter().map(|wrong| wrong.render(false)).collect();
    Err(Error::Plan(all.join("\n\n")))
}
