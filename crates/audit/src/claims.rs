//! Do the claims hold? VERIFIED and REFUTED need evidence; everything else is UNPROVEN, with the reason.

mod certain;
mod numbers;
mod properties;
mod scaled;
mod series;

use plimsoll_metrics::expression::{Dimension, Expression, Measure, Property, Statement};
use plimsoll_model::{Claim, Record};

use crate::finding::{Finding, Withheld, resolution_ns};
use crate::select::Selected;
pub use certain::certainly_lost;
use numbers::Evidence;

/// The verdict on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The evidence says no.
    Refuted,
    /// The evidence does not say.
    Unproven,
    /// The evidence says yes.
    Verified,
}

impl Verdict {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuted => "REFUTED",
            Self::Unproven => "UNPROVEN",
            Self::Verified => "VERIFIED",
        }
    }
}

/// A claim with its verdict and the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimResult {
    /// The claim, as the plan states it.
    pub text: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The value, in the base unit of the measure; `None` if there is none, or it is withheld.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
    /// Operations it rests on.
    pub samples: u64,
    /// The dimension of value and bound.
    pub dimension: Dimension,
    /// Why the verdict is what it is.
    pub reason: String,
    /// The audit that withholds the number, if one does.
    pub withheld_by: Option<&'static str>,
}

/// Judges one claim, with the findings of the audits at hand.
pub fn judge_claim(record: &Record, claim: &Claim, findings: &[Finding]) -> ClaimResult {
    let expression = match record.started.plan.statement(claim) {
        Ok(Statement::Measured(expression)) => expression,
        Ok(statement) => return judge_statement(record, claim, &statement, findings),
        Err(error) => {
            return unproven(claim, Dimension::Count, format!("the claim is not understood: {error}"));
        }
    };
    let selected = Selected::new(record, &expression.selector);
    let evidence = numbers::weigh(&expression, &selected);
    let evidence = scaled::as_far_as_it_goes(record, &Statement::Measured(expression.clone()), evidence);
    if let Some(audit) = withheld_by(&expression, &evidence, &selected, findings) {
        let reason = format!("withheld: the audit `{}` came out {}", audit.id, audit.status.name());
        return ClaimResult {
            samples: evidence.samples,
            withheld_by: Some(audit.id),
            ..unproven(claim, expression.measure.dimension(), reason)
        };
    }
    let dimension = expression.measure.dimension();
    let evidence = if dimension == Dimension::Time { told_apart(evidence, findings) } else { evidence };
    let Evidence { verdict, value, low, high, samples, reason } = evidence;
    ClaimResult {
        text: claim.text.clone(),
        verdict,
        value,
        low,
        high,
        samples,
        dimension,
        reason,
        withheld_by: None,
    }
}

/// A time that is too short to be told from others is known to be no longer than what can be told; whatever else was measured of it is
/// not. The verdict stands: claims whose bound lies there are withheld.
fn told_apart(evidence: Evidence, findings: &[Finding]) -> Evidence {
    let resolution = resolution_ns(findings) as f64;
    let is_below = |value: Option<f64>| value.is_some_and(|v| v < resolution);
    if is_below(evidence.value.or(evidence.low)) {
        let high = evidence.high.or(evidence.value).map(|high| high.max(resolution));
        return Evidence { value: None, low: None, high, ..evidence };
    }
    let low = evidence.low.filter(|low| *low >= resolution);
    Evidence { low, ..evidence }
}

/// Judges a property, or one measure over another: what leans on times or rates falls with them.
fn judge_statement(
    record: &Record,
    claim: &Claim,
    statement: &Statement,
    findings: &[Finding],
) -> ClaimResult {
    let (evidence, dimension) = match statement {
        Statement::Ratio(ratio) => (properties::ratio(record, ratio), Dimension::Count),
        Statement::Property(property) => (
            properties::property(record, property),
            series::dimension(record, property).unwrap_or(properties::dimension(property)),
        ),
        Statement::Series(claim) => series::weigh(record, claim),
        Statement::Measured(_) => unreachable!("measures are judged by judge_claim"),
    };
    let evidence = scaled::as_far_as_it_goes(record, statement, evidence);
    // Accounts of writes are counts of their own, and monitors read what they read: what spoils times and rates does not touch
    // them.
    let is_count = match statement {
        Statement::Property(Property::BurnRate(burn)) => burn.within_ns.is_none(),
        Statement::Property(Property::Delivered { .. } | Property::NoLeak { .. }) | Statement::Series(_) => {
            true
        }
        _ => false,
    };
    let spoilt = |w: &Withheld| match w {
        Withheld::Everything => true,
        Withheld::Times | Withheld::Rates => !is_count,
        _ => false,
    };
    if let Some(audit) = findings.iter().find(|f| f.withheld.iter().any(spoilt)) {
        let reason = format!("withheld: the audit `{}` came out {}", audit.id, audit.status.name());
        return ClaimResult {
            samples: evidence.samples,
            withheld_by: Some(audit.id),
            ..unproven(claim, dimension, reason)
        };
    }
    let Evidence { verdict, value, low, high, samples, reason } = evidence;
    ClaimResult {
        text: claim.text.clone(),
        verdict,
        value,
        low,
        high,
        samples,
        dimension,
        reason,
        withheld_by: None,
    }
}

fn unproven(claim: &Claim, dimension: Dimension, reason: String) -> ClaimResult {
    ClaimResult {
        text: claim.text.clone(),
        verdict: Verdict::Unproven,
        value: None,
        low: None,
        high: None,
        samples: 0,
        dimension,
        reason,
        withheld_by: None,
    }
}

/// The finding that withholds the number this claim leans on, if any.
fn withheld_by<'f>(
    expression: &Expression,
    evidence: &Evidence,
    selected: &Selected<'_>,
    findings: &'f [Finding],
) -> Option<&'f Finding> {
    let is_time = expression.measure.dimension() == Dimension::Time;
    let withholds = |withheld: &Withheld| match (withheld, expression.measure) {
        (Withheld::Everything, _) | (Withheld::Maximum, Measure::Max) => true,
        // A quantile whose rank falls among the unbounded is refuted by that, not withheld, if small is wanted.
        (Withheld::QuantilesAbove(limit), Measure::Quantile(q)) => {
            q > *limit && evidence.verdict == Verdict::Verified
        }
        (Withheld::QuantilesAbove(_), Measure::Max) | (Withheld::Rates, Measure::Throughput) => {
            evidence.verdict == Verdict::Verified
        }
        (Withheld::Times, _) => is_time,
        (Withheld::Unsteady(step), _) => {
            is_time && expression.selector.phase.is_none() && selected.includes(*step)
        }
        (Withheld::TimesBelow(limit), _) => {
            is_time && evidence.value.is_some_and(|v| v < *limit as f64) && expression.bound < *limit as f64
        }
        _ => false,
    };
    findings.iter().find(|f| f.withheld.iter().any(withholds))
}

#[cfg(test)]
mod tests;
