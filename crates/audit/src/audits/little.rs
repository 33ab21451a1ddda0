//! 12 — Little's law: does the time operations took account for the number in flight, and does what users did
//! account for the time they had?

use std::collections::BTreeSet;

use plimsoll_model::{Outcome, Record, Schedule, StepKind};

use crate::finding::{Finding, Status, Withheld, count, grade, percent};

/// Relative differences (docs/METHOD.md, section 7): up to the first the law holds, beyond the second time is
/// unaccounted for.
const DIFFERENCE_PASS: f64 = 0.02;
const DIFFERENCE_INVALID: f64 = 0.05;

/// A sampled gauge is as uncertain as so many standard errors of its readings.
const SAMPLING_ERRORS: f64 = 3.0;

/// Fewest operations in flight, on average, of which samples tell.
const SAMPLED_MEAN_MIN: f64 = 1.0;

/// Nanoseconds that a user must have lived on average: of a shorter life, starting up among all the others is a part.
const LIFE_NS_MIN: f64 = plimsoll_metrics::SECOND_NS as f64;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let looks = [flight(record), users(record)];
    let worst = looks.into_iter().flatten().max_by_key(|f| f.status);
    worst.unwrap_or_else(|| finding(Status::NotRun, "Nothing was in flight.".to_owned()))
}

fn finding(status: Status, sentence: String) -> Finding {
    Finding::new("little", status, sentence)
}

/// Time in flight by the gauge, which counts events of its own, and by a thread that samples it, against the sum
/// of the times of all operations.
fn flight(record: &Record) -> Option<Finding> {
    let gauge = record.in_flight.integral_ns as f64;
    let summed = in_flight_ns(record);
    // How late users at a pace woke is part of their response times, and not counted apart as it is of arrivals.
    if (gauge <= 0.0 && summed <= 0.0) || has_pace(record) {
        return None;
    }
    let operations: Vec<_> = record.started.plan.operations().map(|(id, _)| id).collect();
    let mine = record.cells.iter().filter(|((step, _), _)| operations.contains(step));
    let longest = mine.filter_map(|(_, c)| c.response.max_ns()).max().unwrap_or(0) as f64;
    let edge = record.total(Outcome::InFlight) as f64 * longest / (2.0 * gauge.max(1.0));
    let apart = (gauge - summed).abs() / gauge.max(summed);
    let by_samples = sampled(record, gauge).map(|(apart, doubt)| apart - doubt).filter(|d| *d > apart);
    let (difference, allowed, what) = match by_samples {
        Some(difference) => (difference, 0.0, "a thread that samples it"),
        None => (apart, edge, "the sum of their times"),
    };
    let graded = grade(difference, DIFFERENCE_PASS + allowed, DIFFERENCE_INVALID + allowed);
    // Samples are evidence enough to doubt the gauge, not to refuse it.
    let status = if by_samples.is_some() { graded.min(Status::Limited) } else { graded };
    let found = match status {
        Status::Pass => finding(
            status,
            format!("The number in flight is the rate times the time in flight, to {}.", percent(difference)),
        ),
        _ => finding(
            status,
            format!(
                "The gauge of operations in flight and {what} differ by {}: either counts something that the other does not.",
                percent(difference)
            ),
        ),
    };
    let found = found.measured(difference, DIFFERENCE_PASS);
    Some(if status == Status::Invalid { found.withholding(Withheld::Times) } else { found })
}

/// Whether iterations of users are due at a pace of their own.
fn has_pace(record: &Record) -> bool {
    record.started.plan.loads.iter().any(|load| load.iteration_ns_min > 0)
}

/// Nanoseconds that operations were in flight. Response time begins when an operation is due; the gauge when the
/// thread takes it up.
fn in_flight_ns(record: &Record) -> f64 {
    let is_operation = |step: u16| {
        record.started.plan.steps.get(usize::from(step)).is_some_and(|s| s.kind == StepKind::Operation)
    };
    let cells = record.cells.iter().filter(|((step, _), _)| is_operation(*step));
    let response: u128 = cells.map(|(_, c)| c.response.sum_ns()).sum();
    let late: u128 = record.loads.values().map(|l| l.wake_lateness.sum_ns()).sum();
    response.saturating_sub(late) as f64
}

/// How far the mean of the readings is from the gauge, and how far it may be by chance.
fn sampled(record: &Record, gauge_ns: f64) -> Option<(f64, f64)> {
    let readings: u64 = record.health.iter().map(|h| h.in_flight_readings).sum();
    let sum: u64 = record.health.iter().map(|h| h.in_flight_sum).sum();
    let span: u64 = record.health.iter().map(|h| h.span_ns).sum();
    let mean = gauge_ns / span.max(1) as f64;
    // Few readings say nothing. With less than one in flight the reader mostly runs when the load threads do not, and
    // sees less than there is.
    if readings < 100 || mean < SAMPLED_MEAN_MIN {
        return None;
    }
    let apart = (sum as f64 / readings as f64 - mean).abs() / mean;
    // Readings a tick apart see the same operations again if these last longer: count them once.
    let sent = record.totals().sent.max(1) as f64;
    let seen = (readings as f64 * mean).min(sent);
    Some((apart, SAMPLING_ERRORS / seen.sqrt() + DIFFERENCE_INVALID - DIFFERENCE_PASS))
}

