//! What the page of a comparison draws of an arm: its runs second by second, and quantiles of each run.

use std::collections::BTreeMap;

use plimsoll_audit::compare::Sides;
use plimsoll_audit::select::Selected;
use plimsoll_audit::statistics::change::Worse;
use plimsoll_audit::statistics::rank::median;
use plimsoll_audit::statistics::two_samples::Interval;
use plimsoll_metrics::expression::{Selector, Timing};
use plimsoll_metrics::interval::independent_ranks;
use plimsoll_metrics::quantile::{Standing, estimate};
use plimsoll_metrics::{Compact, Histogram, SECOND_NS};
use plimsoll_model::{Record, StepKind};

use super::{Arm, Comparison, Pair};
use crate::series::{Seconds, series};
use crate::view::StepView;
use crate::{RunDirectory, View, read_log};

/// Quantiles whose differences are shown: deciles, and the tail.
pub const SHIFTED: [f64; 12] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/// Points of the percentile curve: so many to every factor of ten of 1/(1 − q), to 99.99 %.
const CURVE_POINTS: u32 = 8;
const CURVE_DECADES: u32 = 4;

/// Columns of a chart over time: more than a screen shows.
const COLUMNS_MAX: usize = 240;

/// What is drawn of an arm.
#[derive(Debug, Default)]
pub struct Trace {
    /// Runs whose record could be read.
    pub runs: usize,
    /// Runs whose record could not be read, and why.
    pub unread: Vec<String>,
    /// The runs as they went, together.
    pub columns: Vec<Column>,
    /// Quantiles of response time over all operations.
    pub curve: Vec<CurvePoint>,
    /// For all operations (under "") and every step, for each of [`SHIFTED`]: nanoseconds by round.
    quantiles: BTreeMap<String, Vec<BTreeMap<usize, f64>>>,
}

/// A stretch of time of all runs of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// Its middle, in seconds from the start.
    pub at_s: f64,
    /// Successes per second and run.
    pub ok_per_s: f64,
    /// Operations sent per second and run.
    pub sent_per_s: f64,
    /// Failures per second and run, what was dropped included.
    pub failed_per_s: f64,
    /// Operations in flight, on average over the runs.
    pub in_flight: f64,
    /// p50, p95 and p99 of the successes of all runs together, in nanoseconds.
    pub response_ns: [Option<f64>; 3],
}

/// A point of the percentile curve of an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// In `[0, 1)`.
    pub q: f64,
    /// Median over the runs, in nanoseconds.
    pub value_ns: f64,
    /// Its 95 % interval, with six runs or more.
    pub interval_ns: Option<(f64, f64)>,
}

/// The difference of one quantile between two arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// In `[0, 1)`.
    pub q: f64,
    /// Medians over the runs of both, in nanoseconds.
    pub medians_ns: (f64, f64),
    /// The second less the first (Hodges-Lehmann, the run as unit), in nanoseconds.
    pub difference_ns: Interval,
}

impl Shift {
    /// Whether the interval says which of them is slower.
    pub fn is_told(&self) -> bool {
        !self.difference_ns.contains(0.0)
    }
}

/// What one run adds.
struct Read {
    round: usize,
    seconds: Vec<(u32, Compact)>,
    /// Operations sent, failures, and operations in flight, by second.
    others: [Vec<f64>; 3],
    /// Whole seconds over which operations were due.
    span_s: u32,
    curve: Vec<Option<f64>>,
    shifted: BTreeMap<String, Vec<Option<f64>>>,
}

/// Reads the records of all runs of an arm.
pub fn trace(arm: &Arm) -> Trace {
    let mut trace = Trace::default();
    let mut read = Vec::new();
    for (round, run) in arm.rounds.iter().zip(&arm.runs) {
        match read_log(&RunDirectory::open(&run.path).events()) {
            Ok(log) => read.push(Read::of(*round, Record::from_events(&log.events))),
            Err(problem) => trace.unread.push(problem.to_string()),
        }
    }
    trace.runs = read.len();
    trace.columns = columns(&read);
    trace.curve = curve(&read);
    for run in &read {
        for (step, values) in &run.shifted {
            let known =
                trace.quantiles.entry(step.clone()).or_insert_with(|| vec![BTreeMap::new(); SHIFTED.len()]);
            for (by_round, value) in known.iter_mut().zip(values) {
                by_round.extend(value.map(|value| (run.round, value)));
            }
        }
    }
    trace
}

