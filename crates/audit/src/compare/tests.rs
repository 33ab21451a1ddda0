//! Known answers: what is there is found, what is not is not called anything.

use super::*;
use crate::statistics::noise::normal;
use crate::statistics::order::round;

fn sides(measure: &str, a: &[f64], b: &[f64]) -> Sides {
    let (measure, a, b) = (measure.to_owned(), a.to_vec(), b.to_vec());
    Sides { measure, worse: Worse::Higher, is_share: false, a, b, pairs: Vec::new() }
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

/// Runs of arms made in turn: noise of 2 %, with what drifts between one run and the next.
struct World {
    /// Successive runs depend on each other by so much.
    phi: f64,
    /// The last run is so much slower than the first.
    drift: f64,
    rounds: usize,
}

impl World {
    /// One measure of two arms, the second `factor` times the first, with their pairs if asked for.
    fn sides(&self, factor: f64, seed: u64, paired: bool) -> Sides {
        let all = 2 * self.rounds;
        let mut last = 0.0;
        let carried = normal(all, seed).into_iter().map(|e| {
            last = self.phi * last + (1.0 - self.phi * self.phi).sqrt() * e;
            last
        });
        let noise: Vec<f64> = carried.collect();
        let order = (0..self.rounds).flat_map(|number| round(2, number));
        let mut values = [Vec::new(), Vec::new()];
        for ((arm, e), at) in order.zip(noise).zip(0..) {
            let drift = 1.0 + self.drift * f64::from(at) / all as f64;
            values[arm].push(100.0 * (1.0 + 0.02 * e) * drift * if arm == 1 { factor } else { 1.0 });
        }
        let [a, b] = values;
        let pairs = if paired { a.iter().copied().zip(b.iter().copied()).collect() } else { Vec::new() };
        Sides { pairs, ..sides("p99(call)", &a, &b) }
    }

    /// Of 200 comparisons, how many come to a regression, and to an improvement.
    fn words(&self, factor: f64, paired: bool) -> (usize, usize) {
        let found = (0..200).map(|seed| compare(&[self.sides(factor, seed, paired)])[0].change);
        let found: Vec<Change> = found.collect();
        let count = |word: Change| found.iter().filter(|w| **w == word).count();
        (count(Change::Regression), count(Change::Improvement))
    }
}

const QUIET: World = World { phi: 0.0, drift: 0.0, rounds: 10 };

/// The rule of decision 0019, as comparisons apply it: at most one of two hundred pairs of equal sides gets a word, and
/// five percent are found by ten runs a side in nine of ten.
#[test]
fn equal_sides_get_no_word_and_five_percent_are_found() {
    for paired in [false, true] {
        let (worse, better) = QUIET.words(1.0, paired);
        assert!(worse + better <= 1, "{worse} and {better} of equal sides");
        let (worse, better) = QUIET.words(1.05, paired);
        assert!(worse >= 180 && better == 0, "{worse} and {better} of 5 %");
        let (worse, better) = QUIET.words(1.0 / 1.05, paired);
        assert!(better >= 180 && worse == 0, "{worse} and {better} of 5 % less");
    }
}

#[test]
fn noise_that_drifts_or_depends_does_not_fool_runs_made_in_turn() {
    let worlds = [
        World { drift: 0.1, ..QUIET },
        World { drift: -0.3, ..QUIET },
        World { phi: 0.5, ..QUIET },
        World { phi: 0.9, ..QUIET },
        World { phi: 0.7, drift: 0.2, rounds: 8 },
    ];
    for world in worlds {
        for paired in [false, true] {
            let (worse, better) = world.words(1.0, paired);
            assert!(worse + better <= 10, "{worse} and {better} with {} and {}", world.phi, world.drift);
        }
    }
}

/// What a drift does to all rounds alike widens an interval of two heaps, and leaves that of pairs as it is.
#[test]
fn pairs_see_through_a_drift() {
    let drifting = World { drift: 0.4, ..QUIET };
    let width = |paired: bool| {
        let widths = (0..50).map(|seed| {
            let ratio = drifting.sides(1.05, seed, paired).ratio().unwrap();
            ratio.high - ratio.low
        });
        median(&widths.collect::<Vec<_>>())
    };
    assert!(width(true) < width(false) / 2.0, "{} and {}", width(true), width(false));
}

/// Twenty measures of three arms against the first, all the same: one family, in which 5 % of the families at most have a
/// word.
#[test]
fn many_measures_of_many_arms_are_one_family() {
    let alarms = (0..100).filter(|family| {
        let all: Vec<Sides> = (0..40).map(|n| QUIET.sides(1.0, 1_000 * family + n, true)).collect();
        compare(&all).iter().any(|c| matches!(c.change, Change::Regression | Change::Improvement))
    });
    let alarms = alarms.count();
    assert!(alarms <= 5, "{alarms} of 100 families");
}

#[test]
fn claims_over_arms_on_known_data() {
    // The second arm does 2.2 times as much; the interval is about 3 % to either side.
    let faster = QUIET.sides(2.2, 7, true);
    let verdict = |sides: &Sides, comparison, bound| sides.judge_ratio(comparison, bound).0;
    assert_eq!(verdict(&faster, Comparison::AtLeast, 2.0), Verdict::Verified);
    assert_eq!(verdict(&faster, Comparison::AtLeast, 2.5), Verdict::Refuted);
    assert_eq!(verdict(&faster, Comparison::AtLeast, faster.ratio().unwrap().estimate), Verdict::Unproven);
    assert_eq!(verdict(&faster, Comparison::Below, 2.5), Verdict::Verified);
    assert_eq!(verdict(&faster, Comparison::AtMost, 2.0), Verdict::Refuted);
    let (_, ratio, reason) = faster.judge_ratio(Comparison::AtLeast, 2.0);
    assert!(ratio.unwrap().contains(2.2) && reason.contains("10 pairs of runs"), "{reason}");
    // Five runs a side say nothing, however far apart.
    let few = World { rounds: 5, ..QUIET }.sides(10.0, 7, true);
    assert_eq!(verdict(&few, Comparison::AtLeast, 2.0), Verdict::Unproven);
    assert!(few.judge_ratio(Comparison::AtLeast, 2.0).2.contains("at least 6 a side"));
    let nothing = Sides { a: vec![0.0; 8], pairs: Vec::new(), ..faster };
    assert_eq!(verdict(&nothing, Comparison::AtLeast, 2.0), Verdict::Unproven);
}

/// Of 200 claims that the ratio is what it is or more, those that are verified or refuted wrongly are as rare as 95 % say.
#[test]
fn claims_are_judged_wrongly_as_rarely_as_stated() {
    let wrong = |comparison| {
        let judged = (0..200).map(|seed| QUIET.sides(2.0, seed, true).judge_ratio(comparison, 2.0).0);
        judged.filter(|verdict| *verdict != Verdict::Unproven).count()
    };
    // The interval leaves the truth out in 5 %: 10, and two standard errors are 6.
    assert!(wrong(Comparison::AtLeast) <= 16 && wrong(Comparison::Below) <= 16);
}

#[test]
fn arms_that_fail_more_often_are_told_from_those_that_do_not() {
    let shares = |a: f64, b: f64, runs: usize| Sides {
        worse: Worse::Lower,
        is_share: true,
        ..sides("ok_rate(call)", &vec![a; runs], &vec![b; runs])
    };
    assert!(shares(1.0, 0.99, 8).has_other_share());
    assert!(shares(0.9, 0.99, 8).has_other_share());
    // Less than a tenth of a point does not count, and few runs say nothing.
    assert!(!shares(1.0, 0.9995, 8).has_other_share());
    assert!(!shares(1.0, 0.5, 5).has_other_share());
    assert!(!shares(1.0, 1.0, 8).has_other_share());
}
