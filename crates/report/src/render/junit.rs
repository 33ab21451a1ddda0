//! JUnit XML: a case for every claim and every audit, as CI systems show them.

use plimsoll_audit::{ClaimResult, Finding, Status, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::View;
use crate::format::value;

/// Renders claims and audits as test cases.
pub fn junit(view: &View) -> String {
    let mut report = Report::new(view.record.started.plan.name.clone());
    let mut claims = TestSuite::new("claims");
    claims.add_test_cases(view.judgement.claims.iter().map(claim));
    let mut audits = TestSuite::new("audits");
    audits.add_test_cases(view.judgement.findings.iter().map(audit));
    report.add_test_suites([claims, audits]);
    let mut text = report.to_string().expect("a report of texts can always be written");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
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
        Status::NotRun => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(finding.sentence.clone());
            skipped
        }
    };
    let mut case = TestCase::new(finding.id, status);
    case.set_system_out(format!("{}: {}", finding.status.name(), finding.sentence));
    case
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
