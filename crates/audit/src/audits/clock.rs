//! 16 — Did time pass evenly? Slewed, suspended or stepped clocks, negative durations, coarse ticks.

use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, Withheld, percent, time};

/// Rate difference between the slewed and the raw clock (docs/METHOD.md, section 16): NTP's own limit.
const DRIFT_MAX: f64 = 500e-6;

/// Drift is judged over at least this long, in nanoseconds: below, reading the clocks one after the other is
/// all that shows.
const DRIFT_SPAN_NS_MIN: u64 = 1_000_000_000;

/// The clock that runs on while suspended may run ahead by this much, in nanoseconds: reading jitter.
const SUSPENDED_NS_MAX: u64 = 5_000_000;

/// Steps of the wall clock larger than this are noted, in nanoseconds.
const STEP_NS_MAX: i128 = 10_000_000;

/// The tick of the clock as a share of the median service time.
const TICK_MAX: f64 = 0.01;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let (Some(first), Some(last)) = (record.clocks.first(), record.clocks.last()) else {
        return Finding::new("clock", Status::NotRun, "The clocks were not read.");
    };
    let finding = |status, sentence: String| Finding::new("clock", status, sentence);
    if record.negative_durations > 0 {
        let sentence =
            format!("{} durations came out negative: the clock is not monotonic.", record.negative_durations);
        return finding(Status::Invalid, sentence)
            .measured(record.negative_durations as f64, 0.0)
            .withholding(Withheld::Times);
    }
    let span = last.at_ns.saturating_sub(first.at_ns);
    let suspended = (last.boot_ns - first.boot_ns).saturating_sub(span);
    if suspended > SUSPENDED_NS_MAX {
        let sentence = format!("The machine was suspended for {} during the run.", time(suspended as f64));
        return finding(Status::Invalid, sentence)
            .measured(suspended as f64, SUSPENDED_NS_MAX as f64)
            .withholding(Withheld::Everything);
    }
    let drift = if span >= DRIFT_SPAN_NS_MIN {
        ((last.raw_ns - first.raw_ns) as f64 / span as f64 - 1.0).abs()
    } else {
        0.0
    };
    if drift > DRIFT_MAX {
        let sentence =
            format!("The clock ran {:.0} ppm off its raw rate: something is slewing it hard.", drift * 1e6);
        return finding(Status::Limited, sentence).measured(drift, DRIFT_MAX).withholding(Withheld::Times);
    }
    let median = record.merged(Outcome::Ok, |_| true).service.quantile(0.5).map(|m| m as f64);
    let tick = record.started.clock_tick_ns as f64;
    if let Some(median) = median.filter(|m| tick > TICK_MAX * m) {
        let sentence = format!(
            "The clock ticks every {}, {} of the median service time.",
            time(tick),
            percent(tick / median)
        );
        return finding(Status::Limited, sentence)
            .measured(tick / median, TICK_MAX)
            .withholding(Withheld::TimesBelow((tick / TICK_MAX) as u64));
    }
    let steps = record
        .clocks
        .windows(2)
        .map(|w| (w[1].wall_ns as i128 - w[0].wall_ns as i128) - (w[1].at_ns as i128 - w[0].at_ns as i128));
    let step = steps.max_by_key(|s| s.abs()).unwrap_or(0);
    let sentence = if step.abs() > STEP_NS_MAX {
        format!(
            "The wall clock was set by {} during the run; times are measured on the monotonic clock and are not affected.",
            time(step.unsigned_abs() as f64)
        )
    } else {
        "The monotonic clock ran evenly.".to_owned()
    };
    finding(Status::Pass, sentence).measured(drift, DRIFT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn slewed_suspended_and_backward_clocks_are_flagged() {
        assert_flags(audit, Status::Limited, |record| record.clocks.last_mut().unwrap().raw_ns += 60_000_000);
        assert_flags(audit, Status::Invalid, |record| {
            record.clocks.last_mut().unwrap().boot_ns += 41_000_000_000;
        });
        assert_flags(audit, Status::Invalid, |record| record.negative_durations = 1);
        assert_flags(audit, Status::Limited, |record| record.started.clock_tick_ns = 10_000_000);
    }

    #[test]
    fn a_wall_clock_step_is_noted_and_harms_nothing() {
        let mut record = Synthetic::default().record();
        record.clocks.iter_mut().skip(5).for_each(|c| c.wall_ns += 3_600_000_000_000);
        let finding = audit(&record);
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.sentence.contains("wall clock was set"), "{}", finding.sentence);
    }
}
