//! A suite whose scenarios came to everything they can come to.

use std::path::PathBuf;

use super::*;
use crate::render::html::suite::suite_html;
use crate::render::junit::suite_junit;
use crate::suite::{ClaimRun, Limit, PlanFile, SCHEMA};

fn claim(text: &str, verdict: &str, value: Option<f64>) -> ClaimRun {
    let reason = "because".to_owned();
    let (low, high) = (value.map(|v| v * 0.9), value.map(|v| v * 1.1));
    ClaimRun {
        text: text.to_owned(),
        verdict: verdict.to_owned(),
        value,
        low,
        high,
        unit: None,
        samples: 1_200,
        reason,
    }
}

fn scenario(name: &str, kind: Kind, state: State, claims: Vec<ClaimRun>) -> ScenarioRun {
    let is_run = matches!(kind, Kind::Run | Kind::Script);
    ScenarioRun {
        name: name.to_owned(),
        kind,
        from: Some("config | line 3".to_owned()),
        plans: vec![PlanFile { file: PathBuf::from("a.yaml"), digest: Some("sha256:1".to_owned()) }],
        directory: Some(PathBuf::from(format!("01-{name}"))),
        state,
        why: (state == State::NotRun).then(|| "needs <a> cluster".to_owned()),
        exit_code: Some(0),
        took_ns: (state != State::NotRun).then_some(2_500_000_000),
        sentences: vec!["⦵ said".to_owned()],
        run_verdict: is_run.then(|| "VALID".to_owned()),
        claims,
        limits: Vec::new(),
    }
}

fn suite(scenarios: Vec<ScenarioRun>) -> SuiteRun {
    SuiteRun {
        schema: SCHEMA.to_owned(),
        name: "Cliff".to_owned(),
        about: None,
        suite_digest: "sha256:2".to_owned(),
        variant: "built-in".to_owned(),
        scale: None,
        tool: "plimsoll 0".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        ended_at: Some("2026-01-01T00:01:00Z".to_owned()),
        scenarios,
    }
}

fn mixed() -> SuiteRun {
    let good = vec![claim("p99(x) < 2ms", "VERIFIED", Some(1.5e6))];
    let bad =
        vec![claim("ok_rate >= 99%", "VERIFIED", Some(0.995)), claim("p99(y) < 1ms", "REFUTED", Some(3e6))];
    let open = vec![claim("recovers_within(30s)", "UNPROVEN", None)];
    let mut doubtful = scenario("doubtful", Kind::Script, State::Unproven, open);
    doubtful.run_verdict = Some("INVALID".to_owned());
    let (id, status) = ("books".to_owned(), "INVALID".to_owned());
    doubtful.limits = vec![Limit { id, status, sentence: "Nothing adds up.".to_owned() }];
    suite(vec![
        scenario("good", Kind::Run, State::Verified, good),
        doubtful,
        scenario("bad", Kind::Run, State::Refuted, bad),
        scenario("line", Kind::Capacity, State::Verified, Vec::new()),
        scenario("chaos", Kind::Declared, State::NotRun, Vec::new()),
    ])
}

#[test]
fn the_first_line_says_what_was_declared_what_was_run_and_what_it_came_to() {
    assert_eq!(
        headline(&mixed()),
        "⦵ Plimsoll: of 5 declared scenarios 4 were run: 1 refuted, 1 unproven, 2 verified."
    );
    let only = |scenarios| headline(&suite(scenarios));
    let verified = || scenario("a", Kind::Run, State::Verified, Vec::new());
    let not_run = || scenario("b", Kind::Declared, State::NotRun, Vec::new());
    assert_eq!(only(vec![verified()]), "⦵ Plimsoll: the one declared scenario was run: 1 verified.");
    assert_eq!(
        only(vec![verified(), verified()]),
        "⦵ Plimsoll: all 2 declared scenarios were run, all verified."
    );
    assert_eq!(only(vec![not_run(), not_run()]), "⦵ Plimsoll: of 2 declared scenarios none was run.");
    assert_eq!(
        only(vec![verified(), not_run()]),
        "⦵ Plimsoll: of 2 declared scenarios one was run: 1 verified."
    );
}

#[test]
fn claims_come_worst_first_and_what_is_not_run_has_its_reason() {
    let text = suite_text(&mixed());
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} is missing: {text}"));
    assert!(at("p99(y) < 1ms") < at("recovers_within(30s)"), "{text}");
    assert!(at("recovers_within(30s)") < at("p99(x) < 2ms"), "{text}");
    assert!(text.contains("3.00 ms (2.70–3.30)") && text.contains("99.5"), "{text}");
    assert!(text.contains("NOT RUN") && text.contains("needs <a> cluster"), "{text}");
    assert!(text.contains("2 verified, 1 refuted, 1 unproven of 4 claims."), "{text}");
    assert!(text.contains("the run is invalid") && text.contains("books: Nothing adds up."), "{text}");
    // A search says what it found, and so does what has no report; a run's sentence is in its own.
    assert_eq!(text.matches(" said").count(), 2, "{text}");
}

#[test]
fn a_scaled_suite_and_one_that_is_not_over_say_so_in_every_form() {
    let mut unfinished = mixed();
    (unfinished.scale, unfinished.ended_at) = (Some(0.05), None);
    for form in [suite_text(&unfinished), suite_markdown(&unfinished), suite_html(&unfinished)] {
        assert!(form.contains("Scaled by 0.05: "), "{form}");
        assert!(form.contains("The suite is not over"), "{form}");
    }
}

#[test]
fn the_page_links_to_reports_and_escapes_what_it_is_given() {
    let page = suite_html(&mixed());
    assert!(page.contains("<a href=\"01-good/report.html\">good</a>"), "{page}");
    assert!(page.contains("needs &lt;a&gt; cluster") && !page.contains("needs <a>"), "{page}");
    assert!(!page.contains("href=\"01-chaos") && !page.contains("<script"), "{page}");
    let markdown = suite_markdown(&mixed());
    assert!(
        markdown.contains("[good](01-good/report.md)") && markdown.contains("config \\| line 3"),
        "{markdown}"
    );
}

#[test]
fn junit_has_a_case_for_every_scenario_and_every_claim() {
    let text = suite_junit(&mixed());
    assert_eq!(text.matches("<testsuite ").count(), 5, "{text}");
    assert_eq!(text.matches("<testcase ").count(), 5 + 4, "{text}");
    assert_eq!(text.matches("<failure ").count(), 2, "{text}");
    assert_eq!(text.matches("<error ").count(), 2, "{text}");
    assert_eq!(text.matches("<skipped ").count(), 1, "{text}");
}

#[test]
fn what_is_written_is_read_again() {
    let place = tempfile::TempDir::new().unwrap();
    assert_eq!(SuiteRun::read(place.path()).unwrap(), None);
    mixed().write(place.path()).unwrap();
    assert_eq!(SuiteRun::read(place.path()).unwrap(), Some(mixed()));
    let other = SuiteRun { schema: "plimsoll.suite/9".to_owned(), ..mixed() };
    other.write(place.path()).unwrap();
    assert!(SuiteRun::read(place.path()).unwrap_err().to_string().contains("plimsoll.suite/9"));
}
