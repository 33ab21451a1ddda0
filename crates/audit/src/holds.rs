//! Stretches in which the plan asks for one level of load: there, and only there, should results not drift.

use plimsoll_metrics::{SECOND_NS, Window};
use plimsoll_model::{Nanos, Phase, Record, Stage};

/// A stretch of constant load.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Where it lies.
    pub phase: Phase,
    /// The level of every load entry, in the plan's order: users, or arrivals per second.
    pub levels: Vec<f64>,
}

impl Hold {
    /// Windows of the whole seconds inside it.
    pub fn windows<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = &'a Window> {
        record.windows_in(Some(&self.phase))
    }

    /// How long it lasts, in nanoseconds.
    pub const fn duration_ns(&self) -> Nanos {
        self.phase.end_ns - self.phase.start_ns
    }
}

/// All stretches of constant load, in time order, as far as the run got.
pub fn holds(record: &Record) -> Vec<Hold> {
    let plan = &record.started.plan;
    let end_ns = record.span_ns();
    let mut cuts: Vec<Nanos> = vec![0, end_ns];
    for load in &plan.loads {
        let mut at = load.start_ns;
        cuts.push(at);
        for stage in load.schedule.stages() {
            at += stage.duration_ns;
            cuts.push(at);
        }
    }
    cuts.retain(|at| *at <= end_ns);
    cuts.sort_unstable();
    cuts.dedup();
    let between = cuts.windows(2).filter_map(|w| hold(record, w[0], w[1]));
    merge(between.collect())
}

/// The stretch between two cuts, if every load stands still in it and any is there at all.
fn hold(record: &Record, start_ns: Nanos, end_ns: Nanos) -> Option<Hold> {
    let loads = &record.started.plan.loads;
    let stages = loads.iter().map(|l| stage_at(l.schedule.stages(), l.start_ns, start_ns));
    let mut levels = Vec::with_capacity(loads.len());
    for stage in stages {
        match stage {
            Some(stage) if stage.from == stage.to => levels.push(stage.from),
            Some(_) => return None,
            None => levels.push(0.0),
        }
    }
    let name = record.started.plan.phases.iter().find(|p| p.start_ns <= start_ns && end_ns <= p.end_ns);
    let name = name.map_or_else(|| "hold".to_owned(), |p| p.name.clone());
    let is_loaded = levels.iter().any(|l| *l > 0.0);
    is_loaded.then_some(Hold { phase: Phase { name, start_ns, end_ns }, levels })
}

fn stage_at(stages: &[Stage], mut from_ns: Nanos, at_ns: Nanos) -> Option<&Stage> {
    if at_ns < from_ns {
        return None;
    }
    stages.iter().find(|stage| {
        from_ns += stage.duration_ns;
        at_ns < from_ns
    })
}

/// Stretches that follow each other at the same levels are one.
fn merge(holds: Vec<Hold>) -> Vec<Hold> {
    let mut merged: Vec<Hold> = Vec::new();
    for hold in holds {
        match merged.last_mut() {
            Some(last) if last.phase.end_ns == hold.phase.start_ns && last.levels == hold.levels => {
                last.phase.end_ns = hold.phase.end_ns;
            }
            _ => merged.push(hold),
        }
    }
    merged
}

/// The longest stretch of constant load that holds at least so many whole seconds.
pub fn longest(record: &Record, seconds_min: u64) -> Option<Hold> {
    holds(record)
        .into_iter()
        .filter(|h| h.windows(record).count() as u64 >= seconds_min)
        .max_by_key(|h| h.duration_ns() / SECOND_NS)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Load, Open, Process, Schedule};

    use super::*;
    use crate::testing::Synthetic;

    #[test]
    fn ramps_split_what_stands_still() {
        let mut record = Synthetic::default().record();
        let stage = |seconds: u64, from, to| Stage {
            name: String::new(),
            duration_ns: seconds * SECOND_NS,
            from,
            to,
        };
        let open = |stages, start_s: u64| Load {
            schedule: Schedule::Open(Open { stages, process: Process::Poisson, trace: None, max_users: 1 }),
            start_ns: start_s * SECOND_NS,
            ..Synthetic::default().record().started.plan.loads[0].clone()
        };
        record.started.plan.loads = vec![
            open(vec![stage(10, 0.0, 5.0), stage(10, 5.0, 5.0), stage(20, 5.0, 5.0)], 0),
            open(vec![stage(10, 7.0, 7.0)], 30),
        ];
        let found: Vec<_> = holds(&record)
            .into_iter()
            .map(|h| (h.phase.start_ns / SECOND_NS, h.phase.end_ns / SECOND_NS, h.levels))
            .collect();
        assert_eq!(found, [(10, 30, vec![5.0, 0.0]), (30, 40, vec![5.0, 7.0])]);
    }
}
