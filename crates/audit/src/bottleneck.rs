//! What gives out first? Every series beside what there is of it, and beside what the load saw.
//!
//! A resource in full use limits whatever waits for it; one that rises together with response time may be the reason, or only
//! move with it: correlation does not tell the two apart.

use plimsoll_metrics::{Histogram, SECOND_NS};
use plimsoll_model::{Outcome, Record, StepKind, Tracked};

use crate::series::Readings;
use crate::statistics::rank::spearman;

/// From this use on a resource makes others wait: queues grow as 1/(1 − use).
pub const BUSY: f64 = 0.8;

/// In full use, but for what a second's reading blurs.
pub const FULL: f64 = 0.95;

/// The quantile of use by which resources are put in order: one peak is no bottleneck.
const QUANTILE: f64 = 0.95;

/// Fewest seconds in which both were seen for a word on whether they move together.
const SECONDS_MIN: usize = 20;

/// A series as a possible bottleneck.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// p95 of its use, as a share of what there is; `None` where that is not known.
    pub used: Option<f64>,
    /// Rank correlation with the p95 of response time from second to second; `None` if one of them stood still, or there were
    /// too few.
    pub with_response: Option<f64>,
    /// The same with throughput.
    pub with_throughput: Option<f64>,
}

/// All series of a run: those with a limit first, the fullest before the others; then those that move with response time.
pub fn resources(record: &Record) -> Vec<Resource> {
    let load = Load::of(record);
    let mut resources: Vec<_> =
        record.series.iter().filter(|t| t.count > 0).map(|t| load.beside(record, t)).collect();
    resources.sort_by(|a, b| {
        let together = |r: &Resource| r.with_response.unwrap_or(0.0);
        b.used.unwrap_or(-1.0).total_cmp(&a.used.unwrap_or(-1.0)).then(together(b).total_cmp(&together(a)))
    });
    resources
}

/// What the load saw, by second.
struct Load {
    /// Second, p95 of response time, successes.
    seconds: Vec<(u32, f64, f64)>,
}

impl Load {
    fn of(record: &Record) -> Self {
        let steps = &record.started.plan.steps;
        let is_operation =
            |step: u16| steps.get(usize::from(step)).is_some_and(|s| s.kind == StepKind::Operation);
        let second = |window: &plimsoll_metrics::Window| {
            let mut times = Histogram::new();
            for (step, outcome, cell) in &window.cells {
                if *outcome == Outcome::Ok && is_operation(*step) {
                    times.merge_compact(&cell.response);
                }
            }
            Some((window.second, times.quantile(0.95)? as f64, times.count() as f64))
        };
        // The last second is rarely whole.
        let whole = record.span_ns() / SECOND_NS;
        let windows = record.windows.values().filter(|w| u64::from(w.second) < whole);
        Self { seconds: windows.filter_map(second).collect() }
    }

    fn beside(&self, record: &Record, tracked: &Tracked) -> Resource {
        let used = tracked
            .series
            .limit
            .and_then(|limit| Some(Readings::of(record, tracked, None).quantile(QUANTILE)? / limit));
        // A reading at the end of a second tells of that second.
        let read = |second: u32| {
            let end = (u64::from(second) + 1) * SECOND_NS;
            let near = tracked.points.iter().find(|(at, _)| *at >= end && *at < end + SECOND_NS);
            near.map(|(_, value)| *value)
        };
        let both: Vec<_> = self
            .seconds
            .iter()
            .filter_map(|(second, response, ok)| Some((read(*second)?, *response, *ok)))
            .collect();
        let column = |of: fn(&(f64, f64, f64)) -> f64| both.iter().map(of).collect::<Vec<_>>();
        let (values, enough) = (column(|b| b.0), both.len() >= SECONDS_MIN);
        let with = |other: Vec<f64>| enough.then(|| spearman(&values, &other)).flatten();
        Resource {
            name: tracked.series.name.clone(),
            used,
            with_response: with(column(|b| b.1)),
            with_throughput: with(column(|b| b.2)),
        }
    }
}

/// What the first of them says, in a sentence; nothing without a series that has a limit.
pub fn sentence(resources: &[Resource]) -> Option<String> {
    let first = resources.first()?;
    let used = first.used?;
    let share = format!("{:.0} %", used * 100.0);
    let moves = match first.with_response {
        Some(r) if r >= 0.5 => format!(", and rises with response time (rank correlation {r:.2})"),
        Some(r) => format!("; response time does not rise with it (rank correlation {r:.2})"),
        None => String::new(),
    };
    let name = &first.name;
    Some(match used {
        u if u >= FULL => {
            format!("`{name}` is in full use (p95 {share} of what there is){moves}: it gives out first.")
        }
        u if u >= BUSY => format!("`{name}` is nearest to giving out (p95 {share} of what there is){moves}."),
        _ => format!(
            "Nothing that was watched is near its limit: `{name}` is used most (p95 {share} of what there is). What limits, if anything does, was not watched, or has no limit that is known."
        ),
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Unit;
    use plimsoll_model::monitor::Series;

    use super::*;
    use crate::testing::Synthetic;

    fn watched(record: &mut Record, name: &str, limit: Option<f64>, value: impl Fn(u64) -> f64) {
        let series = Series { monitor: 0, name: name.to_owned(), unit: Unit::Count, limit };
        let mut tracked = Tracked::new(series);
        for second in 0..60 {
            tracked.points.push(((second + 1) * SECOND_NS, value(second)));
            tracked.count += 1;
        }
        record.series.push(tracked);
    }

    #[test]
    fn the_fullest_comes_first_and_correlation_is_told_apart() {
        let mut record = Synthetic { drift: 2.0, ..Synthetic::default() }.record();
        watched(&mut record, "db.idle", Some(100.0), |_| 3.0);
        watched(&mut record, "db.connections", Some(100.0), |s| 60.0 + 0.65 * s as f64);
        watched(&mut record, "api.heap", None, |s| s as f64);
        watched(&mut record, "api.free", None, |s| 60.0 - s as f64);
        let found = resources(&record);
        let names: Vec<_> = found.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["db.connections", "db.idle", "api.heap", "api.free"]);
        assert!(found[0].used.unwrap() > FULL && found[0].with_response.unwrap() > 0.9, "{found:?}");
        // What stands still moves with nothing.
        assert_eq!(found[1].with_response, None);
        assert!(found[3].with_response.unwrap() < -0.9);
        let words = sentence(&found).unwrap();
        assert!(words.contains("`db.connections` is in full use") && words.contains("rises with"), "{words}");
        assert!(sentence(&found[1..]).unwrap().starts_with("Nothing that was watched"));
        assert_eq!(sentence(&found[2..]), None);
    }

    #[test]
    fn a_few_seconds_say_nothing_of_moving_together() {
        let mut record = Synthetic::default().record();
        watched(&mut record, "api.heap", None, |s| s as f64);
        record.series[0].points.truncate(SECONDS_MIN - 1);
        assert_eq!(resources(&record)[0].with_response, None);
    }
}