impl Read {
    fn of(round: usize, record: Record) -> Self {
        let merged = Seconds::of(&record);
        let series = series(&record, &merged);
        let others = [series.sent, series.failed, series.in_flight];
        let seconds = merged.responses().map(|(second, times)| (second, times.clone())).collect();
        let span_s = (record.span_ns() / SECOND_NS) as u32;
        let view = View::new(record);
        let all = Selected::new(&view.record, &Selector::default());
        let curve = values(&view, None, &all, &curve_quantiles());
        let mut shifted = BTreeMap::from([(String::new(), values(&view, None, &all, &SHIFTED))]);
        let operations: Vec<_> = view.steps.iter().filter(|step| step.kind == StepKind::Operation).collect();
        for step in operations.iter().filter(|_| operations.len() > 1) {
            let own = Selected::step(&view.record, step.id, Timing::Response);
            shifted.insert(step.name.clone(), values(&view, Some(step), &own, &SHIFTED));
        }
        Self { round, seconds, others, span_s, curve, shifted }
    }
}

fn curve_quantiles() -> Vec<f64> {
    let ticks = 1..=CURVE_POINTS * CURVE_DECADES;
    ticks.map(|tick| 1.0 - 10f64.powf(-f64::from(tick) / f64::from(CURVE_POINTS))).collect()
}

/// Quantiles of a run that may be printed, in nanoseconds.
fn values(view: &View, step: Option<&StepView>, of: &Selected<'_>, quantiles: &[f64]) -> Vec<Option<f64>> {
    let (finite, infinite, windows) = (of.finite(), of.infinite(), of.prepared());
    // What drifted has no quantiles: the same is withheld of those in between as of those that reports show.
    let is_withheld = step
        .map_or(&view.overall, |step| &step.overall)
        .iter()
        .any(|q| q.q == 0.5 && q.standing == Standing::Withheld);
    let value = |q: &f64| {
        let found = view.withheld(estimate(&finite, infinite, *q, &windows));
        found.value_ns.filter(|_| found.standing == Standing::Published && !is_withheld).map(|ns| ns as f64)
    };
    quantiles.iter().map(value).collect()
}

fn columns(runs: &[Read]) -> Vec<Column> {
    let seconds = runs.iter().map(|run| run.span_s).max().unwrap_or(0);
    let width = (seconds as usize).div_ceil(COLUMNS_MAX).max(1) as u32;
    let column = |start: u32| {
        let end = (start + width).min(seconds);
        let (mut all, mut of_runs, mut others) = (Histogram::new(), 0, [0.0; 3]);
        for run in runs {
            // The last second may not be whole: it would look like a fall.
            of_runs += end.min(run.span_s).saturating_sub(start);
            let within = run.seconds.iter().filter(|(s, _)| (start..end.min(run.span_s)).contains(s));
            within.for_each(|(_, times)| all.merge_compact(times));
            for (sum, values) in others.iter_mut().zip(&run.others) {
                let within = values.iter().take(run.span_s as usize).take(end as usize);
                *sum += within.skip(start as usize).sum::<f64>();
            }
        }
        let [sent_per_s, failed_per_s, in_flight] = others.map(|sum| sum / f64::from(of_runs.max(1)));
        let at = |q: f64| all.quantile(q).filter(|_| all.count() > 0).map(|ns| ns as f64);
        Column {
            at_s: f64::from(start) + f64::from(end - start) / 2.0,
            ok_per_s: all.count() as f64 / f64::from(of_runs.max(1)),
            sent_per_s,
            failed_per_s,
            in_flight,
            response_ns: [at(0.5), at(0.95), at(0.99)],
        }
    };
    (0..seconds).step_by(width as usize).map(column).collect()
}

