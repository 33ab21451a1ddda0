//! What a run at one level says of that level: did the claims hold, or was it the generator that gave out?
//!
//! Method: docs/METHOD.md, section 8; the search itself is [`crate::statistics::bracket`].

use plimsoll_metrics::Window;
use plimsoll_metrics::expression::{Dimension, Measure, Statement};
use plimsoll_model::{Claim, Nanos, Outcome, Phase, Record, SECOND_NS, Schedule};

use crate::claims::{ClaimResult, Verdict, judge_claim};
use crate::finding::{Withheld, count};
use crate::select::Selected;
use crate::statistics::bracket::Answer;
use crate::verdict::Judgement;

/// Audits of the generator: what they withhold says nothing of the target.
const OF_THE_GENERATOR: [&str; 7] =
    ["on_time", "generator", "clock", "floor", "histogram", "books", "concurrency"];

/// Audits that refuse a whole level, whatever claims say.
pub(crate) const REFUSING: [&str; 2] = ["on_time", "generator"];

/// The phase of an operation in which it waits for a connection.
const BLOCKED: usize = 0;

/// The class of what waited in vain for a connection of a pool.
const EXHAUSTED: &str = "pool exhausted";

/// Which share of the time between being due and being sent must have been waiting for a connection, so that this is what it
/// was: the rest is the generator's own lateness. The same share of failures must be for want of a connection.
const WAITING_SHARE: f64 = 0.8;

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
    /// What gave out was a limit that the plan sets, as its users or its pool.
    pub by_plan: bool,
    /// Successes per second, by when they came.
    pub throughput_per_s: f64,
    /// Operations in flight, on average.
    pub in_flight: f64,
    /// Quantiles of the response times of successes, in nanoseconds: p50, p95, p99.
    pub response_ns: [Option<Nanos>; 3],
}

/// What a record of a run at one level came to, in the phase that counts.
pub fn measured(record: &Record, judgement: &Judgement, phase: &str) -> Measured {
    let (answer, is_certain, what) = answer(record, judgement);
    let by_plan = matches!(what, What::ByPlan(_));
    let (lost, why) = match what {
        What::Nothing => (None, None),
        What::Lost(at) => (Some(at), None),
        What::ByPlan(why) | What::Unknown(why) => (None, Some(why)),
    };
    let phase = record.started.plan.phases.iter().find(|p| p.name == phase);
    let (throughput_per_s, in_flight, response_ns) =
        phase.map_or((0.0, 0.0, [None; 3]), |p| curve(record, p));
    Measured { answer, is_certain, lost, why, by_plan, throughput_per_s, in_flight, response_ns }
}

/// What there is to say beside an answer.
enum What {
    /// The limit of the plan that broke.
    ByPlan(String),
    Nothing,
    /// The claim that failed, by its place.
    Lost(usize),
    /// Why nothing is known.
    Unknown(String),
}

fn answer(record: &Record, judgement: &Judgement) -> (Answer, bool, What) {
    let said = answer_of_claims(record, judgement);
    match said.0 {
        Answer::Failed => match plans_own_limit(record) {
            Some(why) => (Answer::GeneratorLimit, said.1, What::ByPlan(why)),
            None => said,
        },
        Answer::Held => match not_delivered(record, judgement) {
            Some(what) => (Answer::GeneratorLimit, true, what),
            None => said,
        },
        Answer::GeneratorLimit => said,
    }
}

/// Claims that held at less load than was asked for did not hold at that load: either the plan has too few users for it, or
/// the generator did not send it.
fn not_delivered(record: &Record, judgement: &Judgement) -> Option<What> {
    let invalid = |f: &&crate::Finding| f.id == "load" && f.status == crate::Status::Invalid;
    let finding = judgement.findings.iter().find(invalid)?;
    let dropped = dropped(record);
    Some(if dropped > 0 {
        What::ByPlan(too_few_users(record, dropped))
    } else {
        What::Unknown(finding.sentence.clone())
    })
}

fn dropped(record: &Record) -> u64 {
    record.windows.values().flat_map(|w| &w.steps).map(|(_, counts)| counts.dropped).sum()
}