/// The time users were there, against what they did with it: operations and pauses.
fn users(record: &Record) -> Option<Finding> {
    let plan = &record.started.plan;
    let scenarios = |closed: bool| -> BTreeSet<u16> {
        let loads = plan.loads.iter().filter(|l| matches!(l.schedule, Schedule::Closed(_)) == closed);
        loads.flat_map(|l| l.mix.iter().map(|(s, _)| *s)).collect()
    };
    let (closed, open) = (scenarios(true), scenarios(false));
    if closed.is_empty() || closed.intersection(&open).next().is_some() {
        return None;
    }
    let mine = |step: u16| {
        plan.steps
            .get(usize::from(step))
            .is_some_and(|s| s.kind == StepKind::Operation && closed.contains(&s.scenario))
    };
    let operations: u128 =
        record.cells.iter().filter(|((s, _), _)| mine(*s)).map(|(_, c)| c.response.sum_ns()).sum();
    let ids = (0..).zip(&plan.loads).filter(|(_, l)| matches!(l.schedule, Schedule::Closed(_)));
    let users: f64 = ids.clone().map(|(_, load)| load.schedule.highest_level()).sum();
    let loads: Vec<_> = ids.filter_map(|(id, _): (u16, _)| record.loads.get(&id)).collect();
    let there: u64 = loads.iter().map(|l| l.users_ns).sum();
    let paused: u64 = loads.iter().map(|l| l.paused_ns).sum();
    if (there as f64) < users * LIFE_NS_MIN {
        return None;
    }
    let missing = (there as f64 - operations as f64 - paused as f64) / there as f64;
    // Where iterations are due at their pace, one that is overdue waits while the one before is still under way.
    let missing = if has_pace(record) { missing.max(0.0) } else { missing.abs() };
    let status = grade(missing, DIFFERENCE_PASS, DIFFERENCE_INVALID);
    let seconds = there / plimsoll_metrics::SECOND_NS;
    let found = match status {
        Status::Pass => finding(
            status,
            format!(
                "All but {} of {} user-seconds are accounted for by operations and pauses.",
                percent(missing),
                count(seconds)
            ),
        ),
        _ => finding(
            status,
            format!(
                "{} of {} user-seconds are unaccounted for: users spent them in the generator. Fewer users on more workers, or less work between requests.",
                percent(missing),
                count(seconds)
            ),
        ),
    };
    let found = found.measured(missing, DIFFERENCE_PASS);
    Some(if status == Status::Invalid { found.withholding(Withheld::Rates) } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn a_gauge_that_is_not_decremented_is_flagged() {
        assert_flags(audit, Status::Invalid, |record| {
            record.in_flight.integral_ns += record.in_flight.integral_ns / 5;
        });
        assert_flags(audit, Status::Limited, |record| {
            record.in_flight.integral_ns += record.in_flight.integral_ns / 30;
        });
    }

    #[test]
    fn a_gauge_that_samples_otherwise_is_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            record.health.iter_mut().for_each(|h| h.in_flight_sum *= 2);
        });
    }

    #[test]
    fn users_that_sleep_without_saying_so_are_flagged() {
        let closed = Synthetic { closed_users: Some(10), ..Synthetic::default() };
        let mut record = closed.record();
        assert_eq!(audit(&record).status, Status::Pass, "{}", audit(&record).sentence);
        // 20 ms of every 70 are spent asleep in the client.
        let load = record.loads.get_mut(&0).unwrap();
        load.paused_ns -= 20_000_000 * 12_000;
        assert_eq!(audit(&record).status, Status::Invalid);
    }

    #[test]
    fn users_that_are_overdue_or_hardly_lived_are_left_alone() {
        let closed = Synthetic { closed_users: Some(10), ..Synthetic::default() };
        let mut record = closed.record();
        let load = record.loads.get_mut(&0).unwrap();
        load.paused_ns += load.users_ns / 5;
        record.in_flight.integral_ns += record.in_flight.integral_ns / 5;
        assert_eq!(audit(&record).status, Status::Invalid);
        record.started.plan.loads[0].iteration_ns_min = 10_000_000;
        assert_eq!(audit(&record).status, Status::Pass, "{}", audit(&record).sentence);
        let mut record = closed.record();
        assert!(users(&record).is_some());
        // Half a second each.
        record.loads.get_mut(&0).unwrap().users_ns = 5_000_000_000;
        assert!(users(&record).is_none());
    }
}
