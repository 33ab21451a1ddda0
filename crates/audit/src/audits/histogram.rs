//! 15 — Are the histograms whole? Order of quantiles, bucket mean against exact mean, sums of windows.

use plimsoll_metrics::histogram::RELATIVE_ERROR;
use plimsoll_metrics::{Cell, Histogram};
use plimsoll_model::Record;

use crate::finding::{Finding, Status, Withheld, count};

const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// See the module.
pub fn audit(record: &Record) -> Finding {
    if record.cells.is_empty() {
        return Finding::new("histogram", Status::NotRun, "There are no histograms.");
    }
    let problem = record.cells.iter().find_map(|((step, outcome), cell)| {
        let name = &record.started.plan.steps[usize::from(*step)].name;
        problem(cell).map(|p| format!("{name}, {outcome}: {p}"))
    });
    let from_windows: u64 =
        record.windows.values().flat_map(|w| &w.cells).map(|(_, _, c)| c.response.count()).sum();
    let merged: u64 = record.cells.values().map(|c| c.response.count()).sum();
    let problem = problem.or_else(|| {
        (from_windows != merged)
            .then(|| format!("the windows hold {} times, their merge {}", count(from_windows), count(merged)))
    });
    match problem {
        None => Finding::new(
            "histogram",
            Status::Pass,
            format!("{} times in {} histograms, whole and in order.", count(merged), record.cells.len()),
        ),
        Some(problem) => Finding::new(
            "histogram",
            Status::Invalid,
            format!("A histogram contradicts itself ({problem}): this is a bug in the recording."),
        )
        .withholding(Withheld::Times),
    }
}

fn problem(cell: &Cell<Histogram>) -> Option<String> {
    [("response", &cell.response), ("service", &cell.service)]
        .into_iter()
        .find_map(|(name, h)| problem_of(h).map(|p| format!("{name} {p}")))
}

fn problem_of(histogram: &Histogram) -> Option<String> {
    let (min, max) = (histogram.min_ns()?, histogram.max_ns()?);
    let inner = QUANTILES.iter().filter_map(|q| histogram.quantile(*q));
    let ordered: Vec<_> = std::iter::once(min).chain(inner).chain([max]).collect();
    if !ordered.is_sorted() {
        return Some(format!("quantiles are out of order: {ordered:?}"));
    }
    if histogram.clamped() > 0 {
        return Some(format!("{} times are beyond the largest bucket", count(histogram.clamped())));
    }
    let in_buckets: u64 = histogram.buckets().map(|(_, c)| c).sum();
    if in_buckets != histogram.count() {
        return Some(format!(
            "{} times in the buckets, {} counted",
            count(in_buckets),
            count(histogram.count())
        ));
    }
    let (exact, bucket) = (histogram.mean_ns()?, histogram.bucket_mean_ns()?);
    ((exact - bucket).abs() > RELATIVE_ERROR * exact + 1.0)
        .then(|| format!("the mean is {exact:.0} ns, the buckets say {bucket:.0} ns"))
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::Compact;

    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn lost_windows_and_clamped_times_are_flagged() {
        assert_flags(audit, Status::Invalid, |record| {
            record.windows.values_mut().next().unwrap().cells[0].2.response = Compact::default();
        });
        assert_flags(audit, Status::Invalid, |record| {
            let cell = record.cells.values_mut().next().unwrap();
            cell.response.record(plimsoll_metrics::histogram::HIGHEST_NS + 1);
        });
    }
}
