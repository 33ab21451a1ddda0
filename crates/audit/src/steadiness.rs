//! Where warm-up ends in a stretch of constant load, and whether what follows stands still.
//!
//! The rule of docs/METHOD.md, section 6: MSER-5 finds the end of warm-up, Mann-Kendall and Sen's slope look for a
//! drift in the rest, PELT for a change of level. Series are quantiles of response time by second of issue.

use plimsoll_metrics::{Compact, Histogram, SECOND_NS, Window};
use plimsoll_model::{Nanos, Outcome, Phase, Record, StepId};

use crate::holds::Hold;
use crate::statistics::rank::median;
use crate::statistics::shift::{Segment, segments};
use crate::statistics::trend::{Trend, mann_kendall};
use crate::statistics::warmup::{Cut, mser5};

/// Quantiles whose series are looked at.
pub const QUANTILES: [f64; 2] = [0.5, 0.95];

/// Fewest successes in a bucket: below, its quantiles are noise.
const BUCKET_OPERATIONS_MIN: u64 = 30;

/// Fewest buckets by which steadiness can be judged.
pub const BUCKETS_MIN: usize = 20;

/// Most buckets: the tests take time in the square of their number.
const BUCKETS_MAX: usize = 300;

/// Probability below which a trend is more than chance, and drift over the whole stretch that matters (the floor of
/// MLCommons' steady-state detection: real drifts are 0.10 to 0.26, noise is below 0.03).
const P_MAX: f64 = 0.05;
pub const DRIFT_MAX: f64 = 0.05;

/// A change of level must end before this last part of the stretch (Barrett et al. 2017).
const LATE_SHARE: f64 = 0.25;

/// How one series went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// It stood still from the beginning.
    Flat,
    /// It settled.
    WarmUp,
    /// It settled at a slower level than it began.
    SlowDown,
    /// It drifted to the end.
    Drifting,
    /// Its level changed late.
    Shifting,
    /// It never settled.
    NotSettled,
}

impl Course {
    /// Whether a single number describes it, once warm-up is left out.
    pub const fn is_steady(self) -> bool {
        matches!(self, Self::Flat | Self::WarmUp | Self::SlowDown)
    }
}

/// What was found of one quantile of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The step.
    pub step: StepId,
    /// The quantile.
    pub q: f64,
    /// How it went.
    pub course: Course,
    /// Length of the warm-up, in nanoseconds.
    pub warm_up_ns: Nanos,
    /// Fitted change from end of warm-up to end, as a share of the median.
    pub drift: f64,
    /// Probability of such a trend by chance.
    pub p: f64,
}

/// What was found in one stretch of constant load.
#[derive(Clone, Debug, PartialEq)]
pub struct Steadiness {
    /// The stretch.
    pub hold: Phase,
    /// Its series; empty if there were too few operations to judge.
    pub series: Vec<Series>,
}

impl Steadiness {
    /// The longest warm-up of any series that settled, in nanoseconds.
    pub fn warm_up_ns(&self) -> Nanos {
        self.series.iter().filter(|s| s.course.is_steady()).map(|s| s.warm_up_ns).max().unwrap_or(0)
    }

    /// The stretch without its warm-up; `None` if it was not steady, or nobody could tell.
    pub fn steady(&self) -> Option<Phase> {
        (!self.series.is_empty() && self.series.iter().all(|s| s.course.is_steady())).then(|| Phase {
            name: crate::select::STEADY.to_owned(),
            start_ns: self.hold.start_ns + self.warm_up_ns(),
            end_ns: self.hold.end_ns,
        })
    }
}

/// Looks at every step that has enough operations in `hold`.
pub fn steadiness(record: &Record, hold: &Hold) -> Steadiness {
    let steps: Vec<_> = record.started.plan.operations().map(|(id, _)| id).collect();
    let resolution = crate::audits::floor::resolution_ns(record) as f64;
    let mut all = Vec::new();
    for step in steps {
        let buckets = buckets(record, hold, step);
        if buckets.times.len() < BUCKETS_MIN {
            continue;
        }
        for q in QUANTILES {
            let values: Vec<f64> = buckets.times.iter().map(|h| h.quantile(q).unwrap_or(0) as f64).collect();
            // Times that cannot be told from nothing drift with the generator, not with the target.
            if median(&values) < resolution {
                continue;
            }
            all.push((step, q, buckets.seconds * SECOND_NS, values));
        }
    }
    // Of many series some would seem to drift by chance.
    let p_max = P_MAX / all.len().max(1) as f64;
    let series = all
        .into_iter()
        .map(|(step, q, bucket_ns, values)| judge(step, q, bucket_ns, &values, p_max))
        .collect();
    Steadiness { hold: hold.phase.clone(), series }
}

