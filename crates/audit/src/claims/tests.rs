//! Claims on runs whose truth is known.

use plimsoll_metrics::{Cell, Compact, Histogram, Window};
use plimsoll_model::{Outcome, Part, PartUnit, RunEvent, StepKind};

use super::*;
use crate::testing::Synthetic;
use crate::verdict::judge;

/// The judgement of one claim.
fn judge_text(record: &Record, text: &str) -> ClaimResult {
    let mut record = record.clone();
    record.started.plan.claims = vec![Claim { text: text.to_owned(), abort: false }];
    judge(&record).claims.remove(0)
}

fn verdicts(synthetic: &Synthetic, claims: &[&str]) -> Vec<(String, Verdict, String)> {
    let mut record = synthetic.record();
    record.started.plan.claims =
        claims.iter().map(|text| Claim { text: (*text).to_owned(), abort: false }).collect();
    judge(&record).claims.into_iter().map(|c| (c.text, c.verdict, c.reason)).collect()
}

fn assert_verdicts(synthetic: &Synthetic, table: &[(&str, Verdict)]) {
    let claims: Vec<_> = table.iter().map(|(text, _)| *text).collect();
    for ((text, found, reason), (_, expected)) in verdicts(synthetic, &claims).into_iter().zip(table) {
        assert_eq!(found, *expected, "{text}: {reason}");
    }
}

#[test]
fn a_clean_run() {
    // 12,000 successes between 10 and 70 ms, of which some 0.5 % take longer than 30 ms.
    let table = [
        ("p50 < 25ms", Verdict::Verified),
        ("p99(call) < 60ms", Verdict::Verified),
        ("p99(call) < 15ms", Verdict::Refuted),
        ("p50 > 5ms", Verdict::Verified),
        ("p99.99 < 1s", Verdict::Unproven),
        ("max < 1s", Verdict::Verified),
        ("max < 20ms", Verdict::Refuted),
        ("mean < 25ms", Verdict::Verified),
        ("mean > 25ms", Verdict::Refuted),
        ("ok_rate >= 99.9%", Verdict::Verified),
        ("ok_rate >= 99.99%", Verdict::Unproven),
        ("ok_rate >= 100%", Verdict::Verified),
        ("count(call) >= 12000", Verdict::Verified),
        ("throughput >= 199/s", Verdict::Verified),
        ("throughput >= 500/s", Verdict::Unproven),
        ("count(outcome=app_error) == 0", Verdict::Verified),
        ("p99(phase=hold, tag.kind=read, service) < 60ms", Verdict::Verified),
    ];
    assert_verdicts(&Synthetic::default(), &table);
}

#[test]
fn failures_are_infinitely_slow() {
    let failing = Synthetic { ok: 11_700, failed: 300, failure_ns: 50_000_000, ..Synthetic::default() };
    let table = [
        ("p99 < 1s", Verdict::Refuted),
        ("p90 < 1s", Verdict::Verified),
        ("p99(outcome=ok) < 1s", Verdict::Verified),
        ("max < 10s", Verdict::Refuted),
        ("ok_rate >= 99%", Verdict::Refuted),
        ("fail_rate <= 5%", Verdict::Verified),
    ];
    assert_verdicts(&failing, &table);
}

#[test]
fn nothing_is_verified_about_a_target_that_is_not_there() {
    let nothing = Synthetic { ok: 0, failed: 810, failure_ns: 10_900, ..Synthetic::default() };
    let table = [
        ("p99 < 1ms", Verdict::Unproven),
        ("mean < 1ms", Verdict::Unproven),
        ("max < 1s", Verdict::Unproven),
        ("ok_rate >= 99%", Verdict::Refuted),
        ("throughput >= 1/s", Verdict::Refuted),
        ("count >= 1", Verdict::Refuted),
    ];
    assert_verdicts(&nothing, &table);
}

