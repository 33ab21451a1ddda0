//! 23 — Was what was acknowledged really kept? Accounts of writes, after Jepsen's `set` and `total-queue` checkers.

use std::collections::BTreeMap;

use crate::finding::{Finding, Status, Withheld, count};

/// What a system promises of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Promise {
    /// Once or not at all, even if acknowledged.
    AtMostOnce,
    /// Acknowledged means kept, perhaps several times.
    #[default]
    AtLeastOnce,
    /// Acknowledged means kept, once.
    ExactlyOnce,
}

/// Writes by the identity each carried, and what was read back after the system had come to rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// What was promised.
    pub promise: Promise,
    /// Writes attempted.
    pub attempted: Vec<u64>,
    /// Of these, acknowledged.
    pub acknowledged: Vec<u64>,
    /// Of these, certainly refused; a timeout is not.
    pub refused: Vec<u64>,
    /// What was read back, duplicates included; `None` if nobody looked.
    pub read: Option<Vec<u64>>,
}

/// The accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Acknowledged and not read back.
    pub lost: Vec<u64>,
    /// Read back and never attempted.
    pub unexpected: Vec<u64>,
    /// Read back more than once.
    pub duplicated: Vec<u64>,
    /// Read back although never acknowledged.
    pub recovered: Vec<u64>,
    /// Read back although refused.
    pub false_failures: Vec<u64>,
}

impl Delivery {
    /// The accounts; `None` if nothing was read back.
    pub fn accounts(&self) -> Option<Accounts> {
        let read = counted(self.read.as_ref()?);
        let (attempted, acknowledged, refused) =
            (counted(&self.attempted), counted(&self.acknowledged), counted(&self.refused));
        let of_read =
            |keep: &dyn Fn(&u64) -> bool| read.keys().copied().filter(|id| keep(id)).collect::<Vec<_>>();
        Some(Accounts {
            lost: acknowledged.keys().copied().filter(|id| !read.contains_key(id)).collect(),
            unexpected: of_read(&|id| !attempted.contains_key(id)),
            duplicated: of_read(&|id| read[id] > 1 && attempted.contains_key(id)),
            recovered: of_read(&|id| attempted.contains_key(id) && !acknowledged.contains_key(id)),
            false_failures: of_read(&|id| refused.contains_key(id)),
        })
    }
}

fn counted(ids: &[u64]) -> BTreeMap<u64, u64> {
    let mut counted = BTreeMap::new();
    ids.iter().for_each(|id| *counted.entry(*id).or_default() += 1);
    counted
}

/// Judges the accounts; `None` if the run wrote nothing that could be read back.
pub fn audit(delivery: Option<&Delivery>) -> Finding {
    let finding = |status, sentence: String| Finding::new("delivery", status, sentence);
    let Some(delivery) = delivery else {
        return finding(
            Status::NotRun,
            "No write carried an identity by which it could be found again.".to_owned(),
        );
    };
    let Some(accounts) = delivery.accounts() else {
        return finding(Status::NotRun, "Unknown: nothing was read back.".to_owned());
    };
    let n = |ids: &[u64]| count(ids.len() as u64);
    let acknowledged = n(&delivery.acknowledged);
    let lost_matters = delivery.promise != Promise::AtMostOnce && !accounts.lost.is_empty();
    let duplicates_matter = delivery.promise != Promise::AtLeastOnce && !accounts.duplicated.is_empty();
    let aside = format!("{} that were not acknowledged were found as well.", n(&accounts.recovered));
    if lost_matters || duplicates_matter || !accounts.unexpected.is_empty() {
        let sentence = format!(
            "Of {acknowledged} acknowledged writes {} are missing; {} were found more than once, {} that nobody wrote; {aside}",
            n(&accounts.lost),
            n(&accounts.duplicated),
            n(&accounts.unexpected)
        );
        return finding(Status::Invalid, sentence)
            .measured(accounts.lost.len() as f64, 0.0)
            .withholding(Withheld::Rates);
    }
    // With none lost of n the rate of loss is below 3/n, at 95 %.
    let sentence = format!("All {acknowledged} acknowledged writes were read back; {aside}");
    finding(Status::Pass, sentence).measured(accounts.lost.len() as f64, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jepsen's own tests of `total-queue`: 1 and 2 stand for its keywords.
    #[test]
    fn known_answers() {
        let sane = Delivery {
            attempted: vec![1, 2],
            acknowledged: vec![2],
            read: Some(vec![1, 2]),
            ..Delivery::default()
        };
        assert_eq!(audit(Some(&sane)).status, Status::Pass);
        assert_eq!(sane.accounts().unwrap().recovered, [1]);
        // attempts: hung 1, enqueued 2, dup 3; acknowledged 2 and 3; read: dup twice, and wtf 9.
        let pathological = Delivery {
            attempted: vec![1, 2, 3],
            acknowledged: vec![2, 3],
            read: Some(vec![3, 9, 3]),
            ..Delivery::default()
        };
        let accounts = pathological.accounts().unwrap();
        assert_eq!((accounts.lost, accounts.unexpected, accounts.duplicated), (vec![2], vec![9], vec![3]));
        assert_eq!(audit(Some(&pathological)).status, Status::Invalid);
    }

    #[test]
    fn promises_differ() {
        let twice = |promise| Delivery {
            promise,
            attempted: vec![1],
            acknowledged: vec![1],
            read: Some(vec![1, 1]),
            ..Delivery::default()
        };
        assert_eq!(audit(Some(&twice(Promise::AtLeastOnce))).status, Status::Pass);
        assert_eq!(audit(Some(&twice(Promise::ExactlyOnce))).status, Status::Invalid);
        let gone = |promise| Delivery {
            promise,
            attempted: vec![1],
            acknowledged: vec![1],
            read: Some(vec![]),
            ..Delivery::default()
        };
        assert_eq!(audit(Some(&gone(Promise::AtMostOnce))).status, Status::Pass);
        assert_eq!(audit(Some(&gone(Promise::AtLeastOnce))).status, Status::Invalid);
    }

    #[test]
    fn what_nobody_reads_is_unknown() {
        let unread = Delivery { attempted: vec![1], acknowledged: vec![1], ..Delivery::default() };
        assert_eq!(audit(Some(&unread)).status, Status::NotRun);
        assert_eq!(audit(None).status, Status::NotRun);
    }
}
