//! A suite as far as it has come: what was declared, what was run of it, and what came of each. Kept as `suite.json` while it goes
//! on, so that an interrupted suite goes on from there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use plimsoll_metrics::expression::{Dimension, Property, Statement, parse_statement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::directory::write_whole;
use crate::format::{interval, value};

/// The version of what `suite.json` looks like.
pub const SCHEMA: &str = "plimsoll.suite/1";

/// A suite, as far as it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Plimsoll suite, as it was run")]
pub struct SuiteRun {
    /// Name and version of the format.
    pub schema: String,
    /// What the suite is called.
    pub name: String,
    /// What it is, in a sentence or two; null if it does not say.
    pub about: Option<String>,
    /// Digest of its text.
    pub suite_digest: String,
    /// What its scenarios were run against.
    pub variant: String,
    /// The share of their durations to which all schedules were shortened; null if nothing was.
    pub scale: Option<f64>,
    /// The tool with its version.
    pub tool: String,
    /// Wall clock at its first beginning, RFC 3339.
    pub started_at: String,
    /// Wall clock at its end; null while it goes on, and if it was interrupted.
    pub ended_at: Option<String>,
    /// Scenarios in the order in which they are declared.
    pub scenarios: Vec<ScenarioRun>,
}

/// A declared scenario, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioRun {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Where it was declared originally; null if the suite does not say.
    pub from: Option<String>,
    /// Plans that it runs.
    pub plans: Vec<PlanFile>,
    /// Its directory, from the suite's own; null if nothing is to be run.
    pub directory: Option<PathBuf>,
    /// What came of it.
    pub state: State,
    /// Why it was not run, or what went wrong; null if there is nothing to say.
    pub why: Option<String>,
    /// How its command ended; null if it was not run.
    pub exit_code: Option<u8>,
    /// How long it took; null if it was not run.
    pub took_ns: Option<u64>,
    /// What it came to, in its own words.
    pub sentences: Vec<String>,
    /// The run as a measurement: VALID, LIMITED or INVALID; null for anything else than a run.
    pub run_verdict: Option<String>,
    /// Claims of a run with their verdicts.
    pub claims: Vec<ClaimRun>,
    /// Audits of a run that came out INVALID or LIMITED.
    pub limits: Vec<Limit>,
}

/// What a scenario is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The search for a load line.
    Capacity,
    /// Plans, compared with the first of them.
    Comparison,
    /// Declared, and not run in any variant.
    Declared,
    /// A plan.
    Run,
    /// A script written for k6.
    Script,
}

impl Kind {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capacity => "load line",
            Self::Comparison => "comparison",
            Self::Declared => "declared",
            Self::Run => "run",
            Self::Script => "script",
        }
    }
}

/// What came of a scenario, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It could not be measured: a plan is wrong, a script threw, something failed.
    Failed,
    /// Somebody interrupted it; what was measured until then was judged.
    Interrupted,
    /// A claim is refuted, or something got worse.
    Refuted,
    /// A claim is unproven, the run is invalid, or something cannot be told.
    Unproven,
    /// Every claim is verified.
    Verified,
    /// It was not run.
    NotRun,
}

impl State {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
            Self::NotRun => "NOT RUN",
            Self::Refuted => "REFUTED",
            Self::Unproven => "UNPROVEN",
            Self::Verified => "VERIFIED",
        }
    }

    /// Whether there is nothing left to do.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Refuted | Self::Unproven | Self::Verified)
    }
}

/// A plan of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanFile {
    /// Its file, from the suite's folder.
    pub file: PathBuf,
    /// Digest of the plan as executed; null if it was not read, as it is not run.
    pub digest: Option<String>,
}

/// A claim of a scenario with its verdict, as its run recorded it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimRun {
    /// As the plan states it.
    pub text: String,
    /// VERIFIED, REFUTED or UNPROVEN.
    pub verdict: String,
    /// In `unit`; null if there is none.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// What value and interval are counted in; null for a ratio.
    pub unit: Option<String>,
    /// Operations it rests on; runs, if it is about plans that are compared.
    pub samples: u64,
    /// Why.
    pub reason: String,
}

/// An audit that came out INVALID or LIMITED.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Its name.
    pub id: String,
    /// INVALID or LIMITED.
    pub status: String,
    /// What was seen, what that spoils, what to do.
    pub sentence: String,
}

/// What is read of a `run.json`.
#[derive(Deserialize)]
struct Recorded {
    verdict: String,
    sentence: String,
    claims: Vec<ClaimRun>,
    audits: Vec<Limit>,
}

