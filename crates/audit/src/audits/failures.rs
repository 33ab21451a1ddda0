//! 2 — Are failures kept apart from successes? And was there any success at all?

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, Withheld, count, percent, time};

/// Below this failed share the distribution of failures cannot mislead anybody (docs/METHOD.md, section 16).
const SHARE_MAX: f64 = 0.01;

/// Failures this much faster than successes are the typical way a broken service looks fast.
const MEDIAN_RATIO_MIN: f64 = 0.5;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("failures", status, sentence);
    let ok = record.total(Outcome::Ok);
    let failed: u64 = Outcome::ALL.into_iter().filter(|o| o.is_failure()).map(|o| record.total(o)).sum();
    if ok + failed == 0 {
        return finding(Status::Invalid, "No operation was due: nothing was measured.".to_owned())
            .withholding(Withheld::Everything);
    }
    if ok == 0 {
        let sentence = format!(
            "None of {} operations succeeded: there is no response time to report. See the errors.",
            count(failed)
        );
        return finding(Status::Invalid, sentence).measured(1.0, SHARE_MAX).withholding(Withheld::Times);
    }
    if let Some(books) = record.finished.as_ref().map(|f| &f.books) {
        let own: u64 = books.iter().map(|b| b.outcomes[Outcome::Ok.index()]).sum();
        if own != ok {
            let sentence = format!(
                "{} times stand in the histogram of successes, but {} operations succeeded; other outcomes are mixed in.",
                count(ok),
                count(own)
            );
            return finding(Status::Invalid, sentence).withholding(Withheld::Times);
        }
    }
    let share = failed as f64 / (ok + failed) as f64;
    let mut failures = Histogram::new();
    for outcome in Outcome::ALL.into_iter().filter(|o| o.is_failure() && !o.is_censored()) {
        failures.merge(&record.merged(outcome, |_| true).response);
    }
    let success = record.merged(Outcome::Ok, |_| true).response.quantile(0.5).unwrap_or(0) as f64;
    let failure = failures.quantile(0.5).map(|f| f as f64);
    let (f, n) = (percent(share), count(failed));
    let graded = match failure {
        Some(failure) if share > SHARE_MAX && failure < MEDIAN_RATIO_MIN * success => {
            let medians = format!("median {} against {} for successes", time(failure), time(success));
            finding(
                Status::Limited,
                format!(
                    "{f} failed ({medians}); quantiles above {} of all operations are unbounded.",
                    percent(1.0 - share)
                ),
            )
        }
        _ if failed > 0 => finding(
            Status::Pass,
            format!("{n} operations failed ({f}); they are kept apart from the successes."),
        ),
        _ => finding(Status::Pass, "No operation failed.".to_owned()),
    };
    graded.measured(share, SHARE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn failures_among_the_successes_are_flagged() {
        assert_flags(audit, Status::Invalid, |record| {
            let books = &mut record.finished.as_mut().unwrap().books[0].outcomes;
            books[Outcome::Ok.index()] -= 40;
            books[Outcome::AppError.index()] += 40;
        });
    }

    #[test]
    fn fast_failures_are_flagged_and_slow_or_rare_ones_are_not() {
        let fast = Synthetic { failed: 300, failure_ns: 1_000_000, ..Synthetic::default() }.record();
        assert_eq!(audit(&fast).status, Status::Limited);
        let slow = Synthetic { failed: 300, failure_ns: 100_000_000, ..Synthetic::default() }.record();
        assert_eq!(audit(&slow).status, Status::Pass);
        let rare = Synthetic { failed: 5, failure_ns: 1_000_000, ..Synthetic::default() }.record();
        assert_eq!(audit(&rare).status, Status::Pass);
    }

    #[test]
    fn a_target_that_is_not_there_has_no_response_time() {
        let nothing = Synthetic { ok: 0, failed: 810, failure_ns: 10_900, ..Synthetic::default() }.record();
        let finding = audit(&nothing);
        assert_eq!(finding.status, Status::Invalid);
        assert_eq!(finding.withheld, [Withheld::Times]);
    }
}
