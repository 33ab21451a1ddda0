//! Who wrote what, and what was found of it. Every load thread keeps its own part, so that writing costs no waiting; an
//! identity is kept as a hash of 64 bits (of ten million, two are the same with a probability of 3 in a million).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_model::StepId;
use plimsoll_model::delivery::{Deliveries, Promise, Written};

/// The accounts of a run while it goes on.
#[derive(Default)]
pub struct Ledger {
    promise: Promise,
    /// So many users must each get a copy of what is written; then copies are what is counted.
    copies: Option<u64>,
    parts: Mutex<Vec<Arc<Part>>>,
    /// Seen by steps of the load: they may look at the same again and again.
    found: Mutex<HashSet<u64>>,
    /// Found by the last pass of each step that is repeated until everything is there.
    found_last: Mutex<BTreeMap<StepId, Vec<u64>>>,
    /// Whether anybody looked.
    has_looked: Mutex<bool>,
}

/// What one load thread wrote, and what it took away.
#[derive(Default)]
pub struct Part {
    writes: Mutex<Vec<(u64, Written)>>,
    /// Taken away from others: each time counts.
    takes: Mutex<Vec<u64>>,
    /// Copies that users got, each of its own; and those that the same user got again.
    copies: Mutex<HashSet<(u64, u64)>>,
    again: Mutex<Vec<u64>>,
}

