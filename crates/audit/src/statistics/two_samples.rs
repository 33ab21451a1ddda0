//! Do two sets of runs differ, and by how much? Mann and Whitney's test, Hodges and Lehmann's shift.
//!
//! Sources: Mann & Whitney 1947 (Ann. Math. Stat. 18); Hodges & Lehmann 1963 (Ann. Math. Stat. 34); the
//! interval from order statistics of the pairwise differences after Hollander, Wolfe & Chicken 2014,
//! "Nonparametric Statistical Methods", section 4.3; variance with ties after Lehmann 1975, "Nonparametrics".
//!
//! One value is one run: values within a run depend on each other and may not be pooled.

use statrs::distribution::{ContinuousCDF, Normal};

use super::rank::{median, ranks};

/// Up to so many pairs, 50 values a side, probabilities are exact; beyond, the normal approximation is within
/// one percent of them at the usual levels, and the counts would soon outgrow 128 bits.
pub const EXACT_PAIRS_MAX: usize = 2_500;

/// What the test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the value of `b` is the larger one, ties counting half; half of all pairs without a
    /// difference.
    pub u: f64,
    /// Two-sided probability of such a `u` without a difference, in `(0, 1]`: twice the smaller tail, so that
    /// each direction by itself is held to half of it.
    pub p: f64,
    /// True if `p` is exact, false if it is the normal approximation.
    pub exact: bool,
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// Lower end of the interval, which belongs to it.
    pub low: f64,
    /// Upper end of the interval, which belongs to it.
    pub high: f64,
    /// The share of such intervals that hold the truth, in `[0, 1]`: at least what was asked for, unless
    /// there are too few values for that. Ties only make it larger.
    pub coverage: f64,
}

/// Tests whether values of `b` tend to be larger or smaller than those of `a`. Infinite values are taken as
/// they are. `None` if a side is empty or holds a value that is not a number.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<MannWhitney> {
    let pooled = [a, b].concat();
    if a.is_empty() || b.is_empty() || pooled.iter().any(|v| v.is_nan()) {
        return None;
    }
    let (ranks, ties) = (ranks(&pooled), ties(&pooled));
    let (ranks_a, ranks_b) = ranks.split_at(a.len());
    let u = ranks_b.iter().sum::<f64>() - (b.len() * (b.len() + 1)) as f64 / 2.0;
    let pairs = a.len() * b.len();
    let exact = pairs <= EXACT_PAIRS_MAX;
    let tail = if exact && ties > 0.0 {
        tail_among_ties(&ranks, if a.len() <= b.len() { ranks_a } else { ranks_b })
    } else {
        // By symmetry the upper tail is the lower one of the other side; with ties, which only the normal
        // approximation gets to see here, u may lie between two numbers.
        Null::of(a.len(), b.len(), ties).at_most(u.min(pairs as f64 - u))
    };
    Some(MannWhitney { u, p: (2.0 * tail).min(1.0), exact })
}

/// The smallest two-sided probability that samples of sizes `n` and `m` can come to, when all values of one
/// side exceed all of the other's: 2 over the number of ways to choose `n` of `n + m`, and at most 1.
pub fn p_min(n: usize, m: usize) -> f64 {
    let ways: f64 = (1..=n).map(|i| (m + i) as f64 / i as f64).product();
    (2.0 / ways).min(1.0)
}

/// By how much values of `b` exceed those of `a`, in their unit: the median of all pairwise differences
/// `b − a`, with an interval that needs no assumption but that both sides are distributed alike apart from
/// the shift.
///
/// `confidence` lies in `(0, 1)`. With too few values for it the interval spans all differences, and its
/// coverage says so. `None` if a side is empty or a value is not finite. Keeps all `n × m` differences in
/// memory.
pub fn shift(a: &[f64], b: &[f64], confidence: f64) -> Option<Interval> {
    if a.is_empty() || b.is_empty() || !a.iter().chain(b).all(|v| v.is_finite()) {
        return None;
    }
    let mut differences: Vec<f64> = a.iter().flat_map(|x| b.iter().map(move |y| y - x)).collect();
    let pairs = differences.len();
    let null = Null::of(a.len(), b.len(), 0.0);
    // At least the smallest and the largest difference bound the interval.
    let place = null.count_within((1.0 - confidence) / 2.0).clamp(1, pairs.div_ceil(2));
    let coverage = (1.0 - 2.0 * null.at_most((place - 1) as f64)).max(0.0);
    let estimate = median(&differences);
    Some(bounded(&mut differences, place, estimate, coverage))
}

