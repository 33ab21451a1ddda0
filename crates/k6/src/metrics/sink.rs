//! What is kept of a metric's values: as much as its type needs, in constant memory.

use plimsoll_metrics::Histogram;

use super::Kind;

/// Values of a trend that are kept as they are. With more, quantiles come from a histogram (three digits).
const EXACT_MAX: usize = 2_000;

/// Values are counted in millionths: milliseconds become nanoseconds, and the histogram begins at 1.
const MILLIONTHS: f64 = 1e6;

/// What is kept of the values of one metric.
#[derive(Clone, Debug)]
pub(crate) enum Sink {
    Counter { sum: f64, samples: u64 },
    Gauge { value: f64, min: f64, max: f64, samples: u64 },
    Rate { trues: u64, total: u64 },
    Trend(Box<Trend>),
}

/// The values of a trend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trend {
    exact: Vec<f64>,
    /// Values from zero up, and the magnitudes of those below zero, once there are too many.
    above: Option<Box<(Histogram, Histogram)>>,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Sink {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter { sum: 0.0, samples: 0 },
            Kind::Gauge => Self::Gauge { value: 0.0, min: 0.0, max: 0.0, samples: 0 },
            Kind::Rate => Self::Rate { trues: 0, total: 0 },
            Kind::Trend => Self::Trend(Box::default()),
        }
    }

    pub(crate) fn add(&mut self, added: f64) {
        match self {
            Self::Counter { sum, samples } => {
                *sum += added;
                *samples += 1;
            }
            Self::Gauge { value, min, max, samples } => {
                *value = added;
                (*min, *max) = if *samples == 0 { (added, added) } else { (min.min(added), max.max(added)) };
                *samples += 1;
            }
            Self::Rate { trues, total } => {
                *trues += u64::from(added != 0.0);
                *total += 1;
            }
            Self::Trend(trend) => trend.add(added),
        }
    }

    /// Adds what another thread has kept.
    pub(crate) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Counter { sum, samples }, Self::Counter { sum: s, samples: n }) => {
                *sum += s;
                *samples += n;
            }
            (
                Self::Gauge { value, min, max, samples },
                Self::Gauge { value: v, min: low, max: high, samples: n },
            ) => {
                if *n > 0 {
                    (*min, *max) =
                        if *samples == 0 { (*low, *high) } else { (min.min(*low), max.max(*high)) };
                    *value = *v;
                    *samples += n;
                }
            }
            (Self::Rate { trues, total }, Self::Rate { trues: t, total: n }) => {
                *trues += t;
                *total += n;
            }
            (Self::Trend(mine), Self::Trend(theirs)) => mine.merge(theirs),
            _ => unreachable!("a metric has one type"),
        }
    }

    /// Number of values.
    pub(crate) fn samples(&self) -> u64 {
        match self {
            Self::Counter { samples, .. } | Self::Gauge { samples, .. } => *samples,
            Self::Rate { total, .. } => *total,
            Self::Trend(trend) => trend.count,
        }
    }
}

impl Trend {
    #[inline]
    fn add(&mut self, value: f64) {
        (self.min, self.max) =
            if self.count == 0 { (value, value) } else { (self.min.min(value), self.max.max(value)) };
        self.count += 1;
        self.sum += value;
        match &mut self.above {
            Some(histograms) => record(histograms, value),
            None => {
                self.exact.push(value);
                if self.exact.len() > EXACT_MAX {
                    self.spill();
                }
            }
        }
    }

    #[cold]
    fn spill(&mut self) {
        let histograms = self.above.get_or_insert_with(|| Box::new((Histogram::new(), Histogram::new())));
        self.exact.drain(..).for_each(|value| record(histograms, value));
        self.exact = Vec::new();
    }

    fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        (self.min, self.max) = if self.count == 0 {
            (other.min, other.max)
        } else {
            (self.min.min(other.min), self.max.max(other.max))
        };
        self.count += other.count;
        self.sum += other.sum;
        if self.above.is_some() || other.above.is_some() || self.exact.len() + other.exact.len() > EXACT_MAX {
            self.spill();
        }
        match (&mut self.above, &other.above) {
            (Some(mine), theirs) => {
                other.exact.iter().for_each(|value| record(mine, *value));
                if let Some(theirs) = theirs {
                    mine.0.merge(&theirs.0);
                    mine.1.merge(&theirs.1);
                }
            }
            (None, _) => self.exact.extend_from_slice(&other.exact),
        }
    }

    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// The `share`-quantile (0 to 1): between neighbours, as k6 has it, while all values are known; otherwise by
    /// nearest rank in the histogram.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let Some(histograms) = &self.above else { return interpolated(&self.exact, share) };
        let (above, below) = (&histograms.0, &histograms.1);
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count);
        let found = if rank <= below.count() {
            below.at_rank(below.count() + 1 - rank).map(|v| -(v as f64))
        } else {
            above.at_rank(rank - below.count()).map(|v| v as f64)
        };
        (found.unwrap_or(0.0) / MILLIONTHS).clamp(self.min, self.max)
    }
}

fn record((above, below): &mut (Histogram, Histogram), value: f64) {
    // To the nearest; `round` is a call of the maths library.
    let magnitude = (value.abs() * MILLIONTHS + 0.5) as u64;
    if value < 0.0 { below.record(magnitude) } else { above.record(magnitude) }
}

/// k6's percentile: linear between the two values around `share · (n − 1)`.
fn interpolated(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = share * (sorted.len() as f64 - 1.0);
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * (at - at.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: impl IntoIterator<Item = f64>) -> Trend {
        let mut trend = Trend::default();
        values.into_iter().for_each(|v| trend.add(v));
        trend
    }

    #[test]
    fn few_values_are_exact_and_many_are_close() {
        let few = trend((1..=10).map(f64::from));
        assert_eq!((few.quantile(0.5), few.quantile(0.9), few.mean()), (5.5, 9.1, 5.5));
        let many = trend((1..=100_000).rev().map(f64::from));
        for share in [0.5, 0.9, 0.99] {
            let exact = share * 100_000.0;
            assert!(
                (many.quantile(share) - exact).abs() < exact / 500.0,
                "{share}: {}",
                many.quantile(share)
            );
        }
        assert_eq!((many.min, many.max, many.quantile(1.0)), (1.0, 100_000.0, 100_000.0));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let values = |from: i32, to: i32| trend((from..to).map(f64::from));
        for (left, right) in [(10, 20), (1_500, 3_000), (5_000, 5_100)] {
            let mut merged = values(-100, left);
            merged.merge(&values(left, right));
            let whole = values(-100, right);
            assert_eq!((merged.count, merged.sum, merged.min), (whole.count, whole.sum, whole.min));
            assert_eq!(merged.quantile(0.01), whole.quantile(0.01));
            assert_eq!(merged.quantile(0.95), whole.quantile(0.95));
        }
    }

    #[test]
    fn a_gauge_knows_its_last_value_and_its_extremes() {
        let mut gauge = Sink::new(Kind::Gauge);
        [3.0, 9.0, 5.0].into_iter().for_each(|v| gauge.add(v));
        assert!(matches!(gauge, Sink::Gauge { value: 5.0, min: 3.0, max: 9.0, samples: 3 }));
    }
}