fn too_few_users(record: &Record, dropped: u64) -> String {
    format!(
        "the plan's {} broke, not the target: {} arrivals found no free user; raise max_users",
        users_of(record),
        count(dropped)
    )
}

/// The limit that the plan sets itself and that alone made claims fail: without what waited for it, or was dropped for want
/// of it, all would have held.
fn plans_own_limit(record: &Record) -> Option<String> {
    let holds = |record: &Record| {
        let claims = record.started.plan.claims.iter();
        claims.map(|claim| judge_claim(record, claim, &[])).all(|claim| {
            claim.verdict != Verdict::Refuted
                && (claim.verdict == Verdict::Verified || !looks_lost(record, &claim))
        })
    };
    let dropped = dropped(record);
    if dropped > 0 {
        let mut copy = record.clone();
        let counts = copy.windows.values_mut().flat_map(|window| &mut window.steps);
        for counts in counts.map(|(_, counts)| counts).chain(copy.counts.values_mut()) {
            counts.scheduled -= counts.dropped;
            counts.dropped = 0;
        }
        return holds(&copy).then(|| too_few_users(record, dropped));
    }
    let failures = || record.errors.iter().map(|error| error.count).sum::<u64>();
    let exhausted: u64 = record.errors.iter().filter(|e| e.class == EXHAUSTED).map(|e| e.count).sum();
    if exhausted > 0 && exhausted as f64 >= WAITING_SHARE * failures() as f64 {
        let times = count(exhausted);
        return Some(format!(
            "the plan's own pool gave out: no connection came free for {times} operations; raise `pool`, unless the target is \
             to be as slow"
        ));
    }
    let (waited, gap) = waiting(record);
    if gap <= 0.0 || waited < WAITING_SHARE * gap {
        return None;
    }
    let mut copy = record.clone();
    for cell in copy.windows.values_mut().flat_map(|window| &mut window.cells).map(|(_, _, cell)| cell) {
        cell.response = cell.service.clone();
    }
    copy.cells.values_mut().for_each(|cell| cell.response = cell.service.clone());
    holds(&copy).then(|| {
        "the plan's own connections broke, not the target: from sending on, every claim holds, and the rest of the time was \
         spent waiting for a connection; raise `pool` or `connections`"
            .to_owned()
    })
}

/// How long successes waited for a connection, and between being due and being sent, in nanoseconds.
fn waiting(record: &Record) -> (f64, f64) {
    let cells = record.cells.iter().filter(|((_, outcome), _)| *outcome == Outcome::Ok).map(|(_, cell)| cell);
    cells.fold((0.0, 0.0), |(waited, gap), cell| {
        let between = cell.response.exact().sum_ns.saturating_sub(cell.service.exact().sum_ns);
        (waited + cell.phases_ns[BLOCKED] as f64, gap + between as f64)
    })
}

/// The most users of the plan's open loads, as it writes them.
fn users_of(record: &Record) -> String {
    let most = |schedule: &Schedule| match schedule {
        Schedule::Closed(_) => None,
        Schedule::Open(open) => Some(format!("max_users {}", open.max_users)),
    };
    let mut all: Vec<_> = record.started.plan.loads.iter().filter_map(|load| most(&load.schedule)).collect();
    all.dedup();
    all.join(", ")
}

fn answer_of_claims(record: &Record, judgement: &Judgement) -> (Answer, bool, What) {
    let refused =
        judgement.findings.iter().find(|f| REFUSING.contains(&f.id) && f.status == crate::Status::Invalid);
    if let Some(finding) = refused {
        return (Answer::GeneratorLimit, true, What::Unknown(finding.sentence.clone()));
    }
    let claims = || judgement.claims.iter().enumerate().filter(|(_, claim)| !asks_for_more(record, claim));
    if let Some((lost, _)) = claims().find(|(_, claim)| claim.verdict == Verdict::Refuted) {
        return (Answer::Failed, true, What::Lost(lost));
    }
    let open: Vec<_> = claims().filter(|(_, claim)| claim.verdict == Verdict::Unproven).collect();
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

/// A claim to a throughput that nobody offered: it says nothing of this level, and counts from the one that offers it.
fn asks_for_more(record: &Record, claim: &ClaimResult) -> bool {
    let Ok(Statement::Measured(expression)) = record.started.plan.statement(&stated(&claim.text)) else {
        return false;
    };
    let selected = Selected::new(record, &expression.selector);
    let offered_per_s = selected.counts().judged() as f64 / selected.span_s().max(1e-9);
    expression.measure == Measure::Throughput
        && expression.comparison.wants_large()
        && offered_per_s < expression.bound
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
        let stated = record.started.plan.statement(&stated(&claim.text));
        let Ok(Statement::Measured(expression)) = stated else { return false };
        let selected = Selected::new(record, &expression.selector);
        claim.dimension == Dimension::Time && steps.iter().any(|step| selected.includes(*step))
    })
}

