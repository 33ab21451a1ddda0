//! Which level to try next, and when to stop: the search for the highest level at which claims hold.
//!
//! Levels grow by a factor until one fails; then the gap between the highest that held and the lowest that failed is
//! halved, in ratio, until it is narrow enough; then both ends are tried again. Where looks near the line disagree, all of
//! them together say where it is ([`pooled`]). How a level is measured is no matter of this file, and neither is time: all
//! state is the list of probes so far, so a search that was interrupted goes on from its list.
//!
//! Sources: RFC 2544, section 26.1, for throughput as a line between what held and what failed; FD.io's MLRsearch
//! (draft-ietf-bmwg-mlrsearch) for two measured bounds and a relative width between them.

mod pooled;

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

pub use pooled::{COVERAGE, Together};
use pooled::{weigh, wrong_answers};

/// By what levels grow until one fails.
pub const FACTOR: f64 = 2.0;

/// Relative width of a bracket that needs no further halving.
pub const WIDTH_MAX: f64 = 0.02;

/// How often an end of the bracket must say the same again.
pub const REPEATS: u32 = 1;

/// Probes after which the search ends with what it has. From 1 to a limit of a million it takes 20 to grow, 6 to
/// halve and 2 to repeat; the rest is for targets that change their mind.
pub const PROBES_MAX: usize = 100;

/// How far apart what held and what failed may be for looks that disagree to be put down to chance: beyond, the target is
/// another one than before, or the search has not come near the line yet. A look of twenty seconds at a queue of
/// milliseconds misses the line by one to three percent (standard deviation, M/M/1 near saturation).
const NEAR: f64 = 1.3;

/// So many answers near the line that must be wrong, whatever the line is, mean that looks miss it by chance: a single one is
/// overruled by trying its level again.
const WRONG_MIN: usize = 2;

/// Looks near the line after which the search ends with the interval it has: about five minutes, if they last twenty seconds.
const LOOKS_MAX: usize = 12;

/// Levels closer than this, relatively, are one: a list of probes may have been through text.
const SAME: f64 = 1e-9;

/// The finest width_max: finer than that levels could not be told apart.
const WIDTH_MIN: f64 = 1e-6;

/// How to search. Levels are of whatever orders the load, as rates per second, and are not rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The first level; from `lowest` to `highest`.
    pub start: f64,
    /// The lowest level; above 0.
    pub lowest: f64,
    /// The highest level.
    pub highest: f64,
    /// By what levels grow, or shrink; above 1.
    pub factor: f64,
    /// Relative width at which a bracket is narrow enough; above 0.
    pub width_max: f64,
    /// How often an end must be confirmed; with 0 each level is probed once.
    pub repeats: u32,
    /// Most probes.
    pub probes_max: usize,
}

impl Settings {
    /// A search from `start` between `lowest` and `highest`, otherwise as this file's constants say.
    pub fn between(lowest: f64, start: f64, highest: f64) -> Self {
        Self {
            start,
            lowest,
            highest,
            factor: FACTOR,
            width_max: WIDTH_MAX,
            repeats: REPEATS,
            probes_max: PROBES_MAX,
        }
    }

    /// Whether a search with these settings goes anywhere.
    pub fn check(&self) -> Result<(), Unsearchable> {
        let finite = self.highest.is_finite();
        if !(finite && 0.0 < self.lowest && self.lowest <= self.start && self.start <= self.highest) {
            return Err(Unsearchable::Levels);
        }
        if !(self.factor.is_finite() && self.factor > 1.0) {
            return Err(Unsearchable::Factor);
        }
        if !(self.width_max.is_finite() && self.width_max >= WIDTH_MIN) {
            return Err(Unsearchable::Width);
        }
        if self.probes_max == 0 { Err(Unsearchable::Probes) } else { Ok(()) }
    }
}

/// Which setting makes a search impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsearchable {
    /// The factor is not above 1.
    Factor,
    /// Not 0 < lowest ≤ start ≤ highest, or the highest is infinite.
    Levels,
    /// No probes are allowed.
    Probes,
    /// The width is below a millionth.
    Width,
}

impl fmt::Display for Unsearchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Factor => "the factor by which levels grow must be above 1",
            Self::Levels => "levels must be above 0, and the first between the lowest and the highest",
            Self::Probes => "at least one probe must be allowed",
            Self::Width => "the width must be at least a millionth",
        })
    }
}

impl Error for Unsearchable {}

/// What a probe says of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Claims failed.
    Failed,
    /// The generator gave out: nothing is known of the target at this level.
    GeneratorLimit,
    /// Claims held.
    Held,
}

/// One level, measured once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// The level that was set.
    pub level: f64,
    /// What it said.
    pub answer: Answer,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Measure this level, and add the answer to the list.
    Probe(f64),
    /// The search is over.
    Done(Line),
}

