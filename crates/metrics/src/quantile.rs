//! A quantile with its sample size, its interval, and whether it may be printed at all.

use crate::histogram::{HIGHEST_NS, Histogram, index_of, nearest_rank};
use crate::interval::{Slice, dependence, independent_ranks, samples_needed};
use crate::{Compact, Nanos};

/// Effective samples beyond the quantile for its value to be printed (METHOD section 4, rule b).
pub const EFFECTIVE_BEYOND_MIN: f64 = 10.0;

/// Whether a quantile may be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Value and interval may be printed.
    Published,
    /// Only the interval: too few effective samples beyond the quantile.
    IntervalOnly,
    /// Nothing: below the minimum at which an interval exists.
    NotMeasurable,
    /// Only an upper end: shorter times cannot be told apart.
    Below,
    /// Nothing: an audit has withheld it.
    Withheld,
}

/// One quantile of response or service times over a set of operations, some of which may have no finite time
/// (failed, dropped, in flight): those count as infinitely slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Which quantile, in `[0, 1]`.
    pub q: f64,
    /// By nearest rank, in nanoseconds. `None` if its rank falls among the infinite ones, or without samples.
    pub value_ns: Option<Nanos>,
    /// Lower end of the 95 % interval.
    pub low_ns: Option<Nanos>,
    /// Upper end of the 95 % interval; `None` if it does not exist (too few samples, or infinite).
    pub high_ns: Option<Nanos>,
    /// Operations counted, infinite ones included.
    pub samples: u64,
    /// What they are worth as independent samples.
    pub effective: f64,
    /// Whether it may be printed.
    pub standing: Standing,
}

/// How often the response time of each window stayed at or below a value, in time order: what
/// [`estimate`] needs to see dependence.
pub trait Sliced {
    /// One slice per window.
    fn slices(&self, at_or_below_ns: Nanos) -> Vec<Slice>;
}

impl Sliced for [(Compact, u64)] {
    fn slices(&self, at_or_below_ns: Nanos) -> Vec<Slice> {
        let slice = |(finite, infinite): &(Compact, u64)| Slice {
            below: finite.count_at_or_below(at_or_below_ns),
            total: finite.count() + infinite,
        };
        self.iter().map(slice).collect()
    }
}

/// Windows made ready for many questions: every histogram is unpacked once, into running counts by bucket.
pub struct Prepared(Vec<PreparedWindow>);

struct PreparedWindow {
    /// Bucket and the number of values in it and below, ascending.
    running: Vec<(u32, u64)>,
    infinite: u64,
}

impl Prepared {
    /// One entry a window: its histograms, and the operations that have no finite time.
    pub fn new<'c, I: IntoIterator<Item = &'c Compact>>(windows: impl IntoIterator<Item = (I, u64)>) -> Self {
        Self(
            windows
                .into_iter()
                .map(|(histograms, infinite)| PreparedWindow::new(histograms, infinite))
                .collect(),
        )
    }
}

impl PreparedWindow {
    fn new<'c>(histograms: impl IntoIterator<Item = &'c Compact>, infinite: u64) -> Self {
        let mut buckets: Vec<(u32, u64)> = histograms
            .into_iter()
            .flat_map(|h| h.buckets().map(|(index, count)| (index as u32, count)))
            .collect();
        // Of one histogram they come in order; of several they are merged.
        if !buckets.is_sorted_by_key(|(index, _)| *index) {
            buckets.sort_unstable_by_key(|(index, _)| *index);
        }
        let mut sum = 0;
        for (_, count) in &mut buckets {
            sum += *count;
            *count = sum;
        }
        Self { running: buckets, infinite }
    }
}

impl Sliced for Prepared {
    fn slices(&self, at_or_below_ns: Nanos) -> Vec<Slice> {
        let limit = index_of(at_or_below_ns.min(HIGHEST_NS)) as u32;
        let slice = |window: &PreparedWindow| {
            let below = window.running.partition_point(|(index, _)| *index <= limit);
            let counted = |at: usize| at.checked_sub(1).map_or(0, |last| window.running[last].1);
            Slice { below: counted(below), total: counted(window.running.len()) + window.infinite }
        };
        self.0.iter().map(slice).collect()
    }
}

/// Estimates quantile `q` of `finite` plus `infinite` operations beyond any time.
///
/// The interval is the wider of rule a (order statistics of independent samples) and rule b (batch means over
/// the windows) of METHOD section 4.
pub fn estimate(finite: &Histogram, infinite: u64, q: f64, windows: &(impl Sliced + ?Sized)) -> Quantile {
    let samples = finite.count() + infinite;
    let value_ns = finite.at_rank(nearest_rank(q, samples));
    // With the value beyond the finite ones, dependence is judged at the largest finite value.
    let at = value_ns.or(finite.max_ns()).unwrap_or(0);
    let dependent = dependence(q, &windows.slices(at));
    let ranks = if dependent.batches == 0 {
        independent_ranks(samples, q)
    } else {
        independent_ranks(samples, q).widest(dependent.ranks)
    };
    let effective = dependent.effective.min(samples as f64);
    Quantile {
        q,
        value_ns,
        low_ns: ranks.low.map_or(finite.min_ns(), |r| finite.at_rank(r)),
        high_ns: ranks.high.and_then(|r| finite.at_rank(r)),
        samples,
        effective,
        standing: standing(q, samples, effective),
    }
}

fn standing(q: f64, samples: u64, effective: f64) -> Standing {
    if samples < samples_needed(q) {
        Standing::NotMeasurable
    } else if effective * q.min(1.0 - q) >= EFFECTIVE_BEYOND_MIN - 1e-9 {
        Standing::Published
    } else {
        Standing::IntervalOnly
    }
}

#[cfg(test)]
mod tests;