fn stated(text: &str) -> Claim {
    Claim { text: text.to_owned(), abort: false }
}

/// Whether what was found lies beyond the bound, whatever it is worth. A quantile that may not be printed, because near
/// saturation operations are worth few independent ones, still lies on one side.
fn looks_lost(record: &Record, claim: &ClaimResult) -> bool {
    let expression = match record.started.plan.statement(&stated(&claim.text)) {
        Ok(Statement::Measured(expression)) => expression,
        Ok(Statement::Series(series)) => {
            return claim.value.is_some_and(|value| !series.comparison.holds(value, series.bound));
        }
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
    let times = Selected::during(record, phase.clone()).only(Outcome::Ok).finite();
    let in_flight: f64 =
        record.windows_in(Some(phase)).map(|window| window.in_flight.integral_ns as f64 / 1e9).sum();
    let at = |q| times.quantile(q);
    (carried(record, phase), in_flight / seconds.max(1e-9), [at(0.5), at(0.95), at(0.99)])
}

/// Successes per second, by when they came: windows tell when operations were due, and what a target is late with would count
/// as carried. By how much the number in flight grows tells how much less came than was sent.
fn carried(record: &Record, phase: &Phase) -> f64 {
    let operations: Vec<_> = record.started.plan.operations().map(|(id, _)| id).collect();
    let windows: Vec<_> = record.windows_in(Some(phase)).collect();
    let sent: u64 = windows
        .iter()
        .flat_map(|window| &window.steps)
        .filter(|(step, _)| operations.contains(step))
        .map(|(_, counts)| counts.sent)
        .sum();
    let answered = |is_meant: fn(Outcome) -> bool| {
        let cells = windows.iter().flat_map(|window| &window.cells);
        let meant = cells.filter(|(step, outcome, _)| operations.contains(step) && is_meant(*outcome));
        meant.map(|(_, _, cell)| cell.response.count()).sum::<u64>() as f64
    };
    let (ok, all) =
        (answered(|outcome| outcome == Outcome::Ok), answered(|outcome| outcome != Outcome::InFlight));
    let [first, .., last] = windows.as_slice() else {
        return ok / windows.len().max(1) as f64;
    };
    let mean = |window: &Window| window.in_flight.integral_ns as f64 / SECOND_NS as f64;
    // From the middle of the first second to the middle of the last.
    let growth_per_s = (mean(last) - mean(first)) / (windows.len() - 1) as f64;
    let came_per_s = (sent as f64 / windows.len() as f64 - growth_per_s).max(0.0);
    came_per_s * ok / all.max(1.0)
}

#[cfg(test)]
mod tests {
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
        for audit in OF_THE_GENERATOR {
            assert_eq!(judged("p50 < 1ns", withheld(audit)).0, Answer::GeneratorLimit, "{audit}");
        }
        // What an audit of the target withholds is the target's.
        assert_eq!(judged("p50 < 1s", withheld("failures")), (Answer::Failed, false));
        let unsteady = |j: &mut Judgement| j.findings[0].withheld.push(Withheld::Unsteady(0));
        assert_eq!(judged("p50(phase=hold) < 100s", unsteady), (Answer::Failed, false));
        assert_eq!(judged("ok_rate >= 1%", unsteady), (Answer::Held, true));
    }

    #[test]
    fn what_held_at_less_load_than_was_asked_for_did_not_hold_at_that_load() {
        let short = |j: &mut Judgement| {
            j.findings.iter_mut().find(|f| f.id == "load").unwrap().status = crate::Status::Invalid;
        };
        assert_eq!(judged("p50 < 100s", short).0, Answer::GeneratorLimit);
        // What fails at less load fails at more.
        assert_eq!(judged("p50 < 1ns", short).0, Answer::Failed);
        let many = testing::Synthetic { dropped: 6_000, ..testing::Synthetic::default() };
        let found = measured_of(&many, "p50 < 100s", |_| {});
        assert!(found.by_plan && found.answer == Answer::GeneratorLimit, "{found:?}");
    }

    #[test]
    fn a_claim_to_more_than_was_offered_says_nothing_of_a_level() {
        assert_eq!(judged("throughput >= 1000000/s", |_| {}), (Answer::Held, true));
        let failing = testing::Synthetic { failed: 600, ..testing::Synthetic::default() };
        let offered = measured_of(&failing, "throughput >= 1/s", |_| {});
        assert_eq!(offered.answer, Answer::Held);
        let claim = format!("throughput >= {}/s", offered.throughput_per_s.ceil() + 1.0);
        assert_eq!(
            measured_of(&failing, &claim, |_| {}).answer,
            Answer::Failed,
            "it was offered, and failed"
        );
    }

    fn measured_of(synthetic: &testing::Synthetic, claim: &str, change: impl Fn(&mut Record)) -> Measured {
        let mut record = synthetic.record();
        record.started.plan.claims = vec![Claim { text: claim.to_owned(), abort: false }];
        change(&mut record);
        measured(&record, &judge(&record), "hold")
    }

    /// Mutants and controls: what is dropped for want of users is the plan's doing, what fails is the target's.
    #[test]
    fn arrivals_without_a_user_are_the_plans_own_limit() {
        let dropped = testing::Synthetic { dropped: 600, ..testing::Synthetic::default() };
        let found = measured_of(&dropped, "ok_rate >= 99%", |_| {});
        assert!(found.by_plan && found.answer == Answer::GeneratorLimit && found.lost.is_none(), "{found:?}");
        assert!(
            found.why.unwrap().starts_with("the plan's max_users 1000 broke, not the target: 600 arrivals")
        );
        // Times beyond the bound are the target's, whatever is dropped besides.
        let found = measured_of(&dropped, "p50 < 5ms", |_| {});
        assert!(!found.by_plan && found.answer == Answer::Failed, "{found:?}");
        let failed = testing::Synthetic { failed: 600, ..testing::Synthetic::default() };
        let found = measured_of(&failed, "ok_rate >= 99%", |_| {});
        assert!(!found.by_plan && found.answer == Answer::Failed, "{found:?}");
    }

    #[test]
    fn waiting_for_a_connection_is_the_plans_own_limit() {
        // Every operation took 100 ms longer than its service.
        let later = |blocked: bool| {
            move |record: &mut Record| {
                for cell in record.cells.values_mut() {
                    let n = cell.service.count();
                    let mut response = plimsoll_metrics::Histogram::new();
                    (0..n).for_each(|_| response.record(120_000_000));
                    cell.phases_ns[BLOCKED] = if blocked { n * 100_000_000 } else { 0 };
                    cell.response = response;
                }
                for (_, _, cell) in record.windows.values_mut().flat_map(|window| &mut window.cells) {
                    let mut response = plimsoll_metrics::Histogram::new();
                    (0..cell.service.count()).for_each(|_| response.record(120_000_000));
                    cell.response = plimsoll_metrics::Compact::from(&response);
                }
            }
        };
        let synthetic = testing::Synthetic::default();
        let found = measured_of(&synthetic, "p50(phase=hold) < 100ms", later(true));
        assert!(found.by_plan && found.answer == Answer::GeneratorLimit, "{found:?}");
        // Neither where the time went elsewhere, nor where the service itself is too slow.
        assert!(!measured_of(&synthetic, "p50(phase=hold) < 100ms", later(false)).by_plan);
        let found = measured_of(&synthetic, "p50(phase=hold) < 5ms", later(true));
        assert!(!found.by_plan && found.answer == Answer::Failed, "{found:?}");
    }
}
