//! Who wrote what, and what was found of it. Every load thread keeps its own part, so that writing costs no waiting. An
//! identity is a number of 128 bits: a UUID is its own, of any other text it is a hash. A batch is one entry, however many it
//! holds, if its identities follow one another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_model::StepId;
use plimsoll_model::delivery::{Deliveries, Identity, Promise, Sight, Span, Written};

/// The accounts of a run while it goes on.
#[derive(Default)]
pub struct Ledger {
    promise: Promise,
    /// So many users must each get a copy of what is written; then copies are what is counted.
    copies: Option<u64>,
    parts: Mutex<Vec<Arc<Part>>>,
    /// Seen by steps of the load: they may look at the same again and again.
    found: Mutex<HashSet<Span>>,
    /// Found by the last pass of each step that is repeated until everything is there.
    found_last: Mutex<BTreeMap<StepId, Vec<Span>>>,
    /// Whether anybody looked.
    has_looked: Mutex<bool>,
}

/// What one load thread wrote, and what it took away.
#[derive(Default)]
pub struct Part {
    writes: Mutex<Vec<(Span, Written)>>,
    /// Taken away from others: each time counts.
    takes: Mutex<Vec<Span>>,
    /// Copies that users got, each of its own; and those that the same user got again.
    copies: Mutex<HashSet<(u64, Identity)>>,
    again: Mutex<Vec<Identity>>,
}

/// An identity.
pub fn identity(text: &str) -> Identity {
    uuid(text).unwrap_or_else(|| {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, text).hash(&mut hasher);
            Identity::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    })
}

/// A UUID as a number, if a text is one as they are usually written.
pub fn uuid(text: &str) -> Option<Identity> {
    let bytes = text.as_bytes();
    let dashes = [8, 13, 18, 23];
    if bytes.len() != 36 || dashes.iter().any(|at| bytes[*at] != b'-') {
        return None;
    }
    let digits = bytes.iter().enumerate().filter(|(at, _)| !dashes.contains(at));
    let number = digits
        .map(|(_, byte)| char::from(*byte).to_digit(16))
        .try_fold(0, |number, digit| Some(number << 4 | Identity::from(digit?)));
    // The highest has none behind it, so that no span could end there.
    number.filter(|number| *number != Identity::MAX)
}

impl Part {
    /// A write begins: until it ends, nobody knows.
    pub fn begin(&self, ids: Span) -> usize {
        let mut writes = held(&self.writes);
        writes.push((ids, Written::Unknown));
        writes.len() - 1
    }

    /// A write that began has ended.
    pub fn end(&self, write: usize, how: Written) {
        held(&self.writes)[write].1 = how;
    }

    /// These were taken away from others, who see them no more: each time counts.
    pub fn take(&self, ids: impl IntoIterator<Item = Span>) {
        held(&self.takes).extend(ids);
    }

