//! A and B: was anything measured, and do the figures agree with each other?

use plimsoll_audit::audits::comparison::{Sides, audit as compared};
use plimsoll_audit::foreign::{Foreign, Row, judge};
use plimsoll_audit::testing::Synthetic;
use plimsoll_audit::{RunVerdict, Status, Verdict};
use plimsoll_metrics::Histogram;
use plimsoll_metrics::expression::parse_statement;
use plimsoll_model::Record;

use crate::{claim, clean, of, published, status, verdict};

#[test]
fn a1_everything_failed_and_was_validated() {
    let nothing = || Synthetic { ok: 0, failed: 810, failure_ns: 10_900, ..Synthetic::default() }.record();
    assert_eq!(status(&nothing(), "failures"), Status::Invalid);
    assert_eq!(verdict(nothing(), "p50 < 1ms"), Verdict::Unproven);
}

#[test]
fn a2_times_of_exceptions() {
    let fast = Synthetic { failed: 300, failure_ns: 10_900, ..Synthetic::default() }.record();
    assert_eq!(status(&fast, "failures"), Status::Limited);
    assert_eq!(published(Row { quantiles: vec![(0.5, 0.0009)], ..Row::default() }, "floor"), Status::Invalid);
}

#[test]
fn a3_a_report_without_a_run() {
    let paper = Foreign {
        rows: vec![Row { requests: Some(1e6), failed: Some(0.0), mean_ms: Some(45.0), ..Row::default() }],
        ..Foreign::default()
    };
    assert_eq!(of(&paper, "disclosure"), Status::Limited);
    assert_ne!(judge(&paper).verdict, RunVerdict::Valid);
}

#[test]
fn a4_nothing_recorded() {
    assert_eq!(status(&Record::default(), "failures"), Status::Invalid);
}

#[test]
fn a5_a_threshold_without_samples() {
    assert_eq!(verdict(clean(), "p95(outcome=rejected) < 200ms"), Verdict::Unproven);
    assert!(parse_statement("rate<0.1%").is_err() && parse_statement("p95 < 200").is_err());
}

#[test]
fn a6_nothing_selected_for_comparison() {
    assert_eq!(compared(Some(&Sides::default())).status, Status::Limited);
}

#[test]
fn a7_and_b9_and_e8_sums_that_are_not_the_rows() {
    let row = |n| Row { requests: Some(n), ..Row::default() };
    let sums = Foreign { rows: vec![row(24.0), row(15.0)], total: Some(row(60.0)), ..Foreign::default() };
    assert_eq!(of(&sums, "books"), Status::Invalid);
}

#[test]
fn b1_quantiles_out_of_order() {
    assert_eq!(
        published(Row { quantiles: vec![(0.5, 1.48), (0.95, 1.47)], ..Row::default() }, "histogram"),
        Status::Invalid
    );
}

#[test]
fn b2_counts_that_are_not_rate_times_time() {
    let row =
        Row { requests: Some(26_513.0), rate_per_s: Some(150.0), duration_s: Some(600.0), ..Row::default() };
    assert_eq!(published(row, "books"), Status::Invalid);
}

#[test]
fn b3_and_e3_words_are_no_claims() {
    for words in ["sub-millisecond p95", "A+", "3x faster", "linear"] {
        assert!(parse_statement(words).is_err(), "{words}");
    }
}

#[test]
fn b4_totals_of_other_runs() {
    let row = |rate: f64, s: f64| Row {
        rate_per_s: Some(rate),
        duration_s: Some(s),
        requests: Some(rate * s),
        ..Row::default()
    };
    let total = Row { requests: Some(10.5e6), ..Row::default() };
    let foreign = Foreign {
        rows: vec![row(1.05e6, 600.0), row(509e3, 900.0)],
        total: Some(total),
        ..Foreign::default()
    };
    assert_eq!(of(&foreign, "books"), Status::Invalid);
}

#[test]
fn b5_more_than_users_can_send() {
    let row = Row {
        users: Some(1_000.0),
        rate_per_s: Some(1.05e6),
        per_request: Some(5.24),
        mean_ms: Some(45.0),
        ..Row::default()
    };
    assert_eq!(published(row, "little"), Status::Invalid);
}

#[test]
fn b6_more_than_the_network_carries() {
    let row = Row {
        rate_per_s: Some(1.05e6),
        bytes_each: Some(4_200.0),
        bytes_per_s: Some(0.85e9 / 8.0),
        ..Row::default()
    };
    assert_eq!(published(row, "fake"), Status::Invalid);
}

#[test]
fn b7_percentiles_that_are_always_the_first_sample() {
    // The oracle: an exact sort, in an order that would betray it.
    let times: Vec<u64> = (0..1_000u64).map(|n| (n * 7_919 % 1_000 + 1) * 1_000_000).collect();
    let mut histogram = Histogram::new();
    times.iter().for_each(|t| histogram.record(*t));
    let mut sorted = times;
    sorted.sort_unstable();
    for (q, rank) in [(0.5, 500), (0.95, 950), (0.99, 990)] {
        let (found, exact) = (histogram.quantile(q).unwrap() as f64, sorted[rank - 1] as f64);
        assert!((found / exact - 1.0).abs() < 1e-3, "{q}: {found} is not {exact}");
    }
}

#[test]
fn b8_outcomes_that_do_not_add_up() {
    let mut record = clean();
    record.counts.values_mut().for_each(|c| c.sent += 5);
    assert_eq!(status(&record, "books"), Status::Invalid);
    assert_eq!(verdict(record, "ok_rate >= 99%"), Verdict::Unproven);
}

#[test]
fn b10_quantiles_of_a_handful() {
    let few = || Synthetic { ok: 100, ..Synthetic::default() }.record();
    assert_eq!(status(&few(), "samples"), Status::Limited);
    assert_eq!(verdict(few(), "p99 < 10s"), Verdict::Unproven);
    // No failure among 100 leaves room for 3.6 %.
    let none = claim(few(), "fail_rate < 0.1%");
    assert_eq!(none.verdict, Verdict::Unproven, "{none:?}");
}
