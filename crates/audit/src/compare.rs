//! Sets of runs, two by two: what differs, and is it worth a word? The unit is the run; operations are never pooled.
//!
//! Method: docs/METHOD.md, section 9, docs/decisions/0019-what-a-change-must-show.md for what a word demands, and
//! docs/decisions/0020-arms.md for pairs, errors and claims.

use plimsoll_metrics::expression::Comparison;

use crate::claims::Verdict;
use crate::statistics::change::{Change, Demand, Evidence, RUNS_MIN, RUNS_MORE_MAX, Rule, Worse, judge};
use crate::statistics::discovery::adjusted;
use crate::statistics::noise::{DELTA_MIN, delta, noise};
use crate::statistics::paired::{paired_ratio, paired_shift};
use crate::statistics::rank::median;
use crate::statistics::two_samples::{Interval, mann_whitney, ratio, shift};

/// False discoveries among all that is called a change, at most.
const ALPHA: f64 = 0.05;

const CONFIDENCE: f64 = 0.95;

/// The smallest difference of shares that counts: a thousandth of all.
pub const SHARE_DELTA: f64 = 0.001;

/// One measure of the runs of two sides, a value a run, in the order in which they ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Sides {
    /// What is measured: `p95(checkout)`.
    pub measure: String,
    /// Which way is worse.
    pub worse: Worse,
    /// A share, which is compared by its difference: a share of nothing has no ratio, and a hundredth of all that fails
    /// matters although it is a hundredth.
    pub is_share: bool,
    /// Of the first side.
    pub a: Vec<f64>,
    /// Of the second side.
    pub b: Vec<f64>,
    /// Values of runs that were made side by side; empty if runs were not made in turn.
    pub pairs: Vec<(f64, f64)>,
}

impl Sides {
    /// How many times the first side the second is, by pairs if there are enough; `None` if a value is not positive.
    pub fn ratio(&self) -> Option<Interval> {
        if self.is_paired() {
            return paired_ratio(&self.pairs, CONFIDENCE);
        }
        ratio(&self.a, &self.b, CONFIDENCE)
    }

    /// By how much the second side exceeds the first, by pairs if there are enough.
    pub fn difference(&self) -> Option<Interval> {
        if self.is_paired() {
            return paired_shift(&self.pairs, CONFIDENCE);
        }
        shift(&self.a, &self.b, CONFIDENCE)
    }

    /// Whether pairs are what it is judged by.
    pub fn is_paired(&self) -> bool {
        self.pairs.len() >= RUNS_MIN
    }

    /// Whether shares differ by more than what counts. Not adjusted for other tests: of arms that do not do the same
    /// work none may be called the faster one, and it is this mistake that is to be rare.
    pub fn has_other_share(&self) -> bool {
        let (runs_a, runs_b) = (self.a.len(), self.b.len());
        let Some(difference) = self.difference().filter(|_| Change::too_few(runs_a, runs_b).is_none()) else {
            return false;
        };
        let p = mann_whitney(&self.a, &self.b).map_or(1.0, |test| test.p);
        p < ALPHA && !difference.contains(0.0) && difference.estimate.abs() > SHARE_DELTA
    }

    /// Judges what was claimed of the second side over the first, and says why.
    pub fn judge_ratio(&self, comparison: Comparison, bound: f64) -> (Verdict, Option<Interval>, String) {
        let (runs_a, runs_b) = (self.a.len(), self.b.len());
        if Change::too_few(runs_a, runs_b).is_some() {
            let reason = format!("{runs_b} and {runs_a} runs; at least {RUNS_MIN} a side are needed");
            return (Verdict::Unproven, None, reason);
        }
        let Some(found) = self.ratio() else {
            return (Verdict::Unproven, None, "there is no ratio to nothing".to_owned());
        };
        let of = if self.is_paired() {
            format!("{} pairs of runs", self.pairs.len())
        } else {
            format!("{runs_b} and {runs_a} runs")
        };
        let (verdict, reason) =
            match (comparison.holds(found.low, bound), comparison.holds(found.high, bound)) {
                (true, true) => (Verdict::Verified, format!("the whole 95 % interval of {of} keeps it")),
                (false, false) => {
                    (Verdict::Refuted, format!("nothing of the 95 % interval of {of} keeps it"))
                }
                _ => (
                    Verdict::Unproven,
                    format!("{bound} lies in the 95 % interval of {of}; more runs make it narrower"),
                ),
            };
        (verdict, Some(found), reason)
    }
}