/// What was found: the line lies in `[held, failed]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The highest level that held below all that failed; `None` if none did.
    pub held: Option<f64>,
    /// The lowest level that failed; `None` if none did.
    pub failed: Option<f64>,
    /// Why the search ended.
    pub reason: Reason,
}

/// Why a search ended. The ends where it stopped are confirmed as often as was asked for, except with
/// [`Reason::ProbesExhausted`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// The bracket is as narrow as it was to be.
    Bracketed,
    /// A level above the one that failed holds just as surely: the target remembers what was done to it, or something
    /// else changed meanwhile. What was found is the end of the search below the failure.
    Contradicted {
        /// The highest level that held.
        held_above: f64,
    },
    /// Claims fail even at the lowest load.
    FailsAtLowest,
    /// At least `held`: the generator is the limit. Without `held` it gave out at the lowest load. A `failed` lies
    /// beyond what the generator managed later, and is not confirmed.
    GeneratorLimit,
    /// At least `held`: claims hold at the highest level that was to be tried.
    HoldsAtHighest,
    /// Looks near the line disagree: `held` and `failed` are the ends of an interval (see [`COVERAGE`]) by all of them
    /// together. It is as narrow as the bracket was to be, or no more looks were worth their time.
    Pooled {
        /// The middle of it.
        middle: f64,
    },
    /// No more probes were allowed; the bracket is as wide as it is, and its ends may be unconfirmed.
    ProbesExhausted,
}

/// The next step of a search after `probes`, in any order. The same list always gives the same step.
///
/// A level has failed unless it held more often than it failed. Where one says otherwise when it is tried again, a third
/// probe decides, or as many as `repeats` asks for, and the search goes on from the answer; near the line all looks decide
/// together.
pub fn next(settings: &Settings, probes: &[Probe]) -> Next {
    debug_assert_eq!(settings.check(), Ok(()));
    let bracket = Bracket::of(probes);
    match bracket.pooled(settings, probes).unwrap_or_else(|| bracket.proceed(settings)) {
        Next::Probe(_) if probes.len() >= settings.probes_max => {
            Next::Done(bracket.line(Reason::ProbesExhausted))
        }
        step => step,
    }
}

/// What all looks near the line say together of where it is; `None` before both sides of it were seen close to each other.
pub fn together(settings: &Settings, probes: &[Probe]) -> Option<Together> {
    let near = Bracket::of(probes).near()?;
    Some(weigh(probes, &near, settings.width_max))
}

/// Levels that both held and failed, ascending: the target is not the same each time.
pub fn unsteady(probes: &[Probe]) -> Vec<f64> {
    tally(probes).iter().filter(|tally| tally.held > 0 && tally.failed > 0).map(|tally| tally.level).collect()
}

/// All answers of one level.
#[derive(Clone, Copy, Debug)]
struct Tally {
    level: f64,
    held: u32,
    failed: u32,
    gave_out: u32,
}

impl Tally {
    /// Whether the generator gave out more often than the target was seen.
    fn is_unseen(&self) -> bool {
        self.gave_out > self.held + self.failed
    }

    fn has_held(&self) -> bool {
        !self.is_unseen() && self.held > self.failed
    }

    fn has_failed(&self) -> bool {
        !self.is_unseen() && self.held <= self.failed
    }

    /// Whether what it counts as was said often enough.
    fn is_confirmed(&self, settings: &Settings) -> bool {
        let said = if self.is_unseen() { self.gave_out } else { self.held.max(self.failed) };
        said > settings.repeats
    }
}

/// The answers of each level, ascending in level.
fn tally(probes: &[Probe]) -> Vec<Tally> {
    let mut probes = probes.to_vec();
    probes.sort_by(|a, b| a.level.total_cmp(&b.level));
    probes
        .chunk_by(|a, b| b.level <= a.level * (1.0 + SAME))
        .map(|same| {
            let count = |answer| same.iter().filter(|probe| probe.answer == answer).count() as u32;
            Tally {
                level: same[0].level,
                held: count(Answer::Held),
                failed: count(Answer::Failed),
                gave_out: count(Answer::GeneratorLimit),
            }
        })
        .collect()
}

/// Where a search stands.
#[derive(Clone, Copy, Debug)]
struct Bracket {
    /// The lowest level that failed.
    failed: Option<Tally>,
    /// The highest that held below it.
    held: Option<Tally>,
    /// The highest that held above it.
    above: Option<Tally>,
    /// The lowest above `held` at which the generator gave out.
    unseen: Option<Tally>,
}

