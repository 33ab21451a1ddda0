//! What is kept of a metric's values: as much as its type needs, in constant memory.

use plimsoll_metrics::Histogram;

use super::Kind;

/// Values of a trend that are kept as they are. With more, quantiles come from a histogram (three digits).
const EXACT_MAX: usize = 2_000;

/// Values of a long trend that are gathered before they are counted.
const GATHERED: usize = 64;

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
    /// Values that are in no histogram: all there are, or the latest of many.
    recent: Vec<f64>,
    /// The others: those from zero up, and the magnitudes of those below zero.
    settled: Option<Box<Settled>>,
}

/// Values that are counted by their size.
#[derive(Clone, Debug, Default)]
struct Settled {
    above: Histogram,
    below: Histogram,
    figures: Figures,
}

/// What is exact of any number of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
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

    #[inline]
    pub(crate) fn add(&mut self, added: f64) {
        match self {
            Self::Counter { sum, samples } => {
                *sum += added;
                *samples += 1;
            }
            Self::Gauge { .. } => self.set(added),
            Self::Rate { trues, total } => {
                *trues += u64::from(added != 0.0);
                *total += 1;
            }
            Self::Trend(trend) => trend.add(added),
        }
    }

    /// The present value of a gauge.
    fn set(&mut self, now: f64) {
        if let Self::Gauge { value, min, max, samples } = self {
            *value = now;
            (*min, *max) = if *samples == 0 { (now, now) } else { (min.min(now), max.max(now)) };
            *samples += 1;
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
            Self::Trend(trend) => trend.figures().count,
        }
    }
}

impl Trend {
    /// A script adds a dozen values in every iteration: they are gathered, and settled many at once.
    #[inline]
    fn add(&mut self, value: f64) {
        self.recent.push(value);
        let most = if self.settled.is_some() { GATHERED } else { EXACT_MAX };
        if self.recent.len() > most {
            self.settle();
        }
    }

    #[cold]
    fn settle(&mut self) {
        let settled = self.settled.get_or_insert_default();
        settled.take(&self.recent);
        self.recent.clear();
        self.recent.shrink_to(GATHERED + 1);
    }

    fn merge(&mut self, other: &Self) {
        if other.settled.is_none() && self.settled.is_none() {
            other.recent.iter().for_each(|value| self.add(*value));
            return;
        }
        self.settle();
        let settled = self.settled.get_or_insert_default();
        settled.take(&other.recent);
        if let Some(theirs) = &other.settled {
            settled.above.merge(&theirs.above);
            settled.below.merge(&theirs.below);
            settled.figures = settled.figures.and(theirs.figures);
        }
    }

    /// Number, sum and extremes; all 0 without values.
    pub(crate) fn figures(&self) -> Figures {
        let settled = self.settled.as_ref().map_or_else(Figures::default, |settled| settled.figures);
        let all = settled.and(Figures::of(&self.recent));
        if all.count == 0 { Figures { count: 0, sum: 0.0, min: 0.0, max: 0.0 } } else { all }
    }

    pub(crate) fn mean(&self) -> f64 {
        let Figures { count, sum, .. } = self.figures();
        if count == 0 { 0.0 } else { sum / count as f64 }
    }

    /// The `share`-quantile (0 to 1): between neighbours, as k6 has it, while all values are known; otherwise by
    /// nearest rank in the histogram.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        match &self.settled {
            None => interpolated(&self.recent, share),
            Some(settled) if self.recent.is_empty() => settled.quantile(share),
            Some(settled) => {
                let mut all = settled.clone();
                all.take(&self.recent);
                all.quantile(share)
            }
        }
    }
}

impl Settled {
    fn take(&mut self, values: &[f64]) {
        let figures = Figures::of(values);
        self.figures = self.figures.and(figures);
        self.above.record_all(values.iter().filter(|value| **value >= 0.0).map(|value| millionths(*value)));
        if figures.min < 0.0 {
            self.below
                .record_all(values.iter().filter(|value| **value < 0.0).map(|value| millionths(-value)));
        }
    }

    fn quantile(&self, share: f64) -> f64 {
        let Figures { count, min, max, .. } = self.figures;
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count);
        let found = if rank <= self.below.count() {
            self.below.at_rank(self.below.count() + 1 - rank).map(|v| -(v as f64))
        } else {
            self.above.at_rank(rank - self.below.count()).map(|v| v as f64)
        };
        (found.unwrap_or(0.0) / MILLIONTHS).clamp(min, max)
    }
}

/// To the nearest (`round` is a call of the maths library), at most 292 years of milliseconds (which a processor is quicker at).
fn millionths(value: f64) -> u64 {
    (value * MILLIONTHS + 0.5) as i64 as u64
}

impl Default for Figures {
    /// Those of no values.
    fn default() -> Self {
        Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Figures {
    fn of(values: &[f64]) -> Self {
        let with = |all: Self, value: &f64| Self {
            count: all.count + 1,
            sum: all.sum + value,
            // There is no NaN among them, which `min` and `max` would look for.
            min: if *value < all.min { *value } else { all.min },
            max: if *value > all.max { *value } else { all.max },
        };
        values.iter().fold(Self::default(), with)
    }

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

/// k6's percentile: linear between the two values around `share · (n − 1)`.
fn interpolated(values: &[f64], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
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
        let Figures { min, max, .. } = many.figures();
        assert_eq!((min, max, many.quantile(1.0)), (1.0, 100_000.0, 100_000.0));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let values = |from: i32, to: i32| trend((from..to).map(f64::from));
        for (left, right) in [(10, 20), (1_500, 3_000), (5_000, 5_100)] {
            let mut merged = values(-100, left);
            merged.merge(&values(left, right));
            let whole = values(-100, right);
            assert_eq!(merged.figures(), whole.figures());
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
