//! What a run whose schedules were shortened cannot show.

use plimsoll_metrics::expression::{Expression, Measure, Property, Statement};
use plimsoll_model::Record;

use super::Verdict;
use super::numbers::Evidence;

/// The same evidence, unless the claim is about how long something took or how much of it there was in all, and the run was
/// shorter than it was meant to be.
pub(super) fn as_far_as_it_goes(record: &Record, statement: &Statement, evidence: Evidence) -> Evidence {
    let Some(scale) = record.started.plan.scale else { return evidence };
    let beyond = match statement {
        Statement::Property(Property::NoLeak { .. } | Property::RecoversWithin { .. }) => {
            "it is about how long something takes, and the run was shortened"
        }
        Statement::Measured(expression) if is_open(expression, &evidence) => {
            "it is about a total, and a run of full length comes to more"
        }
        _ => return evidence,
    };
    let reason = format!("scaled by {scale}: {beyond}");
    Evidence { verdict: Verdict::Unproven, reason, ..evidence }
}

/// Whether a total may still come out otherwise: it only grows. That nothing of a kind happened is said of this run, as a share
/// would be.
fn is_open(expression: &Expression, evidence: &Evidence) -> bool {
    let is_total = matches!(expression.measure, Measure::Count | Measure::Sum | Measure::Tokens);
    let comparison = expression.comparison;
    let is_settled = match evidence.verdict {
        Verdict::Verified => comparison.wants_large() || expression.bound == 0.0,
        Verdict::Refuted => {
            comparison.wants_small() || evidence.value.is_some_and(|value| value > expression.bound)
        }
        Verdict::Unproven => true,
    };
    is_total && !is_settled
}
