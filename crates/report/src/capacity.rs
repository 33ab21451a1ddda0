//! A search for the load line: what was tried, what came of it, and what follows. Kept as `capacity.json` while it goes on, so
//! that an interrupted search goes on from there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use plimsoll_audit::capacity::Measured;
use plimsoll_audit::statistics::bracket::{
    Answer, Line, Next, Probe, Reason, Settings, Together, next, together,
};
use plimsoll_audit::statistics::knee::{Curvature, Elasticity, Knee, Point, elasticities, knee};
use plimsoll_audit::statistics::scalability::{Fit, Intervals, Level, Unfit, fit, intervals};
use plimsoll_audit::statistics::walk::{self, Step, Walked};
use serde::{Deserialize, Serialize};

use crate::directory::write_whole;

/// The version of what `capacity.json` looks like.
pub const SCHEMA: &str = "plimsoll.capacity/1";

/// Bootstrap resamples for intervals of the law of scalability.
const RESAMPLES: usize = 500;

/// By which share of the peak throughput must be lower beyond it to be told: half of that is noise between looks.
const RETROGRADE: f64 = 0.1;

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
    /// Digest of the variables that the plan was given.
    #[serde(default)]
    pub variables: String,
    /// What levels are counted in.
    pub unit: Unit,
    /// Claims, as the plan writes them.
    pub claims: Vec<String>,
    /// The seed of everything random: every level has its own, counted from this one, so that chance does not lean the
    /// same way at all of them.
    pub seed: u64,
    /// The share to which the times of every level were shortened.
    #[serde(default)]
    pub scale: Option<f64>,
    /// How the search goes.
    pub search: Search,
    /// Levels in the order in which they were tried.
    pub tried: Vec<Tried>,
    /// Why the search was ended before its time.
    pub ended: Option<String>,
    /// Up and down again over the line, if that was asked for.
    #[serde(default)]
    pub walk: Option<Walk>,
}

/// A walk up and down over the line that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Its levels, ascending.
    pub levels: Vec<f64>,
    /// What came of them, in the order in which they were tried: up, and down again.
    pub tried: Vec<Tried>,
}

impl Walk {
    /// What is to be tried next, or what the walk came to.
    pub fn next(&self) -> Step {
        walk::next(&self.levels, &self.answers())
    }

    fn answers(&self) -> Vec<Answer> {
        self.tried.iter().map(|tried| tried.probe().answer).collect()
    }

    /// What it came to; `None` while it goes on.
    pub fn walked(&self) -> Option<Walked> {
        if let Step::Done(walked) = self.next() { Some(walked) } else { None }
    }

    /// Looks on the way up, and on the way down.
    pub fn ways(&self) -> (&[Tried], &[Tried]) {
        self.tried.split_at(walk::turned(&self.levels, &self.answers()).unwrap_or(self.tried.len()))
    }
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
    /// How a level is looked at.
    #[serde(default)]
    pub look: Look,
}

