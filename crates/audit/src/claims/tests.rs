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
fn a_run_that_was_shortened_shows_nothing_of_durations_and_totals() {
    let mut record = Synthetic::default().record();
    record.started.plan.scale = Some(0.05);
    let table = [
        ("p99(call) < 60ms", Verdict::Verified),
        ("p99(call) < 15ms", Verdict::Refuted),
        ("throughput >= 199/s", Verdict::Verified),
        ("count(call) >= 12000", Verdict::Verified),
        ("count(call) >= 12001", Verdict::Unproven),
        ("count(call) <= 12000", Verdict::Unproven),
        ("count(call) <= 11999", Verdict::Refuted),
        ("count(call) == 12000", Verdict::Unproven),
        ("count(call) == 11999", Verdict::Refuted),
        ("count(outcome=app_error) == 0", Verdict::Verified),
        ("recovers_within(30s, after=hold)", Verdict::Unproven),
        ("no_leak(memory)", Verdict::Unproven),
    ];
    for (text, expected) in table {
        let found = judge_text(&record, text);
        assert_eq!(found.verdict, expected, "{text}: {}", found.reason);
        let is_told = found.reason.starts_with("scaled by 0.05: ");
        assert_eq!(is_told, expected == Verdict::Unproven, "{text}: {}", found.reason);
    }
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

/// The verdict stands on what is known: that it is no longer than what can be told.
#[test]
fn a_time_too_short_to_be_told_is_not_told() {
    let control = judge_text(&Synthetic::default().record(), "p50 < 1s");
    assert!(control.value.is_some() && control.low.is_some());
    let late = Synthetic { wake_ns: 2_400_000, ..Synthetic::default() };
    let claim = judge_text(&late.record(), "p50 < 1s");
    assert_eq!((claim.verdict, claim.value, claim.low), (Verdict::Verified, None, None), "{}", claim.reason);
    assert!(claim.high.is_some_and(|high| (2e7..1e9).contains(&high)), "{:?}", claim.high);
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

/// docs/METHOD.md, section 11: 1.44 % bad of an objective of 99.9 % burn the budget 14.4 times too fast: it lasts 50 hours.
#[test]
fn a_budget_is_burnt_as_fast_as_operations_fail() {
    let burning = Synthetic { ok: 9_856, failed: 144, failure_ns: 20_000_000, ..Synthetic::default() };
    assert_verdicts(
        &burning,
        &[
            ("burn_rate(99.9%) < 50", Verdict::Verified),
            ("burn_rate(99.9%) < 5", Verdict::Refuted),
            // The interval holds the bound.
            ("burn_rate(99.9%) < 14.5", Verdict::Unproven),
            ("burn_rate(98%, call) < 1", Verdict::Verified),
        ],
    );
    let found = judge_text(&burning.record(), "burn_rate(99.9%) < 5");
    assert!((found.value.unwrap() - 14.4).abs() < 1e-6 && found.samples == 10_000, "{found:?}");
    assert!(found.reason.contains("a budget of 30 days lasts 50 h"), "{}", found.reason);
    assert!(found.reason.contains("in the last 5 s"), "{}", found.reason);
    // What takes too long is bad, too: here everything does.
    let slow = judge_text(&Synthetic::default().record(), "burn_rate(90%, within=5ms) < 1");
    assert_eq!((slow.verdict, slow.value.map(f64::round)), (Verdict::Refuted, Some(10.0)), "{slow:?}");
    // Without a failure there is still an upper end.
    let clean = judge_text(&Synthetic::default().record(), "burn_rate(99.999%) < 1");
    assert_eq!((clean.verdict, clean.value), (Verdict::Unproven, Some(0.0)), "{clean:?}");
}

#[test]
fn a_minute_cannot_prove_three_nines_of_uptime() {
    assert_verdicts(
        &Synthetic::default(),
        &[
            ("uptime >= 90%", Verdict::Verified),
            ("uptime >= 99.9%", Verdict::Unproven),
            ("uptime(call, phase=hold) == 100%", Verdict::Verified),
        ],
    );
    let found = judge_text(&Synthetic::default().record(), "uptime >= 99.9%");
    assert!(
        found.reason.contains("60 of 60 s") && found.reason.contains("43 min of downtime"),
        "{}",
        found.reason
    );
    // A quarter of a minute in which everything fails is down.
    let mut record = Synthetic::default().record();
    for window in record.windows.values_mut().filter(|w| w.second < 15) {
        window.cells.iter_mut().for_each(|(_, outcome, _)| *outcome = Outcome::AppError);
    }
    let down = judge_text(&record, "uptime >= 90%");
    // One outage is one event, however many seconds it lasts: the interval is wide.
    assert_eq!((down.verdict, down.value), (Verdict::Unproven, Some(0.75)), "{down:?}");
    assert_eq!(judge_text(&record, "uptime >= 99%").verdict, Verdict::Refuted);
}
