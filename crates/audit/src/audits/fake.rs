//! 19 — Does the target look like a stub, or a cache? Real services vary, and answer to load.

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, percent, time};
use crate::statistics::rank::{mean, spearman};

/// Fewest successes from which constancy means anything (docs/METHOD.md, section 16).
const SAMPLES_MIN: u64 = 1_000;

/// Coefficient of variation of service times below which something is a timer.
const VARIATION_MIN: f64 = 0.01;

/// So many of the service times within so much of one value.
const SAME_SHARE: f64 = 0.95;
const SAME_WITHIN: f64 = 0.01;

/// Rank correlation of service time with the number in flight that is none.
const CORRELATION_MAX: f64 = 0.05;

/// Load must have varied by this factor for independence of it to mean anything.
const LOAD_FACTOR_MIN: f64 = 2.0;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("fake", status, sentence);
    let judged =
        record.started.plan.operations().filter(|(id, _)| record.count(*id, Outcome::Ok) >= SAMPLES_MIN);
    let judged: Vec<_> = judged
        .map(|(id, step)| (id, step.name.as_str(), record.merged(Outcome::Ok, |s| s == id).service))
        .collect();
    if judged.is_empty() {
        return finding(
            Status::NotRun,
            format!("No step has {SAMPLES_MIN} successes by which a stub would show."),
        );
    }
    let scored = judged.iter().map(|(id, name, times)| (*id, *name, times, spread(times)));
    let (id, name, times, spread) = scored.min_by(|a, b| a.3.total_cmp(&b.3)).expect("one at least");
    let same = same_share(times);
    if spread >= VARIATION_MIN && same < SAME_SHARE {
        return finding(
            Status::Pass,
            format!(
                "Service times vary as those of real services do (`{name}` least, by {}).",
                percent(spread)
            ),
        )
        .measured(spread, VARIATION_MIN);
    }
    let median = times.quantile(0.5).unwrap_or(0) as f64;
    let load = match answers_to_load(record, id) {
        Some(true) => {
            return finding(
                Status::Pass,
                format!("`{name}` takes nearly always {}, and longer under more load.", time(median)),
            )
            .measured(spread, VARIATION_MIN);
        }
        Some(false) => "whatever the load",
        None => "and load did not vary enough to see whether it matters",
    };
    let sentence = format!(
        "The target may be a stub or a cache: `{name}` takes {} in {} of the cases (within {}), {load}.",
        time(median),
        percent(same),
        percent(SAME_WITHIN)
    );
    finding(Status::Limited, sentence).measured(spread, VARIATION_MIN)
}

/// Coefficient of variation, without the slowest hundredth: a stub on a real machine has a tail, too.
fn spread(times: &Histogram) -> f64 {
    let cut = times.quantile(0.99).unwrap_or(u64::MAX);
    let middle = |index: usize| plimsoll_metrics::histogram::lowest_of(index) as f64;
    let kept: Vec<_> =
        times.buckets().map(|(i, n)| (middle(i), n as f64)).filter(|(t, _)| *t <= cut as f64).collect();
    let n: f64 = kept.iter().map(|(_, n)| n).sum();
    let mean = kept.iter().map(|(t, n)| t * n).sum::<f64>() / n;
    let variance = kept.iter().map(|(t, k)| (t - mean).powi(2) * k).sum::<f64>() / n;
    variance.sqrt() / mean
}

fn same_share(times: &Histogram) -> f64 {
    let median = times.quantile(0.5).unwrap_or(0) as f64;
    let below = |factor: f64| times.count_at_or_below((median * factor) as u64);
    (below(1.0 + SAME_WITHIN) - below(1.0 - SAME_WITHIN)) as f64 / times.count().max(1) as f64
}

/// Whether service time follows the number in flight from second to second; `None` if that hardly varied.
fn answers_to_load(record: &Record, step: u16) -> Option<bool> {
    let seconds = record.windows.values().filter_map(|w| {
        let cell = w
            .cells
            .iter()
            .find(|(s, o, _)| *s == step && *o == Outcome::Ok)
            .map(|(_, _, c)| c.service.exact())?;
        (cell.count > 0).then(|| (w.in_flight.integral_ns as f64, cell.sum_ns as f64 / cell.count as f64))
    });
    let (flight, service): (Vec<f64>, Vec<f64>) = seconds.unzip();
    let most = flight.iter().copied().fold(0.0, f64::max);
    let varied = flight.len() >= 10
        && most
            >= LOAD_FACTOR_MIN
                * mean(&flight).min(flight.iter().copied().fold(f64::INFINITY, f64::min).max(1.0));
    varied.then(|| spearman(&flight, &service).is_some_and(|r| r.abs() > CORRELATION_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn a_target_that_only_sleeps_is_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            let mut same = Histogram::new();
            (0..12_000u64).for_each(|n| same.record(50_000_000 + n % 7 * 10_000));
            record.cells.values_mut().for_each(|c| c.service = same.clone());
        });
    }

    #[test]
    fn a_handful_of_requests_says_nothing() {
        let few = crate::testing::Synthetic { ok: 900, ..Default::default() }.record();
        assert_eq!(audit(&few).status, Status::NotRun);
    }
}
