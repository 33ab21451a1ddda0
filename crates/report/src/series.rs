//! A run as it went, second by second: what charts draw and tables of windows list.

use std::collections::BTreeMap;

use plimsoll_audit::audits::{generator, on_time};
use plimsoll_metrics::histogram::lowest_of;
use plimsoll_metrics::{Cell, Compact, Histogram, SECOND_NS, Window};
use plimsoll_model::{Health, Outcome, Record, Schedule, StepKind};
use serde::Serialize;

/// Most columns of the heat map: more than a screen shows.
const HEAT_COLUMNS_MAX: usize = 300;

/// Rows of the heat map for each factor of ten of time.
const HEAT_ROWS_PER_DECADE: f64 = 8.0;

/// One value a second; `null` where nothing was measured. Times in milliseconds, rates per second.
#[derive(Debug, Default, Serialize)]
pub struct Series {
    /// Seconds since the start of the run.
    pub second: Vec<u32>,
    /// Arrivals asked for by open loads.
    pub asked: Vec<Option<f64>>,
    /// Arrivals of open loads that were issued.
    pub issued: Vec<Option<f64>>,
    /// Operations sent.
    pub sent: Vec<f64>,
    /// Successes.
    pub ok: Vec<f64>,
    /// Failures, dropped operations included.
    pub failed: Vec<f64>,
    /// Users, on average.
    pub users: Vec<Option<f64>>,
    /// Operations in flight, on average.
    pub in_flight: Vec<f64>,
    /// Connections opened.
    pub connects: Vec<f64>,
    /// Quantiles of response time of the successes.
    pub response: Quantiles,
    /// Quantiles of service time of the successes.
    pub service: Quantiles,
    /// How the generator was: empty if fine, otherwise why the second is tainted.
    pub tainted: Vec<String>,
}

/// Quantiles by second, in milliseconds.
#[derive(Debug, Default, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: Vec<Option<f64>>,
    /// The 95th percentile.
    pub p95: Vec<Option<f64>>,
    /// The 99th percentile.
    pub p99: Vec<Option<f64>>,
    /// The largest.
    pub max: Vec<Option<f64>>,
}

/// Counts of successes by time and response time.
#[derive(Debug, Default, Serialize)]
pub struct HeatMap {
    /// Seconds a column.
    pub column_s: usize,
    /// Lower edges of the rows in milliseconds, and the upper edge of the last.
    pub edges_ms: Vec<f64>,
    /// Column, row, count.
    pub cells: Vec<(usize, usize, u64)>,
}

/// Response and service times of all successes, by second: what every chart is made of.
pub struct Seconds(BTreeMap<u32, (Compact, Compact)>);

impl Seconds {
    /// Merges the windows' cells over steps.
    pub fn of(record: &Record) -> Self {
        let merge = |window: &Window| {
            let (mut response, mut service) = (Histogram::new(), Histogram::new());
            for (_, outcome, cell) in operations(record, window) {
                if outcome == Outcome::Ok {
                    response.merge_compact(&cell.response);
                    service.merge_compact(&cell.service);
                }
            }
            (Compact::from(&response), Compact::from(&service))
        };
        Self(record.windows.iter().map(|(second, window)| (*second, merge(window))).collect())
    }

    /// Response times by second, in time order.
    pub fn responses(&self) -> impl Iterator<Item = (u32, &Compact)> {
        self.0.iter().map(|(second, (response, _))| (*second, response))
    }
}

fn operations<'a>(record: &'a Record, window: &'a Window) -> impl Iterator<Item = (u16, Outcome, &'a Cell)> {
    let is_operation = |step: u16| {
        record.started.plan.steps.get(usize::from(step)).is_some_and(|s| s.kind == StepKind::Operation)
    };
    window.cells.iter().filter(move |(step, ..)| is_operation(*step)).map(|(step, o, cell)| (*step, *o, cell))
}

