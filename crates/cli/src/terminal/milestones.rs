//! Where a long run stands at a quarter, at half and at three quarters of it, and at the end of each of its phases: what was counted
//! so far, and which claims nothing that is to come can save. No verdict is given before the end.

use plimsoll_audit::certainly_lost;
use plimsoll_model::{Nanos, Outcome, Plan, SECOND_NS};
use plimsoll_report::format::{count, duration, time};

use super::lines::elapsed_ns;
use crate::watch::Progress;

/// Shorter runs are over before anybody asks.
const LONG_NS: Nanos = 60 * SECOND_NS;

/// With more phases than this only the quarters are told.
const PHASES_MAX: usize = 12;

/// What has been told.
#[derive(Default)]
pub(super) struct Milestones {
    told: usize,
}

impl Milestones {
    /// What was passed since the last time, one line each.
    pub(super) fn passed(&mut self, progress: &Progress) -> Vec<String> {
        let points = points(&progress.record.started.plan);
        let at_ns = elapsed_ns(progress);
        let passed: Vec<_> = points.iter().skip(self.told).take_while(|(ns, _)| *ns <= at_ns).collect();
        self.told += passed.len();
        passed.into_iter().map(|(_, name)| format!("{name}: {}", so_far(progress))).collect()
    }
}

/// Moments with their names, in order.
fn points(plan: &Plan) -> Vec<(Nanos, String)> {
    let total = plan.duration_ns();
    if total < LONG_NS {
        return Vec::new();
    }
    let quarter = |n: u64| {
        let at_ns = total / 4 * n;
        (at_ns, format!("{} % ({} of {})", 25 * n, duration(at_ns), duration(total)))
    };
    let mut points: Vec<_> = (1..4).map(quarter).collect();
    if plan.phases.iter().filter(|phase| is_named(&phase.name)).count() <= PHASES_MAX {
        let ended = plan.phases.iter().filter(|phase| phase.end_ns < total && is_named(&phase.name));
        points.extend(
            ended.map(|phase| (phase.end_ns, format!("end of {} ({})", phase.name, duration(phase.end_ns)))),
        );
    }
    points.sort();
    points
}

/// Whether somebody gave it its name: stages without one are called by what they do, and counted.
fn is_named(phase: &str) -> bool {
    const USUAL: [&str; 3] = ["hold", "ramp", "ramp_down"];
    let stage = phase.rsplit('.').next().unwrap_or(phase);
    let plain = stage.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    !USUAL.contains(&plain)
}

fn so_far(progress: &Progress) -> String {
    let record = &progress.record;
    let ok = record.merged(Outcome::Ok, |_| true).response;
    let failed: u64 = Outcome::ALL.into_iter().filter(|o| o.is_failure()).map(|o| record.total(o)).sum();
    let p99 = ok.quantile(0.99).map_or_else(|| "none yet".to_owned(), |ns| time(ns as f64));
    let claims = &record.started.plan.claims;
    let lost = claims.iter().filter(|claim| certainly_lost(record, claim, progress.operations_total));
    let lost: Vec<_> = lost.map(|claim| claim.text.as_str()).collect();
    let claims = match (claims.len(), lost.as_slice()) {
        (0, _) => "no claims".to_owned(),
        (all, []) => format!("none of {all} claims is lost for certain"),
        (_, lost) => format!("lost for certain: {}", lost.join(", ")),
    };
    format!("{} ok, {} failed, p99 {p99}; {claims}", count(ok.count()), count(failed))
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::{ClockSample, Phase, RunEvent};

    use super::*;

    fn at(progress: &mut Progress, seconds: u64) {
        let at_ns = seconds * SECOND_NS;
        progress.record.clocks.push(ClockSample { at_ns, ..ClockSample::default() });
    }

    #[test]
    fn each_is_told_once_and_says_what_is_lost() {
        let mut progress = Progress::default();
        let events = Synthetic { failed: 3, ..Synthetic::default() }.events();
        events.iter().filter(|e| !matches!(e, RunEvent::Finished(_))).for_each(|e| progress.record.apply(e));
        progress.record.clocks.clear();
        let plan = &mut progress.record.started.plan;
        let total = plan.duration_ns() / SECOND_NS;
        assert!(total >= 60, "{total}");
        let (start_ns, end_ns) = (0, total / 3 * SECOND_NS);
        plan.phases = vec![Phase { name: "warm".to_owned(), start_ns, end_ns }];
        plan.claims.truncate(0);
        let mut milestones = Milestones::default();
        at(&mut progress, 1);
        assert_eq!(milestones.passed(&progress), Vec::<String>::new());
        at(&mut progress, total / 2);
        let told = milestones.passed(&progress);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("25 %") && told[1].starts_with("end of warm"), "{told:?}");
        assert!(told[2].contains("3 failed") && told[2].contains("no claims"), "{told:?}");
        assert_eq!(milestones.passed(&progress), Vec::<String>::new());
    }

    #[test]
    fn only_phases_with_a_name_of_their_own_are_told() {
        assert!(["peak", "five hundred", "apps.before", "hold on"].iter().all(|name| is_named(name)));
        assert!(!["ramp", "ramp_2", "ramp_down_12", "apps.hold"].iter().any(|name| is_named(name)));
    }

    #[test]
    fn a_short_run_has_none() {
        let events = Synthetic::default().events();
        let mut progress = Progress::default();
        events.iter().for_each(|e| progress.record.apply(e));
        progress.record.started.plan.loads.clear();
        assert_eq!(Milestones::default().passed(&progress), Vec::<String>::new());
    }
}
