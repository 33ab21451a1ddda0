//! Everything one run is to do, as the engine, the audits and the reports need to know it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Claim, LoadId, Nanos, Part, ScenarioId, Schedule, StepId};

/// Everything one run is to do. What users do inside a step is the [`crate::Workload`]'s business.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the run is called.
    pub name: String,
    /// The seed of everything random.
    pub seed: u64,
    /// What is tested, as the plan names it.
    pub target: String,
    /// Scenarios; their position is their [`ScenarioId`].
    pub scenarios: Vec<Scenario>,
    /// Steps of all scenarios; their position is their [`StepId`].
    pub steps: Vec<Step>,
    /// Load entries; their position is their [`LoadId`].
    pub loads: Vec<Load>,
    /// Named stretches of the run.
    pub phases: Vec<Phase>,
    /// Fixed before the run.
    pub claims: Vec<Claim>,
}

/// What one kind of user does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Unique within the plan.
    pub name: String,
    /// Its first operation, to which a dropped arrival is charged.
    pub first_step: Option<StepId>,
}

/// One named thing a user does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unique within its scenario.
    pub name: String,
    /// The scenario it stands in.
    pub scenario: ScenarioId,
    /// Operation, group or part.
    pub kind: StepKind,
    /// For claims and reports.
    pub tags: BTreeMap<String, String>,
}

/// What a step counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The time over several steps; no operation of its own, so it does not enter the books.
    Group,
    /// Operations.
    Operation,
    /// What the operations of another step measured besides; no operation of its own either.
    Part(Part),
    /// Performed once, before or after the load; never recorded.
    Solo,
}

/// Users or arrivals for one or several scenarios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Unique within the plan.
    pub name: String,
    /// When things are due, from `start_ns` on.
    pub schedule: Schedule,
    /// Scenarios with their weights.
    pub mix: Vec<(ScenarioId, f64)>,
    /// When it starts, from the start of the run.
    pub start_ns: Nanos,
    /// How long iterations may go on after the schedule has ended.
    pub graceful_stop_ns: Nanos,
    /// Shortest time from one iteration's start to the next of the same user.
    pub iteration_ns_min: Nanos,
}

impl Load {
    /// When its schedule ends, from the start of the run.
    pub fn end_ns(&self) -> Nanos {
        self.start_ns + self.schedule.duration_ns()
    }
}

/// A named stretch of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Unique within the plan.
    pub name: String,
    /// Its first nanosecond.
    pub start_ns: Nanos,
    /// The first nanosecond behind it.
    pub end_ns: Nanos,
}

impl Plan {
    /// When the last schedule ends, from the start of the run.
    pub fn duration_ns(&self) -> Nanos {
        self.loads.iter().map(Load::end_ns).max().unwrap_or(0)
    }

    /// True if any load is open: its headline is the response time.
    pub fn has_open_load(&self) -> bool {
        self.loads.iter().any(|l| matches!(l.schedule, Schedule::Open(_)))
    }

    /// The seed of one load entry's arrivals.
    pub fn arrival_seed(&self, load: LoadId) -> u64 {
        self.seed ^ (u64::from(load) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// What a step's numbers are a part of, if it is no step by itself.
    pub fn part(&self, step: StepId) -> Option<Part> {
        match self.steps.get(usize::from(step))?.kind {
            StepKind::Part(part) => Some(part),
            StepKind::Group | StepKind::Operation | StepKind::Solo => None,
        }
    }

    /// Steps of kind operation with their numbers.
    pub fn operations(&self) -> impl Iterator<Item = (StepId, &Step)> {
        (0..).zip(&self.steps).filter(|(_, s)| s.kind == StepKind::Operation)
    }
}