/// An identity.
pub fn identity(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Part {
    /// A write begins: until it ends, nobody knows.
    pub fn begin(&self, id: u64) -> usize {
        let mut writes = held(&self.writes);
        writes.push((id, Written::Unknown));
        writes.len() - 1
    }

    /// A write that began has ended.
    pub fn end(&self, write: usize, how: Written) {
        held(&self.writes)[write].1 = how;
    }

    /// These were taken away from others, who see them no more: each time counts.
    pub fn take(&self, ids: impl IntoIterator<Item = u64>) {
        held(&self.takes).extend(ids);
    }

    /// A user got copies of these: that others get theirs is as it should be, that the same user gets one again is not.
    pub fn copied_to(&self, user: u64, ids: impl IntoIterator<Item = u64>) {
        let mut copies = held(&self.copies);
        held(&self.again).extend(ids.into_iter().filter(|id| !copies.insert((user, *id))));
    }
}

impl Ledger {
    /// With what the target promises.
    pub fn new(promise: Promise) -> Self {
        Self { promise, ..Self::default() }
    }

    /// The same, where so many users must each get a copy.
    #[must_use]
    pub fn with_copies(self, copies: Option<u64>) -> Self {
        Self { copies, ..self }
    }

    /// A part of a load thread's own.
    pub fn part(&self) -> Arc<Part> {
        let part = Arc::<Part>::default();
        held(&self.parts).push(part.clone());
        part
    }

    /// Somebody looked, whatever was there.
    pub fn looked(&self) {
        *held(&self.has_looked) = true;
    }

    /// A step of the load found these.
    pub fn found(&self, ids: impl IntoIterator<Item = u64>) {
        *held(&self.has_looked) = true;
        held(&self.found).extend(ids);
    }

    /// One pass of a step that reads everything found these.
    pub fn found_by(&self, step: StepId, ids: Vec<u64>) {
        *held(&self.has_looked) = true;
        held(&self.found_last).insert(step, ids);
    }

    /// The accounts as they stand; `None` if nothing was written.
    pub fn deliveries(&self) -> Option<Deliveries> {
        let parts = held(&self.parts);
        let writes: Vec<_> = parts.iter().flat_map(|part| held(&part.writes).clone()).collect();
        if let Some(copies) = self.copies {
            return self.deliveries_of_copies(&parts, &writes, copies);
        }
        let taken: Vec<u64> = parts.iter().flat_map(|part| held(&part.takes).clone()).collect();
        let again: Vec<u64> = parts.iter().flat_map(|part| held(&part.again).clone()).collect();
        let mut seen = held(&self.found).clone();
        seen.extend(
            parts.iter().flat_map(|part| held(&part.copies).iter().map(|(_, id)| *id).collect::<Vec<_>>()),
        );
        let last: Vec<u64> = held(&self.found_last).values().flatten().copied().collect();
        let shown: HashSet<u64> = last.iter().chain(&taken).copied().collect();
        seen.retain(|id| !shown.contains(id));
        let has_looked = *held(&self.has_looked);
        let read = has_looked.then(|| seen.into_iter().chain(last).chain(taken).chain(again));
        (!writes.is_empty()).then(|| Deliveries::of(self.promise, writes, read))
    }

    /// Every copy that is due is an identity of its own: the first that some user got, the second, and so on.
    fn deliveries_of_copies(
        &self,
        parts: &[Arc<Part>],
        writes: &[(u64, Written)],
        copies: u64,
    ) -> Option<Deliveries> {
        let due = writes.iter().flat_map(|(id, how)| (0..copies).map(|number| (copy(*id, number), *how)));
        let due: Vec<_> = due.collect();
        let mut got: HashMap<u64, u64> = HashMap::new();
        let mut read = Vec::new();
        for part in parts {
            for (_, id) in held(&part.copies).iter() {
                let number = got.entry(*id).or_default();
                read.push(copy(*id, *number));
                *number += 1;
            }
            read.extend(held(&part.again).iter().map(|id| copy(*id, 0)));
        }
        let has_looked = *held(&self.has_looked);
        (!due.is_empty()).then(|| Deliveries::of(self.promise, due, has_looked.then_some(read)))
    }
}

/// The identity of a copy.
fn copy(id: u64, number: u64) -> u64 {
    identity(&format!("{id} {number}"))
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_the_last_pass_counts() {
        let ledger = Ledger::default();
        assert_eq!(ledger.deliveries(), None);
        let (one, two) = (ledger.part(), ledger.part());
        for (part, name, how) in [(&one, "a", Written::Acknowledged), (&two, "b", Written::Acknowledged)] {
            let write = part.begin(identity(name));
            part.end(write, how);
        }
        two.begin(identity("c"));
        let before = ledger.deliveries().unwrap();
        assert_eq!((before.attempted, before.acknowledged, before.read), (3, 2, None));
        ledger.found_by(7, vec![identity("a")]);
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().lost, 1);
        ledger.found_by(7, vec![identity("a"), identity("b"), identity("c")]);
        // What the load has seen as well is no duplicate; what one pass shows twice is.
        ledger.found([identity("a"), identity("a")]);
        let after = ledger.deliveries().unwrap().read.unwrap();
        assert_eq!((after.lost, after.recovered, after.duplicated, after.found), (0, 1, 0, 3));
        ledger.found_by(7, ["a", "b", "b"].map(identity).to_vec());
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().duplicated, 1);
    }

    #[test]
    fn what_is_taken_counts_each_time() {
        let ledger = Ledger::default();
        let (one, two) = (ledger.part(), ledger.part());
        for name in ["a", "b", "c"] {
            let write = one.begin(identity(name));
            one.end(write, Written::Acknowledged);
        }
        assert_eq!(ledger.deliveries().unwrap().read, None);
        // Who looked and saw nothing has looked.
        ledger.looked();
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().lost, 3);
        one.take([identity("a")]);
        two.take([identity("a"), identity("b"), identity("x")]);
        // Looking at what was taken as well makes no duplicate of it.
        ledger.found([identity("b")]);
        let read = ledger.deliveries().unwrap().read.unwrap();
        assert_eq!((read.lost, read.duplicated, read.unexpected), (1, 1, 1));
    }

    #[test]
    fn whoever_gets_no_copy_is_missed() {
        let ledger = Ledger::default().with_copies(Some(3));
        let part = ledger.part();
        for name in ["a", "b"] {
            let write = part.begin(identity(name));
            part.end(write, Written::Acknowledged);
        }
        ledger.looked();
        (1..=3).for_each(|user| part.copied_to(user, [identity("a")]));
        part.copied_to(1, [identity("b")]);
        part.copied_to(1, [identity("b")]);
        let all = ledger.deliveries().unwrap();
        let read = all.read.unwrap();
        assert_eq!((all.acknowledged, read.lost, read.duplicated, read.unexpected), (6, 2, 1, 0));
        // One more than there should be.
        part.copied_to(4, [identity("a")]);
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().unexpected, 1);
    }

    #[test]
    fn every_user_gets_a_copy_and_nobody_gets_two() {
        let ledger = Ledger::default();
        let (one, two) = (ledger.part(), ledger.part());
        for name in ["a", "b"] {
            let write = one.begin(identity(name));
            one.end(write, Written::Acknowledged);
        }
        ledger.looked();
        one.copied_to(1, [identity("a"), identity("b")]);
        two.copied_to(2, [identity("a")]);
        let read = ledger.deliveries().unwrap().read.unwrap();
        assert_eq!((read.lost, read.duplicated), (0, 0));
        two.copied_to(2, [identity("a")]);
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().duplicated, 1);
    }
}
