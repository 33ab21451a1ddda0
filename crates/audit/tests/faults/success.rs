//! D: is the target real, and are its successes?

use plimsoll_audit::audits::delivery::audit as delivered;
use plimsoll_audit::audits::streams::{Streamed, judge as streamed};
use plimsoll_audit::testing::Synthetic;
use plimsoll_audit::{Status, Verdict};
use plimsoll_metrics::window::Shape;
use plimsoll_metrics::{Cell, Histogram};
use plimsoll_model::Outcome;
use plimsoll_model::delivery::{Deliveries, Promise, Written};

use crate::{clean, status, verdict};

#[test]
fn d1_a_target_that_sleeps() {
    let mut record = clean();
    let mut timer = Histogram::new();
    (0..12_000u64).for_each(|n| timer.record(100_000_000 + n % 11 * 9_000));
    record.cells.values_mut().for_each(|c| c.service = timer.clone());
    assert_eq!(status(&record, "fake"), Status::Limited);
}

#[test]
fn d2_answers_that_nobody_read() {
    let mut record = clean();
    record.cells.values_mut().for_each(|c| c.checked = 0);
    assert_eq!(status(&record, "success"), Status::Limited);
}

#[test]
fn d3_errors_with_status_200() {
    let mut record = clean();
    let error = Shape::of(200, 120);
    record
        .windows
        .values_mut()
        .skip(30)
        .for_each(|w| w.cells.iter_mut().for_each(|(_, _, c)| c.count_shape(error, 60)));
    // Nobody looks at the content of most answers.
    record.cells.values_mut().for_each(|c| {
        c.count_shape(error, 1_800);
        c.checked /= 10;
    });
    assert_eq!(status(&record, "success"), Status::Limited);
}

#[test]
fn d4_refusals_counted_as_successes() {
    // What does not meet its expectation is a failure, whatever its class.
    let shed = Synthetic { failed: 7_200, failure_ns: 30_000_000, ..Synthetic::default() }.record();
    assert_eq!(verdict(shed, "ok_rate >= 80%"), Verdict::Refuted);
}

#[test]
fn d5_expected_refusals_are_neither() {
    let mut record = clean();
    let mut refused = Cell::<Histogram>::default();
    (0..600).for_each(|_| refused.response.record(5_000_000));
    for window in record.windows.values_mut() {
        let mut part = Cell::<Histogram>::default();
        (0..10).for_each(|_| part.response.record(5_000_000));
        window.cells.push((0, Outcome::Rejected, part.stored()));
    }
    record.cells.insert((0, Outcome::Rejected), refused);
    record.counts.values_mut().for_each(|c| (c.scheduled, c.sent) = (c.scheduled + 600, c.sent + 600));
    let books = &mut record.finished.as_mut().unwrap().books[0];
    books.outcomes[Outcome::Rejected.index()] += 600;
    (books.counts.scheduled, books.counts.sent) = (books.counts.scheduled + 600, books.counts.sent + 600);
    assert_eq!(status(&record, "books"), Status::Pass);
    assert_eq!(verdict(record.clone(), "ok_rate == 100%"), Verdict::Verified);
    assert_eq!(verdict(record, "count(outcome=rejected) == 600"), Verdict::Verified);
}

#[test]
fn d7_accepted_is_not_stored() {
    let writes = [1, 2, 3].map(|id| (id, Written::Acknowledged));
    let lossy = Deliveries::of(Promise::default(), writes, Some([1]));
    assert_eq!(delivered(Some(&lossy)).status, Status::Invalid);
    assert_eq!(delivered(Some(&Deliveries { read: None, ..lossy })).status, Status::NotRun);
    assert_eq!(verdict(clean(), "lost() == 0"), Verdict::Unproven);
}

#[test]
fn d9_a_first_token_that_is_the_whole_answer() {
    let whole = Streamed {
        successes: 1,
        ended: 1,
        first_ns: 1_000.0,
        gaps_ns: 800.0,
        whole_ns: 1_000.0,
        chunks: 9,
        ..Streamed::default()
    };
    assert_eq!(streamed(&[whole]).status, Status::Invalid);
}
