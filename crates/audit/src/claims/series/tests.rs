//! Claims on series whose truth is known.

use plimsoll_model::monitor::{Readings as Read, Series};
use plimsoll_model::{Claim, Finished, Phase, RunEvent, Schedule, Watched};

use super::super::{ClaimResult, certainly_lost};
use super::*;
use crate::testing::Synthetic;
use crate::verdict::judge;

const MIB: f64 = 1_048_576.0;

/// A clean run of a minute in which the monitor `api` read one series, second by second; `None` is a gap.
fn watched(unit: Unit, value: impl Fn(u64) -> Option<f64>) -> Record {
    let mut record = Synthetic::default().record();
    record.started.plan.monitors = vec![Watched { name: "api".to_owned(), source: "process 7".to_owned() }];
    let series = Series { monitor: 0, name: "api.x".to_owned(), unit, limit: None };
    record.apply(&RunEvent::Series(vec![series]));
    for second in 0..=60 {
        let values = value(second).map(|v| (0, v));
        let missing = values.is_none().then(|| "there is no process 7".to_owned());
        let at_ns = second * SECOND_NS;
        record.apply(&RunEvent::Readings(vec![Read {
            monitor: 0,
            at_ns,
            took_ns: 1_000,
            values: values.into_iter().collect(),
            missing,
        }]));
    }
    record
}

fn judged(record: &Record, text: &str) -> ClaimResult {
    let mut record = record.clone();
    record.started.plan.claims = vec![Claim { text: text.to_owned(), abort: false }];
    judge(&record).claims.remove(0)
}

#[test]
fn what_is_exact_is_judged_as_it_is() {
    let record = watched(Unit::Bytes, |s| Some((100 + s) as f64 * MIB));
    for (text, verdict, value) in [
        ("max(api.x) < 200MiB", Verdict::Verified, 160.0),
        ("max(api.x) < 150MiB", Verdict::Refuted, 160.0),
        ("min(api.x) >= 100MiB", Verdict::Verified, 100.0),
        ("last(api.x) <= 160MiB", Verdict::Verified, 160.0),
        ("max(api.x, phase=hold) < 160MiB", Verdict::Verified, 159.0),
    ] {
        let found = judged(&record, text);
        assert_eq!((found.verdict, found.value), (verdict, Some(value * MIB)), "{text}: {}", found.reason);
        assert_eq!(found.dimension, Dimension::Bytes);
    }
}

#[test]
fn means_and_quantiles_know_their_doubt() {
    // Half of the time 40 %, half 60 %, in turns of a second: the mean is known well.
    let turns = watched(Unit::Cores, |s| Some(if s % 2 == 0 { 0.4 } else { 0.6 }));
    assert_eq!(judged(&turns, "mean(api.x) < 60%").verdict, Verdict::Verified);
    assert_eq!(judged(&turns, "mean(api.x) < 40%").verdict, Verdict::Refuted);
    // In turns of half a minute it is not: the next minute may be all of one kind.
    let slow = watched(Unit::Cores, |s| Some(if s < 30 { 0.4 } else { 0.6 }));
    let found = judged(&slow, "mean(api.x) < 52%");
    assert_eq!(found.verdict, Verdict::Unproven, "{found:?}");
    assert!(found.low.unwrap() < 0.45 && found.high.unwrap() > 0.55, "{found:?}");
    let p50 = judged(&turns, "median(api.x) <= 60%");
    assert_eq!((p50.verdict, p50.samples), (Verdict::Verified, 61), "{p50:?}");
    // Of 61 readings nobody can say what the 99th of a hundred is.
    let p99 = judged(&turns, "p99(api.x) < 90%");
    assert_eq!(p99.verdict, Verdict::Unproven);
    assert!(p99.reason.contains("too few"), "{}", p99.reason);
}

#[test]
fn what_was_never_read_is_unproven_with_the_reason() {
    let record = watched(Unit::Bytes, |_| None);
    for text in ["max(api.x) < 1GB", "last(api.x) == 0", "no_leak(api.x)"] {
        let found = judged(&record, text);
        assert_eq!((found.verdict, found.value), (Verdict::Unproven, None), "{text}");
        assert!(found.reason.contains("there is no process 7"), "{text}: {}", found.reason);
    }
    for text in ["max(db.x) < 1GB", "no_leak(db.x)", "no_leak(memory)"] {
        let found = judged(&record, text);
        assert_eq!(found.verdict, Verdict::Unproven);
        assert!(found.reason.contains("was watched"), "{text}: {}", found.reason);
    }
}

