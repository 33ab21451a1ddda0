//! Progress as a line of text.

use plimsoll_audit::series::quantity;
use plimsoll_metrics::{Histogram, SECOND_NS};
use plimsoll_model::Outcome;
use plimsoll_report::format::{count, rate, time};

use crate::watch::Progress;

/// What was missing longer ago is no news.
const RECENT_NS: u64 = 3 * SECOND_NS;

/// Where the run stands, in one line.
pub(super) fn line(progress: &Progress) -> String {
    let record = &progress.record;
    let at_ns = elapsed_ns(progress);
    let ok = record.merged(Outcome::Ok, |_| true).response;
    let failed: u64 = Outcome::ALL.into_iter().filter(|o| o.is_failure()).map(|o| record.total(o)).sum();
    let asked = format!("{} asked", progress.asked(at_ns));
    let quantile = |q: f64| ok.quantile(q).map_or_else(|| "none yet".to_owned(), |v| time(v as f64));
    let watched = watched(progress);
    let watched = if watched.is_empty() { watched } else { format!(", {watched}") };
    format!(
        "{:>4.0} s  {asked}, {} ok, {} failed, p50 {}, p99 {}, {}{watched}",
        at_ns as f64 / 1e9,
        rate(progress.ok_per_second.back().copied().unwrap_or(0) as f64),
        count(failed),
        quantile(0.5),
        quantile(0.99),
        generator(progress)
    )
}

/// The worst of what is watched: the fullest of what has a limit, and what cannot be read; nothing if nothing is watched.
pub(super) fn watched(progress: &Progress) -> String {
    let record = &progress.record;
    let used = record.series.iter().filter_map(|t| Some((t, t.used()?)));
    let fullest = used.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(tracked, used)| {
        let (_, value) = tracked.last().unwrap_or_default();
        let name = &tracked.series.name;
        format!("{name} {} ({:.0} % of what there is)", quantity(tracked.series.unit, value), used * 100.0)
    });
    let any = || {
        let tracked = record.series.iter().find(|t| t.count > 0)?;
        Some(format!("{} {}", tracked.series.name, quantity(tracked.series.unit, tracked.last()?.1)))
    };
    // What was missing in the last seconds only.
    let recent = elapsed_ns(progress).saturating_sub(RECENT_NS);
    let gap = record.gaps.iter().filter(|gap| gap.last_ns >= recent).max_by_key(|gap| gap.last_ns);
    let gap = gap.map(|gap| {
        let name = record.started.plan.monitors.get(usize::from(gap.monitor)).map_or("", |m| m.name.as_str());
        format!("{name} cannot be read: {}", gap.reason)
    });
    [fullest.or_else(any), gap].into_iter().flatten().collect::<Vec<_>>().join("   ")
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
