//! E: resources, reports, words.

use plimsoll_audit::foreign::Row;
use plimsoll_audit::testing::Synthetic;
use plimsoll_audit::{RunVerdict, Status, Verdict, judge};
use plimsoll_metrics::{Cell, Histogram};
use plimsoll_model::{Outcome, Record};

use crate::{clean, published, status, verdict};

#[test]
fn e2_thresholds_instead_of_results() {
    assert_eq!(
        published(Row { not_numbers: vec!["p99 <150ms".to_owned()], ..Row::default() }, "disclosure"),
        Status::Invalid
    );
}

#[test]
fn e4_no_leak_without_a_sample() {
    assert_eq!(verdict(clean(), "no_leak(memory)"), Verdict::Unproven);
}

#[test]
fn e5_a_slow_step_behind_a_fast_headline() {
    let mut record = clean();
    let plan = &mut record.started.plan;
    plan.steps.push(plimsoll_model::Step { name: "attribution".to_owned(), ..plan.steps[0].clone() });
    let mut slow = Cell::<Histogram>::default();
    (0..110).for_each(|_| slow.response.record(980_000_000));
    record.cells.insert((1, Outcome::Ok), slow);
    assert_eq!(status(&record, "mix"), Status::Limited);
}

#[test]
fn e7_a_comparison_with_an_arm_that_was_never_there() {
    assert_eq!(verdict(clean(), "ratio(throughput(call), throughput(rest)) >= 2"), Verdict::Unproven);
}

#[test]
fn e9_what_did_not_run_never_passes() {
    let mut cut = Synthetic::default().record();
    cut.finished = None;
    assert_eq!(judge(&cut).verdict, RunVerdict::Invalid);
    assert_eq!(judge(&Record::default()).verdict, RunVerdict::Invalid);
}
