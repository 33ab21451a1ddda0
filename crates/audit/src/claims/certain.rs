//! When is a claim lost, whatever is still to come?

use plimsoll_metrics::expression::{
    Dimension, Expression, Measure, SeriesClaim, Statement, Statistic, Timing,
};
use plimsoll_model::{Claim, Outcome, Record};

use super::series::fits;
use crate::audits::{floor, generator, on_time};
use crate::finding::Withheld;

/// True once no continuation of the run can make the claim hold. `operations_total` is how many operations the
/// whole run will hold, if the schedule fixes that; without it a share can always recover. Times that the generator
/// itself may have spoilt are no evidence: the run goes on until it is well, or its end.
///
/// Looks at totals only, so it works on a record without windows; claims about a phase are never certain early.
pub fn certainly_lost(record: &Record, claim: &Claim, operations_total: Option<u64>) -> bool {
    let expression = match record.started.plan.statement(claim) {
        Ok(Statement::Measured(expression)) => expression,
        Ok(Statement::Series(series)) => return series_is_lost(record, &series),
        _ => return false,
    };
    let selector = &expression.selector;
    let restricted = selector.phase.is_some()
        || selector.outcome.is_some()
        || selector.scenario.is_some()
        || !selector.tags.is_empty();
    if restricted {
        return false;
    }
    let plan = &record.started.plan;
    let steps: Vec<_> = plan
        .operations()
        .filter(|(_, s)| selector.step.as_ref().is_none_or(|name| *name == s.name))
        .map(|(id, _)| id)
        .collect();
    // The total is known for all steps together only.
    let total = operations_total.filter(|_| steps.len() == plan.operations().count()).map(|t| t as f64);
    let failed: u64 = steps
        .iter()
        .flat_map(|s| Outcome::ALL.into_iter().filter(|o| o.is_failure()).map(|o| record.count(*s, o)))
        .sum();
    let ok = record.merged(Outcome::Ok, |step| steps.contains(&step));
    let times = if selector.timing == Timing::Service { &ok.service } else { &ok.response };
    let over = times.count() - times.count_at_or_below(expression.bound as u64) + failed;
    let lost = match expression.measure {
        Measure::Max if expression.comparison.wants_small() => over > 0,
        Measure::Quantile(q) if expression.comparison.wants_small() => {
            total.is_some_and(|n| over as f64 > n * (1.0 - q) + 1.0)
        }
        Measure::OkRate if expression.comparison.wants_large() => {
            total.is_some_and(|n| failed as f64 > n * (1.0 - expression.bound))
        }
        Measure::FailRate if expression.comparison.wants_small() => {
            total.is_some_and(|n| failed as f64 > n * expression.bound)
        }
        Measure::Count if expression.comparison.wants_small() => {
            !expression.comparison.holds(times.count() as f64, expression.bound)
        }
        _ => false,
    };
    lost && !spoilt_by_the_generator(record, &expression)
}

/// A reading that was too large, or too small, does not become another.
fn series_is_lost(record: &Record, claim: &SeriesClaim) -> bool {
    let Some(tracked) = record.tracked(&claim.series).filter(|t| t.count > 0 && claim.phase.is_none()) else {
        return false;
    };
    if !fits(claim.dimension, tracked.series.unit) {
        return false;
    }
    let holds = |v: f64| claim.comparison.holds(v, claim.bound);
    match claim.statistic {
        Statistic::Max => claim.comparison.wants_small() && !holds(tracked.max),
        Statistic::Min => claim.comparison.wants_large() && !holds(tracked.min),
        _ => false,
    }
}

/// Would the audits of the generator withhold this number, if the run ended now?
fn spoilt_by_the_generator(record: &Record, expression: &Expression) -> bool {
    let spoils = |withheld: &Withheld| match withheld {
        Withheld::Everything | Withheld::Times => true,
        Withheld::Maximum => expression.measure == Measure::Max,
        Withheld::TimesBelow(limit) => expression.bound < *limit as f64,
        _ => false,
    };
    expression.measure.dimension() == Dimension::Time
        && [on_time::audit, floor::audit, generator::audit]
            .iter()
            .any(|audit| audit(record).withheld.iter().any(spoils))
}
