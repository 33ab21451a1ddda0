//! Progress as a line of text.

use plimsoll_metrics::Histogram;
use plimsoll_model::Outcome;
use plimsoll_report::format::{count, rate, time};

use crate::watch::Progress;

/// Where the run stands, in one line.
pub(super) fn line(progress: &Progress) -> String {
    let record = &progress.record;
    let at_ns = elapsed_ns(progress);
    let ok = record.merged(Outcome::Ok, |_| true).response;
    let failed: u64 = Outcome::ALL.into_iter().filter(|o| o.is_failure()).map(|o| record.total(o)).sum();
    let asked = format!("{} asked", progress.asked(at_ns));
    let quantile = |q: f64| ok.quantile(q).map_or_else(|| "none yet".to_owned(), |v| time(v as f64));
    format!(
        "{:>4.0} s  {asked}, {} ok, {} failed, p50 {}, p99 {}, {}",
        at_ns as f64 / 1e9,
        rate(progress.ok_per_second.back().copied().unwrap_or(0) as f64),
        count(failed),
        quantile(0.5),
        quantile(0.99),
        generator(progress)
    )
}

/// The latest moment the record knows of.
pub(super) fn elapsed_ns(progress: &Progress) -> u64 {
    progress.record.clocks.last().map_or(0, |c| c.at_ns)
}

/// How the generator itself does.
pub(super) fn generator(progress: &Progress) -> String {
    let mut late = Histogram::new();
    progress.record.loads.values().for_each(|l| late.merge(&l.wake_lateness));
    late.quantile(0.99).map_or_else(
        || "generator has no arrivals to be late for".to_owned(),
        |l| format!("generator wakes {} late (p99)", time(l as f64)),
    )
}
