//! Claims about arms, judged by the ratio of their runs.

use plimsoll_audit::Verdict;
use plimsoll_audit::statistics::two_samples::Interval;
use plimsoll_metrics::expression::ArmClaim;

use super::{Arm, Difference, in_turn, sides, unequal};

/// A claim about arms with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedClaim {
    /// As it was written.
    pub text: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The ratio with its interval, if there is one.
    pub ratio: Option<Interval>,
    /// Why.
    pub reason: String,
}

/// For each claim, whether runs of its arms were made in turn: asked before any of them is left out.
pub(super) fn turns(arms: &[Arm], claims: &[ArmClaim]) -> Vec<bool> {
    let turn = |claim: &ArmClaim| {
        named(arms, &claim.under).zip(named(arms, &claim.over)).is_some_and(|(a, b)| in_turn(a, b))
    };
    claims.iter().map(turn).collect()
}

fn named<'a>(arms: &'a [Arm], name: &str) -> Option<&'a Arm> {
    arms.iter().find(|arm| arm.name == name)
}

/// Judges all claims. Arms that differ in what was not declared, or that do not do the same work, are not compared.
pub(super) fn judged(
    arms: &[Arm],
    claims: &[ArmClaim],
    turns: &[bool],
    differences: &[Difference],
) -> Vec<JudgedClaim> {
    let judge = |(claim, in_turn): (&ArmClaim, &bool)| {
        let (verdict, ratio, reason) = match obstacle(arms, claim, *in_turn, differences) {
            Ok((under, over)) => {
                sides(under, over, &measure(claim), *in_turn).judge_ratio(claim.comparison, claim.bound)
            }
            Err(reason) => (Verdict::Unproven, None, reason),
        };
        JudgedClaim { text: claim.text.clone(), verdict, ratio, reason }
    };
    claims.iter().zip(turns).map(judge).collect()
}

/// The arms below and above the line, or why nothing can be said of them.
fn obstacle<'a>(
    arms: &'a [Arm],
    claim: &ArmClaim,
    in_turn: bool,
    differences: &[Difference],
) -> Result<(&'a Arm, &'a Arm), String> {
    let arm = |name: &str| named(arms, name).ok_or_else(|| format!("no arm is called `{name}`"));
    let (under, over) = (arm(&claim.under)?, arm(&claim.over)?);
    if !differences.is_empty() {
        let names: Vec<_> = differences.iter().map(|difference| difference.name).collect();
        return Err(format!("the arms differ in {} as well", names.join(", ")));
    }
    let measure = measure(claim);
    for arm in [over, under] {
        if !arm.runs.is_empty() && arm.values(&measure).is_empty() {
            let steps: Vec<_> = arm.steps().into_iter().collect();
            return Err(match &claim.step {
                Some(step) if !steps.contains(&step.as_str()) => {
                    format!("{} has no step `{step}`; its steps are {}", arm.name, steps.join(", "))
                }
                _ => format!("{measure} is withheld in, or missing from, all runs of {}", arm.name),
            });
        }
    }
    match unequal(under, over, in_turn).as_slice() {
        [] => Ok((under, over)),
        shares => Err(format!("they do not do the same work: {} differs", shares.join(", "))),
    }
}

fn measure(claim: &ArmClaim) -> String {
    match &claim.step {
        Some(step) => format!("{}({step})", claim.measure),
        None => claim.measure.to_string(),
    }
}
