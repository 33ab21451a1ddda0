//! By how much do runs that were made side by side differ? The shift of paired values, after Wilcoxon, Hodges and
//! Lehmann.
//!
//! Sources: Wilcoxon 1945 (Biometrics Bulletin 1); Hodges & Lehmann 1963 (Ann. Math. Stat. 34); the interval from
//! order statistics of Walsh's averages after Hollander, Wolfe & Chicken 2014, "Nonparametric Statistical Methods",
//! section 3.3.
//!
//! What drifts from one round of runs to the next meets both sides of a pair and leaves its difference alone; taken
//! as two heaps, the same runs would be as uncertain as the drift is wide. The test that belongs to it is not used
//! for words: of ten pairs it comes to no probability below 0.002, which no adjusting for many measures survives.

use statrs::distribution::{ContinuousCDF, Normal};

use super::rank::median;
use super::two_samples::{Interval, bounded};

/// Up to so many pairs probabilities are exact; beyond, the normal approximation is as good.
pub const EXACT_PAIRS_MAX: usize = 100;

/// The typical difference of pairs: the median of the means of any two differences (and of each with itself), with an
/// interval that needs no assumption but that differences lie evenly about it.
///
/// `confidence` lies in `(0, 1)`. With too few pairs for it the interval spans all means, and its coverage says so.
/// `None` without pairs, or if a difference is not finite.
pub fn paired_shift(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
    if differences.is_empty() || !differences.iter().all(|v| v.is_finite()) {
        return None;
    }
    let walsh = |(at, x): (usize, &f64)| {
        let x = *x;
        differences[at..].iter().map(move |y| f64::midpoint(x, *y))
    };
    let mut means: Vec<f64> = differences.iter().enumerate().flat_map(walsh).collect();
    let null = SignedRank::of(differences.len());
    let place = null.count_within((1.0 - confidence) / 2.0).clamp(1, means.len().div_ceil(2));
    let coverage = (1.0 - 2.0 * null.at_most(place - 1)).max(0.0);
    let estimate = median(&means);
    Some(bounded(&mut means, place, estimate, coverage))
}

/// How many times the first of a pair the second is: [`paired_shift`] between the logarithms. `None` also if a value is
/// not positive.
pub fn paired_ratio(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    let logarithms: Vec<_> = pairs.iter().map(|(a, b)| (a.ln(), b.ln())).collect();
    paired_shift(&logarithms, confidence).map(Interval::exp)
}

/// The distribution of the sum of positive ranks without a difference.
enum SignedRank {
    /// The probability of at most 0, 1, 2, ...
    Exact(Vec<f64>),
    Normal {
        mean: f64,
        deviation: f64,
    },
}

impl SignedRank {
    fn of(n: usize) -> Self {
        let sums = n * (n + 1) / 2;
        if n > EXACT_PAIRS_MAX {
            let deviation = (sums as f64 * (2 * n + 1) as f64 / 12.0).sqrt();
            return Self::Normal { mean: sums as f64 / 2.0, deviation };
        }
        // Each rank counts or does not, with probability one half.
        let mut chance = vec![0.0; sums + 1];
        chance[0] = 1.0;
        for rank in 1..=n {
            for sum in (0..=sums).rev() {
                let with = if sum >= rank { chance[sum - rank] } else { 0.0 };
                chance[sum] = f64::midpoint(chance[sum], with);
            }
        }
        let running = chance.iter().scan(0.0, |sum, chance| {
            *sum += chance;
            Some(*sum)
        });
        Self::Exact(running.collect())
    }

    fn at_most(&self, sum: usize) -> f64 {
        match self {
            Self::Exact(running) => running[sum],
            Self::Normal { mean, deviation } => Normal::standard().cdf((sum as f64 + 0.5 - mean) / deviation),
        }
    }

