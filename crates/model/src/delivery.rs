//! Writes that carry an identity, and what was read back: accounts after Jepsen's `set` and `total-queue` checkers
//! (docs/METHOD.md, section 13).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// What tells one write from another: a UUID as the number that it is, of any other text a hash.
pub type Identity = u128;

/// Identities one after the other, as those of a batch are. Packed: a run may write tens of millions of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C, packed(4))]
pub struct Span {
    first: Identity,
    count: u32,
}

impl Span {
    /// A single one.
    pub const fn one(identity: Identity) -> Self {
        Self { first: identity, count: 1 }
    }

    /// So many, from the first; those beyond the last that there is are none.
    pub fn new(first: Identity, count: u32) -> Self {
        let left = u32::try_from(Identity::MAX - first).unwrap_or(u32::MAX);
        Self { first, count: count.min(left) }
    }

    /// The first of them.
    pub const fn first(self) -> Identity {
        self.first
    }

    /// The one behind the last.
    pub const fn end(self) -> Identity {
        self.first.saturating_add(self.count as Identity)
    }
}

/// How something was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A second time, where once would have been right.
    Again,
    /// By somebody who may look at the same again and again: however often, it is there once.
    Looked,
    /// Each time counts.
    Shown,
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
        let one = |id: u64| Span::one(Identity::from(id));
        let writes = writes.into_iter().map(|(id, written)| (one(id), written));
        let read = read.map(|read| read.into_iter().map(|id| (one(id), Sight::Shown)));
        Self::of_spans(promise, writes, read)
    }

    /// The same of identities that come many at a time. Exact: no identity is looked at twice, however the spans overlap.
    pub fn of_spans(
        promise: Promise,
        writes: impl IntoIterator<Item = (Span, Written)>,
        read: Option<impl IntoIterator<Item = (Span, Sight)>>,
    ) -> Self {
        let mut all: Vec<_> = writes.into_iter().map(|(span, how)| (span, Mark::of_write(how))).collect();
        let has_read = read.is_some();
        all.extend(read.into_iter().flatten().map(|(span, sight)| (span, Mark::of_sight(sight))));
        let mut sums = Self { promise, attempted: 0, acknowledged: 0, refused: 0, read: None };
        let mut back = ReadBack::default();
        sweep(all, |length, marks| {
            sums.add(length, marks);
            back.add(length, marks);
        });
        Self { read: has_read.then_some(back), ..sums }
    }

    fn add(&mut self, length: u64, marks: &Marks) {
        let Some(how) = marks.written() else { return };
        self.attempted += length;
        self.acknowledged += if how == Written::Acknowledged { length } else { 0 };
        self.refused += if how == Written::Refused { length } else { 0 };
    }
}

impl ReadBack {
    fn add(&mut self, length: u64, marks: &Marks) {
        let (how, times) = (marks.written(), marks.times());
        let when = |is: bool| if is { length } else { 0 };
        self.found += when(times > 0);
        self.lost += when(how == Some(Written::Acknowledged) && times == 0);
        self.unexpected += when(how.is_none() && times > 0);
        self.duplicated += when(how.is_some() && times > 1);
        self.recovered += when(how.is_some_and(|how| how != Written::Acknowledged) && times > 0);
        self.false_failures += when(how == Some(Written::Refused) && times > 0);
    }
}

/// What a span says of its identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Acknowledged,
    Unknown,
    Refused,
    Again,
    Looked,
    Shown,
}

impl Mark {
    const fn of_write(how: Written) -> Self {
        match how {
            Written::Acknowledged => Self::Acknowledged,
            Written::Refused => Self::Refused,
            Written::Unknown => Self::Unknown,
        }
    }

    const fn of_sight(sight: Sight) -> Self {
        match sight {
            Sight::Again => Self::Again,
            Sight::Looked => Self::Looked,
            Sight::Shown => Self::Shown,
        }
    }
}

/// How many spans of each mark lie over a stretch of identities.
#[derive(Default)]
struct Marks([u64; 6]);