/// The interval between the values at `place`, counted from 1, from below and from above.
pub(super) fn bounded(values: &mut [f64], place: usize, estimate: f64, coverage: f64) -> Interval {
    let last = values.len() - place;
    let low = *values.select_nth_unstable_by(place - 1, f64::total_cmp).1;
    let high = *values.select_nth_unstable_by(last, f64::total_cmp).1;
    Interval { estimate, low, high, coverage }
}

/// How many times `a` is `b`: [`shift`] between the logarithms, so that exchanging the sides gives the
/// reciprocal. `None` also if a value is not positive.
pub fn ratio(a: &[f64], b: &[f64], confidence: f64) -> Option<Interval> {
    // The logarithm of a negative number is none, that of 0 is infinite: `shift` refuses both.
    let ln = |values: &[f64]| values.iter().map(|v| v.ln()).collect::<Vec<_>>();
    shift(&ln(a), &ln(b), confidence).map(Interval::exp)
}

impl Interval {
    /// Whether `value` lies in it.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Of logarithms: the interval of what they are of.
    pub(super) fn exp(self) -> Self {
        let Self { estimate, low, high, coverage } = self;
        Self { estimate: estimate.exp(), low: low.exp(), high: high.exp(), coverage }
    }
}

/// The sum of t³ − t over groups of t equal values: 0 without ties.
fn ties(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|tied| tied.len() as f64).map(|t| t * (t * t - 1.0)).sum()
}

/// The distribution of u without a difference.
enum Null {
    /// The probability of at most 0, 1, 2, ...
    Exact(Vec<f64>),
    /// The normal approximation; its standard deviation is 0 if all values are equal.
    Normal { mean: f64, deviation: f64 },
}

impl Null {
    /// The distribution for sizes `n` and `m`; `ties` are known to the normal approximation only.
    fn of(n: usize, m: usize, ties: f64) -> Self {
        if n * m <= EXACT_PAIRS_MAX {
            return Self::Exact(cumulative(n, m));
        }
        let (pairs, all) = (n as f64 * m as f64, (n + m) as f64);
        let variance = pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
        Self::Normal { mean: pairs / 2.0, deviation: variance.max(0.0).sqrt() }
    }

    /// The probability of at most `u`.
    fn at_most(&self, u: f64) -> f64 {
        match self {
            Self::Exact(cumulative) => cumulative[u as usize],
            Self::Normal { deviation: 0.0, .. } => 1.0,
            // Half a step on: a sum of whole numbers is approximated by a smooth curve.
            Self::Normal { mean, deviation } => Normal::standard().cdf((u + 0.5 - mean) / deviation),
        }
    }

    /// How many of 0, 1, 2, ... have a probability of at most `tail` that u does not exceed them; `tail` is
    /// below one half.
    fn count_within(&self, tail: f64) -> usize {
        match self {
            Self::Exact(cumulative) => cumulative.partition_point(|p| *p <= tail),
            Self::Normal { mean, deviation } => {
                let last = mean - 0.5 + deviation * Normal::standard().inverse_cdf(tail);
                if last < 0.0 { 0 } else { last as usize + 1 }
            }
        }
    }
}

/// The probability of u at most 0, 1, ..., `n m` without ties. The numbers of ways are the coefficients of
/// the Gaussian binomial: the product over i of (1 − q^(m+i)) / (1 − q^i). All are whole, and below 2^97 for
/// the sizes this is used for.
fn cumulative(n: usize, m: usize) -> Vec<f64> {
    let (few, many) = (n.min(m), n.max(m));
    let mut ways = vec![0i128; n * m + 1];
    ways[0] = 1;
    for i in 1..=few {
        for u in (many + i..ways.len()).rev() {
            ways[u] -= ways[u - many - i];
        }
        for u in i..ways.len() {
            ways[u] += ways[u - i];
        }
    }
    let all = ways.iter().sum::<i128>() as f64;
    let sums = ways.iter().scan(0i128, |sum, ways| {
        *sum += ways;
        Some(*sum as f64 / all)
    });
    sums.collect()
}