/// Why each second is tainted; empty where it is not.
pub fn tainted(record: &Record) -> Vec<String> {
    let allowed_ns = on_time::allowed_ns(record);
    let empty = Window::default();
    let seconds = record.span_ns().div_ceil(SECOND_NS) as u32;
    (0..seconds).map(|s| reasons(record, record.windows.get(&s).unwrap_or(&empty), s, allowed_ns)).collect()
}

/// The run, second by second.
pub fn series(record: &Record, merged: &Seconds) -> Series {
    let mut series = Series { tainted: tainted(record), ..Series::default() };
    let seconds = record.span_ns().div_ceil(SECOND_NS) as u32;
    let nothing = (Compact::default(), Compact::default());
    for second in 0..seconds {
        let empty = Window { second, ..Window::default() };
        let window = record.windows.get(&second).unwrap_or(&empty);
        series.push(record, window, second, merged.0.get(&second).unwrap_or(&nothing));
    }
    series
}

impl Series {
    fn push(
        &mut self,
        record: &Record,
        window: &Window,
        second: u32,
        (response, service): &(Compact, Compact),
    ) {
        let failed: u64 = operations(record, window)
            .filter(|(_, o, _)| o.is_failure())
            .map(|(_, _, c)| c.response.count())
            .sum();
        let counts =
            window.steps.iter().fold((0, 0), |(sent, dropped), (_, c)| (sent + c.sent, dropped + c.dropped));
        // The last second may not be whole.
        let span = record.span_ns().saturating_sub(u64::from(second) * SECOND_NS).clamp(1, SECOND_NS) as f64
            / SECOND_NS as f64;
        self.second.push(second);
        self.asked.push(asked(record, second));
        self.issued.push(record.started.plan.has_open_load().then(|| {
            let issued = window.loads.iter().flat_map(|(_, l)| &l.issued).map(|n| u64::from(*n)).sum::<u64>();
            issued as f64 / span
        }));
        self.sent.push(counts.0 as f64 / span);
        self.ok.push(response.count() as f64 / span);
        self.failed.push((failed + counts.1) as f64 / span);
        let loads = &record.started.plan.loads;
        let is_closed = |load: u16| {
            loads.get(usize::from(load)).is_some_and(|l| matches!(l.schedule, Schedule::Closed(_)))
        };
        let users: u64 = window.loads.iter().filter(|(id, _)| is_closed(*id)).map(|(_, l)| l.users_ns).sum();
        let any = loads.iter().any(|l| matches!(l.schedule, Schedule::Closed(_)));
        self.users.push(any.then(|| users as f64 / SECOND_NS as f64 / span));
        let connects: u64 = operations(record, window).map(|(_, _, c)| c.connects).sum();
        self.connects.push(connects as f64 / span);
        self.in_flight.push(window.in_flight.integral_ns as f64 / SECOND_NS as f64 / span);
        self.response.push(response);
        self.service.push(service);
    }
}

impl Quantiles {
    fn push(&mut self, times: &Compact) {
        let at = |q: f64| times.quantile(q).filter(|_| times.count() > 0).map(milliseconds);
        self.p50.push(at(0.50));
        self.p95.push(at(0.95));
        self.p99.push(at(0.99));
        self.max.push((times.count() > 0).then(|| milliseconds(times.exact().max_ns)));
    }
}

fn milliseconds(nanos: u64) -> f64 {
    // Four significant digits: finer than the histogram, and short.
    let ms = nanos as f64 / 1e6;
    format!("{ms:.3e}").parse().unwrap_or(ms)
}

/// Arrivals that open loads ask for in the middle of the second.
fn asked(record: &Record, second: u32) -> Option<f64> {
    let at_ns = u64::from(second) * SECOND_NS + SECOND_NS / 2;
    let open = record.started.plan.loads.iter().filter(|l| matches!(l.schedule, Schedule::Open(_)));
    open.map(|l| at_ns.checked_sub(l.start_ns).map_or(0.0, |at| l.schedule.level_at(at))).reduce(|a, b| a + b)
}