    /// How many of 0, 1, 2, ... have a probability of at most `tail` that the sum does not exceed them.
    fn count_within(&self, tail: f64) -> usize {
        match self {
            Self::Exact(running) => running.partition_point(|p| *p <= tail),
            Self::Normal { mean, deviation } => {
                let last = mean - 0.5 + deviation * Normal::standard().inverse_cdf(tail);
                if last < 0.0 { 0 } else { last as usize + 1 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise::normal;
    use super::*;

    fn close(found: f64, known: f64) {
        assert!((found - known).abs() <= 1e-9 * known.abs().max(1.0), "{found} is not {known}");
    }

    /// Depression before and after therapy, table 3.1 of Hollander, Wolfe & Chicken, and their interval of 96.1 %.
    #[test]
    #[expect(clippy::approx_constant, reason = "the textbook's number")]
    fn textbook_example() {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let pairs: Vec<_> = before.into_iter().zip(after).collect();
        let found = paired_shift(&pairs, 0.95).unwrap();
        close(found.estimate, -0.46);
        close(found.low, -0.786);
        close(found.high, -0.010);
        close(found.coverage, 0.960_937_5);
    }

    #[test]
    fn six_pairs_are_the_fewest() {
        let pairs: Vec<_> = (1..=6).map(|n| (1.0, 1.0 + f64::from(n))).collect();
        let six = paired_shift(&pairs, 0.95).unwrap();
        assert_eq!((six.low, six.high), (1.0, 6.0));
        close(six.coverage, 1.0 - 2.0 / 64.0);
        close(paired_shift(&pairs[..5], 0.95).unwrap().coverage, 1.0 - 2.0 / 32.0);
        assert_eq!(paired_shift(&[], 0.95), None);
        assert_eq!(paired_shift(&[(1.0, f64::INFINITY)], 0.95), None);
        assert_eq!(paired_ratio(&[(0.0, 1.0)], 0.95), None);
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say_whatever_drifts() {
        let mut held = 0;
        for seed in 0..1_000 {
            let noise = normal(20, seed);
            // Each pair lies a whole deviation above the one before.
            let pairs: Vec<_> = noise
                .chunks(2)
                .zip(0..)
                .map(|(e, i)| (e[0] + f64::from(i), e[1] + f64::from(i) + 3.0))
                .collect();
            let found = paired_shift(&pairs, 0.95).unwrap();
            close(found.coverage, 0.951_171_875);
            held += u32::from(found.low <= 3.0 && 3.0 <= found.high);
        }
        // Two standard errors are 14.
        assert!(held.abs_diff(951) <= 14, "{held}");
    }

    #[test]
    fn the_normal_approximation_meets_the_exact_one() {
        let n = EXACT_PAIRS_MAX;
        let SignedRank::Normal { mean, deviation } = SignedRank::of(n + 1) else { panic!() };
        let sums = (n * (n + 1) / 2) as f64;
        let normal = SignedRank::Normal {
            mean: mean * sums / ((n + 1) * (n + 2) / 2) as f64,
            deviation: deviation * (n as f64 * (n + 1) as f64 * (2 * n + 1) as f64).sqrt()
                / ((n + 1) as f64 * (n + 2) as f64 * (2 * n + 3) as f64).sqrt(),
        };
        let exact = SignedRank::of(n);
        assert!(exact.count_within(0.025).abs_diff(normal.count_within(0.025)) <= 2);
    }

    #[test]
    fn ratios_mirror_each_other() {
        let pairs = [(1.0, 2.1), (3.0, 5.9), (2.0, 4.2), (5.0, 9.7), (1.5, 3.1), (2.5, 4.9)];
        let turned = pairs.map(|(a, b)| (b, a));
        let (there, back) = (paired_ratio(&pairs, 0.95).unwrap(), paired_ratio(&turned, 0.95).unwrap());
        close(there.estimate, 1.0 / back.estimate);
        close(there.low, 1.0 / back.high);
        assert!(there.low < 2.0 && 2.0 < there.high);
    }
}
