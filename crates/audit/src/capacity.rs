//! What a run at one level says of that level: did the claims hold, or was it the generator that gave out?
//!
//! Method: docs/METHOD.md, section 8; the search itself is [`crate::statistics::bracket`].

use plimsoll_metrics::expression::{Statement, parse_statement};
use plimsoll_model::{Nanos, Outcome, Phase, Record};

use crate::claims::{ClaimResult, Verdict};
use crate::select::Selected;
use crate::statistics::bracket::Answer;
use crate::verdict::Judgement;

/// Audits of the generator: what they withhold says nothing of the target.
const OF_THE_GENERATOR: [&str; 6] = ["on_time", "generator", "clock", "floor", "histogram", "books"];

/// Audits that refuse a whole level, whatever claims say.
const REFUSING: [&str; 2] = ["on_time", "generator"];

/// A level that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What it says of the level.
    pub answer: Answer,
    /// The evidence says so; otherwise it only looks like it, and more samples could change it.
    pub is_certain: bool,
    /// The claim that failed, or why nothing is known of the target.
    pub why: Option<String>,
    /// Claims in the plan's order.
    pub claims: Vec<ClaimResult>,
    /// Successes per second.
    pub throughput_per_s: f64,
    /// Operations in flight, on average.
    pub in_flight: f64,
    /// Quantiles of the response times of successes, in nanoseconds: p50, p95, p99.
    pub response_ns: [Option<Nanos>; 3],
}

/// What a record of a run at one level came to, in the phase that counts.
pub fn measured(record: &Record, judgement: &Judgement, phase: &str) -> Measured {
    let claims = judgement.claims.clone();
    let (answer, is_certain, why) = answer(judgement);
    let phase = record.started.plan.phases.iter().find(|p| p.name == phase);
    let (throughput_per_s, in_flight, response_ns) =
        phase.map_or((0.0, 0.0, [None; 3]), |p| curve(record, p));
    Measured { answer, is_certain, why, claims, throughput_per_s, in_flight, response_ns }
}

fn answer(judgement: &Judgement) -> (Answer, bool, Option<String>) {
    let refused =
        judgement.findings.iter().find(|f| REFUSING.contains(&f.id) && f.status == crate::Status::Invalid);
    if let Some(finding) = refused {
        return (Answer::GeneratorLimit, true, Some(finding.sentence.clone()));
    }
    if let Some(lost) = judgement.claims.iter().find(|claim| claim.verdict == Verdict::Refuted) {
        return (Answer::Failed, true, Some(lost.text.clone()));
    }
    let open: Vec<_> = judgement.claims.iter().filter(|claim| claim.verdict == Verdict::Unproven).collect();
    for claim in &open {
        match claim.withheld_by {
            Some(audit) if OF_THE_GENERATOR.contains(&audit) => {
                return (Answer::GeneratorLimit, true, Some(format!("{}: {}", claim.text, claim.reason)));
            }
            // It never settled, or so much failed that its times mean nothing: the target does not keep up.
            Some(_) => return (Answer::Failed, false, Some(claim.text.clone())),
            None => {}
        }
    }
    if let Some(lost) = open.iter().find(|claim| looks_lost(claim)) {
        return (Answer::Failed, false, Some(lost.text.clone()));
    }
    (Answer::Held, open.is_empty(), None)
}

/// Whether the value that was found is beyond the bound, as far as there is one.
fn looks_lost(claim: &ClaimResult) -> bool {
    let Ok(Statement::Measured(expression)) = parse_statement(&claim.text) else { return false };
    claim.value.is_some_and(|value| !expression.comparison.holds(value, expression.bound))
}

fn curve(record: &Record, phase: &Phase) -> (f64, f64, [Option<Nanos>; 3]) {
    let seconds = (phase.end_ns - phase.start_ns) as f64 / 1e9;
    let all = Selected::during(record, phase.clone());
    let times = all.only(Outcome::Ok).finite();
    let in_flight: f64 =
        record.windows_in(Some(phase)).map(|window| window.in_flight.integral_ns as f64 / 1e9).sum();
    let at = |q| times.quantile(q);
    (times.count() as f64 / seconds.max(1e-9), in_flight / seconds.max(1e-9), [at(0.5), at(0.95), at(0.99)])
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Claim;

    use super::*;
    use crate::judge;
    use crate::testing;

    /// A healthy run with one claim, after `change`.
    fn judged(claim: &str, change: impl Fn(&mut Judgement)) -> (Answer, bool) {
        let mut record = testing::Synthetic::default().record();
        record.started.plan.claims = vec![Claim { text: claim.to_owned(), abort: false }];
        let mut judgement = judge(&record);
        change(&mut judgement);
        let (answer, is_certain, _) = answer(&judgement);
        (answer, is_certain)
    }

    #[test]
    fn claims_decide_as_long_as_the_generator_is_well() {
        assert_eq!(judged("p50 < 100s", |_| {}), (Answer::Held, true));
        assert_eq!(judged("p50 < 1ns", |_| {}), (Answer::Failed, true));
        let unproven = |value: f64| {
            move |j: &mut Judgement| {
                (j.claims[0].verdict, j.claims[0].value) = (Verdict::Unproven, Some(value));
            }
        };
        assert_eq!(judged("p50 < 100ms", unproven(90e6)), (Answer::Held, false));
        assert_eq!(judged("p50 < 100ms", unproven(110e6)), (Answer::Failed, false));
    }

    #[test]
    fn what_the_generator_spoils_says_nothing_of_the_target() {
        let late = |j: &mut Judgement| {
            let finding = j.findings.iter_mut().find(|f| f.id == "on_time").unwrap();
            finding.status = crate::Status::Invalid;
        };
        assert_eq!(judged("p50 < 1ns", late).0, Answer::GeneratorLimit);
        let withheld = |audit: &'static str| {
            move |j: &mut Judgement| {
                let claim = &mut j.claims[0];
                (claim.verdict, claim.value, claim.withheld_by) = (Verdict::Unproven, None, Some(audit));
            }
        };
        assert_eq!(judged("p50 < 1ns", withheld("floor")).0, Answer::GeneratorLimit);
        assert_eq!(judged("p50 < 1s", withheld("steady")), (Answer::Failed, false));
    }
}
