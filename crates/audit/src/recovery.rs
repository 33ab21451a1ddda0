//! How long until all is as it was before a spike?
//!
//! The rule of docs/METHOD.md, section 12: a baseline of a minute before, a band about its median, and the first of ten
//! seconds in a row within the band for p95, for the share of failures and for throughput.

use plimsoll_metrics::{Histogram, SECOND_NS, Window};
use plimsoll_model::{Outcome, Phase, Record, StepKind};

use crate::statistics::rank::median;

/// Seconds of baseline before the phase.
pub const BASELINE_SECONDS_MIN: usize = 60;

/// Seconds in a row that must lie within the band.
pub const CALM_SECONDS: usize = 10;

/// Half of the band: so many deviations (1.4826 of the median absolute one), or this share of the median.
const DEVIATIONS: f64 = 3.0;
const DEVIATION_SCALE: f64 = 1.4826;
const SHARE: f64 = 0.05;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// Seconds from the end of the phase until all was as before; `None` if that was not seen.
    pub after_s: Option<f64>,
    /// Seconds that were watched.
    pub watched_s: f64,
    /// The largest p95 of a second from the beginning of the phase until then, in nanoseconds; `None` if nothing succeeded.
    pub peak_ns: Option<f64>,
    /// How far p95 was above its band, in seconds, summed over these seconds: an area in s².
    pub area_above_s2: f64,
    /// Seconds of these in which nothing succeeded; they are in no area.
    pub seconds_without_success: u64,
    /// Operations that failed or were dropped in them.
    pub lost: u64,
}

/// One second, in what recovery is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Second {
    /// p95 of response time, in nanoseconds; infinite if nothing succeeded.
    pub p95_ns: f64,
    /// Share of failures.
    pub failed: f64,
    /// Successes.
    pub ok: f64,
    /// Failures, what was dropped included.
    pub lost: u64,
}

/// Looks for recovery after `phase`; `None` without a minute of baseline before it. The load after it must be the load
/// before it.
pub fn recovery(record: &Record, phase: &Phase) -> Option<Recovery> {
    let at = |window: &Window| u64::from(window.second) * SECOND_NS;
    let before =
        record.windows.values().filter(|w| at(w) + SECOND_NS <= phase.start_ns).map(|w| second(record, w));
    let after = record
        .windows
        .values()
        .filter(|w| at(w) >= phase.end_ns && at(w) + SECOND_NS <= record.span_ns())
        .map(|w| second(record, w));
    let during = record
        .windows
        .values()
        .filter(|w| at(w) + SECOND_NS > phase.start_ns && at(w) < phase.end_ns)
        .map(|w| second(record, w));
    judge(&before.collect::<Vec<_>>(), &during.collect::<Vec<_>>(), &after.collect::<Vec<_>>())
}

/// The same on plain seconds.
pub fn judge(before: &[Second], during: &[Second], after: &[Second]) -> Option<Recovery> {
    let baseline = before.get(before.len().checked_sub(BASELINE_SECONDS_MIN)?..)?;
    let bands = [band(baseline, |s| s.p95_ns), band(baseline, |s| s.failed), band(baseline, |s| s.ok)];
    let calm: Vec<bool> = after
        .iter()
        .map(|s| s.p95_ns <= bands[0].1 && s.failed <= bands[1].1 + 1e-9 && s.ok >= bands[2].0)
        .collect();
    let first = calm.windows(CALM_SECONDS).position(|ten| ten.iter().all(|c| *c));
    let spoilt = || during.iter().chain(&after[..first.unwrap_or(after.len())]);
    let times = || spoilt().map(|s| s.p95_ns).filter(|p95| p95.is_finite());
    Some(Recovery {
        after_s: first.map(|s| s as f64),
        watched_s: after.len() as f64,
        peak_ns: times().reduce(f64::max),
        area_above_s2: times().map(|p95| (p95 - bands[0].1).max(0.0) / SECOND_NS as f64).sum(),
        seconds_without_success: spoilt().filter(|s| s.p95_ns.is_infinite()).count() as u64,
        lost: spoilt().map(|s| s.lost).sum(),
    })
}