#[test]
fn what_an_audit_withholds_is_unproven() {
    let late = Synthetic { wake_ns: 30_000_000, ..Synthetic::default() };
    assert_verdicts(&late, &[("p99 < 1s", Verdict::Unproven), ("ok_rate >= 99%", Verdict::Verified)]);
    let undelivered = Synthetic { ok: 10_000, dropped: 2_000, ..Synthetic::default() };
    assert_verdicts(&undelivered, &[("throughput >= 100/s", Verdict::Unproven)]);
}

#[test]
fn a_claim_is_certainly_lost_only_when_nothing_can_save_it() {
    let claim = |text: &str| Claim { text: text.to_owned(), abort: true };
    let record = Synthetic { ok: 1_000, failed: 20, failure_ns: 1, ..Synthetic::default() }.record();
    assert!(certainly_lost(&record, &claim("ok_rate >= 99%"), Some(1_020)));
    assert!(!certainly_lost(&record, &claim("ok_rate >= 99%"), Some(10_000)));
    assert!(!certainly_lost(&record, &claim("ok_rate >= 99%"), None));
    assert!(certainly_lost(&record, &claim("max < 20ms"), None));
    assert!(certainly_lost(&record, &claim("p99 < 20ms"), Some(1_020)));
    assert!(!certainly_lost(&record, &claim("p99(phase=hold) < 20ms"), Some(1_020)));
    let late = Synthetic { wake_ns: 30_000_000, ok: 1_000, failed: 20, ..Synthetic::default() }.record();
    assert!(!certainly_lost(&late, &claim("max < 20ms"), None), "what the generator spoilt is no evidence");
    assert!(certainly_lost(&late, &claim("ok_rate >= 99%"), Some(1_020)));
}

/// A run of 6 000 operations, of which every third was a hit, and each counted 5 tokens out and 2 in.
fn counting() -> Record {
    let mut events = Synthetic::default().events();
    let part = |name: &str, unit| plimsoll_model::Step {
        name: format!("call.{name}"),
        scenario: 0,
        kind: StepKind::Part(Part { of: 0, unit }),
        tags: std::collections::BTreeMap::new(),
    };
    for event in &mut events {
        match event {
            RunEvent::Started(started) => started.plan.steps.extend([
                part("hit", PartUnit::Event),
                part("tokens_out", PartUnit::Number),
                part("tokens_in", PartUnit::Number),
            ]),
            RunEvent::Windows(windows) => windows.iter_mut().for_each(count_parts),
            _ => {}
        }
    }
    Record::from_events(&events)
}

fn count_parts(window: &mut Window) {
    let ok = window.count(Outcome::Ok);
    for (step, times, number) in [(1, ok / 3, 1), (2, ok, 5), (3, ok, 2)] {
        let mut numbers = Histogram::new();
        (0..times).for_each(|_| numbers.record(number));
        let cell = Cell { response: Compact::from(&numbers), ..Cell::default() };
        window.cells.push((step, Outcome::Ok, cell));
    }
}

#[test]
fn what_operations_counted_can_be_claimed() {
    let record = counting();
    let ok = record.count(0, Outcome::Ok);
    let hits = record.count(1, Outcome::Ok);
    let judged = |text: &str| judge_text(&record, text);
    let tokens = judged("tokens(call) < 10M");
    assert_eq!((tokens.verdict, tokens.value), (Verdict::Verified, Some((ok * 7) as f64)));
    assert_eq!(judged("sum(call.tokens_out) == 0").value, Some((ok * 5) as f64));
    assert_eq!(judged("tokens(call) < 1k").verdict, Verdict::Refuted);
    let share = judged("share(call.hit) >= 20%");
    assert_eq!((share.verdict, share.value), (Verdict::Verified, Some(hits as f64 / ok as f64)));
    assert_eq!(judged("share(call.hit) >= 50%").verdict, Verdict::Refuted);
    // A part that was never read proves nothing.
    assert_eq!(judge_text(&Synthetic::default().record(), "tokens(call) < 1M").verdict, Verdict::Unproven);
}
