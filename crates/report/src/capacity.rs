//! A search for the load line: what was tried, what came of it, and what follows. Kept as `capacity.json` while it goes on, so
//! that an interrupted search goes on from there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use plimsoll_audit::capacity::Measured;
use plimsoll_audit::statistics::bracket::{Answer, Line, Next, Probe, Reason, Settings, next};
use plimsoll_audit::statistics::knee::{Elasticity, elasticities};
use plimsoll_audit::statistics::scalability::{Fit, Intervals, Level, Unfit, fit, intervals};
use serde::{Deserialize, Serialize};

/// The version of what `capacity.json` looks like.
pub const SCHEMA: &str = "plimsoll.capacity/1";

/// Bootstrap resamples for intervals of the law of scalability.
const RESAMPLES: usize = 500;

/// Relative difference up to which two levels are one and the same.
const SAME: f64 = 1e-9;

/// What levels are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Arrivals per second of all open loads.
    Rate,
    /// Users of all closed loads.
    Users,
}

/// A search, as far as it has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Capacity {
    /// [`SCHEMA`].
    pub schema: String,
    /// The plan's name.
    pub plan: String,
    /// SHA-256 of the plan's text.
    pub plan_digest: String,
    /// What is tested, as the plan names it.
    pub target: String,
    /// What levels are counted in.
    pub unit: Unit,
    /// Claims, as the plan writes them.
    pub claims: Vec<String>,
    /// The seed of everything random: every level has its own, counted from this one, so that chance does not lean the
    /// same way at all of them.
    pub seed: u64,
    /// How the search goes.
    pub search: Search,
    /// Levels in the order in which they were tried.
    pub tried: Vec<Tried>,
    /// Why the search was ended before its time.
    pub ended: Option<String>,
}

/// How the search goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The first level.
    pub from: f64,
    /// The lowest level.
    pub lowest: f64,
    /// The highest level.
    pub highest: f64,
    /// By what levels grow until one fails.
    pub factor: f64,
    /// Relative width of the bracket at which the search ends.
    pub resolution: f64,
    /// How often the ends of the bracket must say the same again.
    pub confirm: u32,
}

/// What a level came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// Claims failed.
    Failed,
    /// The generator gave out.
    GeneratorLimit,
    /// Claims held.
    Held,
}

/// A level that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The level.
    pub level: f64,
    /// What it came to.
    pub came: Came,
    /// The evidence says so; otherwise it only looks like it.
    pub certain: bool,
    /// The claim that failed, or why nothing is known of the target.
    pub why: Option<String>,
    /// How long what counted lasted, in nanoseconds.
    pub hold_ns: u64,
    /// Successes per second.
    pub throughput_per_s: f64,
    /// Operations in flight, on average.
    pub in_flight: f64,
    /// Response times of successes, in nanoseconds: p50, p95, p99.
    pub response_ns: [Option<u64>; 3],
    /// Its run directory, from the search's own.
    pub run: PathBuf,
}

impl Tried {
    /// A level, what it came to, and where its run is kept.
    pub fn new(level: f64, measured: &Measured, claims: &[String], hold_ns: u64, run: PathBuf) -> Self {
        Self {
            level,
            came: match measured.answer {
                Answer::Failed => Came::Failed,
                Answer::GeneratorLimit => Came::GeneratorLimit,
                Answer::Held => Came::Held,
            },
            certain: measured.is_certain,
            why: measured.lost.and_then(|at| claims.get(at).cloned()).or_else(|| measured.why.clone()),
            hold_ns,
            throughput_per_s: measured.throughput_per_s,
            in_flight: measured.in_flight,
            response_ns: measured.response_ns,
            run,
        }
    }

    fn probe(&self) -> Probe {
        let answer = match self.came {
            Came::Failed => Answer::Failed,
            Came::GeneratorLimit => Answer::GeneratorLimit,
            Came::Held => Answer::Held,
        };
        Probe { level: self.level, answer }
    }
}

impl Capacity {
    /// The file of a search in its directory.
    pub fn file(directory: &Path) -> PathBuf {
        directory.join("capacity.json")
    }

    /// A search that was begun in `directory`; `None` if there is none.
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

    /// Writes it into `directory`. Nobody ever finds half of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let (file, part) = (Self::file(directory), directory.join("capacity.json.part"));
        fs::write(&part, serde_json::to_vec_pretty(self)?)?;
        fs::rename(part, file)
    }

    /// What is to be tried next, or what was found.
    pub fn next(&self) -> Next {
        // Between whole users next to each other there is nothing to try.
        if let (Unit::Users, (Some(failed), Some(held))) = (self.unit, self.bracket())
            && failed - held <= 1.0
        {
            return Next::Done(Line { held: Some(held), failed: Some(failed), reason: Reason::Bracketed });
        }
        let settings = Settings {
            factor: self.search.factor,
            width_max: self.search.resolution,
            repeats: self.search.confirm,
            ..Settings::between(self.search.lowest, self.search.from, self.search.highest)
        };
        let probes: Vec<_> = self.tried.iter().map(Tried::probe).collect();
        next(&settings, &probes)
    }

    /// What was found so far. A search that was ended has what it has.
    pub fn line(&self) -> Line {
        match self.next() {
            Next::Done(line) => line,
            Next::Probe(_) => {
                let (failed, held) = self.bracket();
                Line { held, failed, reason: Reason::ProbesExhausted }
            }
        }
    }

    fn bracket(&self) -> (Option<f64>, Option<f64>) {
        let levels = |came: Came| self.tried.iter().filter(move |t| t.came == came).map(|t| t.level);
        let failed = levels(Came::Failed).min_by(f64::total_cmp);
        let held = levels(Came::Held).filter(|l| failed.is_none_or(|f| *l < f)).max_by(f64::total_cmp);
        (failed, held)
    }

    /// Whether a level has failed already: what follows is the search for the line proper.
    pub fn is_bracketed(&self) -> bool {
        self.tried.iter().any(|tried| tried.came != Came::Held)
    }

    /// The last look at a level.
    pub fn at(&self, level: f64) -> Option<&Tried> {
        self.tried.iter().rev().find(|tried| (tried.level - level).abs() <= SAME * level)
    }

    /// Levels at which the target was seen, ascending, with what it carried: the last look at each.
    pub fn seen(&self) -> Vec<&Tried> {
        let mut seen: Vec<&Tried> = self.tried.iter().filter(|t| t.came != Came::GeneratorLimit).collect();
        seen.sort_by(|a, b| a.level.total_cmp(&b.level));
        seen.reverse();
        seen.dedup_by(|a, b| (a.level - b.level).abs() <= SAME * b.level);
        seen.reverse();
        seen
    }

    /// How throughput answers to the level.
    pub fn elasticities(&self) -> Vec<Elasticity> {
        let level = |tried: &&Tried| Level { load: tried.level, throughput: tried.throughput_per_s };
        elasticities(&self.seen().iter().map(level).collect::<Vec<_>>())
    }

    /// The Universal Scalability Law through throughput against operations in flight, with intervals where there are any.
    ///
    /// # Errors
    ///
    /// Why it cannot be fitted.
    pub fn scalability(&self) -> Result<(Fit, Option<Intervals>), Unfit> {
        let levels: Vec<_> = self
            .seen()
            .iter()
            .filter(|t| t.in_flight > 0.0)
            .map(|t| Level { load: t.in_flight, throughput: t.throughput_per_s })
            .collect();
        let fitted = fit(&levels)?;
        Ok((fitted, intervals(&levels, &fitted, RESAMPLES, 1)))
    }
}
