//! JUnit XML: a case for every claim and every audit, as CI systems show them.

use plimsoll_audit::{ClaimResult, Finding, Status, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::View;
use crate::format::value;
use crate::render::suite::remark;
use crate::suite::{ScenarioRun, State, SuiteRun};

/// Renders claims and audits as test cases.
pub fn junit(view: &View) -> String {
    junit_with(view, &[])
}

/// The same with further claims behind those of the plan.
pub fn junit_with(view: &View, further: &[ClaimResult]) -> String {
    let mut report = Report::new(view.record.started.plan.name.clone());
    let mut claims = TestSuite::new("claims");
    claims.add_test_cases(view.judgement.claims.iter().chain(further).map(claim));
    let mut audits = TestSuite::new("audits");
    audits.add_test_cases(view.judgement.findings.iter().map(audit));
    report.add_test_suites([claims, audits]);
    written(&report)
}

fn written(report: &Report) -> String {
    let mut text = report.to_string().expect("a report of texts can always be written");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Renders a suite: a test suite for every scenario, with a case for itself and one for each of its claims.
pub fn suite_junit(suite: &SuiteRun) -> String {
    let mut report = Report::new(suite.name.clone());
    report.add_test_suites(suite.scenarios.iter().map(scenario));
    written(&report)
}

fn scenario(of: &ScenarioRun) -> TestSuite {
    let mut tests = TestSuite::new(of.name.clone());
    let said = if remark(of).is_empty() { of.state.name().to_owned() } else { remark(of) };
    let status = match of.state {
        State::Verified => TestCaseStatus::success(),
        State::Refuted => unsuccessful(NonSuccessKind::Failure, &said),
        State::Failed | State::Interrupted | State::Unproven => unsuccessful(NonSuccessKind::Error, &said),
        State::NotRun => skipped(&said),
    };
    let mut case = TestCase::new(of.kind.name(), status);
    if let Some(took_ns) = of.took_ns {
        case.set_time(std::time::Duration::from_nanos(took_ns));
    }
    tests.add_test_case(case);
    tests.add_test_cases(of.claims.iter().map(|claim| {
        let measured = claim.measured().unwrap_or_else(|| "no value".to_owned());
        let sentence = format!("{}: {measured}, n {}; {}", claim.verdict, claim.samples, claim.reason);
        let status = match claim.verdict.as_str() {
            "VERIFIED" => TestCaseStatus::success(),
            "REFUTED" => unsuccessful(NonSuccessKind::Failure, &sentence),
            _ => unsuccessful(NonSuccessKind::Error, &sentence),
        };
        let mut case = TestCase::new(claim.text.clone(), status);
        case.set_system_out(sentence);
        case
    }));
    tests
}

fn claim(result: &ClaimResult) -> TestCase {
    let measured = result
        .value
        .map_or_else(|| "no value".to_owned(), |v| value(result.dimension, v, result.low, result.high));
    let sentence = format!("{}: {measured}, n {}; {}", result.verdict.name(), result.samples, result.reason);
    let status = match result.verdict {
        Verdict::Verified => TestCaseStatus::success(),
        Verdict::Refuted => unsuccessful(NonSuccessKind::Failure, &sentence),
        // Nothing was shown either way: an error of the test, not a failure of the target.
        Verdict::Unproven => unsuccessful(NonSuccessKind::Error, &sentence),
    };
    let mut case = TestCase::new(result.text.clone(), status);
    case.set_system_out(sentence);
    case
}

fn audit(finding: &Finding) -> TestCase {
    let status = match finding.status {
        Status::Pass | Status::Limited => TestCaseStatus::success(),
        Status::Invalid => unsuccessful(NonSuccessKind::Failure, &finding.sentence),
        Status::NotRun => skipped(&finding.sentence),
    };
    let mut case = TestCase::new(finding.id, status);
    case.set_system_out(format!("{}: {}", finding.status.name(), finding.sentence));
    case
}

fn skipped(sentence: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(sentence);
    status
}

fn unsuccessful(kind: NonSuccessKind, sentence: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(sentence);
    status
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::Claim;

    use super::*;

    #[test]
    fn a_case_for_every_claim_and_every_audit() {
        let mut record = Synthetic::default().record();
        record.started.plan.claims = ["p99 < 1s", "p99 < 1ms", "p99(outcome=rejected) < 1s"]
            .map(|text| Claim { text: text.to_owned(), abort: false })
            .to_vec();
        let text = junit(&View::new(record));
        assert_eq!(text.matches("<testcase ").count(), 3 + 25);
        assert!(
            text.contains(
                "<testsuite name=\"claims\" tests=\"3\" disabled=\"0\" errors=\"1\" failures=\"1\">"
            ),
            "{text}"
        );
    }
}