/// What became of a measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The measure.
    pub measure: String,
    /// Which way is worse.
    pub worse: Worse,
    /// Values of each side.
    pub runs: (usize, usize),
    /// Medians of each side; `None` without runs.
    pub medians: (Option<f64>, Option<f64>),
    /// The second side over the first (Hodges-Lehmann; by pairs where runs were made in turn), if all values are positive.
    pub ratio: Option<Interval>,
    /// Adjusted for everything that was compared along with it (Benjamini-Hochberg).
    pub p: Option<f64>,
    /// The smallest relative change that counts.
    pub delta: f64,
    /// The word.
    pub change: Change,
}

/// Compares measure by measure. Everything that is compared in one go, measures of all arms, belongs into one call: it is
/// one family of tests.
pub fn compare(all: &[Sides]) -> Vec<Compared> {
    let tests: Vec<_> = all.iter().map(|sides| mann_whitney(&sides.a, &sides.b).map(|test| test.p)).collect();
    let known: Vec<f64> = tests.iter().copied().flatten().collect();
    let mut adjusted = adjusted(&known).into_iter();
    let p = tests.into_iter().map(|test| test.and_then(|_| adjusted.next()));
    all.iter().zip(p.collect::<Vec<_>>()).map(|(sides, p)| compared(sides, p)).collect()
}

fn compared(sides: &Sides, p: Option<f64>) -> Compared {
    let Sides { measure, worse, a, b, .. } = sides;
    let runs = (a.len(), b.len());
    let middle = |runs: &[f64]| if runs.is_empty() { None } else { Some(median(runs)) };
    let delta = [a, b].into_iter().filter_map(|side| noise(side)).map(delta).fold(DELTA_MIN, f64::max);
    let ratio = sides.ratio();
    let few = Change::too_few(runs.0, runs.1);
    let change = match (few, ratio, p) {
        (Some(few), ..) => few,
        (None, _, Some(p)) if sides.is_share => by_difference(sides, p),
        (None, Some(ratio), Some(p_adjusted)) => {
            let evidence = Evidence { ratio, p_adjusted, runs_a: runs.0, runs_b: runs.1 };
            judge(&evidence, &Rule { delta, alpha: ALPHA, worse: *worse, demand: Demand::ThatItIsThere })
        }
        // There is no ratio to nothing, but there may be a direction.
        _ if a == b => Change::Equivalent,
        (None, None, Some(p)) if p < ALPHA && middle(a) != middle(b) => word(*worse, middle(b) > middle(a)),
        _ => Change::Inconclusive { runs_more: RUNS_MIN },
    };
    let delta = if sides.is_share { SHARE_DELTA } else { delta };
    let medians = (middle(a), middle(b));
    Compared { measure: measure.clone(), worse: *worse, runs, medians, ratio, p, delta, change }
}

/// The word for a change that is there.
fn word(worse: Worse, is_more: bool) -> Change {
    if is_more == (worse == Worse::Higher) { Change::Regression } else { Change::Improvement }
}

/// A share, by its difference against [`SHARE_DELTA`].
fn by_difference(sides: &Sides, p: f64) -> Change {
    let Sides { worse, a, b, .. } = sides;
    let Some(difference) = sides.difference() else {
        return Change::Inconclusive { runs_more: RUNS_MIN };
    };
    let is_there = p < ALPHA && !difference.contains(0.0);
    if is_there && difference.estimate.abs() > SHARE_DELTA {
        word(*worse, difference.estimate > 0.0)
    } else if difference.low >= -SHARE_DELTA && difference.high <= SHARE_DELTA {
        Change::Equivalent
    } else {
        Change::Inconclusive { runs_more: runs_more_of_share(&difference, a.len().max(b.len())) }
    }
}

/// How many more runs a side would settle the difference of a share, if it is what it looks like: an interval becomes narrower
/// with the root of the number of runs, and must come to lie within what counts, or beyond nothing.
fn runs_more_of_share(difference: &Interval, runs: usize) -> usize {
    let half = (difference.high - difference.low) / 2.0;
    let far = difference.estimate.abs();
    let wanted = if far > SHARE_DELTA { far } else { SHARE_DELTA - far };
    let all = runs as f64 * (half / wanted).powi(2);
    ((all - runs as f64).ceil().max(1.0) as usize).min(RUNS_MORE_MAX)
}

#[cfg(test)]
mod tests;