/// The smaller tail of the rank sum of `few`, over all ways to choose as many of `ranks`. Shared ranks end in
/// a half: doubled, they are whole, and the ways to come to a sum can be counted rank by rank.
fn tail_among_ties(ranks: &[f64], few: &[f64]) -> f64 {
    let doubled = |rank: &f64| (2.0 * rank) as usize;
    let observed: usize = few.iter().map(doubled).sum();
    let mut steps: Vec<usize> = ranks.iter().map(doubled).collect();
    steps.sort_unstable();
    let sums = steps.iter().rev().take(few.len()).sum::<usize>() + 1;
    // ways[k][s]: how many choices of k of the ranks seen so far sum to s. Counts beyond 2^53 are rounded,
    // which costs nothing that a probability shows.
    let mut ways = vec![vec![0.0; sums]; few.len() + 1];
    ways[0][0] = 1.0;
    let mut reach = 0;
    for (seen, step) in steps.iter().enumerate() {
        reach = (reach + step).min(sums - 1);
        for k in (1..=few.len().min(seen + 1)).rev() {
            let (fewer, more) = ways.split_at_mut(k);
            let from = &fewer[k - 1][..=reach - step];
            more[0][*step..=reach].iter_mut().zip(from).for_each(|(into, from)| *into += from);
        }
    }
    let ways = &ways[few.len()];
    let all: f64 = ways.iter().sum();
    let (below, above) = (ways[..=observed].iter().sum::<f64>(), ways[observed..].iter().sum::<f64>());
    below.min(above) / all
}

#[cfg(test)]
mod tests {
    use super::super::noise::normal;
    use super::super::trend::noise as uniform;
    use super::*;

    fn close(found: f64, known: f64) {
        assert!((found - known).abs() <= 1e-9 * known.abs(), "{found} is not {known}");
    }

    /// Permeability of a membrane at term and earlier, table 4.1 of Hollander, Wolfe & Chicken.
    const TERM: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const EARLIER: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

