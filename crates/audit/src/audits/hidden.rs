//! 21 — Did the client do work that the count of operations does not show?

use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, count, percent};

/// Attempts beyond the first that need no mention: none, or they would not be hidden.
const EXTRA_MAX: u64 = 0;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("hidden", status, sentence);
    let sent = record.totals().sent;
    if sent == 0 {
        return finding(Status::NotRun, "Nothing was sent.".to_owned());
    }
    let extra: u64 = record.cells.values().map(|c| c.extra_attempts).sum();
    let connects: u64 = record.cells.values().map(|c| c.connects).sum();
    if extra > EXTRA_MAX {
        let sentence = format!(
            "{} operations took {} attempts: redirects were followed or stale connections replaced, inside the times shown.",
            count(sent),
            count(sent + extra)
        );
        return finding(Status::Limited, sentence).measured(extra as f64, EXTRA_MAX as f64);
    }
    let ok = record.total(Outcome::Ok).max(1);
    let each = connects as f64 / ok as f64;
    let sentence = format!(
        "Every operation took one attempt; {} connections were opened ({} of the operations paid for one).",
        count(connects),
        percent(each.min(1.0))
    );
    finding(Status::Pass, sentence).measured(extra as f64, EXTRA_MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn retries_of_the_client_are_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            record.cells.values_mut().for_each(|c| c.extra_attempts = 311);
        });
    }
}
