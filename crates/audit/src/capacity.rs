//! What a run at one level says of that level: did the claims hold, or was it the generator that gave out?
//!
//! Method: docs/METHOD.md, section 8; the search itself is [`crate::statistics::bracket`].

use plimsoll_metrics::expression::{Dimension, Measure, Statement, parse_statement};
use plimsoll_model::{Nanos, Outcome, Phase, Record};

use crate::claims::{ClaimResult, Verdict};
use crate::finding::Withheld;
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
    /// The claim that failed, by its place.
    pub lost: Option<usize>,
    /// Why nothing is known of the target.
    pub why: Option<String>,
    /// Successes per second.
    pub throughput_per_s: f64,
    /// Operations in flight, on average.
    pub in_flight: f64,
    /// Quantiles of the response times of successes, in nanoseconds: p50, p95, p99.
    pub response_ns: [Option<Nanos>; 3],
}

/// What a record of a run at one level came to, in the phase that counts.
pub fn measured(record: &Record, judgement: &Judgement, phase: &str) -> Measured {
    let (answer, is_certain, what) = answer(record, judgement);
    let (lost, why) = match what {
        What::Nothing => (None, None),
        What::Lost(at) => (Some(at), None),
        What::Unknown(why) => (None, Some(why)),
    };
    let phase = record.started.plan.phases.iter().find(|p| p.name == phase);
    let (throughput_per_s, in_flight, response_ns) =
        phase.map_or((0.0, 0.0, [None; 3]), |p| curve(record, p));
    Measured { answer, is_certain, lost, why, throughput_per_s, in_flight, response_ns }
}

/// What there is to say beside an answer.
enum What {
    Nothing,
    /// The claim that failed, by its place.
    Lost(usize),
    /// Why nothing is known.
    Unknown(String),
}

fn answer(record: &Record, judgement: &Judgement) -> (Answer, bool, What) {
    let refused =
        judgement.findings.iter().find(|f| REFUSING.contains(&f.id) && f.status == crate::Status::Invalid);
    if let Some(finding) = refused {
        return (Answer::GeneratorLimit, true, What::Unknown(finding.sentence.clone()));
    }
    if let Some(lost) = judgement.claims.iter().position(|claim| claim.verdict == Verdict::Refuted) {
        return (Answer::Failed, true, What::Lost(lost));
    }
    let claims = judgement.claims.iter().enumerate();
    let open: Vec<_> = claims.filter(|(_, claim)| claim.verdict == Verdict::Unproven).collect();
    for (at, claim) in &open {
        match claim.withheld_by {
            Some(audit) if OF_THE_GENERATOR.contains(&audit) => {
                let why = format!("{}: {}", claim.text, claim.reason);
                return (Answer::GeneratorLimit, true, What::Unknown(why));
            }
            // It never settled, or so much failed that its times mean nothing: the target does not keep up.
            Some(_) => return (Answer::Failed, false, What::Lost(*at)),
            None => {}
        }
    }
    if let Some(lost) = never_settled(record, judgement) {
        return (Answer::Failed, false, What::Lost(lost));
    }
    if let Some((lost, _)) = open.iter().find(|(_, claim)| looks_lost(record, claim)) {
        return (Answer::Failed, false, What::Lost(*lost));
    }
    (Answer::Held, open.is_empty(), What::Nothing)
}

/// A claim about the times of a step that never settled: its backlog grows, and a longer look would see longer times.
fn never_settled(record: &Record, judgement: &Judgement) -> Option<usize> {
    let steps: Vec<_> = judgement
        .findings
        .iter()
        .flat_map(|finding| &finding.withheld)
        .filter_map(|withheld| if let Withheld::Unsteady(step) = withheld { Some(*step) } else { None })
        .collect();
    judgement.claims.iter().position(|claim| {
        let Ok(Statement::Measured(expression)) = parse_statement(&claim.text) else { return false };
        let selected = Selected::new(record, &expression.selector);
        claim.dimension == Dimension::Time && steps.iter().any(|step| selected.includes(*step))
    })
}

/// Whether what was found lies beyond the bound, whatever it is worth. A quantile that may not be printed, because near
/// saturation operations are worth few independent ones, still lies on one side.
fn looks_lost(record: &Record, claim: &ClaimResult) -> bool {
    let expression = match parse_statement(&claim.text) {
        Ok(Statement::Measured(expression)) => expression,
        Ok(Statement::Ratio(ratio)) => {
            return claim.value.is_some_and(|value| !ratio.comparison.holds(value, ratio.bound));
        }
        _ => return false,
    };
    if let Some(value) = claim.value {
        return !expression.comparison.holds(value, expression.bound);
    }
    let selected = Selected::new(record, &expression.selector);
    let times = selected.finite();
    if times.is_empty() && selected.infinite() > 0 {
        return true;
    }
    let Measure::Quantile(q) = expression.measure else { return false };
    let all = (times.count() + selected.infinite()) as f64;
    let within = times.count_at_or_below(expression.bound as u64) as f64;
    all > 0.0 && (within < q * all) == expression.comparison.wants_small()
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
        let (answer, is_certain, _) = answer(&record, &judgement);
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
        // What an audit of the target withholds is the target's.
        assert_eq!(judged("p50 < 1s", withheld("failures")), (Answer::Failed, false));
        let unsteady = |j: &mut Judgement| j.findings[0].withheld.push(Withheld::Unsteady(0));
        assert_eq!(judged("p50(phase=hold) < 100s", unsteady), (Answer::Failed, false));
        assert_eq!(judged("ok_rate >= 1%", unsteady), (Answer::Held, true));
    }
}