/// Response times of the step's successes in a window.
fn ok_times(window: &Window, step: StepId) -> Option<&Compact> {
    window.cells.iter().find(|(s, o, _)| *s == step && *o == Outcome::Ok).map(|(_, _, c)| &c.response)
}

struct Buckets {
    seconds: u64,
    times: Vec<Histogram>,
}

/// Response times of successes in buckets of as few seconds as hold enough operations.
fn buckets(record: &Record, hold: &Hold, step: StepId) -> Buckets {
    let windows: Vec<_> = hold.windows(record).collect();
    let counts: Vec<f64> =
        windows.iter().map(|w| ok_times(w, step).map_or(0, Compact::count) as f64).collect();
    let usual = median(&counts);
    if usual.is_nan() || counts.iter().sum::<f64>() < (BUCKET_OPERATIONS_MIN * BUCKETS_MIN as u64) as f64 {
        return Buckets { seconds: 1, times: Vec::new() };
    }
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let enough = (BUCKET_OPERATIONS_MIN as f64 / usual.max(mean).max(1e-9)).ceil() as usize;
    let seconds = enough.max(windows.len().div_ceil(BUCKETS_MAX)).max(1);
    let merge = |chunk: &[&Window]| {
        let mut times = Histogram::new();
        chunk.iter().filter_map(|w| ok_times(w, step)).for_each(|c| times.merge_compact(c));
        times
    };
    let times = windows.chunks_exact(seconds).map(merge).filter(|h| !h.is_empty()).collect();
    Buckets { seconds: seconds as u64, times }
}

fn judge(step: StepId, q: f64, bucket_ns: Nanos, values: &[f64], p_max: f64) -> Series {
    let series = |course, cut: usize, trend: Option<(Trend, f64)>| Series {
        step,
        q,
        course,
        warm_up_ns: cut as Nanos * bucket_ns,
        drift: trend.map_or(0.0, |(_, drift)| drift),
        p: trend.map_or(1.0, |(t, _)| t.p),
    };
    let (cut, settled) = match mser5(values) {
        Cut::At(cut) => (cut, true),
        Cut::NotSettled | Cut::TooShort => (0, false),
    };
    let rest = &values[cut..];
    let trend = mann_kendall(rest).map(|t| (t, t.slope * (rest.len() - 1) as f64 / median(rest)));
    if trend.is_some_and(|(t, drift)| t.p < p_max && drift.abs() >= DRIFT_MAX) {
        return series(Course::Drifting, cut, trend);
    }
    let levels = segments(rest);
    if shifts_late(&levels, rest.len()) {
        return series(Course::Shifting, cut, trend);
    }
    // MSER refuses to cut where nothing is to be cut and noise alone decides; without drift or shift it is flat.
    if !settled || cut == 0 {
        return series(Course::Flat, 0, trend);
    }
    let before = median(&values[..cut]);
    let after = median(rest);
    let course = match () {
        () if (before / after - 1.0).abs() < DRIFT_MAX => Course::Flat,
        () if before > after => Course::WarmUp,
        () => Course::SlowDown,
    };
    if course == Course::Flat { series(course, 0, trend) } else { series(course, cut, trend) }
}

/// True if the level before the last differs from the last, and the last began late.
fn shifts_late(levels: &[Segment], length: usize) -> bool {
    let [.., before, last] = levels else { return false };
    let apart = (before.mean - last.mean).abs();
    let equal = apart <= before.variance.max(last.variance).sqrt().max(DRIFT_MAX * last.mean);
    !equal && before.end as f64 > (1.0 - LATE_SHARE) * length as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::trend::noise;

    fn course(level: impl Fn(f64) -> f64) -> Course {
        // Time runs from 0 to 1; noise of 2 % either way.
        let values: Vec<f64> = noise(120)
            .iter()
            .zip(0u32..)
            .map(|(e, i)| level(f64::from(i) / 120.0) * (0.98 + 0.04 * e))
            .collect();
        judge(0, 0.5, SECOND_NS, &values, P_MAX).course
    }

    #[test]
    fn courses_are_told_apart() {
        assert_eq!(course(|_| 10.0), Course::Flat);
        assert_eq!(course(|t| 10.0 + 30.0 * (-t * 15.0).exp()), Course::WarmUp);
        assert_eq!(course(|t| if t < 0.2 { 10.0 } else { 14.0 }), Course::SlowDown);
        assert_eq!(course(|t| 10.0 + t), Course::Drifting);
        assert_eq!(course(|t| if t < 0.9 { 10.0 } else { 14.0 }), Course::Shifting);
    }
}