/// Why numbers of this second are the generator's as well as the target's.
fn reasons(record: &Record, window: &Window, second: u32, allowed_ns: f64) -> String {
    let mut reasons = Vec::new();
    let late = window.loads.iter().filter_map(|(_, l)| l.wake_lateness.quantile(0.99)).max();
    if let Some(late) = late.filter(|l| *l as f64 > allowed_ns) {
        reasons.push(format!("woke {} late (p99)", plimsoll_audit::finding::time(late as f64)));
    }
    // A reading covers the second before it.
    let end_ns = u64::from(second) * SECOND_NS + SECOND_NS;
    let near = |h: &&Health| h.at_ns >= end_ns && h.at_ns < end_ns + SECOND_NS && h.span_ns > 0;
    if let Some(health) = record.health.iter().find(near) {
        let busiest = health.threads.iter().map(|t| t.working_share(health.span_ns)).fold(0.0, f64::max);
        let waiting = health.threads.iter().map(|t| t.waiting_share(health.span_ns)).fold(0.0, f64::max);
        if busiest > generator::BUSY_LIMITED {
            reasons.push(format!("a load thread was {:.0} % busy", busiest * 100.0));
        }
        if waiting > generator::WAITING_LIMITED {
            reasons.push(format!("a load thread waited {:.0} % for a core", waiting * 100.0));
        }
        if health.throttled.is_some_and(|n| n > 0) {
            reasons.push("throttled".to_owned());
        }
    }
    reasons.join(", ")
}

/// Counts of successes by time and response time.
pub fn heat_map(merged: &Seconds) -> HeatMap {
    let exact = || merged.responses().map(|(_, times)| times.exact()).filter(|e| e.count > 0);
    let (Some(min), Some(max)) = (exact().map(|e| e.min_ns).min(), exact().map(|e| e.max_ns).max()) else {
        return HeatMap::default();
    };
    let row_of = |nanos: u64| {
        ((nanos.max(1) as f64 / min.max(1) as f64).log10() * HEAT_ROWS_PER_DECADE).max(0.0) as usize
    };
    let edge = |row: usize| min.max(1) as f64 / 1e6 * 10f64.powf(row as f64 / HEAT_ROWS_PER_DECADE);
    let column_s = merged.0.len().div_ceil(HEAT_COLUMNS_MAX).max(1);
    let mut counts = BTreeMap::new();
    for (second, times) in merged.responses() {
        for (bucket, count) in times.buckets() {
            let row = row_of(lowest_of(bucket).clamp(min, max));
            *counts.entry((second as usize / column_s, row)).or_insert(0) += count;
        }
    }
    HeatMap {
        column_s,
        edges_ms: (0..=row_of(max) + 1)
            .map(|row| format!("{:.3e}", edge(row)).parse().unwrap_or(0.0))
            .collect(),
        cells: counts.into_iter().map(|((column, row), n)| (column, row, n)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    #[test]
    fn every_success_is_in_the_series_and_in_the_heat_map() {
        let record = Synthetic { failed: 60, dropped: 60, ..Synthetic::default() }.record();
        let merged = Seconds::of(&record);
        let series = series(&record, &merged);
        assert_eq!(series.second.len(), 60);
        assert_eq!(series.ok.iter().sum::<f64>(), 12_000.0);
        assert_eq!(series.failed.iter().sum::<f64>(), 120.0);
        let map = heat_map(&merged);
        assert_eq!(map.cells.iter().map(|(_, _, n)| n).sum::<u64>(), 12_000);
        assert!(map.cells.iter().all(|(_, row, _)| row + 1 < map.edges_ms.len()));
        assert!(series.tainted.iter().all(String::is_empty));
    }

    #[test]
    fn a_late_second_is_tainted_with_its_reason() {
        let record = Synthetic { wake_ns: 3_000_000, ..Synthetic::default() }.record();
        assert!(tainted(&record)[0].contains("late"));
    }
}