impl SuiteRun {
    /// The file of a suite in its directory.
    pub fn file(directory: &Path) -> PathBuf {
        directory.join("suite.json")
    }

    /// A suite that was begun in `directory`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is of another version.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(Self::file(directory)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let read: Self = serde_json::from_slice(&text)?;
        if read.schema == SCHEMA {
            Ok(Some(read))
        } else {
            Err(io::Error::other(format!("it is of {}", read.schema)))
        }
    }

    /// Writes it into `directory`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        write_whole(&Self::file(directory), &text)
    }

    /// Scenarios in a state.
    pub fn scenarios_that_are(&self, state: State) -> usize {
        self.scenarios.iter().filter(|scenario| scenario.state == state).count()
    }

    /// Claims of all scenarios, worst first, each with the scenario it is of.
    pub fn claims(&self) -> Vec<(&ScenarioRun, &ClaimRun)> {
        let of = |scenario: &'_ ScenarioRun| scenario.claims.len();
        let mut all = Vec::with_capacity(self.scenarios.iter().map(of).sum());
        for scenario in &self.scenarios {
            all.extend(scenario.claims.iter().map(|claim| (scenario, claim)));
        }
        all.sort_by_key(|(_, claim)| claim.rank());
        all
    }

    /// Claims of all scenarios with a verdict.
    pub fn claims_that_are(&self, verdict: &str) -> usize {
        self.scenarios.iter().flat_map(|s| &s.claims).filter(|claim| claim.verdict == verdict).count()
    }
}

impl ScenarioRun {
    /// Takes over what the run recorded in `directory`: sentence, verdict, claims, limits. Nothing, if there is no run.
    ///
    /// # Errors
    ///
    /// A `run.json` that cannot be read.
    pub fn take_run(&mut self, directory: &Path) -> io::Result<()> {
        let text = match fs::read(directory.join("run.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let run: Recorded = serde_json::from_slice(&text)?;
        self.run_verdict = Some(run.verdict);
        self.sentences = vec![run.sentence];
        self.claims = run.claims;
        self.limits =
            run.audits.into_iter().filter(|a| matches!(a.status.as_str(), "INVALID" | "LIMITED")).collect();
        Ok(())
    }

    /// Takes over which thresholds of a script failed by k6's own rules: those of them that are no claims would not be seen otherwise.
    ///
    /// # Errors
    ///
    /// A summary that cannot be read.
    pub fn take_summary(&mut self, file: &Path) -> io::Result<()> {
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let summary: Value = serde_json::from_slice(&text)?;
        let mut failed = Vec::new();
        for (metric, values) in summary["metrics"].as_object().into_iter().flatten() {
            let thresholds = values["thresholds"].as_object().into_iter().flatten();
            failed.extend(
                thresholds
                    .filter(|(_, has_failed)| **has_failed == true)
                    .map(|(t, _)| format!("{metric}: {t}")),
            );
        }
        if !failed.is_empty() && self.why.is_none() {
            self.why = Some(format!("failed by k6's rules: {}", failed.join(", ")));
        }
        Ok(())
    }

    /// `3 of 4`: claims that are verified, of all; nothing without claims.
    pub fn verified(&self) -> Option<String> {
        let verified = self.claims.iter().filter(|claim| claim.verdict == "VERIFIED").count();
        (!self.claims.is_empty()).then(|| format!("{verified} of {}", self.claims.len()))
    }
}

impl ClaimRun {
    /// Worst news first.
    fn rank(&self) -> u8 {
        match self.verdict.as_str() {
            "REFUTED" => 0,
            "UNPROVEN" => 1,
            _ => 2,
        }
    }

    /// Its value with its interval; nothing if there is none.
    pub fn measured(&self) -> Option<String> {
        let named = self.unit.as_deref().and_then(Dimension::of_unit);
        let dimension = named.unwrap_or_else(|| dimension(&self.text));
        let shown = self.value.map(|v| value(dimension, v, self.low, self.high));
        shown.or_else(|| interval(self.low, self.high).filter(|_| dimension == Dimension::Time))
    }
}

/// The dimension of what a claim is about.
fn dimension(text: &str) -> Dimension {
    match parse_statement(text) {
        Ok(Statement::Measured(expression)) => expression.measure.dimension(),
        Ok(Statement::Property(Property::RecoversWithin { .. })) => Dimension::Time,
        Ok(Statement::Property(Property::ScalesLinearly { .. })) => Dimension::Share,
        _ => Dimension::Count,
    }
}

/// The schema of `suite.json`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(SuiteRun);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema can always be written");
    text.push('\n');
    text
}
