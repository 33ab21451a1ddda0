//! 20 — Was the mix the one that was planned, and whose are the slowest operations?

use std::collections::BTreeMap;

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Part, PartUnit, Record};

use crate::finding::{Finding, Status, percent};

/// Deviation of a scenario's share from its weight (docs/METHOD.md, section 16).
const SHARE_OFF_MAX: f64 = 0.01;

/// Standard errors of a share that are chance.
const ERRORS_MAX: f64 = 4.0;

/// So many operations are due with data of a kind before it is no chance that there was none: none of ten happens once in 22,000.
const DUE_MIN: f64 = 10.0;

/// The tail that is looked at, and the part of it that one rare step must own to be named.
const TAIL: f64 = 0.99;
const OWNED_MIN: f64 = 0.50;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("mix", status, sentence);
    if let Some((name, due)) = unsent(record) {
        let sentence = format!(
            "Data of the kind `{name}` was planned and never sent, where about {due:.0} operations were to have it: what becomes of it is not known."
        );
        return finding(Status::Limited, sentence).measured(0.0, due);
    }
    if record.started.plan.operations().filter(|(id, _)| record.count(*id, Outcome::Ok) > 0).count() < 2 {
        return finding(Status::NotRun, "There is one kind of operation only.".to_owned());
    }
    let worst = deviations(record).into_iter().max_by(|a, b| a.excess().total_cmp(&b.excess()));
    if let Some(off) = worst.filter(|o| o.excess() > 0.0) {
        let sentence = format!(
            "The scenario `{}` made up {} of the iterations where the plan asks for {}.",
            off.name,
            percent(off.share),
            percent(off.asked)
        );
        return finding(Status::Limited, sentence).measured((off.share - off.asked).abs(), SHARE_OFF_MAX);
    }
    match tail_owner(record) {
        Some((name, owned, share)) => finding(Status::Limited, format!("{} of the slowest hundredth is `{name}`, which makes up {} of the traffic: a p99 over all steps is a p99 of that step.", percent(owned), percent(share))).measured(owned, OWNED_MIN),
        None => finding(Status::Pass, "The mix was as planned, and no rare step owns the tail.".to_owned()),
    }
}

/// Data of a kind that was to be sent with faults put in on purpose and never was, with how much of it was due.
fn unsent(record: &Record) -> Option<(String, f64)> {
    let plan = &record.started.plan;
    let kinds = (0..).zip(&plan.steps).filter_map(|(id, step)| {
        let Part { of, unit: PartUnit::Injected { planned_ppm } } = plan.part(id)? else { return None };
        let sent = |step| Outcome::ALL.into_iter().map(|outcome| record.count(step, outcome)).sum::<u64>();
        let due = f64::from(planned_ppm) / 1e6 * sent(of) as f64;
        (sent(id) == 0 && due >= DUE_MIN).then(|| (step.name.clone(), due))
    });
    kinds.max_by(|a, b| a.1.total_cmp(&b.1))
}

struct Deviation {
    name: String,
    share: f64,
    asked: f64,
    chance: f64,
}

impl Deviation {
    fn excess(&self) -> f64 {
        (self.share - self.asked).abs() - SHARE_OFF_MAX.max(self.chance)
    }
}

/// Shares of iterations by scenario, in open loads with several: there, what a user does next does not depend on
/// how long it took.
fn deviations(record: &Record) -> Vec<Deviation> {
    let plan = &record.started.plan;
    let mut deviations = Vec::new();
    for load in plan
        .loads
        .iter()
        .filter(|l| l.mix.len() > 1 && matches!(l.schedule, plimsoll_model::Schedule::Open(_)))
    {
        let begun = |scenario: u16| {
            plan.scenarios[usize::from(scenario)]
                .first_step
                .and_then(|s| record.counts.get(&s))
                .map_or(0, |c| c.scheduled)
        };
        let counts: BTreeMap<u16, u64> = load.mix.iter().map(|(s, _)| (*s, begun(*s))).collect();
        let total = counts.values().sum::<u64>() as f64;
        let weights: f64 = load.mix.iter().map(|(_, w)| w).sum();
        for (scenario, weight) in load.mix.iter().filter(|_| total > 0.0) {
            let asked = weight / weights;
            deviations.push(Deviation {
                name: plan.scenarios[usize::from(*scenario)].name.clone(),
                share: counts[scenario] as f64 / total,
                asked,
                chance: ERRORS_MAX * (asked * (1.0 - asked) / total).sqrt(),
            });
        }
    }
    deviations
}

