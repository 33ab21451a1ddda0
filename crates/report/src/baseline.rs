//! Runs kept for being compared with later ones: what a comparison reads of them, as a file that can be committed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use plimsoll_audit::statistics::change::Worse;
use serde::{Deserialize, Serialize};

use crate::comparison::{NOT_RECORDED, RunSummary, circumstances};
use crate::directory::write_whole;

/// The version of what a baseline looks like.
pub const SCHEMA: &str = "plimsoll.baseline/1";

/// Runs kept under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    schema: String,
    /// Its name.
    pub name: String,
    runs: Vec<Kept>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    path: PathBuf,
    verdict: String,
    /// Baselines of older versions do not say.
    #[serde(default = "completed")]
    ended: String,
    started_at: String,
    circumstances: BTreeMap<String, String>,
    measures: BTreeMap<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Value {
    value: f64,
    less_is_worse: bool,
}

impl Baseline {
    /// The file of a baseline below `directory`.
    pub fn file(directory: &Path, name: &str) -> PathBuf {
        directory.join(format!("{name}.json"))
    }

    /// Keeps runs under a name.
    pub fn of(name: &str, runs: &[RunSummary]) -> Self {
        let kept = |run: &RunSummary| Kept {
            path: run.path.clone(),
            verdict: run.verdict.clone(),
            ended: run.ended.clone(),
            started_at: run.started_at.clone(),
            circumstances: run.circumstances.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
            measures: run
                .measures
                .iter()
                .map(|(k, (worse, value))| (k.clone(), Value::of(*worse, *value)))
                .collect(),
        };
        Self { schema: SCHEMA.to_owned(), name: name.to_owned(), runs: runs.iter().map(kept).collect() }
    }

    /// Reads the file of a baseline.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is of another version.
    pub fn read(file: &Path) -> io::Result<Self> {
        let read: Self = serde_json::from_slice(&fs::read(file)?)?;
        if read.schema == SCHEMA {
            Ok(read)
        } else {
            Err(io::Error::other(format!("it is of {}", read.schema)))
        }
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        write_whole(file, &serde_json::to_vec_pretty(self)?)
    }

    /// Its runs, as a comparison takes them.
    pub fn runs(&self) -> Vec<RunSummary> {
        let known = |run: &Kept| {
            let names = circumstances().into_iter();
            names
                .map(|name| {
                    (name, run.circumstances.get(name).cloned().unwrap_or_else(|| NOT_RECORDED.to_owned()))
                })
                .collect()
        };
        let run = |run: &Kept| RunSummary {
            path: run.path.clone(),
            verdict: run.verdict.clone(),
            ended: run.ended.clone(),
            started_at: run.started_at.clone(),
            circumstances: known(run),
            measures: run.measures.iter().map(|(name, value)| (name.clone(), value.known())).collect(),
        };
        self.runs.iter().map(run).collect()
    }
}

fn completed() -> String {
    "completed".to_owned()
}

impl Value {
    fn of(worse: Worse, value: f64) -> Self {
        Self { value, less_is_worse: worse == Worse::Lower }
    }

    fn known(&self) -> (Worse, f64) {
        (if self.less_is_worse { Worse::Lower } else { Worse::Higher }, self.value)
    }
}
