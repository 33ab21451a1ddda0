//! The recording histogram: three significant digits from 1 ns to one hour, exact count, sum, min and max.
//!
//! The bucket layout is HdrHistogram's (unit magnitude 0, 2048 sub-buckets): values up to 2047 have a bucket
//! of their own, above that every power of two is split into 1024 equal buckets, so the width of a bucket is
//! below 1/1024 of its value. It is our own so that a second's worth of samples can be taken off the load
//! path by walking only the range that was touched; tests compare it bucket for bucket with the reference.
//! Source: G. Tene, HdrHistogram, <http://hdrhistogram.org>.

use crate::Nanos;

const SUB_BUCKETS_LOG2: u32 = 11;
const HALF: u64 = 1 << (SUB_BUCKETS_LOG2 - 1);

/// The largest value with a bucket of its own: one hour and a little more. Larger ones are counted as
/// clamped, which the histogram audit refuses to overlook.
pub const HIGHEST_NS: Nanos = 4 * 1024 * 1_000_000_000;

/// Relative width of a bucket, an upper bound: the quantisation that enters every printed uncertainty.
pub const RELATIVE_ERROR: f64 = 1.0 / 1024.0;

/// The bucket that holds `value`.
#[inline]
pub fn index_of(value: Nanos) -> usize {
    let magnitude = 64 - SUB_BUCKETS_LOG2 - (value | (2 * HALF - 1)).leading_zeros();
    let sub_bucket = value >> magnitude;
    (u64::from(magnitude) * HALF + sub_bucket) as usize
}

/// The smallest value of bucket `index`.
#[inline]
pub fn lowest_of(index: usize) -> Nanos {
    let index = index as u64;
    if index < 2 * HALF {
        return index;
    }
    let magnitude = index / HALF - 1;
    (index - magnitude * HALF) << magnitude
}

/// The largest value of bucket `index`.
#[inline]
pub fn highest_of(index: usize) -> Nanos {
    lowest_of(index + 1) - 1
}

