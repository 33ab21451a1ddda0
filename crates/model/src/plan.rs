//! Everything one run is to do, as the engine, the audits and the reports need to know it.

use std::collections::BTreeMap;

use plimsoll_metrics::expression::{Expression, ExpressionError, Statement};
use serde::{Deserialize, Serialize};

use crate::{Claim, LoadId, Nanos, Part, Price, ScenarioId, Schedule, StepId, Watched};

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
    /// The share of their durations to which all schedules were shortened; `None` if the run is as long as it was meant to be.
    pub scale: Option<f64>,
    /// What is watched besides; their position is their [`crate::monitor::MonitorId`].
    pub monitors: Vec<Watched>,
    /// What the target costs, if the plan says so.
    pub price: Option<Price>,
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

    /// What a claim states. A part of a step and a series of a monitor are named alike: what begins with the name of a
    /// monitor is a series.
    pub fn statement(&self, claim: &Claim) -> Result<Statement, ExpressionError> {
        let statement = claim.statement()?;
        let about_a_series = |expression: &Expression| {
            let step = expression.selector.step.as_deref()?;
            let is_a_step = self.steps.iter().any(|s| s.name == step);
            (!is_a_step && self.is_watched(step)).then(|| expression.as_series()).flatten()
        };
        Ok(match &statement {
            Statement::Measured(expression) => {
                about_a_series(expression).map_or(statement, Statement::Series)
            }
            _ => statement,
        })
    }

    /// The measure of operations that a claim is about, if it is about one.
    pub fn expression(&self, claim: &Claim) -> Option<Expression> {
        match self.statement(claim) {
            Ok(Statement::Measured(expression)) => Some(expression),
            _ => None,
        }
    }

    /// True if a name of the form `monitor.series` begins with one of a monitor.
    pub fn is_watched(&self, series: &str) -> bool {
        series.split_once('.').is_some_and(|(monitor, _)| self.monitors.iter().any(|m| m.name == monitor))
    }

    /// Steps of kind operation with their numbers.
    pub fn operations(&self) -> impl Iterator<Item = (StepId, &Step)> {
        (0..).zip(&self.steps).filter(|(_, s)| s.kind == StepKind::Operation)
    }
}

/// An address as reports may show it.
pub fn without_credentials(url: &str) -> String {
    let shown = url.split_once("://").and_then(|(scheme, rest)| {
        let (before, host) = rest.split_once('@').filter(|(before, _)| !before.contains('/'))?;
        (!before.is_empty()).then(|| format!("{scheme}://...@{host}"))
    });
    shown.unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(without_credentials("redis://:secret@h:1/0"), "redis://...@h:1/0");
        assert_eq!(without_credentials("nats://h:4222"), "nats://h:4222");
        assert_eq!(without_credentials("http://h/a@b"), "http://h/a@b");
        assert_eq!(without_credentials("demo:shop"), "demo:shop");
    }

    #[test]
    fn what_begins_with_a_monitor_is_a_series() {
        let claim = |text: &str| Claim { text: text.to_owned(), abort: false };
        let watched = Watched { name: "api".to_owned(), source: "somewhere".to_owned() };
        let plan = Plan { monitors: vec![watched], ..Plan::default() };
        assert!(matches!(plan.statement(&claim("p99(api.pause) < 5ms")).unwrap(), Statement::Series(_)));
        assert!(plan.expression(&claim("p99(api.pause) < 5ms")).is_none());
        assert!(plan.expression(&claim("p99(chat.first_token) < 5ms")).is_some());
    }
}
