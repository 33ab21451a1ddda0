//! Which order statistics bound a quantile, for independent samples and for dependent ones.
//!
//! Sources: J.-Y. Le Boudec, *Performance Evaluation of Computer and Communication Systems*, ch. 2
//! (distribution-free intervals from order statistics); batch means with the largest of several batch
//! counts (METHOD section 4, rule b) for samples that are not independent, as those of a loaded system
//! never are.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

/// Two-sided confidence of every printed interval.
pub const CONFIDENCE: f64 = 0.95;

/// Batch counts tried by rule b; the one with the largest variance wins (METHOD section 4).
pub const BATCH_COUNTS: [usize; 3] = [10, 20, 30];

/// Ranks (1 = smallest) whose samples bound a quantile. A bound that does not exist is `None`: too few samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranks {
    /// Rank of the lower bound.
    pub low: Option<u64>,
    /// Rank of the upper bound.
    pub high: Option<u64>,
}

impl Ranks {
    /// The interval that contains both.
    #[must_use]
    pub fn widest(self, other: Self) -> Self {
        let merge = |a: Option<u64>, b: Option<u64>, pick: fn(u64, u64) -> u64| Some(pick(a?, b?));
        Self { low: merge(self.low, other.low, u64::min), high: merge(self.high, other.high, u64::max) }
    }
}

/// Rule a: ranks `j = max{m : B(m-1; n, q) <= a/2}` and `k = min{m : B(m-1; n, q) >= 1 - a/2}` for `n`
/// independent samples, `B` the binomial distribution function and `a = 1 - CONFIDENCE`.
pub fn independent_ranks(n: u64, q: f64) -> Ranks {
    let Ok(binomial) = Binomial::new(q, n) else { return Ranks { low: None, high: None } };
    let tail = (1.0 - CONFIDENCE) / 2.0;
    // Both predicates are monotone in m, so each bound is a binary search over 1..=n.
    let first = |holds: &dyn Fn(u64) -> bool| {
        let (mut low, mut high) = (1, n + 1);
        while low < high {
            let middle = u64::midpoint(low, high);
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let beyond_low = first(&|m| binomial.cdf(m - 1) > tail);
    let high = first(&|m| binomial.cdf(m - 1) >= 1.0 - tail);
    Ranks { low: (beyond_low > 1).then(|| beyond_low - 1), high: (high <= n).then_some(high) }
}

/// Fewest independent samples for which both bounds of quantile `q` exist.
pub fn samples_needed(q: f64) -> u64 {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let rarer = q.max(1.0 - q);
    (tail.ln() / rarer.ln()).ceil() as u64
}

/// A stretch of the run in time order: how many of its operations stayed at or below the quantile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Operations at or below the quantile.
    pub below: u64,
    /// All operations of the stretch.
    pub total: u64,
}

/// How much the samples depend on each other, as far as a quantile is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dependence {
    /// How many independent samples the dependent ones are worth; never more than there are.
    pub effective: f64,
    /// Ranks by batch means, `n (q ± t_{B-1} sqrt(v))`.
    pub ranks: Ranks,
    /// The batch count that showed the largest variance; 0 if there were too few slices to look.
    pub batches: usize,
}

/// Rule b: batch means of the indicator "at or below the quantile", over contiguous batches of slices.
///
/// With fewer slices than the smallest batch count every slice is a batch, and Student's t pays for it; with
/// fewer than two slices nothing can be said and the samples count as independent (`batches == 0`).
pub fn dependence(q: f64, slices: &[Slice]) -> Dependence {
    let n: u64 = slices.iter().map(|s| s.total).sum();
    let used = slices.iter().filter(|s| s.total > 0).count();
    let mut worst = Dependence { effective: n as f64, ranks: independent_ranks(n, q), batches: 0 };
    let mut worst_variance = 0.0;
    let counts: Vec<usize> = match used {
        0 | 1 => return worst,
        few if few < BATCH_COUNTS[0] => vec![few],
        _ => BATCH_COUNTS.into_iter().filter(|b| *b <= used).collect(),
    };
    for batches in counts {
        let variance = batch_variance(&batch(slices, n, batches));
        if variance >= worst_variance {
            worst_variance = variance;
            worst.batches = batches;
        }
    }
    if worst_variance > 0.0 {
        worst.effective = (n as f64).min(q * (1.0 - q) / worst_variance);
    }
    worst.ranks = dependent_ranks(n, q, worst_variance, worst.batches);
    worst
}

