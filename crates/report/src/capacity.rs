//! A search for the load line: what was tried, what came of it, and what follows. Kept as `capacity.json` while it goes on, so
//! that an interrupted search goes on from there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use plimsoll_audit::capacity::Measured;
use plimsoll_audit::statistics::bracket::{Answer, Line, Next, Probe, Reason, Settings, next};
use plimsoll_audit::statistics::knee::{Elasticity, elasticities};
use plimsoll_audit::statistics::scalability::{Fit, Intervals, Level, Unfit, fit, intervals};
use serde::{Deserialize, Serialize};

use crate::directory::write_whole;

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

impl Search {
    /// The same for the search itself.
    pub fn settings(&self) -> Settings {
        Settings {
            factor: self.factor,
            width_max: self.resolution,
            repeats: self.confirm,
            ..Settings::between(self.lowest, self.from, self.highest)
        }
    }
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

    /// Writes it into `directory`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        write_whole(&Self::file(directory), &serde_json::to_vec_pretty(self)?)
    }

    /// What is to be tried next, or what was found.
    pub fn next(&self) -> Next {
        let settings = Settings { width_max: self.width_max(), ..self.search.settings() };
        let probes: Vec<_> = self.tried.iter().map(Tried::probe).collect();
        match next(&settings, &probes) {
            Next::Probe(level) if self.unit == Unit::Users => Next::Probe(self.whole(level)),
            step => step,
        }
    }

    /// The resolution; between whole users next to each other there is nothing to try.
    fn width_max(&self) -> f64 {
        match (self.unit, self.highest_held()) {
            (Unit::Users, Some(held)) => self.search.resolution.max(1.0 / held * (1.0 + SAME)),
            _ => self.search.resolution,
        }
    }

    fn highest_held(&self) -> Option<f64> {
        self.tried.iter().filter(|t| t.came == Came::Held).map(|t| t.level).max_by(f64::total_cmp)
    }

    /// Whole users: more than held while levels grow, fewer than failed while they shrink.
    fn whole(&self, level: f64) -> f64 {
        if self.at(level).is_some() {
            return level;
        }
        match (self.highest_held(), self.is_bracketed()) {
            (Some(held), false) => level.round().max(held + 1.0).min(self.search.highest),
            (None, true) => level.floor().max(self.search.lowest),
            _ => level.round(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A search whose target answers as told, to its end.
    fn searched(unit: Unit, from: f64, factor: f64, answer: impl Fn(f64) -> Came) -> Capacity {
        let search = Search { from, lowest: 1.0, highest: 10_000.0, factor, resolution: 0.02, confirm: 1 };
        let mut found = Capacity {
            schema: SCHEMA.to_owned(),
            plan: "p".to_owned(),
            plan_digest: "d".to_owned(),
            target: "t".to_owned(),
            unit,
            claims: vec!["p99 < 1s".to_owned()],
            seed: 1,
            search,
            tried: Vec::new(),
            ended: None,
        };
        while let Next::Probe(level) = found.next() {
            assert!(found.tried.len() < 60, "it does not end: {:?}", found.tried);
            found.tried.push(Tried {
                level,
                came: answer(level),
                certain: true,
                why: None,
                hold_ns: 1,
                throughput_per_s: level,
                in_flight: 1.0,
                response_ns: [None; 3],
                run: PathBuf::from("levels"),
            });
            // What went through the file is the same search.
            let text = serde_json::to_string(&found).unwrap();
            let read: Capacity = serde_json::from_str(&text).unwrap();
            assert_eq!(read.next(), found.next());
        }
        found
    }

    fn up_to(limit: f64, beyond: Came) -> impl Fn(f64) -> Came {
        move |level| if level <= limit { Came::Held } else { beyond }
    }

    #[test]
    fn users_are_whole_and_both_ends_are_confirmed() {
        for (from, factor) in [(1.0, 2.0), (2.0, 1.2), (40.0, 2.0), (13.0, 1.5)] {
            let found = searched(Unit::Users, from, factor, up_to(10.0, Came::Failed));
            let line = found.line();
            assert_eq!((line.held, line.failed, line.reason), (Some(10.0), Some(11.0), Reason::Bracketed));
            assert!(found.tried.iter().all(|t| t.level.fract() == 0.0), "{:?}", found.tried);
            for level in [10.0, 11.0] {
                assert_eq!(found.tried.iter().filter(|t| t.level == level).count(), 2, "{:?}", found.tried);
            }
        }
    }

    #[test]
    fn a_generator_that_gives_out_ends_the_search_with_at_least() {
        for unit in [Unit::Users, Unit::Rate] {
            let line = searched(unit, 4.0, 2.0, up_to(10.0, Came::GeneratorLimit)).line();
            assert_eq!(line.reason, Reason::GeneratorLimit);
            assert!(line.held.is_some_and(|held| held > 9.7 && held <= 10.0), "{line:?}");
        }
    }

    #[test]
    fn rates_end_within_the_resolution() {
        let line = searched(Unit::Rate, 1.0, 2.0, up_to(777.0, Came::Failed)).line();
        let (held, failed) = (line.held.unwrap(), line.failed.unwrap());
        assert!(held <= 777.0 && 777.0 < failed && failed / held <= 1.0201, "{line:?}");
    }
}
