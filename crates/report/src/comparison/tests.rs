//! Arms put together by hand: what is compared, what is not, and why.

use plimsoll_audit::Verdict;
use plimsoll_metrics::expression::parse_arm_claim;

use super::*;

/// Noise that no order shows.
const NOISE: [f64; 8] = [0.99, 1.01, 1.0, 0.995, 1.005, 1.0, 0.992, 1.008];

/// Run number `at` of an arm that began `place` within its round of ten seconds.
fn run(at: usize, place: usize, steps: &[(&str, f64, f64)]) -> RunSummary {
    let mut measures = BTreeMap::new();
    for (step, p99, ok_rate) in steps {
        measures.insert(format!("p99({step})"), (Worse::Higher, p99 * NOISE[at]));
        measures.insert(format!("throughput({step})"), (Worse::Lower, 1e9 / p99 * NOISE[at]));
        measures.insert(format!("ok_rate({step})"), (Worse::Lower, *ok_rate));
    }
    RunSummary {
        path: PathBuf::from(format!("{place}/{at}")),
        verdict: "VALID".to_owned(),
        ended: "completed".to_owned(),
        started_at: format!("2026-01-01T00:{at:02}:{:02}.5Z", 10 * place),
        circumstances: circumstances().into_iter().map(|name| (name, "same".to_owned())).collect(),
        measures,
    }
}

/// An arm of eight runs, in the same place of every round.
fn arm(name: &str, place: usize, steps: &[(&str, f64, f64)]) -> Arm {
    Arm::new(name, (0..8).map(|at| run(at, place, steps)).collect())
}

fn three() -> Vec<Arm> {
    vec![
        arm("http", 0, &[("call", 10e6, 1.0)]),
        arm("nats", 1, &[("call", 4e6, 1.0)]),
        arm("grpc", 2, &[("call", 10e6, 1.0), ("stream", 5e6, 1.0)]),
    ]
}

fn words(pair: &Pair) -> BTreeMap<&str, &str> {
    pair.measures.iter().map(|m| (m.measure.as_str(), m.change.name())).collect()
}

fn claim(text: &str) -> ArmClaim {
    parse_arm_claim(text).unwrap()
}

#[test]
fn every_arm_is_held_against_the_first() {
    let found = compared(three(), &Rules::default());
    let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.base, pair.other, pair.in_turn)).collect();
    assert_eq!(pairs, [(0, 1, true), (0, 2, true)]);
    let nats = words(&found.pairs[0]);
    assert_eq!((nats["p99(call)"], nats["throughput(call)"]), ("IMPROVEMENT", "IMPROVEMENT"));
    let grpc = words(&found.pairs[1]);
    assert_eq!((grpc["p99(call)"], grpc["ok_rate(call)"]), ("EQUIVALENT", "EQUIVALENT"));
    // A step that only one has is listed, and is no measure of the pair.
    assert_eq!(found.only, [("stream".to_owned(), vec!["grpc".to_owned()])]);
    assert!(found.pairs[1].missing.is_empty() && !grpc.contains_key("p99(stream)"));
    assert!(found.is_partial());
    let plans = compared(three(), &Rules { factors: &["plan".to_owned()], ..Rules::default() });
    assert!(!plans.is_partial(), "plans that are meant to differ may have steps of their own");
}

#[test]
fn any_two_on_request() {
    let against = ["nats".to_owned(), "http".to_owned()];
    let found = compared(three(), &Rules { against: &against, ..Rules::default() });
    let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.base, pair.other)).collect();
    assert_eq!(pairs, [(1, 0), (1, 2), (0, 2)], "each two once");
}

#[test]
fn arms_that_do_not_do_the_same_work_are_not_compared_in_speed() {
    let failing = arm("fast", 1, &[("call", 1e6, 0.97)]);
    let claims = [claim("ratio(throughput, fast, http) >= 2")];
    let found = compared(vec![three().remove(0), failing], &Rules { claims: &claims, ..Rules::default() });
    let pair = &found.pairs[0];
    assert_eq!(pair.unequal, ["ok_rate(call)"]);
    assert_eq!(words(pair), BTreeMap::from([("ok_rate(call)", "REGRESSION")]));
    assert!(found.is_partial());
    assert_eq!(found.claims[0].verdict, Verdict::Unproven);
    assert!(found.claims[0].reason.contains("ok_rate(call) differs"), "{:?}", found.claims[0]);
}