fn dependent_ranks(n: u64, q: f64, variance: f64, batches: usize) -> Ranks {
    let student = StudentsT::new(0.0, 1.0, (batches - 1) as f64).expect("at least two batches");
    let reach = student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * variance.sqrt();
    let low = (n as f64 * (q - reach)).floor();
    let high = (n as f64 * (q + reach)).ceil();
    Ranks {
        low: (low >= 1.0).then_some(low as u64),
        high: (high <= n as f64).then_some(high.max(1.0) as u64),
    }
}

/// Groups slices into `count` contiguous batches of nearly equal size, by where the middle of a slice falls.
fn batch(slices: &[Slice], n: u64, count: usize) -> Vec<Slice> {
    let mut batches = vec![Slice::default(); count];
    let mut before = 0;
    for slice in slices.iter().filter(|s| s.total > 0) {
        let middle = before as f64 + slice.total as f64 / 2.0;
        let index = ((middle * count as f64 / n as f64) as usize).min(count - 1);
        batches[index].below += slice.below;
        batches[index].total += slice.total;
        before += slice.total;
    }
    batches.retain(|b| b.total > 0);
    batches
}

/// Variance of the overall share from the spread of the batch shares, batches weighted by their size; for
/// equal batches this is `var(batch means) / B`.
fn batch_variance(batches: &[Slice]) -> f64 {
    let count = batches.len() as f64;
    if batches.len() < 2 {
        return 0.0;
    }
    let n: u64 = batches.iter().map(|b| b.total).sum();
    let share = batches.iter().map(|b| b.below).sum::<u64>() as f64 / n as f64;
    let spread: f64 = batches
        .iter()
        .map(|b| {
            let weight = b.total as f64 / n as f64;
            weight * weight * (b.below as f64 / b.total as f64 - share).powi(2)
        })
        .sum();
    spread * count / (count - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// METHOD section 4, ground truth: the table of minimum n and the index pairs.
    #[test]
    fn published_minimum_sample_counts() {
        for (q, n) in [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3_688), (0.9999, 36_887)] {
            assert_eq!(samples_needed(q), n, "q {q}");
            assert!(independent_ranks(n, q).high.is_some(), "q {q}");
            assert!(independent_ranks(n - 1, q).high.is_none(), "q {q}");
        }
    }

    #[test]
    fn published_index_pairs() {
        let table = [
            (1_000, 0.99, Some(983), Some(997)),
            (10_000, 0.99, Some(9_880), Some(9_920)),
            (300, 0.99, Some(293), None),
            (6, 0.5, Some(1), Some(6)),
            (9, 0.5, Some(2), Some(8)),
            (20, 0.5, Some(6), Some(15)),
        ];
        for (n, q, low, high) in table {
            assert_eq!(independent_ranks(n, q), Ranks { low, high }, "n {n} q {q}");
        }
    }

    #[test]
    fn alternating_slices_are_worth_all_samples_and_blocks_are_not() {
        let mixed: Vec<_> = (0..60).map(|i| Slice { below: 90 + (i % 2), total: 100 }).collect();
        let dependent: Vec<_> =
            (0..60).map(|i| Slice { below: if i < 6 { 10 } else { 100 }, total: 100 }).collect();
        assert_eq!(dependence(0.9, &mixed).effective, 6_000.0);
        let blocks = dependence(0.91, &dependent);
        assert!(blocks.effective < 60.0, "{blocks:?}");
        assert_eq!(dependence(0.9, &mixed[..1]).batches, 0);
    }
}
