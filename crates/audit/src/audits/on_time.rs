//! 6 — Did the generator wake in time for its arrivals?

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, Withheld, grade, percent, time};

/// Waking later than this is noticed whatever the target's speed, in nanoseconds (docs/METHOD.md, section 16).
const LATE_NS_MIN: f64 = 50_000.0;

/// p99 of wake lateness as a share of the median service time: fine up to the first, the run is worthless for
/// times beyond the second.
const SHARE_PASS: f64 = 0.05;
const SHARE_LIMITED: f64 = 0.25;

/// Up to this lateness, in nanoseconds, withholding short times is enough, however fast the target: see
/// docs/decisions/0004-lateness-below-a-millisecond.md for the measurement.
pub(crate) const LATE_NS_LIMITED: f64 = 1_000_000.0;

/// Share of seconds whose p99 of wake lateness may be too large.
const TAINTED_MAX: f64 = 0.01;

/// Times shorter than this many times the p99 of wake lateness are below the resolution of the generator.
pub(crate) const RESOLUTION: f64 = 10.0;

/// Wake lateness that passes, in nanoseconds.
pub fn allowed_ns(record: &Record) -> f64 {
    let median = record.merged(Outcome::Ok, |_| true).service.quantile(0.5).unwrap_or(0);
    LATE_NS_MIN.max(SHARE_PASS * median as f64)
}

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let mut lateness = Histogram::new();
    record.loads.values().for_each(|l| lateness.merge(&l.wake_lateness));
    let Some(late) = lateness.quantile(0.99).map(|l| l as f64) else {
        return Finding::new(
            "on_time",
            Status::NotRun,
            "No open load: there were no arrivals to be late for.",
        );
    };
    let Some(median) = record.merged(Outcome::Ok, |_| true).service.quantile(0.5) else {
        return Finding::new(
            "on_time",
            Status::NotRun,
            "Without a success there is no time that lateness could spoil.",
        );
    };
    let allowed = allowed_ns(record);
    let refused = LATE_NS_LIMITED.max(SHARE_LIMITED * median as f64);
    let tainted = record
        .windows
        .values()
        .filter(|w| {
            w.loads.iter().any(|(_, l)| l.wake_lateness.quantile(0.99).is_some_and(|l| l as f64 > allowed))
        })
        .count();
    let tainted_share = tainted as f64 / record.windows.len().max(1) as f64;
    let status = grade(late, allowed, refused).max(if tainted_share > TAINTED_MAX {
        Status::Limited
    } else {
        Status::Pass
    });
    let (l, m) = (time(late), time(median as f64));
    let finding = |sentence: String| Finding::new("on_time", status, sentence).measured(late, allowed);
    match status {
        Status::Pass => finding(format!("Load threads woke on time (p99 {l} late, median service time {m}).")),
        Status::Limited => {
            let seconds = percent(tainted_share);
            finding(format!("Load threads woke late (p99 {l} against a median service time of {m}; {seconds} of the seconds tainted). Times below {} are withheld. Use --spin, more cores, or another machine.", time(RESOLUTION * late)))
                .withholding(Withheld::TimesBelow((RESOLUTION * late) as u64))
        }
        _ => finding(format!("Load threads woke {l} late (p99) where the median service time is {m}: the times measured are the generator's. Use --spin, more cores, or another machine."))
            .withholding(Withheld::Times),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn a_late_generator_is_flagged() {
        let late = |wake_ns| Synthetic { wake_ns, ..Synthetic::default() }.record();
        assert_eq!(audit(&late(2_000_000)).status, Status::Limited);
        assert_eq!(audit(&late(20_000_000)).status, Status::Invalid);
        assert_eq!(audit(&late(40_000)).status, Status::Pass);
    }

    #[test]
    fn tainted_seconds_are_flagged_even_if_the_whole_is_fine() {
        assert_flags(audit, Status::Limited, |record| {
            let mut late = Histogram::new();
            (0..100).for_each(|_| late.record(30_000_000));
            for window in record.windows.values_mut().take(3) {
                window.loads[0].1.wake_lateness = plimsoll_metrics::Compact::from(&late);
            }
        });
    }
}