    /// All ways to choose the first side out of both, as the sides they make.
    fn splits(all: &[f64], first: usize) -> impl Iterator<Item = (Vec<f64>, Vec<f64>)> {
        (0u32..1 << all.len()).filter(move |chosen| chosen.count_ones() as usize == first).map(|chosen| {
            let (a, b): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(i, _)| chosen >> i & 1 == 1);
            let values = |side: Vec<(usize, &f64)>| side.into_iter().map(|(_, v)| *v).collect();
            (values(a), values(b))
        })
    }

    /// u by its definition.
    fn wins(a: &[f64], b: &[f64]) -> f64 {
        let score = |x: &f64, y: &f64| f64::from(u8::from(y > x)) + 0.5 * f64::from(u8::from(y == x));
        a.iter().map(|x| b.iter().map(|y| score(x, y)).sum::<f64>()).sum()
    }

    #[test]
    fn the_smallest_probabilities() {
        for (n, known) in [(3, 2.0 / 20.0), (4, 2.0 / 70.0), (5, 2.0 / 252.0), (6, 2.0 / 924.0)] {
            let low: Vec<f64> = (0..n).map(f64::from).collect();
            let high: Vec<f64> = (n..2 * n).map(f64::from).collect();
            close(p_min(n as usize, n as usize), known);
            close(mann_whitney(&low, &high).unwrap().p, known);
            close(mann_whitney(&high, &low).unwrap().p, known);
        }
        assert_eq!((p_min(0, 5), p_min(1, 1)), (1.0, 1.0));
        close(p_min(2, 7), 2.0 / 36.0);
    }

    /// R: `wilcox.test(TERM, EARLIER, conf.int = TRUE)`, coverage by hand.
    #[test]
    fn textbook_example() {
        let found = mann_whitney(&EARLIER, &TERM).unwrap();
        assert_eq!((found.u, found.exact), (35.0, true));
        close(found.p, 0.254_412_254_412_254_4);
        let shift = shift(&EARLIER, &TERM, 0.95).unwrap();
        close(shift.estimate, 0.305);
        close(shift.low, -0.15);
        close(shift.high, 0.76);
        close(shift.coverage, 0.960_039_960_039_960_1);
    }

    /// scipy.stats.mannwhitneyu, exact up to the limit and asymptotic beyond it.
    #[test]
    fn larger_samples() {
        let sides = |n: usize, at: usize, floor: bool| {
            let values = uniform(n).into_iter().map(|v| if floor { (v * 10.0).floor() } else { v });
            let (a, b): (Vec<_>, Vec<_>) = values.enumerate().partition(|(i, _)| *i < at);
            let up = if floor { 1.0 } else { 0.1 };
            let found = mann_whitney(
                &a.into_iter().map(|(_, v)| v).collect::<Vec<_>>(),
                &b.into_iter().map(|(_, v)| v + up).collect::<Vec<_>>(),
            );
            found.unwrap()
        };
        let exact = sides(100, 50, false);
        assert_eq!((exact.u, exact.exact), (1_662.0, true));
        close(exact.p, 0.004_244_212_110_952_868);
        let normal = sides(200, 80, false);
        assert_eq!((normal.u, normal.exact), (6_115.0, false));
        close(normal.p, 0.001_045_213_037_368_890_9);
        let tied = sides(200, 80, true);
        assert_eq!((tied.u, tied.exact), (6_116.5, false));
        close(tied.p, 0.000_970_134_989_323_133_3);
    }

    #[test]
    fn ties_agree_with_all_splits_counted() {
        // The first is also scipy's: PermutationMethod gives 0.0606.
        let tied = mann_whitney(&[1.0, 2.0, 2.0, 3.0, 3.0], &[2.0, 3.0, 4.0, 4.0, 5.0, 5.0]).unwrap();
        close(tied.p, 0.060_606_060_606_060_61);
        for (levels, n, m) in [(3.0, 5, 6), (5.0, 3, 8), (2.0, 7, 3), (1.0, 4, 4), (1e9, 6, 4)] {
            let all: Vec<f64> = uniform(n + m).iter().map(|v| (v * levels).floor()).collect();
            let null: Vec<f64> = splits(&all, n).map(|(a, b)| wins(&a, &b)).collect();
            for (a, b) in splits(&all, n).step_by(7) {
                let found = mann_whitney(&a, &b).unwrap();
                assert_eq!(found.u, wins(&a, &b));
                let below = null.iter().filter(|u| **u <= found.u).count();
                let above = null.iter().filter(|u| **u >= found.u).count();
                close(found.p, (2.0 * below.min(above) as f64 / null.len() as f64).min(1.0));
            }
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut held = 0;
        for seed in 0..1_000 {
            let b: Vec<f64> = normal(9, 2 * seed + 1).iter().map(|v| v + 3.0).collect();
            let found = shift(&normal(7, 2 * seed), &b, 0.9).unwrap();
            close(found.coverage, 0.909_265_734_265_734_3);
            held += u32::from(found.low <= 3.0 && 3.0 <= found.high);
        }
        // Two standard errors are 18.
        assert!(held.abs_diff(909) <= 18, "{held}");
    }

    #[test]
    fn the_normal_approximation_meets_the_exact_interval() {
        let (exact, normal) = (Null::of(50, 50, 0.0), Null::Normal { mean: 1_250.0, deviation: 145.057_46 });
        assert!(exact.count_within(0.025).abs_diff(normal.count_within(0.025)) <= 1);
        assert!((exact.at_most(966.0) - normal.at_most(966.0)).abs() < 2e-4);
        let wide = shift(&uniform(60), &uniform(60), 0.95).unwrap();
        assert!((wide.coverage - 0.95).abs() < 1e-3 && wide.low < 0.0 && wide.high > 0.0, "{wide:?}");
    }

    #[test]
    fn ratios_mirror_each_other() {
        let (there, back) = (ratio(&TERM, &EARLIER, 0.95).unwrap(), ratio(&EARLIER, &TERM, 0.95).unwrap());
        close(there.estimate, 1.0 / back.estimate);
        close(there.low, 1.0 / back.high);
        close(ratio(&TERM, &TERM.map(|v| v * 1.07), 0.95).unwrap().estimate, 1.07);
        assert_eq!(ratio(&[0.0, 1.0], &[1.0, 2.0], 0.95), None);
        assert_eq!(ratio(&[1.0], &[-1.0], 0.95), None);
    }

    #[test]
    fn what_cannot_be_compared() {
        assert_eq!(mann_whitney(&[], &[1.0]), None);
        assert_eq!(mann_whitney(&[f64::NAN], &[1.0]), None);
        assert_eq!(shift(&[1.0], &[f64::INFINITY], 0.95), None);
        close(mann_whitney(&[1.0; 3], &[f64::INFINITY; 3]).unwrap().p, 0.1);
        assert_eq!(mann_whitney(&[1.0; 60], &[1.0; 60]).unwrap().p, 1.0);
        let few = shift(&[1.0, 2.0], &[3.0, 5.0], 0.95).unwrap();
        assert_eq!((few.low, few.estimate, few.high), (1.0, 2.5, 4.0));
        close(few.coverage, 1.0 - 2.0 / 6.0);
    }
}