impl Bracket {
    fn of(probes: &[Probe]) -> Self {
        let tallies = tally(probes);
        let failed = tallies.iter().copied().find(Tally::has_failed);
        let is_below = |tally: &Tally| failed.is_none_or(|failed| tally.level < failed.level);
        let held = tallies.iter().rev().copied().find(|tally| tally.has_held() && is_below(tally));
        let above = tallies.iter().rev().copied().find(|tally| tally.has_held() && !is_below(tally));
        let is_over = |tally: &Tally| held.is_none_or(|held| tally.level > held.level);
        let unseen = tallies.iter().copied().find(|tally| tally.is_unseen() && is_over(tally));
        Self { failed, held, above, unseen }
    }

    /// Where looks are near the line, once it is known where that is.
    fn near(&self) -> Option<RangeInclusive<f64>> {
        let (held, failed) = (self.held?.level, self.failed?.level);
        let is_hidden = self.unseen.is_some_and(|unseen| unseen.level < failed);
        let is_torn = self.above.is_some_and(|above| above.level > failed * NEAR);
        (!is_hidden && !is_torn && failed <= held * NEAR).then_some(held / NEAR..=failed * NEAR)
    }

    /// The next step if looks near the line disagree.
    fn pooled(&self, settings: &Settings, probes: &[Probe]) -> Option<Next> {
        let near = self.near()?;
        if wrong_answers(probes, &near) < WRONG_MIN {
            return None;
        }
        let found = weigh(probes, &near, settings.width_max);
        if found.high / found.low <= 1.0 + settings.width_max || found.looks >= LOOKS_MAX {
            let reason = Reason::Pooled { middle: found.middle };
            return Some(Next::Done(Line { held: Some(found.low), failed: Some(found.high), reason }));
        }
        // Both sides in turn: looks at one place only would leave open how much a look may miss.
        let level = if found.looks.is_multiple_of(2) { found.above } else { found.below };
        Some(Next::Probe(level.clamp(settings.lowest, settings.highest)))
    }

    /// The next step, with as many probes as it takes.
    fn proceed(&self, settings: &Settings) -> Next {
        if let Some(level) = self.doubtful_order(settings) {
            return Next::Probe(level);
        }
        if let Some(level) = self.doubtful_roof(settings) {
            return Next::Probe(level);
        }
        match (self.held.map(|held| held.level), self.roof().map(|roof| roof.level)) {
            (None, None) => Next::Probe(settings.start),
            (Some(held), None) if held < settings.highest * (1.0 - SAME) => {
                Next::Probe((held * settings.factor).min(settings.highest))
            }
            (None, Some(roof)) if roof > settings.lowest * (1.0 + SAME) => {
                Next::Probe((roof / settings.factor).max(settings.lowest))
            }
            // The middle in ratio, as the width is one.
            (Some(held), Some(roof)) if roof / held > 1.0 + settings.width_max => {
                Next::Probe(held * (roof / held).sqrt())
            }
            _ => self.conclude(settings),
        }
    }

    /// The lowest level beyond which the search cannot go: it failed, or the generator gave out.
    fn roof(&self) -> Option<Tally> {
        [self.failed, self.unseen].into_iter().flatten().min_by(|a, b| a.level.total_cmp(&b.level))
    }

    /// With a level that failed below one that held, the one of both to try again; `None` if both insist.
    fn doubtful_order(&self, settings: &Settings) -> Option<f64> {
        let (failed, above) = self.failed.zip(self.above)?;
        [failed, above].iter().find(|tally| !tally.is_confirmed(settings)).map(|tally| tally.level)
    }

    /// Where the generator gave out once, far above what held: a hiccup of its machine would cost a whole bisection.
    fn doubtful_roof(&self, settings: &Settings) -> Option<f64> {
        let held = self.held.map_or(0.0, |held| held.level);
        let roof = self.roof().filter(|roof| roof.is_unseen() && roof.level > held * NEAR)?;
        (!roof.is_confirmed(settings)).then_some(roof.level)
    }

    /// Confirms the ends of a bracket that is narrow enough, and ends the search.
    fn conclude(&self, settings: &Settings) -> Next {
        let roof = self.roof();
        if let Some(doubtful) = [self.held, roof].iter().flatten().find(|end| !end.is_confirmed(settings)) {
            return Next::Probe(doubtful.level);
        }
        let reason = match (self.above, roof, self.held) {
            (Some(above), ..) => Reason::Contradicted { held_above: above.level },
            (None, None, _) => Reason::HoldsAtHighest,
            (None, Some(roof), _) if roof.is_unseen() => Reason::GeneratorLimit,
            (None, Some(_), None) => Reason::FailsAtLowest,
            (None, Some(_), Some(_)) => Reason::Bracketed,
        };
        Next::Done(self.line(reason))
    }

    fn line(&self, reason: Reason) -> Line {
        Line {
            held: self.held.map(|tally| tally.level),
            failed: self.failed.map(|tally| tally.level),
            reason,
        }
    }
}

#[cfg(test)]
mod tests;
