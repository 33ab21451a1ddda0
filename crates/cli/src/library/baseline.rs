//! Runs kept under a name, and later ones held against them, from code.

use std::fmt;
use std::path::{Path, PathBuf};

use plimsoll_audit::Verdict;
use plimsoll_report::baseline::Baseline;
use plimsoll_report::comparison::{Arm, Rules, RunSummary, compared};
use plimsoll_report::render::comparison::comparison_text;

use super::error::Error;
use super::report::Report;
use crate::commands::baseline::is_plain;
use crate::commands::compare::exit;
use crate::exit_code::Exit;

/// A server under test has another port each time.
const FACTOR: &str = "target";

/// What later runs came to beside a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// VERIFIED: everything is equivalent or better. REFUTED: something got worse. UNPROVEN: something cannot be told, such as on fewer
    /// than six runs a side, or where plan, tool or machine differ.
    pub verdict: Verdict,
    /// Every measure with its ratio, interval and word.
    pub text: String,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Keeps what a comparison reads of these runs as `DIRECTORY/NAME.json`, a file that can be committed. Six runs at least allow a word.
///
/// # Errors
///
/// A name that is none, or a file that cannot be written.
pub fn save_baseline<'a>(
    directory: impl AsRef<Path>,
    name: &str,
    runs: impl IntoIterator<Item = &'a Report>,
) -> Result<PathBuf, Error> {
    let file = file(directory.as_ref(), name)?;
    Baseline::of(name, &summaries(runs)?).write(&file).map_err(|source| Error::File {
        doing: "write",
        path: file.clone(),
        source,
    })?;
    Ok(file)
}

/// Holds these runs against a baseline (docs/COMPARE.md). The target may differ: a server under test has another port each time.
///
/// # Errors
///
/// A baseline that cannot be read.
pub fn check_baseline<'a>(
    directory: impl AsRef<Path>,
    name: &str,
    runs: impl IntoIterator<Item = &'a Report>,
) -> Result<Checked, Error> {
    let path = file(directory.as_ref(), name)?;
    let kept = Baseline::read(&path).map_err(|source| Error::File { doing: "read", path, source })?;
    let arms = vec![Arm::new(name, kept.runs()), Arm::new("now", summaries(runs)?)];
    let found = compared(arms, &Rules { factors: &[FACTOR.to_owned()], ..Rules::default() });
    let verdict = match exit(&found) {
        Exit::Success => Verdict::Verified,
        Exit::Refuted => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    Ok(Checked { verdict, text: comparison_text(&found) })
}

fn file(directory: &Path, name: &str) -> Result<PathBuf, Error> {
    if is_plain(name) { Ok(Baseline::file(directory, name)) } else { Err(Error::Name(name.to_owned())) }
}

/// What is compared of each run. Its directory is gone when the report is, so that it is called by its number.
fn summaries<'a>(runs: impl IntoIterator<Item = &'a Report>) -> Result<Vec<RunSummary>, Error> {
    let summary = |(number, report): (usize, &Report)| {
        let read = RunSummary::read(report.place()).map_err(|error| Error::Run(error.to_string()))?;
        Ok(RunSummary { path: PathBuf::from(format!("run {number}")), ..read })
    };
    (1..).zip(runs).map(summary).collect()
}
