//! Two sets of runs: what changed, and is it worth a word? The unit is the run; operations are never pooled.
//!
//! Method: docs/METHOD.md, section 9, and docs/decisions/0019-what-a-change-must-show.md for what a word demands.

use crate::statistics::change::{Change, Demand, Evidence, RUNS_MIN, Rule, Worse, judge};
use crate::statistics::discovery::adjusted;
use crate::statistics::noise::{DELTA_MIN, delta, noise};
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
    /// The second side over the first (Hodges-Lehmann), if all values are positive.
    pub ratio: Option<Interval>,
    /// Adjusted for all measures that were compared (Benjamini-Hochberg).
    pub p: Option<f64>,
    /// The smallest relative change that counts.
    pub delta: f64,
    /// The word.
    pub change: Change,
}

/// Compares measure by measure.
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
    let ratio = ratio(a, b, CONFIDENCE);
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
fn by_difference(Sides { worse, a, b, .. }: &Sides, p: f64) -> Change {
    let Some(difference) = shift(a, b, CONFIDENCE) else {
        return Change::Inconclusive { runs_more: RUNS_MIN };
    };
    let is_there = p < ALPHA && (difference.low > 0.0 || difference.high < 0.0);
    if is_there && difference.estimate.abs() > SHARE_DELTA {
        word(*worse, difference.estimate > 0.0)
    } else if difference.low >= -SHARE_DELTA && difference.high <= SHARE_DELTA {
        Change::Equivalent
    } else {
        Change::Inconclusive { runs_more: a.len().max(b.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(measure: &str, a: &[f64], b: &[f64]) -> Sides {
        let (measure, a, b) = (measure.to_owned(), a.to_vec(), b.to_vec());
        Sides { measure, worse: Worse::Higher, is_share: false, a, b }
    }

    fn spread(centre: f64) -> Vec<f64> {
        [0.99, 1.01, 1.0, 0.995, 1.005, 1.0, 0.992, 1.008].map(|factor| centre * factor).to_vec()
    }

    #[test]
    fn what_is_slower_is_told_from_what_is_not() {
        let found = compare(&[
            sides("slower", &spread(10.0), &spread(11.0)),
            sides("equal", &spread(10.0), &spread(10.0)),
            sides("faster", &spread(10.0), &spread(8.0)),
            sides("few", &spread(10.0)[..3], &spread(20.0)[..3]),
        ]);
        let words: Vec<_> = found.iter().map(|c| c.change.name()).collect();
        assert_eq!(words, ["REGRESSION", "EQUIVALENT", "IMPROVEMENT", "TOO FEW"]);
        let ratio = found[0].ratio.unwrap();
        assert!(ratio.low < 1.1 && 1.1 < ratio.high, "{ratio:?}");
    }

    #[test]
    fn less_is_worse_of_what_there_should_be_much_of() {
        let throughput = Sides { worse: Worse::Lower, ..sides("throughput", &spread(100.0), &spread(90.0)) };
        assert_eq!(compare(&[throughput])[0].change, Change::Regression);
    }

    #[test]
    fn a_share_is_compared_by_its_difference() {
        let share =
            |b: f64| Sides { worse: Worse::Lower, is_share: true, ..sides("ok_rate", &[1.0; 8], &[b; 8]) };
        assert_eq!(compare(&[share(0.975)])[0].change, Change::Regression);
        assert_eq!(compare(&[share(0.0)])[0].change, Change::Regression);
        assert_eq!(compare(&[share(0.9995)])[0].change, Change::Equivalent);
    }

    #[test]
    fn nothing_on_both_sides_is_equal_and_nothing_on_one_is_no_ratio() {
        let none = vec![0.0; 6];
        assert_eq!(compare(&[sides("failed", &none, &none)])[0].change, Change::Equivalent);
        let some = sides("failed", &none, &spread(1.0));
        assert_eq!(compare(&[some])[0].change, Change::Regression);
    }
}
