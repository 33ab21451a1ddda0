//! 23 — Was what was acknowledged really kept? Accounts of writes (docs/METHOD.md, section 13).

use plimsoll_model::delivery::{Deliveries, Promise};

use crate::finding::{Finding, Status, Withheld, count, percent};

/// Judges the accounts; `None` if the run wrote nothing that could be read back.
pub fn audit(deliveries: Option<&Deliveries>) -> Finding {
    let finding = |status, sentence: String| Finding::new("delivery", status, sentence);
    let Some(all) = deliveries else {
        return finding(
            Status::NotRun,
            "No write carried an identity by which it could be found again.".to_owned(),
        );
    };
    let Some(read) = all.read else {
        return finding(Status::NotRun, "Unknown: nothing was read back.".to_owned());
    };
    let lost_matters = all.promise != Promise::AtMostOnce && read.lost > 0;
    let duplicates_matter = all.promise != Promise::AtLeastOnce && read.duplicated > 0;
    let acknowledged = count(all.acknowledged);
    let aside = format!("{} that were not acknowledged were found as well.", count(read.recovered));
    if lost_matters || duplicates_matter || read.unexpected > 0 {
        let sentence = format!(
            "Of {acknowledged} acknowledged writes {} are missing; {} were found more than once, {} that nobody wrote; {aside}",
            count(read.lost),
            count(read.duplicated),
            count(read.unexpected)
        );
        return finding(Status::Invalid, sentence)
            .measured(read.lost as f64, 0.0)
            .withholding(Withheld::Rates);
    }
    // With none lost of n the rate of loss is below 3/n, at 95 %.
    let below = match (read.lost, all.acknowledged) {
        (0, n @ 1..) => format!(" Fewer than {} are lost, at 95 %.", percent((3.0 / n as f64).min(1.0))),
        _ => String::new(),
    };
    let missing = if read.lost > 0 { format!(", but for {}", count(read.lost)) } else { String::new() };
    let sentence = format!("All {acknowledged} acknowledged writes were read back{missing}; {aside}{below}");
    finding(Status::Pass, sentence).measured(read.lost as f64, 0.0)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::delivery::Written;

    use super::*;

    fn judged(promise: Promise, read: &[u64]) -> Status {
        let writes = [(1, Written::Acknowledged), (2, Written::Unknown)];
        audit(Some(&Deliveries::of(promise, writes, Some(read.iter().copied())))).status
    }

    #[test]
    fn promises_differ() {
        let twice = |promise| judged(promise, &[1, 1]);
        assert_eq!(twice(Promise::AtLeastOnce), Status::Pass);
        assert_eq!(twice(Promise::ExactlyOnce), Status::Invalid);
        let gone = |promise| judged(promise, &[]);
        assert_eq!(gone(Promise::AtMostOnce), Status::Pass);
        assert_eq!(gone(Promise::AtLeastOnce), Status::Invalid);
        assert_eq!(judged(Promise::AtLeastOnce, &[1, 9]), Status::Invalid);
        assert_eq!(judged(Promise::ExactlyOnce, &[1, 2]), Status::Pass);
    }

    #[test]
    fn what_nobody_reads_is_unknown() {
        let unread = Deliveries::of(Promise::default(), [(1, Written::Acknowledged)], None::<[u64; 0]>);
        assert_eq!(audit(Some(&unread)).status, Status::NotRun);
        assert_eq!(audit(None).status, Status::NotRun);
    }
}