fn band(seconds: &[Second], of: impl Fn(&Second) -> f64) -> (f64, f64) {
    let values: Vec<f64> = seconds.iter().map(of).collect();
    let middle = median(&values);
    let deviation = median(&values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>());
    let half = (DEVIATIONS * DEVIATION_SCALE * deviation).max(SHARE * middle);
    (middle - half, middle + half)
}

fn second(record: &Record, window: &Window) -> Second {
    let is_operation = |step: u16| {
        record.started.plan.steps.get(usize::from(step)).is_some_and(|s| s.kind == StepKind::Operation)
    };
    let mut times = Histogram::new();
    let mut failed = window.steps.iter().map(|(_, c)| c.dropped).sum::<u64>();
    for (_, outcome, cell) in window.cells.iter().filter(|(s, ..)| is_operation(*s)) {
        match outcome {
            Outcome::Ok => times.merge_compact(&cell.response),
            o if o.is_failure() => failed += cell.response.count(),
            _ => {}
        }
    }
    let all = times.count() + failed;
    Second {
        p95_ns: times.quantile(0.95).map_or(f64::INFINITY, |v| v as f64),
        failed: failed as f64 / all.max(1) as f64,
        ok: times.count() as f64,
        lost: failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue that serves 100 a second, at 60 a second but for ten seconds at 150: the backlog of 500 takes 12.5 s
    /// to drain, the longest wait is 5 s (docs/METHOD.md, section 12). Waiting is backlog over rate, by fluid approximation.
    fn fluid(drains: bool) -> [Vec<Second>; 3] {
        let calm =
            |n: u32| Second { p95_ns: 20e6 + f64::from(n % 3) * 0.4e6, failed: 0.0, ok: 60.0, lost: 0 };
        let full =
            |backlog: f64| Second { p95_ns: 20e6 + backlog / 100.0 * 1e9, failed: 0.0, ok: 100.0, lost: 0 };
        let before = (0..70).map(calm).collect();
        let during = (1..=10u32).map(|s| full(50.0 * f64::from(s))).collect();
        let after = (0..60u32)
            .map(|s| {
                let backlog = if drains { (500.0 - 40.0 * f64::from(s)).max(0.0) } else { 500.0 };
                if backlog > 0.0 { full(backlog) } else { calm(s) }
            })
            .collect();
        [before, during, after]
    }

    #[test]
    fn a_backlog_takes_as_long_as_it_takes() {
        let [before, during, after] = fluid(true);
        let found = judge(&before, &during, &after).unwrap();
        assert_eq!((found.after_s, found.watched_s), (Some(13.0), 60.0));
        // The peak wait of 5 s, on top of 20 ms.
        assert_eq!(found.peak_ns, Some(5.02e9));
        // Waits of 0.5 s to 5 s, then of 5 s to 0.2 s, less what the band allows (2.2 ms, each second).
        let waits = (1..=10).map(|s| 0.5 * f64::from(s)).sum::<f64>()
            + (0..13).map(|s| 5.0 - 0.4 * f64::from(s)).sum::<f64>();
        assert!((found.area_above_s2 - waits).abs() < 0.06, "{} is not {waits}", found.area_above_s2);
        assert_eq!((found.lost, found.seconds_without_success), (0, 0));
    }

    #[test]
    fn what_never_drains_is_censored_and_a_short_baseline_says_nothing() {
        let [before, during, after] = fluid(false);
        let found = judge(&before, &during, &after).unwrap();
        assert_eq!((found.after_s, found.watched_s), (None, 60.0));
        assert_eq!(judge(&before[..59], &during, &after), None);
    }

    #[test]
    fn what_failed_until_then_is_lost() {
        let [before, mut during, after] = fluid(true);
        during[4] = Second { p95_ns: f64::INFINITY, failed: 1.0, ok: 0.0, lost: 150 };
        during[5].lost = 7;
        let found = judge(&before, &during, &after).unwrap();
        assert_eq!((found.lost, found.seconds_without_success), (157, 1));
        assert_eq!(found.peak_ns, Some(5.02e9));
    }
}
