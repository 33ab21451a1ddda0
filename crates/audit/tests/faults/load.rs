//! C: was the load the one that is spoken of?

use plimsoll_audit::audits::scaling::{Level, judge};
use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_audit::testing::Synthetic;
use plimsoll_audit::{Status, Verdict, Withheld};
use plimsoll_metrics::expression::parse_statement;
use plimsoll_model::event::Origin;

use crate::{clean, of, status, verdict};

fn level(users: f64, throughput: f64, response_ms: f64) -> Level {
    Level { users, throughput, response_ns: response_ms * 1e6, pause_ns: 990e6 }
}

#[test]
fn c1_throughput_that_does_not_answer_to_users() {
    assert_eq!(judge(&[level(150.0, 150.0, 10.0), level(500.0, 149.0, 10.0)]).status, Status::Invalid);
}

#[test]
fn c2_five_hundred_users_of_whom_none_waits() {
    let finding = plimsoll_audit::audit(&clean()).into_iter().find(|f| f.id == "concurrency").unwrap();
    assert!(finding.sentence.contains("in flight"), "{}", finding.sentence);
}

#[test]
fn c3_nothing_is_said_beyond_what_was_tested() {
    let finding = judge(&[level(10.0, 10.0, 10.0), level(100.0, 100.0, 10.0)]);
    assert!(finding.sentence.contains("saturation was not reached"), "{}", finding.sentence);
    assert!(parse_statement("max_users >= 1000000").is_err());
}

#[test]
fn c4_time_from_sending() {
    let mut record = clean();
    record.started.origin = Origin::Sent;
    assert_eq!(status(&record, "origin"), Status::Limited);
    let foreign = Foreign { origin: Some(Origin::Sent), rows: vec![Row::default()], ..Foreign::default() };
    assert_eq!(of(&foreign, "origin"), Status::Limited);
}

#[test]
fn c5_and_e6_one_run_against_another() {
    let sides = plimsoll_audit::audits::comparison::Sides { a: vec![100.0], b: vec![90.0] };
    assert_eq!(plimsoll_audit::audits::comparison::audit(Some(&sides)).status, Status::Limited);
}

#[test]
fn c6_one_number_over_what_never_stood_still() {
    let drifting = || Synthetic { drift: 0.4, ..Synthetic::default() }.record();
    let found = plimsoll_audit::audit(&drifting()).into_iter().find(|f| f.id == "steady").unwrap();
    assert_eq!(found.withheld, [Withheld::Unsteady(0)]);
    assert_eq!(verdict(drifting(), "p99(call) < 1s"), Verdict::Unproven);
}

#[test]
fn c7_a_rate_that_was_asked_for_and_not_sent() {
    let dropping = Synthetic { dropped: 3_000, ..Synthetic::default() }.record();
    assert_eq!(status(&dropping, "load"), Status::Invalid);
}

#[test]
fn c8_the_generator_is_the_bottleneck() {
    let mut record = clean();
    record.health.iter_mut().for_each(|h| h.threads[0].busy_ns = h.span_ns);
    assert_eq!(status(&record, "generator"), Status::Invalid);
    assert_eq!(verdict(record, "p99 < 1s"), Verdict::Unproven);
}

#[test]
fn c9_recovery_that_nobody_measured() {
    assert_eq!(verdict(clean(), "recovers_within(30s)"), Verdict::Unproven);
}
