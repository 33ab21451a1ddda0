//! Ramps whose breaking point is known. What a ramp of a queue shows stands with the simulated engine.

use plimsoll_model::{Claim, Closed, Stage};

use super::*;
use crate::testing::Synthetic;

/// The synthetic minute as a ramp from 0 to 400 a second, with these claims.
fn ramp(synthetic: &Synthetic, claims: &[&str]) -> Record {
    let mut record = synthetic.record();
    let stage = Stage { name: STAGE.to_owned(), duration_ns: 60 * SECOND_NS, from: 0.0, to: 400.0 };
    if let Schedule::Open(open) = &mut record.started.plan.loads[0].schedule {
        open.stages = vec![stage];
    }
    record.started.plan.phases[0].name = STAGE.to_owned();
    record.started.plan.claims =
        claims.iter().map(|text| Claim { text: (*text).to_owned(), abort: false }).collect();
    record
}

fn fates(record: &Record) -> Vec<Fate> {
    breakpoint(record, &[]).unwrap().claims.into_iter().map(|course| course.fate).collect()
}

#[test]
fn what_grows_with_the_load_breaks_where_it_reaches_its_bound() {
    // The median is 20 ms at the beginning and eleven times that at the end: 100 ms after 24 s, at 160 a second.
    let slower = Synthetic { drift: 10.0, ..Synthetic::default() };
    let record = ramp(&slower, &["p50 < 100ms", "p50(phase=breakpoint) < 150ms", "ok_rate >= 99%"]);
    let found = breakpoint(&record, &[]).unwrap();
    let first = found.first.unwrap();
    assert!(first.low < 160.0 && 160.0 < first.high && first.high - first.low < 60.0, "{first:?}");
    assert!(first.kept.is_some_and(|kept| (first.low..=165.0).contains(&kept)), "{first:?}");
    let Fate::Broke(later) = found.claims[1].fate else { panic!("{found:?}") };
    assert!(later.low < 260.0 && 260.0 < later.high, "{later:?}");
    assert_eq!(found.claims[2].fate, Fate::Kept);
    assert!(found.is_rate && (found.resolution - 40.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn claims_that_never_break_and_claims_that_never_hold() {
    let record = ramp(
        &Synthetic { failed: 1_200, ..Synthetic::default() },
        &["p99 < 1s", "ok_rate >= 80%", "ok_rate >= 99%"],
    );
    let fates = fates(&record);
    // What failed counts as infinitely slow.
    assert!(matches!(fates[0], Fate::Broke(Break { kept: None, .. })), "{fates:?}");
    assert_eq!(fates[1], Fate::Kept);
    assert!(matches!(fates[2], Fate::Broke(Break { kept: None, .. })), "{fates:?}");
}

/// One bad second is no breaking point.
#[test]
fn a_hiccup_is_passed_over() {
    let record = ramp(
        &Synthetic { stall: Some((100, 5 * SECOND_NS)), ..Synthetic::default() },
        &["max < 10s", "p90 < 1s", "p95 < 1s"],
    );
    assert_eq!(fates(&record), [Fate::Kept, Fate::Kept, Fate::Kept]);
}

#[test]
fn what_a_ramp_cannot_tell_is_not_told() {
    let mut record = ramp(
        &Synthetic::default(),
        &["throughput >= 500/s", "count >= 5", "p99(phase=hold) < 1s", "lost() == 0", "p99.9 < 5s"],
    );
    let told = fates(&record);
    assert!(told[..4].iter().all(|fate| matches!(fate, Fate::NotJudged(_))), "{told:?}");
    assert_eq!(told[4], Fate::Kept);
    // Without a ramp there is nothing to tell.
    record.started.plan.loads[0].schedule =
        Schedule::Closed(Closed::new(vec![Stage::hold(STAGE, 60 * SECOND_NS, 5.0)]));
    assert_eq!(breakpoint(&record, &[]), None);
}

#[test]
fn arrivals_without_a_user_are_told() {
    let record = ramp(&Synthetic { dropped: 60, ..Synthetic::default() }, &["p50 < 1s"]);
    assert!(breakpoint(&record, &[]).unwrap().without_user.is_some());
    assert_eq!(breakpoint(&ramp(&Synthetic::default(), &["p50 < 1s"]), &[]).unwrap().without_user, None);
}