/// Counts of durations in buckets, with exact count, sum, min and max beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    /// Buckets outside `touched.0..touched.1` are zero: draining and clearing walk only this range.
    touched: (usize, usize),
    count: u64,
    sum_ns: u128,
    min_ns: Nanos,
    max_ns: Nanos,
    clamped: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram. It allocates only as far as the values recorded need.
    pub const fn new() -> Self {
        Self {
            counts: Vec::new(),
            touched: (usize::MAX, 0),
            count: 0,
            sum_ns: 0,
            min_ns: Nanos::MAX,
            max_ns: 0,
            clamped: 0,
        }
    }

    /// Adds one duration.
    #[inline]
    pub fn record(&mut self, value_ns: Nanos) {
        let index = index_of(value_ns.min(HIGHEST_NS));
        self.add_to_bucket(index, 1);
        self.count += 1;
        self.sum_ns += u128::from(value_ns);
        self.min_ns = self.min_ns.min(value_ns);
        self.max_ns = self.max_ns.max(value_ns);
        self.clamped += u64::from(value_ns > HIGHEST_NS);
    }

    /// Adds many durations at once: what is exact of them is put together first.
    pub fn record_all(&mut self, values_ns: impl IntoIterator<Item = Nanos>) {
        let mut exact = Exact { count: 0, sum_ns: 0, min_ns: Nanos::MAX, max_ns: 0, clamped: 0 };
        for value_ns in values_ns {
            let index = index_of(value_ns.min(HIGHEST_NS));
            if index >= self.counts.len() {
                self.grow(index);
            }
            self.counts[index] += 1;
            exact.count += 1;
            exact.sum_ns += u128::from(value_ns);
            exact.min_ns = exact.min_ns.min(value_ns);
            exact.max_ns = exact.max_ns.max(value_ns);
            exact.clamped += u64::from(value_ns > HIGHEST_NS);
        }
        if exact.count > 0 {
            let (first, last) =
                (index_of(exact.min_ns.min(HIGHEST_NS)), index_of(exact.max_ns.min(HIGHEST_NS)));
            self.touched = (self.touched.0.min(first), self.touched.1.max(last + 1));
            self.absorb_exact(exact);
        }
    }

    #[inline]
    fn add_to_bucket(&mut self, index: usize, count: u64) {
        if index >= self.counts.len() {
            self.grow(index);
        }
        self.counts[index] += count;
        self.touched = (self.touched.0.min(index), self.touched.1.max(index + 1));
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        let length = (index + 1).next_multiple_of(HALF as usize);
        self.counts.resize(length, 0);
    }

    /// Adds `count` samples to a bucket without touching sum, min and max; see [`Histogram::absorb`].
    pub(crate) fn absorb_bucket(&mut self, index: usize, count: u64) {
        self.add_to_bucket(index, count);
    }

    /// Adds the exact figures of samples whose buckets are added by [`Histogram::absorb_bucket`].
    pub(crate) fn absorb_exact(&mut self, exact: Exact) {
        if exact.count == 0 {
            return;
        }
        self.count += exact.count;
        self.sum_ns += exact.sum_ns;
        self.min_ns = self.min_ns.min(exact.min_ns);
        self.max_ns = self.max_ns.max(exact.max_ns);
        self.clamped += exact.clamped;
    }

    /// Merges by adding bucket counts: exact, associative and commutative.
    pub fn merge(&mut self, other: &Self) {
        for (index, count) in other.buckets() {
            self.add_to_bucket(index, count);
        }
        self.absorb_exact(other.exact());
    }

    /// Forgets all samples and keeps the allocation.
    pub fn clear(&mut self) {
        if self.touched.0 < self.touched.1 {
            self.counts[self.touched.0..self.touched.1].fill(0);
        }
        let counts = std::mem::take(&mut self.counts);
        *self = Self { counts, ..Self::new() };
    }

    /// Bucket index and count of every bucket in use, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let range = if self.touched.0 < self.touched.1 { self.touched.0..self.touched.1 } else { 0..0 };
        let start = range.start;
        self.counts[range].iter().enumerate().filter(|(_, c)| **c > 0).map(move |(i, c)| (start + i, *c))
    }

    /// Count, sum, min, max and clamped as one value.
    pub const fn exact(&self) -> Exact {
        Exact {
            count: self.count,
            sum_ns: self.sum_ns,
            min_ns: self.min_ns,
            max_ns: self.max_ns,
            clamped: self.clamped,
        }
    }

    /// Number of samples.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// True without samples.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sum of all samples, exact, in nanoseconds.
    pub const fn sum_ns(&self) -> u128 {
        self.sum_ns
    }

    /// The exact mean in nanoseconds; `None` without samples.
    pub fn mean_ns(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64)
    }

    /// The mean as the buckets know it (their midpoints): differs from the exact one by at most the
    /// quantisation, which the histogram audit checks.
    pub fn bucket_mean_ns(&self) -> Option<f64> {
        let sum: f64 =
            self.buckets().map(|(i, c)| (lowest_of(i) + highest_of(i)) as f64 / 2.0 * c as f64).sum();
        let count: u64 = self.buckets().map(|(_, c)| c).sum();
        (count > 0).then(|| sum / count as f64)
    }

    /// The exact smallest sample.
    pub fn min_ns(&self) -> Option<Nanos> {
        (self.count > 0).then_some(self.min_ns)
    }

    /// The exact largest sample.
    pub fn max_ns(&self) -> Option<Nanos> {
        (self.count > 0).then_some(self.max_ns)
    }

    /// Samples above [`HIGHEST_NS`], which stand in the last bucket.
    pub const fn clamped(&self) -> u64 {
        self.clamped
    }

    /// The sample of rank `rank` (1 = smallest): the upper edge of its bucket, held within min and max.
    pub fn at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank == 0 || rank > self.count {
            return None;
        }
        let mut seen = 0;
        for (index, count) in self.buckets() {
            seen += count;
            if seen >= rank {
                return Some(highest_of(index).clamp(self.min_ns, self.max_ns));
            }
        }
        None
    }

    /// The quantile `q` by nearest rank, `x_(ceil(q n))`, in nanoseconds.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        self.at_rank(nearest_rank(q, self.count))
    }

    /// Samples in buckets that lie entirely at or below `value_ns`, or share its bucket.
    pub fn count_at_or_below(&self, value_ns: Nanos) -> u64 {
        let limit = index_of(value_ns.min(HIGHEST_NS));
        self.buckets().take_while(|(i, _)| *i <= limit).map(|(_, c)| c).sum()
    }

    /// What the distribution would have been had one client sent every `interval_ns` without waiting: each
    /// longer sample is followed by the samples it suppressed, `interval_ns` apart. A what-if for closed-loop
    /// results only, always labelled as such (METHOD section 1; HdrHistogram's expected-interval correction).
    #[must_use]
    pub fn corrected_for_interval(&self, interval_ns: Nanos) -> Self {
        let mut corrected = self.clone();
        if interval_ns == 0 {
            return corrected;
        }
        for (index, count) in self.buckets() {
            let mut missing = highest_of(index).min(self.max_ns).saturating_sub(interval_ns);
            while missing >= interval_ns {
                corrected.add_to_bucket(index_of(missing), count);
                corrected.absorb_exact(Exact {
                    count,
                    sum_ns: u128::from(missing) * u128::from(count),
                    min_ns: missing,
                    max_ns: missing,
                    clamped: 0,
                });
                missing -= interval_ns;
            }
        }
        corrected
    }
}

/// The figures kept exactly beside the buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// Number of samples.
    pub count: u64,
    /// Their sum in nanoseconds.
    pub sum_ns: u128,
    /// The smallest; [`Nanos::MAX`] without samples.
    pub min_ns: Nanos,
    /// The largest; 0 without samples.
    pub max_ns: Nanos,
    /// Samples above [`HIGHEST_NS`].
    pub clamped: u64,
}

/// `ceil(q n)`, at least 1, guarded against binary fractions (`0.07 * 100` is not 7.000000000000001 ranks).
pub fn nearest_rank(q: f64, n: u64) -> u64 {
    let exact = q * n as f64;
    let rounded = exact.round();
    let rank = if (exact - rounded).abs() < 1e-9 * n.max(1) as f64 { rounded } else { exact.ceil() };
    (rank as u64).clamp(1, n.max(1))
}

#[cfg(test)]
mod tests;
