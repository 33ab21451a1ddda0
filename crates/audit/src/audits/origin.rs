//! 4 — Does response time begin when an operation was due? Otherwise every stall hides itself
//! (coordinated omission; G. Tene, "How NOT to measure latency").

use plimsoll_metrics::SECOND_NS;
use plimsoll_model::event::Origin;
use plimsoll_model::{Outcome, Record, Schedule, StepId};

use crate::finding::{Finding, Status, Withheld, count, time};

/// p99 of response time over p99 of service time: above this the two tell different stories
/// (docs/METHOD.md, section 1).
const CO_FACTOR_MAX: f64 = 1.5;

/// A pause in sending shorter than this hides nothing worth mentioning, in nanoseconds.
const GAP_NS_MIN: f64 = 100_000_000.0;

/// A pause is one if it is this many times the mean gap between arrivals.
const GAPS_MIN: f64 = 10.0;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    if record.total(Outcome::Ok) == 0 {
        return Finding::new(
            "origin",
            Status::NotRun,
            "Without a success there is no time whose origin could be wrong.",
        );
    }
    if record.started.plan.has_open_load() { open(record) } else { closed(record) }
}

fn open(record: &Record) -> Finding {
    if record.started.origin == Origin::Sent {
        return sent(record);
    }
    let ok = record.merged(Outcome::Ok, |step| in_open_load(record, step));
    let (response, service) =
        (ok.response.quantile(0.99).unwrap_or(0), ok.service.quantile(0.99).unwrap_or(1));
    let factor = response as f64 / service.max(1) as f64;
    let sentence = if factor > CO_FACTOR_MAX {
        format!(
            "Response time counts from when operations were due. p99 is {} from there and {} from sending: whoever counts from sending sees a {factor:.1} times better service.",
            time(response as f64),
            time(service as f64)
        )
    } else {
        "Response time counts from when operations were due; queueing before sending adds little to it."
            .to_owned()
    };
    Finding::new("origin", Status::Pass, sentence).measured(factor, CO_FACTOR_MAX)
}

fn sent(record: &Record) -> Finding {
    let gaps = record.started.plan.loads.iter().zip(0..).filter_map(|(load, id)| {
        let Schedule::Open(_) = load.schedule else { return None };
        let limit = GAP_NS_MIN.max(GAPS_MIN * SECOND_NS as f64 / load.schedule.mean_level().max(1e-9));
        let gap = record.loads.get(&id).map_or(0, |l| l.send_gap_ns_max) as f64;
        Some((gap, limit, load.schedule.mean_level()))
    });
    match gaps.max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1))) {
        Some((gap, limit, rate)) if gap > limit => {
            let due = count((gap / 1e9 * rate) as u64);
            let sentence = format!(
                "Sending paused {} while {due} operations were due; times start at sending, so the stall is hidden (coordinated omission).",
                time(gap)
            );
            Finding::new("origin", Status::Invalid, sentence)
                .measured(gap, limit)
                .withholding(Withheld::Times)
        }
        _ => Finding::new(
            "origin",
            Status::Limited,
            "Times start at sending, not when operations were due; they are service times.",
        )
        .withholding(Withheld::Times),
    }
}

/// A closed loop cannot see what it did not send. What it might have seen is a what-if, never a result.
fn closed(record: &Record) -> Finding {
    let ok = record.merged(Outcome::Ok, |_| true).service;
    let users: f64 = record.started.plan.loads.iter().map(|l| l.schedule.mean_level()).sum();
    let cycle_ns = users * record.span_ns() as f64 / ok.count().max(1) as f64;
    let raw = ok.quantile(0.99).unwrap_or(0) as f64;
    let corrected = ok.corrected_for_interval(cycle_ns as u64).quantile(0.99).unwrap_or(0) as f64;
    let factor = corrected / raw.max(1.0);
    let label =
        format!("Closed loop: these are service times at {users:.0} users, who wait for each answer.");
    if factor > CO_FACTOR_MAX {
        let sentence = format!(
            "{label} Users who do not wait might have seen a p99 of {} instead of {}. Use an open load to know.",
            time(corrected),
            time(raw)
        );
        Finding::new("origin", Status::Limited, sentence).measured(factor, CO_FACTOR_MAX)
    } else {
        Finding::new("origin", Status::Pass, label).measured(factor, CO_FACTOR_MAX)
    }
}

fn in_open_load(record: &Record, step: StepId) -> bool {
    let scenario = record.started.plan.steps[usize::from(step)].scenario;
    record
        .started
        .plan
        .loads
        .iter()
        .any(|l| matches!(l.schedule, Schedule::Open(_)) && l.mix.iter().any(|(s, _)| *s == scenario))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn timing_from_issue_is_flagged_worse_if_sending_paused() {
        assert_flags(audit, Status::Limited, |record| record.started.origin = Origin::Sent);
        assert_flags(audit, Status::Invalid, |record| {
            record.started.origin = Origin::Sent;
            record.loads.get_mut(&0).unwrap().send_gap_ns_max = 1_020_000_000;
        });
    }

    #[test]
    fn a_closed_loop_with_a_stall_says_what_it_could_not_see() {
        let stalled =
            Synthetic { closed_users: Some(10), stall: Some((20, 2_000_000_000)), ..Synthetic::default() }
                .record();
        assert_eq!(audit(&stalled).status, Status::Limited);
        let steady = Synthetic { closed_users: Some(10), ..Synthetic::default() }.record();
        assert_eq!(audit(&steady).status, Status::Pass);
    }
}