impl Marks {
    const fn count(&self, mark: Mark) -> u64 {
        self.0[mark as usize]
    }

    fn written(&self) -> Option<Written> {
        match () {
            () if self.count(Mark::Acknowledged) > 0 => Some(Written::Acknowledged),
            () if self.count(Mark::Unknown) > 0 => Some(Written::Unknown),
            () if self.count(Mark::Refused) > 0 => Some(Written::Refused),
            () => None,
        }
    }

    fn times(&self) -> u64 {
        let (shown, looked) = (self.count(Mark::Shown), self.count(Mark::Looked));
        (if shown > 0 { shown } else { looked.min(1) }) + self.count(Mark::Again)
    }
}

/// Goes over all identities in order, and tells every stretch over which the same spans lie.
fn sweep(mut all: Vec<(Span, Mark)>, mut tell: impl FnMut(u64, &Marks)) {
    all.sort_unstable_by_key(|(span, _)| span.first());
    let mut marks = Marks::default();
    let mut ends: BinaryHeap<Reverse<(Identity, usize)>> = BinaryHeap::new();
    let mut at: Identity = 0;
    let mut coming = all.into_iter().peekable();
    loop {
        let begins = coming.peek().map(|(span, _)| span.first());
        let ends_next = ends.peek().map(|Reverse((end, _))| *end);
        let Some(next) = begins.into_iter().chain(ends_next).min() else { return };
        if next > at && !ends.is_empty() {
            tell((next - at) as u64, &marks);
        }
        at = next;
        while let Some(Reverse((_, mark))) = ends.peek().copied().filter(|Reverse((end, _))| *end == at) {
            marks.0[mark] -= 1;
            ends.pop();
        }
        while let Some((span, mark)) = coming.next_if(|(span, _)| span.first() == at) {
            marks.0[mark as usize] += 1;
            ends.push(Reverse((span.end(), mark as usize)));
        }
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

    #[test]
    fn a_batch_accounts_for_all_of_its_identities() {
        use Written::{Acknowledged, Refused, Unknown};
        let writes = [
            (Span::new(1_000, 1_000), Acknowledged),
            (Span::new(2_000, 1_000), Unknown),
            (Span::new(3_000, 1_000), Refused),
        ];
        // Every seventh of the first is gone, ten came twice, half of the second arrived, and five are nobody's.
        let kept = (1_000..2_000).filter(|id| id % 7 != 0).map(|id| (Span::one(id), Sight::Shown));
        let more = [
            (Span::new(1_001, 6), Sight::Shown),
            (Span::new(1_008, 4), Sight::Again),
            (Span::new(2_000, 500), Sight::Shown),
            (Span::new(9_000, 5), Sight::Looked),
            (Span::new(9_002, 2), Sight::Looked),
        ];
        let all = Deliveries::of_spans(Promise::default(), writes, Some(kept.chain(more)));
        assert_eq!((all.attempted, all.acknowledged, all.refused), (3_000, 1_000, 1_000));
        let read = all.read.unwrap();
        // 1001, 1008, ..., 1995 are gone, but 1001 and 1008 were shown otherwise.
        let gone = (1_000..2_000).filter(|id| id % 7 == 0).count() as u64;
        assert_eq!(read.lost, gone - 2);
        assert_eq!((read.unexpected, read.recovered, read.false_failures), (5, 500, 0));
        assert_eq!(read.duplicated, 5 + 3);
        assert_eq!(read.found, 1_000 - read.lost + 500 + 5);
    }

    #[test]
    fn the_last_identities_are_no_others() {
        assert_eq!(Span::new(Identity::MAX - 3, 10).end(), Identity::MAX);
        let writes = [(Span::new(Identity::MAX - 3, 10), Written::Acknowledged)];
        let all = Deliveries::of_spans(Promise::default(), writes, None::<[(Span, Sight); 0]>);
        assert_eq!(all.attempted, 3);
    }
}