/// A step that is rarer than the tail and owns most of it: name, its part of the tail, its part of the traffic.
fn tail_owner(record: &Record) -> Option<(String, f64, f64)> {
    let steps: Vec<_> = record
        .started
        .plan
        .operations()
        .map(|(id, s)| (s.name.clone(), record.merged(Outcome::Ok, |x| x == id).response))
        .collect();
    let mut all = Histogram::new();
    steps.iter().for_each(|(_, h)| all.merge(h));
    let limit = all.quantile(TAIL)?;
    let beyond = |h: &Histogram| h.count() - h.count_at_or_below(limit);
    let tail = beyond(&all).max(1) as f64;
    let owner = steps
        .into_iter()
        .map(|(name, h)| (name, beyond(&h) as f64 / tail, h.count() as f64 / all.count() as f64));
    owner
        .filter(|(_, owned, share)| *owned > OWNED_MIN && *share < 1.0 - TAIL)
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Synthetic;

    /// Two scenarios at three to one, the second with a step of its own.
    fn mixed(first: u64, second: u64, second_ns: u64) -> Record {
        let mut record = Synthetic::default().record();
        let plan = &mut record.started.plan;
        plan.scenarios.push(plimsoll_model::Scenario { name: "other".to_owned(), first_step: Some(1) });
        plan.steps.push(plimsoll_model::Step {
            name: "rare".to_owned(),
            scenario: 1,
            ..plan.steps[0].clone()
        });
        plan.loads[0].mix = vec![(0, first as f64), (1, second as f64)];
        let mut cell = plimsoll_metrics::Cell::<Histogram>::default();
        (0..second).for_each(|_| cell.response.record(second_ns));
        record.cells.insert((1, Outcome::Ok), cell);
        record.counts.get_mut(&0).unwrap().scheduled = first;
        record.counts.insert(1, plimsoll_metrics::StepCounts { scheduled: second, sent: second, dropped: 0 });
        record
    }

    #[test]
    fn a_mix_that_is_off_is_flagged() {
        let mut record = mixed(9_000, 3_000, 20_000_000);
        assert_eq!(audit(&record).status, Status::Pass, "{}", audit(&record).sentence);
        record.started.plan.loads[0].mix = vec![(0, 1.0), (1, 1.0)];
        assert_eq!(audit(&record).status, Status::Limited);
    }

    #[test]
    fn broken_data_that_was_never_sent_is_named() {
        let with = |planned_ppm: u32, sent: u64| {
            let mut record = Synthetic::default().record();
            let plan = &mut record.started.plan;
            let kind =
                plimsoll_model::StepKind::Part(Part { of: 0, unit: PartUnit::Injected { planned_ppm } });
            plan.steps.push(plimsoll_model::Step {
                name: "pay.bad".to_owned(),
                kind,
                ..plan.steps[0].clone()
            });
            let mut cell = plimsoll_metrics::Cell::<Histogram>::default();
            (0..sent).for_each(|_| cell.response.record(1));
            record.cells.insert((1, Outcome::Rejected), cell);
            audit(&record)
        };
        let finding = with(50_000, 0);
        assert_eq!(finding.status, Status::Limited);
        assert!(finding.sentence.contains("`pay.bad`"), "{}", finding.sentence);
        // One that is there, and one that is so rare that it may be missing.
        assert_eq!(with(50_000, 600).status, Status::NotRun);
        assert_eq!(with(500, 0).status, Status::NotRun);
    }

    #[test]
    fn a_rare_step_that_owns_the_tail_is_named() {
        let finding = audit(&mixed(12_000, 110, 500_000_000));
        assert_eq!(finding.status, Status::Limited);
        assert!(finding.sentence.contains("`rare`"), "{}", finding.sentence);
    }
}