#[test]
fn claims_are_judged_by_the_ratio_of_two_arms() {
    let texts = [
        "ratio(throughput, nats, http) >= 2",
        "ratio(p99(call), nats, http) <= 0.3",
        "ratio(p99, grpc, http) <= 1",
        "ratio(p99(pay), nats, http) <= 1",
        "ratio(p95(call), nats, http) <= 1",
    ];
    let claims = texts.map(claim);
    let found = compared(three(), &Rules { claims: &claims, ..Rules::default() });
    let verdicts: Vec<_> = found.claims.iter().map(|claim| claim.verdict).collect();
    let (verified, refuted, unproven) = (Verdict::Verified, Verdict::Refuted, Verdict::Unproven);
    assert_eq!(verdicts, [verified, refuted, unproven, unproven, unproven]);
    assert!(found.claims[0].reason.contains("8 pairs"), "{:?}", found.claims[0]);
    // p99 over all steps is not known of grpc, which has two; of the others it would be that of their only step.
    assert!(found.claims[2].reason.contains("grpc"), "{:?}", found.claims[2]);
    assert!(found.claims[3].reason.contains("no step `pay`; its steps are call"), "{:?}", found.claims[3]);
    assert!(found.claims[4].reason.contains("withheld"), "{:?}", found.claims[4]);
}

#[test]
fn runs_that_were_invalid_or_interrupted_are_left_out_or_marked() {
    let spoiled = || {
        let mut arms = three();
        arms[1].runs[2].verdict = "INVALID".to_owned();
        arms[1].runs[7].ended = "interrupted".to_owned();
        arms.truncate(2);
        arms
    };
    let found = compared(spoiled(), &Rules::default());
    let why: Vec<_> = found.left_out.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!((why, found.arms[1].runs.len()), (vec!["INVALID", "interrupted"], 6));
    // The six that are left stay with those of their rounds.
    assert!(found.pairs[0].in_turn && words(&found.pairs[0])["p99(call)"] == "IMPROVEMENT");
    let ratio = found.pairs[0].measures.iter().find(|m| m.measure == "p99(call)").unwrap().ratio.unwrap();
    assert!((ratio.estimate - 0.4).abs() < 1e-9 && ratio.high - ratio.low < 1e-9, "{ratio:?}");
    let marked = compared(spoiled(), &Rules { with_invalid: true, ..Rules::default() });
    assert_eq!((marked.marked.len(), marked.left_out.len(), marked.arms[1].runs.len()), (2, 0, 8));
}

#[test]
fn runs_one_arm_after_the_other_are_no_pairs() {
    let mut arms = three();
    arms.truncate(2);
    for (at, run) in arms[1].runs.iter_mut().enumerate() {
        run.started_at = format!("2026-01-01T01:{at:02}:00Z");
    }
    assert!(!compared(arms, &Rules::default()).pairs[0].in_turn);
    // Digits behind the point are told from the letter that ends a moment without them.
    let mut close = three();
    close.truncate(2);
    for at in 0..8 {
        close[0].runs[at].started_at = format!("2026-01-01T00:00:{at:02}Z");
        close[1].runs[at].started_at = format!("2026-01-01T00:00:{at:02}.25Z");
    }
    assert!(compared(close, &Rules::default()).pairs[0].in_turn);
}

#[test]
fn variables_that_differ_are_a_circumstance_of_their_own() {
    let told = |value: &str| {
        let mut arms = three();
        arms.truncate(2);
        arms[1].runs.iter_mut().for_each(|run| *run.circumstances.get_mut("env").unwrap() = value.to_owned());
        arms
    };
    let found = compared(told("BASE 1234"), &Rules::default());
    assert_eq!(found.differences.iter().map(|d| d.name).collect::<Vec<_>>(), ["env"]);
    assert!(
        compared(told("BASE 1234"), &Rules { factors: &["env".to_owned()], ..Rules::default() })
            .differences
            .is_empty()
    );
    // Runs of before it was recorded differ from those of after; among themselves nobody knows, which is said.
    assert!(!compared(told(NOT_RECORDED), &Rules::default()).differences.is_empty());
    let mut old = told(NOT_RECORDED);
    old[0]
        .runs
        .iter_mut()
        .for_each(|run| *run.circumstances.get_mut("env").unwrap() = NOT_RECORDED.to_owned());
    let old = compared(old, &Rules::default());
    assert!(old.differences.is_empty() && old.is_env_unknown && !found.is_env_unknown);
}