/// As far as every run can measure it: the median of those that still can would be that of the lucky ones.
fn curve(runs: &[Read]) -> Vec<CurvePoint> {
    let mut points = Vec::new();
    for (at, q) in curve_quantiles().into_iter().enumerate() {
        let values: Option<Vec<f64>> = runs.iter().map(|run| run.curve[at]).collect();
        let Some(mut values) = values.filter(|values| !values.is_empty()) else { break };
        values.sort_by(f64::total_cmp);
        let ranks = independent_ranks(values.len() as u64, 0.5);
        let value_at = |rank: u64| values[rank as usize - 1];
        let interval_ns = ranks.low.zip(ranks.high).map(|(low, high)| (value_at(low), value_at(high)));
        points.push(CurvePoint { q, value_ns: median(&values), interval_ns });
    }
    points
}

/// What both arms of a pair have in common: all operations (under ""), and steps.
pub fn shared<'a>(pair: &Pair, traces: &'a [Trace]) -> Vec<&'a str> {
    let (a, b) = (&traces[pair.base], &traces[pair.other]);
    a.quantiles.keys().filter(|step| b.quantiles.contains_key(*step)).map(String::as_str).collect()
}

/// How quantiles of the other arm of a pair differ from those of the one it is held against; of each, if runs of both
/// have measured it.
pub fn shifts(found: &Comparison, pair: &Pair, traces: &[Trace], step: &str) -> Vec<Shift> {
    let of = |trace: &Trace, at: usize| {
        trace.quantiles.get(step).map_or_else(BTreeMap::new, |all| all[at].clone())
    };
    let shift = |(at, q): (usize, &f64)| {
        let (a, b) = (of(&traces[pair.base], at), of(&traces[pair.other], at));
        let together = |(round, a): (&usize, &f64)| Some((*a, *b.get(round)?));
        let sides = Sides {
            measure: String::new(),
            worse: Worse::Higher,
            is_share: false,
            pairs: if pair.in_turn { a.iter().filter_map(together).collect() } else { Vec::new() },
            a: a.into_values().collect(),
            b: b.values().copied().collect(),
        };
        let is_whole = |side: &[f64], arm: usize| side.len() * 2 > found.arms[arm].runs.len();
        let is_known = is_whole(&sides.a, pair.base) && is_whole(&sides.b, pair.other);
        let difference_ns = sides.difference().filter(|_| is_known)?;
        Some(Shift { q: *q, medians_ns: (median(&sides.a), median(&sides.b)), difference_ns })
    };
    SHIFTED.iter().enumerate().filter_map(shift).collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    fn read(round: usize, synthetic: &Synthetic) -> Read {
        Read::of(round, synthetic.record())
    }

    #[test]
    fn runs_of_an_arm_are_drawn_together_and_curves_end_where_one_run_ends() {
        let runs: Vec<_> =
            (0..6).map(|seed| read(seed as usize, &Synthetic { seed, ..Synthetic::default() })).collect();
        let columns = columns(&runs);
        assert_eq!(columns.len(), 60);
        let all: f64 = columns.iter().map(|column| column.ok_per_s).sum();
        assert!((all - 12_000.0).abs() < 1e-6, "{all}");
        assert!(columns.iter().all(|c| c.response_ns.iter().all(|q| q.is_some_and(|ns| ns >= 10e6))));
        let curve_of_six = curve(&runs);
        let median = curve_of_six.iter().find(|point| point.q > 0.499).unwrap();
        // Spread evenly between 10 and 30 ms, with a thin tail.
        assert!((18e6..24e6).contains(&median.value_ns), "{median:?}");
        let (low, high) = median.interval_ns.unwrap();
        assert!(low <= median.value_ns && median.value_ns <= high);
        assert!(curve_of_six.len() < 32, "12,000 operations do not show p99.99");
        assert!(curve(&runs[..5]).iter().all(|point| point.interval_ns.is_none()));
        assert!(curve(&[]).is_empty());
    }
}
