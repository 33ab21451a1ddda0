//! Writes that carry an identity, and what was read back: accounts after Jepsen's `set` and `total-queue` checkers
//! (docs/METHOD.md, section 13).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What a system promises of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// Once or not at all, even if acknowledged.
    AtMostOnce,
    /// Acknowledged means kept, perhaps several times.
    #[default]
    AtLeastOnce,
    /// Acknowledged means kept, once.
    ExactlyOnce,
}

/// What became of a write, as its writer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Acknowledged.
    Acknowledged,
    /// Certainly refused.
    Refused,
    /// Nobody knows: a timeout, or a connection that was lost behind it.
    Unknown,
}

/// The accounts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries {
    /// What was promised.
    pub promise: Promise,
    /// Writes attempted.
    pub attempted: u64,
    /// Of these, acknowledged.
    pub acknowledged: u64,
    /// Of these, certainly refused; a timeout is not.
    pub refused: u64,
    /// What reading back came to; `None` if nobody looked.
    pub read: Option<ReadBack>,
}

/// What reading back came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBack {
    /// Different identities that were found.
    pub found: u64,
    /// Acknowledged and not found.
    pub lost: u64,
    /// Found and never attempted.
    pub unexpected: u64,
    /// Found more than once.
    pub duplicated: u64,
    /// Found although never acknowledged.
    pub recovered: u64,
    /// Found although refused.
    pub false_failures: u64,
}

impl Deliveries {
    /// The accounts of writes with what became of them, and of what was read back, duplicates included. An identity that
    /// was written several times is acknowledged if any of these writes was.
    pub fn of(
        promise: Promise,
        writes: impl IntoIterator<Item = (u64, Written)>,
        read: Option<impl IntoIterator<Item = u64>>,
    ) -> Self {
        let mut known: HashMap<u64, Written> = HashMap::new();
        for (id, written) in writes {
            let before = known.entry(id).or_insert(written);
            if *before != Written::Acknowledged && written != Written::Refused {
                *before = written;
            }
        }
        let counted = |wanted: Written| known.values().filter(|w| **w == wanted).count() as u64;
        Self {
            promise,
            attempted: known.len() as u64,
            acknowledged: counted(Written::Acknowledged),
            refused: counted(Written::Refused),
            read: read.map(|read| read_back(&known, read)),
        }
    }
}

fn read_back(known: &HashMap<u64, Written>, read: impl IntoIterator<Item = u64>) -> ReadBack {
    let mut found: HashMap<u64, u64> = HashMap::new();
    read.into_iter().for_each(|id| *found.entry(id).or_default() += 1);
    let of_found = |keep: &dyn Fn(Option<&Written>, u64) -> bool| {
        found.iter().filter(|(id, times)| keep(known.get(id), **times)).count() as u64
    };
    let acknowledged = known.iter().filter(|(_, written)| **written == Written::Acknowledged);
    ReadBack {
        found: found.len() as u64,
        lost: acknowledged.filter(|(id, _)| !found.contains_key(id)).count() as u64,
        unexpected: of_found(&|written, _| written.is_none()),
        duplicated: of_found(&|written, times| written.is_some() && times > 1),
        recovered: of_found(&|written, _| written.is_some_and(|w| *w != Written::Acknowledged)),
        false_failures: of_found(&|written, _| written == Some(&Written::Refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jepsen's own tests of `total-queue`: numbers stand for its keywords.
    #[test]
    fn known_answers() {
        use Written::{Acknowledged, Unknown};
        let sane = Deliveries::of(Promise::default(), [(1, Unknown), (2, Acknowledged)], Some([1, 2]));
        let read = sane.read.unwrap();
        assert_eq!((read.recovered, read.lost, read.unexpected, read.duplicated), (1, 0, 0, 0));
        // Hung 1, enqueued 2, dup 3; read back: dup twice, and wtf 9.
        let writes = [(1, Unknown), (2, Acknowledged), (3, Acknowledged)];
        let pathological = Deliveries::of(Promise::default(), writes, Some([3, 9, 3]));
        assert_eq!((pathological.attempted, pathological.acknowledged), (3, 2));
        let read = pathological.read.unwrap();
        assert_eq!((read.lost, read.unexpected, read.duplicated, read.recovered), (1, 1, 1, 0));
    }

    #[test]
    fn a_write_that_is_tried_again_is_one() {
        use Written::{Acknowledged, Refused, Unknown};
        let writes =
            [(1, Unknown), (1, Acknowledged), (1, Unknown), (2, Refused), (2, Unknown), (3, Refused)];
        let all = Deliveries::of(Promise::default(), writes, Some([2, 3]));
        assert_eq!((all.attempted, all.acknowledged, all.refused), (3, 1, 1));
        assert_eq!(all.read.unwrap().false_failures, 1);
        assert_eq!(Deliveries::of(Promise::default(), writes, None::<[u64; 0]>).read, None);
    }
}
