//! 5 — Was the load delivered that the plan asks for, over the run and in every second?

use std::collections::BTreeMap;

use plimsoll_metrics::SECOND_NS;
use plimsoll_model::{Arrivals, Record, Schedule};

use crate::finding::{Finding, Status, Withheld, count, grade, percent};

/// Deviations of delivered from planned arrivals (docs/METHOD.md, section 16): up to the first nothing is
/// said, up to the second the nominal rate is qualified, beyond it the nominal rate is refused.
const SHARE_PASS: f64 = 0.001;
const SHARE_LIMITED: f64 = 0.01;

/// Share of seconds that may deviate by more than [`SHARE_LIMITED`].
const SECONDS_MAX: f64 = 0.01;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let planned = planned(record);
    let total: u64 = planned.values().sum();
    if total == 0 {
        return Finding::new(
            "load",
            Status::NotRun,
            "No open load: users send as fast as they are answered, and no rate was promised.",
        );
    }
    let dropped = dropped_by_second(record);
    let issued =
        |second: u32| arrivals_at(record, second).saturating_sub(dropped.get(&second).copied().unwrap_or(0));
    let delivered: u64 = record.windows.keys().map(|s| issued(*s)).sum();
    let missing = (delivered as f64 / total as f64 - 1.0).abs();
    let off = planned
        .iter()
        .filter(|(second, n)| (issued(**second) as f64 / **n as f64 - 1.0).abs() > SHARE_LIMITED)
        .count();
    let off_share = off as f64 / planned.len() as f64;
    let seconds = record.span_ns() as f64 / SECOND_NS as f64;
    let (asked, got) = (total as f64 / seconds, delivered as f64 / seconds);
    let status = grade(missing, SHARE_PASS, SHARE_LIMITED).max(if off_share > SECONDS_MAX {
        Status::Limited
    } else {
        Status::Pass
    });
    let finding = |sentence: String| Finding::new("load", status, sentence).measured(missing, SHARE_PASS);
    match status {
        Status::Pass => finding(format!("All {} planned arrivals were issued, {got:.1} per second.", count(total))),
        Status::Limited => finding(format!("{} of {} planned arrivals were issued; {off} seconds were more than {} off.", count(delivered), count(total), percent(SHARE_LIMITED))),
        _ => finding(format!("Asked for {asked:.0}/s, delivered {got:.0}/s ({}). This is a result for {got:.0}/s, not for {asked:.0}/s; allow more users or connections, or lower the rate.", percent(delivered as f64 / total as f64)))
            .withholding(Withheld::Rates),
    }
}

/// Planned arrivals by second, computed anew from the plan. An interrupted run is held only to what was due
/// before it was stopped.
fn planned(record: &Record) -> BTreeMap<u32, u64> {
    let plan = &record.started.plan;
    let mut planned = BTreeMap::new();
    for (load, id) in plan.loads.iter().zip(0..) {
        let Schedule::Open(open) = &load.schedule else { continue };
        let due = Arrivals::new(open, plan.arrival_seed(id)).map(|offset| load.start_ns + offset);
        for at_ns in due.take_while(|at_ns| *at_ns < record.span_ns()) {
            *planned.entry((at_ns / SECOND_NS) as u32).or_insert(0) += 1;
        }
    }
    planned
}

fn arrivals_at(record: &Record, second: u32) -> u64 {
    record.windows.get(&second).map_or(0, |w| w.loads.iter().map(|(_, l)| l.arrivals).sum())
}

fn dropped_by_second(record: &Record) -> BTreeMap<u32, u64> {
    record.windows.iter().map(|(second, w)| (*second, w.steps.iter().map(|(_, c)| c.dropped).sum())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn skipped_and_dropped_arrivals_are_flagged() {
        assert_flags(audit, Status::Invalid, |record| {
            record
                .windows
                .values_mut()
                .for_each(|w| w.loads[0].1.arrivals = w.loads[0].1.arrivals * 92 / 100);
        });
        let dropped = Synthetic { dropped: 400, ..Synthetic::default() }.record();
        assert_eq!(audit(&dropped).status, Status::Invalid);
        let few = Synthetic { dropped: 40, ..Synthetic::default() }.record();
        assert_eq!(audit(&few).status, Status::Limited);
    }

    #[test]
    fn a_closed_load_promises_no_rate() {
        let closed = Synthetic { closed_users: Some(10), ..Synthetic::default() }.record();
        assert_eq!(audit(&closed).status, Status::NotRun);
    }
}