#[test]
fn a_gap_hides_neither_a_peak_nor_an_end() {
    let gap = |s: u64| (!(20..40).contains(&s)).then_some(if s == 10 { 300.0 } else { 100.0 });
    let record = watched(Unit::Count, gap);
    let found = judged(&record, "max(api.x) < 500");
    assert_eq!((found.verdict, found.value), (Verdict::Unproven, Some(300.0)));
    assert!(found.reason.contains("40 of 60 s"), "{}", found.reason);
    // What was seen was seen.
    assert_eq!(judged(&record, "max(api.x) < 200").verdict, Verdict::Refuted);
    assert_eq!(judged(&record, "last(api.x) == 100").verdict, Verdict::Verified);
    let gone = watched(Unit::Count, |s| (s < 50).then_some(0.0));
    let found = judged(&gone, "last(api.x) == 0");
    assert_eq!(found.verdict, Verdict::Unproven);
    assert!(found.reason.contains("before the end"), "{}", found.reason);
}

#[test]
fn a_bound_of_another_kind_is_no_bound() {
    let record = watched(Unit::Cores, |_| Some(0.5));
    let found = judged(&record, "max(api.x) < 5MB");
    assert_eq!(found.verdict, Verdict::Unproven);
    assert!(found.reason.contains("shares of a core"), "{}", found.reason);
    assert_eq!(judged(&record, "max(api.x) < 2").verdict, Verdict::Verified);
}

#[test]
fn a_peak_ends_a_run_early() {
    let record = watched(Unit::Bytes, |s| Some(s as f64 * MIB));
    let claim = |text: &str| Claim { text: text.to_owned(), abort: true };
    assert!(certainly_lost(&record, &claim("max(api.x) < 50MiB"), None));
    assert!(!certainly_lost(&record, &claim("max(api.x) < 70MiB"), None));
    assert!(!certainly_lost(&record, &claim("mean(api.x) < 1MiB"), None));
}

/// A run of half an hour under constant load with a rest behind it, in which memory grows by so much a minute.
fn long(per_minute: f64, rest_s: u64) -> Record {
    let mut record = watched(Unit::Bytes, |_| None);
    record.gaps.clear();
    let (load_s, end_s) = (1_800, 1_800 + rest_s);
    if let Schedule::Open(open) = &mut record.started.plan.loads[0].schedule {
        open.stages[0].duration_ns = load_s * SECOND_NS;
        open.stages.push(plimsoll_model::Stage::hold("rest", rest_s * SECOND_NS, 0.0));
    }
    record.started.plan.phases =
        vec![Phase { name: "hold".to_owned(), start_ns: 0, end_ns: load_s * SECOND_NS }];
    record.finished = Some(Finished {
        duration_ns: end_s * SECOND_NS,
        closed_ns: end_s * SECOND_NS,
        ..record.finished.clone().unwrap_or_default()
    });
    for s in 0..=end_s {
        let grown = per_minute * s.min(load_s) as f64 / 60.0;
        let jitter = ((s * 7_919) % 13) as f64 / 13.0;
        record.series[0].points.push((s * SECOND_NS, (980.0 + grown + jitter) * MIB));
        record.series[0].count += 1;
    }
    record
}

/// What a report once called "no leak": 50 MB more every minute, against a limit of 1 GB (SYSTEMS, fault E4).
#[test]
fn a_leak_is_refuted_with_the_time_that_is_left() {
    let leak = judge_leak(&long(50.0, 300), "no_leak(api.x, limit=4GiB)");
    assert_eq!(leak.verdict, Verdict::Refuted, "{}", leak.reason);
    // 50 MiB a minute, by the second.
    let slope = leak.value.unwrap();
    assert!((slope / (50.0 * MIB / 60.0) - 1.0).abs() < 0.01, "{slope}");
    assert!(leak.low.unwrap() <= slope && slope <= leak.high.unwrap());
    assert_eq!(leak.dimension, Dimension::ByteRate);
    // 4096 MiB less the 2430 and a little of the last block, at 50 a minute.
    assert!(
        leak.reason.contains("LEAK") && leak.reason.contains("at its limit in 34 min"),
        "{}",
        leak.reason
    );
    assert!(leak.reason.contains("a second run makes it final"));
}

fn judge_leak(record: &Record, text: &str) -> ClaimResult {
    let claim = Claim { text: text.to_owned(), abort: false };
    super::super::judge_claim(record, &claim, &[])
}

#[test]
fn without_a_rest_or_enough_time_it_stays_open() {
    let quiet = judge_leak(&long(0.0, 300), "no_leak(api.x)");
    assert_eq!(quiet.verdict, Verdict::Verified, "{}", quiet.reason);
    let no_rest = judge_leak(&long(50.0, 60), "no_leak(api.x)");
    assert_eq!(no_rest.verdict, Verdict::Unproven);
    assert!(
        no_rest.reason.contains("UNDECIDED") && no_rest.reason.contains("add a stage"),
        "{}",
        no_rest.reason
    );
    let short = judge_leak(&watched(Unit::Bytes, |s| Some(s as f64 * 50.0 * MIB)), "no_leak(api.x)");
    assert_eq!(short.verdict, Verdict::Unproven);
    assert!(short.reason.contains("stood still for 60 s"), "{}", short.reason);
}