    /// A user got copies of these: that others get theirs is as it should be, that the same user gets one again is not.
    pub fn copied_to(&self, user: u64, ids: impl IntoIterator<Item = Span>) {
        let mut copies = held(&self.copies);
        let all = ids.into_iter().flat_map(|span| span.first()..span.end());
        held(&self.again).extend(all.filter(|id| !copies.insert((user, *id))));
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
    pub fn found(&self, ids: impl IntoIterator<Item = Span>) {
        *held(&self.has_looked) = true;
        held(&self.found).extend(ids);
    }

    /// One pass of a step that reads everything found these.
    pub fn found_by(&self, step: StepId, ids: Vec<Span>) {
        *held(&self.has_looked) = true;
        held(&self.found_last).insert(step, ids);
    }

    /// The accounts as they stand; `None` if nothing was written.
    pub fn deliveries(&self) -> Option<Deliveries> {
        let parts = held(&self.parts);
        let writes: Vec<_> = parts.iter().flat_map(|part| held(&part.writes).clone()).collect();
        if writes.is_empty() {
            return None;
        }
        if let Some(copies) = self.copies {
            return Some(self.deliveries_of_copies(&parts, &writes, copies));
        }
        if !*held(&self.has_looked) {
            return Some(Deliveries::of_spans(self.promise, writes, None::<[(Span, Sight); 0]>));
        }
        let mut read: Vec<_> = held(&self.found).iter().map(|span| (*span, Sight::Looked)).collect();
        read.extend(held(&self.found_last).values().flatten().map(|span| (*span, Sight::Shown)));
        for part in parts.iter() {
            read.extend(held(&part.takes).iter().map(|span| (*span, Sight::Shown)));
            read.extend(held(&part.copies).iter().map(|(_, id)| (Span::one(*id), Sight::Looked)));
            read.extend(held(&part.again).iter().map(|id| (Span::one(*id), Sight::Again)));
        }
        Some(Deliveries::of_spans(self.promise, writes, Some(read)))
    }

    /// Every copy that is due is an identity of its own: the first that some user got, the second, and so on.
    fn deliveries_of_copies(
        &self,
        parts: &[Arc<Part>],
        writes: &[(Span, Written)],
        copies: u64,
    ) -> Deliveries {
        let each = |(span, how): &(Span, Written)| {
            let how = *how;
            (span.first()..span.end()).map(move |id| (id, how))
        };
        let due = writes.iter().flat_map(each);
        let due = due.flat_map(|(id, how)| (0..copies).map(move |number| (copy(id, number), how)));
        let mut got: HashMap<Identity, u64> = HashMap::new();
        let mut read = Vec::new();
        for part in parts {
            for (_, id) in held(&part.copies).iter() {
                let number = got.entry(*id).or_default();
                read.push((copy(*id, *number), Sight::Shown));
                *number += 1;
            }
            read.extend(held(&part.again).iter().map(|id| (copy(*id, 0), Sight::Shown)));
        }
        let has_looked = *held(&self.has_looked);
        Deliveries::of_spans(self.promise, due, has_looked.then_some(read))
    }
}

/// The identity of a copy.
fn copy(id: Identity, number: u64) -> Span {
    Span::one(identity(&format!("{id} {number}")))
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Span {
        Span::one(identity(text))
    }

    #[test]
    fn parts_add_up_and_the_last_pass_counts() {
        let ledger = Ledger::default();
        assert_eq!(ledger.deliveries(), None);
        let (one, two) = (ledger.part(), ledger.part());
        for (part, name, how) in [(&one, "a", Written::Acknowledged), (&two, "b", Written::Acknowledged)] {
            let write = part.begin(named(name));
            part.end(write, how);
        }
        two.begin(named("c"));
        let before = ledger.deliveries().unwrap();
        assert_eq!((before.attempted, before.acknowledged, before.read), (3, 2, None));
        ledger.found_by(7, vec![named("a")]);
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().lost, 1);
        ledger.found_by(7, vec![named("a"), named("b"), named("c")]);
        // What the load has seen as well is no duplicate; what one pass shows twice is.
        ledger.found([named("a"), named("a")]);
        let after = ledger.deliveries().unwrap().read.unwrap();
        assert_eq!((after.lost, after.recovered, after.duplicated, after.found), (0, 1, 0, 3));
        ledger.found_by(7, ["a", "b", "b"].map(named).to_vec());
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().duplicated, 1);
    }

    #[test]
    fn what_is_taken_counts_each_time() {
        let ledger = Ledger::default();
        let (one, two) = (ledger.part(), ledger.part());
        for name in ["a", "b", "c"] {
            let write = one.begin(named(name));
            one.end(write, Written::Acknowledged);
        }
        assert_eq!(ledger.deliveries().unwrap().read, None);
        // Who looked and saw nothing has looked.
        ledger.looked();
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().lost, 3);
        one.take([named("a")]);
        two.take([named("a"), named("b"), named("x")]);
        // Looking at what was taken as well makes no duplicate of it.
        ledger.found([named("b")]);
        let read = ledger.deliveries().unwrap().read.unwrap();
        assert_eq!((read.lost, read.duplicated, read.unexpected), (1, 1, 1));
    }

    #[test]
    fn whoever_gets_no_copy_is_missed() {
        let ledger = Ledger::default().with_copies(Some(3));
        let part = ledger.part();
        for name in ["a", "b"] {
            let write = part.begin(named(name));
            part.end(write, Written::Acknowledged);
        }
        ledger.looked();
        (1..=3).for_each(|user| part.copied_to(user, [named("a")]));
        part.copied_to(1, [named("b")]);
        part.copied_to(1, [named("b")]);
        let all = ledger.deliveries().unwrap();
        let read = all.read.unwrap();
        assert_eq!((all.acknowledged, read.lost, read.duplicated, read.unexpected), (6, 2, 1, 0));
        // One more than there should be.
        part.copied_to(4, [named("a")]);
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().unexpected, 1);
    }

    #[test]
    fn every_user_gets_a_copy_and_nobody_gets_two() {
        let ledger = Ledger::default();
        let (one, two) = (ledger.part(), ledger.part());
        for name in ["a", "b"] {
            let write = one.begin(named(name));
            one.end(write, Written::Acknowledged);
        }
        ledger.looked();
        one.copied_to(1, [named("a"), named("b")]);
        two.copied_to(2, [named("a")]);
        let read = ledger.deliveries().unwrap().read.unwrap();
        assert_eq!((read.lost, read.duplicated), (0, 0));
        two.copied_to(2, [named("a")]);
        assert_eq!(ledger.deliveries().unwrap().read.unwrap().duplicated, 1);
    }

    #[test]
    fn a_uuid_is_its_own_number() {
        assert_eq!(identity("00000000-0000-8000-8000-0000000003e8"), 0x8000_8000_0000_0000_03e8);
        assert_eq!(identity("00000000-0000-8000-8000-0000000003E8"), 0x8000_8000_0000_0000_03e8);
        for other in ["00000000-0000-8000-8000-0000000003g8", "00000000x0000-8000-8000-0000000003e8", "ff"] {
            assert_eq!(uuid(other), None, "{other}");
        }
        assert_eq!(uuid("ffffffff-ffff-ffff-ffff-ffffffffffff"), None);
    }

    #[test]
    fn single_writes_and_batches_are_one_account() {
        let ledger = Ledger::default();
        let part = ledger.part();
        let first = uuid("00000000-0000-8000-8000-0000000003e8").unwrap();
        for ids in [Span::new(first, 1_000), named("a"), named("00000000-0000-8000-8000-000000000001")] {
            let write = part.begin(ids);
            part.end(write, Written::Acknowledged);
        }
        // The last of the batch is not there, and one single one came as part of a range.
        ledger.found_by(1, vec![Span::new(first - 999, 1), Span::new(first, 999), named("a")]);
        let all = ledger.deliveries().unwrap();
        let read = all.read.unwrap();
        assert_eq!((all.acknowledged, read.found, read.lost, read.unexpected), (1_002, 1_001, 1, 0));
    }
}
