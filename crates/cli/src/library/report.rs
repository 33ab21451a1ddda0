//! What came of a run: claims judged, numbers read, files written.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use plimsoll_audit::{ClaimResult, RunVerdict, Verdict, judge_claim};
use plimsoll_model::{Claim, Outcome};
use plimsoll_report::format::{count, interval, value};
use plimsoll_report::{RunDirectory, View, html, json, junit_with, markdown, text};
use tempfile::TempDir;

use super::error::{Error, NotVerified};

/// A run that was judged. What was recorded is kept until it is dropped; [`Report::save`] keeps it for good.
pub struct Report {
    view: View,
    directory: RunDirectory,
    _place: TempDir,
    warnings: Vec<String>,
    /// Claims that were judged from code, for JUnit.
    judged: Mutex<Vec<ClaimResult>>,
}

/// A claim with its verdict and the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The claim.
    pub claim: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The value, in the base unit of what is measured (nanoseconds, a share, per second, a number); `None` if there is none.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
    /// Operations it rests on.
    pub samples: u64,
    /// Why the verdict is what it is.
    pub reason: String,
    measured: String,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claim, verdict, measured, samples, reason, .. } = self;
        write!(f, "{} {claim}: {measured}, n {}; {reason}", verdict.name(), count(*samples))
    }
}

impl From<ClaimResult> for Judged {
    fn from(result: ClaimResult) -> Self {
        let shown = result.value.map(|v| value(result.dimension, v, result.low, result.high));
        let is_time = result.dimension == plimsoll_metrics::expression::Dimension::Time;
        let shown = shown.or_else(|| interval(result.low, result.high).filter(|_| is_time));
        Self {
            measured: shown.unwrap_or_else(|| "no value".to_owned()),
            claim: result.text,
            verdict: result.verdict,
            value: result.value,
            low: result.low,
            high: result.high,
            samples: result.samples,
            reason: result.reason,
        }
    }
}

impl Report {
    pub(super) fn new(view: View, directory: RunDirectory, place: TempDir, warnings: Vec<String>) -> Self {
        Self { view, directory, _place: place, warnings, judged: Mutex::default() }
    }

    /// Judges a claim by the rules that hold for those of the plan (docs/CLAIMS.md), and keeps it for [`Report::write_junit`].
    ///
    /// A claim that is not understood is UNPROVEN, and says why.
    pub fn judge(&self, claim: &str) -> Judged {
        let claim = Claim { text: claim.to_owned(), abort: false };
        let result = judge_claim(&self.view.record, &claim, &self.view.judgement.findings);
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).push(result.clone());
        result.into()
    }

    /// Judges a claim that must hold.
    ///
    /// # Errors
    ///
    /// A claim that is not VERIFIED, with its value, interval, number of operations, verdict and reason.
    pub fn verify(&self, claim: &str) -> Result<Judged, NotVerified> {
        let judged = self.judge(claim);
        if judged.verdict == Verdict::Verified { Ok(judged) } else { Err(NotVerified(vec![judged])) }
    }

    /// All claims that the plan states must hold.
    ///
    /// # Errors
    ///
    /// Those that are not VERIFIED.
    pub fn verify_all(&self) -> Result<(), NotVerified> {
        let missed: Vec<_> = self.claims().into_iter().filter(|c| c.verdict != Verdict::Verified).collect();
        if missed.is_empty() { Ok(()) } else { Err(NotVerified(missed)) }
    }

    /// Claims that the plan states, judged.
    pub fn claims(&self) -> Vec<Judged> {
        self.view.judgement.claims.iter().cloned().map(Judged::from).collect()
    }

    /// The run as a measurement.
    pub fn verdict(&self) -> RunVerdict {
        self.view.judgement.verdict
    }

    /// What audits found wrong with the measurement: a sentence each.
    pub fn limits(&self) -> Vec<String> {
        let bad = self.view.judgement.findings.iter().filter(|f| f.status >= plimsoll_audit::Status::Limited);
        bad.map(|f| format!("{} {}: {}", f.status.name(), f.id, f.sentence)).collect()
    }

    /// Operations that ended so.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.view.record.total(outcome)
    }

    /// Operations of a step that ended so; 0 if there is no such step.
    pub fn count_of(&self, step: &str, outcome: Outcome) -> u64 {
        let plan = &self.view.record.started.plan;
        let named = plan.operations().filter(|(_, known)| known.name == step);
        named.map(|(id, _)| self.view.record.count(id, outcome)).sum()
    }

    /// Failures by class: outcome, class, how many, and the first message.
    pub fn failures(&self) -> Vec<(Outcome, String, u64, String)> {
        let one = |e: &plimsoll_metrics::ErrorCount| (e.outcome, e.class.clone(), e.count, e.example.clone());
        self.view.errors.iter().map(one).collect()
    }

    /// The first line of every result.
    pub fn headline(&self) -> String {
        self.text().lines().next().unwrap_or_default().to_owned()
    }

    /// The summary, as the command prints it.
    pub fn text(&self) -> String {
        text(&self.view)
    }

    /// `run.json` (schemas/run.schema.json).
    pub fn json(&self) -> String {
        json(&self.view)
    }

    /// The report as one page.
    pub fn html(&self) -> String {
        html(&self.view)
    }

    /// The report in Markdown.
    pub fn markdown(&self) -> String {
        markdown(&self.view)
    }

    /// What could not be kept of the run, such as on a full disk; the numbers are right all the same.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Writes JUnit XML: a case for every claim of the plan, every claim that was judged from code, and every audit.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_junit(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        write(path.as_ref(), junit_with(&self.view, &judged).as_bytes())
    }

    /// Keeps the run directory: the record, from which every number can be computed again, and all reports.
    ///
    /// # Errors
    ///
    /// A directory that holds a run already, or cannot be written.
    pub fn save(&self, directory: impl AsRef<Path>) -> Result<(), Error> {
        let path = directory.as_ref();
        let wrong = |source| Error::File { doing: "write", path: path.to_owned(), source };
        let kept = RunDirectory::create(path).map_err(wrong)?;
        for entry in fs::read_dir(self.directory.path()).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            fs::copy(entry.path(), kept.path().join(entry.file_name())).map_err(wrong)?;
        }
        Ok(())
    }

    /// Its run directory, while it is there.
    pub(super) fn place(&self) -> &Path {
        self.directory.path()
    }
}

/// As it is read first.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Writes a file, with its directory if there is none.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, content)).map_err(|source| Error::File {
        doing: "write",
        path: path.to_owned(),
        source,
    })
}