/// How long a level is looked at, in nanoseconds. Looks of other lengths are not put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Before what counts.
    pub warm_up_ns: u64,
    /// What counts, near the line.
    pub hold_ns: u64,
    /// What counts at the most, where quantiles need more.
    pub hold_max_ns: u64,
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
    /// A limit gave out that the plan sets itself, as its users.
    PlanLimit,
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
    /// Successes per second, by when they came.
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
                Answer::GeneratorLimit if measured.by_plan => Came::PlanLimit,
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

    /// Whether it was the target that was seen.
    pub const fn is_seen(&self) -> bool {
        matches!(self.came, Came::Failed | Came::Held)
    }

    fn probe(&self) -> Probe {
        let answer = match self.came {
            Came::Failed => Answer::Failed,
            Came::GeneratorLimit | Came::PlanLimit => Answer::GeneratorLimit,
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

    /// What `other` is about that this is not; `None` if either may go on from where the other has come to.
    pub fn differs_from(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            ("another plan", self.plan_digest != other.plan_digest),
            ("another target", self.target != other.target),
            ("other variables", self.variables != other.variables),
            ("other settings", self.search != other.search),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(what, _)| what)
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
        match (next(&self.settings(), &self.probes()), self.unit) {
            (Next::Probe(level), Unit::Users) => Next::Probe(self.whole(level)),
            (Next::Done(line), Unit::Users) => Next::Done(Line {
                held: line.held.map(f64::floor),
                failed: line.failed.map(f64::ceil),
                ..line
            }),
            (step, Unit::Rate) => step,
        }
    }

    fn settings(&self) -> Settings {
        Settings { width_max: self.width_max(), ..self.search.settings() }
    }

    fn probes(&self) -> Vec<Probe> {
        self.tried.iter().map(Tried::probe).collect()
    }

    /// Where all looks near the line put it together; `None` before both sides of it were seen close to each other.
    pub fn together(&self) -> Option<Together> {
        together(&self.settings(), &self.probes())
    }

    /// How far apart the highest level that held and the lowest above it that did not are, in ratio; `None` before there are
    /// both.
    pub fn gap(&self) -> Option<f64> {
        let held = self.bracket().1?;
        let beyond = self.tried.iter().filter(|t| t.came != Came::Held && t.level > held).map(|t| t.level);
        Some(beyond.min_by(f64::total_cmp)? / held)
    }

    /// Successes per second at the level that was tried nearest to this one; `None` before there were any.
    pub fn throughput_near(&self, level: f64) -> Option<f64> {
        let far = |tried: &&Tried| (tried.level / level).ln().abs();
        let seen = self.tried.iter().filter(|tried| tried.throughput_per_s > 0.0);
        seen.min_by(|a, b| far(a).total_cmp(&far(b))).map(|tried| tried.throughput_per_s)
    }

    /// The levels of a walk over the line, none beyond the highest that may be tried; `None` if nothing failed.
    pub fn walk_levels(&self) -> Option<Vec<f64>> {
        let (failed, held) = self.bracket();
        let line = self.line();
        let mut levels = walk::levels(line.held.or(held)?, line.failed.or(failed)?);
        levels.retain(|level| *level <= self.search.highest);
        if self.unit == Unit::Users {
            levels.iter_mut().for_each(|level| *level = level.round().max(1.0));
            levels.dedup();
        }
        Some(levels)
    }

    /// The level nearest to `level` at which a claim of the target's broke.
    pub fn broke_near(&self, level: f64) -> Option<&Tried> {
        let far = |tried: &&Tried| (tried.level / level).ln().abs();
        self.tried.iter().filter(|t| t.came == Came::Failed).min_by(|a, b| far(a).total_cmp(&far(b)))
    }

    /// Whether the target's line was found: what held is no mere floor.
    pub fn is_found(&self) -> bool {
        let told = matches!(self.line().reason, Reason::Bracketed | Reason::Pooled { .. });
        self.ended.is_none() && told
    }

    /// Whether nothing at all succeeded, at no level.
    pub fn is_silent(&self) -> bool {
        !self.tried.is_empty() && self.tried.iter().all(|tried| tried.throughput_per_s <= 0.0)
    }

    /// Successes per second and operations in flight at a level between those at which the target was seen, in a straight line
    /// from one to the next; `None` outside them.
    pub fn between(&self, level: f64) -> Option<(f64, f64)> {
        let seen = self.seen();
        let above = seen.iter().position(|t| t.level >= level * (1.0 - SAME))?;
        let upper = seen[above];
        let lower = if above == 0 { upper } else { seen[above - 1] };
        if level < lower.level * (1.0 - SAME) {
            return None;
        }
        let width = upper.level - lower.level;
        let share = if width > 0.0 { (level - lower.level) / width } else { 0.0 };
        let at = |of: fn(&Tried) -> f64| of(lower) + share * (of(upper) - of(lower));
        Some((at(|t| t.throughput_per_s), at(|t| t.in_flight)))
    }

    /// The lowest level above what held at which the generator, or a limit of the plan, gave out.
    pub fn gave_out(&self) -> Option<&Tried> {
        let held = self.line().held.unwrap_or(0.0);
        let beyond = self.tried.iter().filter(|t| !t.is_seen() && t.level > held);
        beyond.min_by(|a, b| a.level.total_cmp(&b.level))
    }

    /// The most that was carried, and what was carried at the highest level where the target was seen, if that was
    /// noticeably less: throughput falls beyond the peak.
    pub fn retrograde(&self) -> Option<(&Tried, &Tried)> {
        let seen = self.seen();
        let peak = *seen.iter().max_by(|a, b| a.throughput_per_s.total_cmp(&b.throughput_per_s))?;
        let least = *seen
            .iter()
            .filter(|t| t.level > peak.level)
            .min_by(|a, b| a.throughput_per_s.total_cmp(&b.throughput_per_s))?;
        (least.throughput_per_s < peak.throughput_per_s * (1.0 - RETROGRADE)).then_some((peak, least))
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
        let mut seen: Vec<&Tried> = self.tried.iter().filter(|t| t.is_seen()).collect();
        seen.sort_by(|a, b| a.level.total_cmp(&b.level));
        seen.reverse();
        seen.dedup_by(|a, b| (a.level - b.level).abs() <= SAME * b.level);
        seen.reverse();
        seen
    }

    /// The level at which throughput bends, if one may be told.
    pub fn knee(&self) -> Knee {
        let points: Vec<_> =
            self.seen().iter().map(|t| Point { x: t.level, y: t.throughput_per_s }).collect();
        knee(&points, Curvature::Concave)
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
            .filter(|t| t.in_flight > 0.0 && t.throughput_per_s > 0.0)
            .map(|t| Level { load: t.in_flight, throughput: t.throughput_per_s })
            .collect();
        let fitted = fit(&levels)?;
        Ok((fitted, intervals(&levels, &fitted, RESAMPLES, 1)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A search whose target answers as told, to its end.
    pub(crate) fn searched(unit: Unit, from: f64, factor: f64, answer: impl Fn(f64) -> Came) -> Capacity {
        let search = Search {
            from,
            lowest: 1.0,
            highest: 10_000.0,
            factor,
            resolution: 0.02,
            confirm: 1,
            look: Look::default(),
        };
        let mut found = Capacity {
            schema: SCHEMA.to_owned(),
            plan: "p".to_owned(),
            plan_digest: "d".to_owned(),
            target: "t".to_owned(),
            variables: String::new(),
            unit,
            claims: vec!["p99 < 1s".to_owned()],
            seed: 1,
            scale: None,
            search,
            tried: Vec::new(),
            ended: None,
            walk: None,
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

    pub(crate) fn up_to(limit: f64, beyond: Came) -> impl Fn(f64) -> Came {
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
    fn a_limit_of_the_plan_ends_the_search_as_one_of_the_generator_does() {
        let found = searched(Unit::Rate, 4.0, 2.0, up_to(10.0, Came::PlanLimit));
        assert_eq!(found.line().reason, Reason::GeneratorLimit);
        assert!(found.gave_out().is_some_and(|tried| tried.came == Came::PlanLimit) && !found.is_found());
        assert_eq!(found.broke_near(10.0), None, "no claim broke");
    }

    #[test]
    fn looks_that_disagree_end_in_an_interval_of_whole_users() {
        let looks = std::cell::Cell::new(0u32);
        // Every third answer near the line is wrong.
        let found = searched(Unit::Users, 40.0, 2.0, |level| {
            looks.set(looks.get() + 1);
            let is_near = (900.0..1_100.0).contains(&level);
            let held = (level <= 1_000.0) != (is_near && looks.get().is_multiple_of(3));
            if held { Came::Held } else { Came::Failed }
        });
        let line = found.line();
        assert!(matches!(line.reason, Reason::Pooled { .. } | Reason::Bracketed), "{line:?}");
        assert!(line.held.unwrap().fract() == 0.0 && line.failed.unwrap().fract() == 0.0, "{line:?}");
        assert!(found.together().is_some_and(|t| t.low <= t.middle && t.middle <= t.high));
    }

    #[test]
    fn a_search_goes_on_only_where_it_was() {
        let found = searched(Unit::Rate, 100.0, 2.0, up_to(1_000.0, Came::Failed));
        assert_eq!(found.differs_from(&found.clone()), None);
        let differs = |change: fn(&mut Capacity)| {
            let mut other = found.clone();
            change(&mut other);
            other.differs_from(&found)
        };
        assert_eq!(differs(|other| other.plan_digest.push('x')), Some("another plan"));
        assert_eq!(differs(|other| other.target.push('x')), Some("another target"));
        assert_eq!(differs(|other| other.variables.push('x')), Some("other variables"));
        assert_eq!(differs(|other| other.search.look.hold_ns += 1), Some("other settings"));
        assert_eq!(differs(|other| other.tried.clear()), None);
    }

    #[test]
    fn between_levels_is_a_straight_line_and_outside_nothing() {
        let mut found = searched(Unit::Rate, 100.0, 2.0, up_to(1_000.0, Came::Failed));
        found.tried.iter_mut().for_each(|tried| tried.in_flight = tried.level / 100.0);
        assert!(found.is_found());
        assert_eq!((found.between(100.0), found.between(150.0)), (Some((100.0, 1.0)), Some((150.0, 1.5))));
        assert_eq!((found.between(99.0), found.between(1e6)), (None, None));
    }

    #[test]
    fn a_walk_stays_below_the_highest_level_that_may_be_tried() {
        let mut found = searched(Unit::Rate, 100.0, 2.0, up_to(1_000.0, Came::Failed));
        let above = |found: &Capacity| found.walk_levels().unwrap().last().copied().unwrap();
        assert!(above(&found) > 1_100.0);
        found.search.highest = 1_100.0;
        assert!(above(&found) <= 1_100.0);
    }

    #[test]
    fn throughput_that_falls_beyond_its_peak_is_told() {
        let mut found = searched(Unit::Rate, 100.0, 2.0, up_to(1_000.0, Came::Failed));
        assert_eq!(found.retrograde(), None);
        for tried in found.tried.iter_mut().filter(|tried| tried.level > 1_000.0) {
            tried.throughput_per_s = 2_000.0 - tried.level;
        }
        let (peak, least) = found.retrograde().unwrap();
        assert!(peak.level <= 1_005.0 && least.level > 1_500.0, "{peak:?} {least:?}");
    }

    #[test]
    fn a_walk_goes_through_the_file_and_whole_users_stay_whole() {
        let mut found = searched(Unit::Users, 40.0, 2.0, up_to(100.0, Came::Failed));
        let levels = found.walk_levels().unwrap();
        assert!(levels.iter().all(|level| level.fract() == 0.0) && levels.is_sorted(), "{levels:?}");
        let tried = found.tried[0].clone();
        found.walk = Some(Walk { levels, tried: vec![tried] });
        let read: Capacity = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
        assert_eq!(read.walk, found.walk);
        // A file of a search that knew no walk is still one.
        let mut value = serde_json::to_value(&found).unwrap();
        value.as_object_mut().unwrap().remove("walk");
        assert_eq!(serde_json::from_value::<Capacity>(value).unwrap().walk, None);
    }

    #[test]
    fn rates_end_within_the_resolution() {
        let line = searched(Unit::Rate, 1.0, 2.0, up_to(777.0, Came::Failed)).line();
        let (held, failed) = (line.held.unwrap(), line.failed.unwrap());
        assert!(held <= 777.0 && 777.0 < failed && failed / held <= 1.0201, "{line:?}");
    }
}
