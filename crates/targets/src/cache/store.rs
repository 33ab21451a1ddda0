//! What the cache holds. Pure: whoever asks says what time it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// What an entry takes besides key and value: its places in the map and in both orders, roughly.
const ENTRY_BYTES: u64 = 128;

type Key = Rc<[u8]>;

struct Entry {
    value: Vec<u8>,
    /// Its place in the order of use.
    used: u64,
    expires_ms: Option<u64>,
}

/// What happened since the counters were cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) commands: u64,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) expired: u64,
    pub(super) evicted: u64,
}

/// Keys and values, within a limit.
pub(super) struct Store {
    entries: HashMap<Key, Entry>,
    /// Keys by when they were used last.
    by_use: BTreeMap<u64, Key>,
    /// Keys that will expire, by when.
    by_end: BTreeSet<(u64, Key)>,
    uses: u64,
    bytes: u64,
    bytes_max: u64,
    pub(super) counters: Counters,
}

/// A value is larger than the whole cache.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Store {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self {
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            by_end: BTreeSet::new(),
            uses: 0,
            bytes: 0,
            bytes_max,
            counters: Counters::default(),
        }
    }

    /// Forgets what is too old by now. To be called before anything else is asked.
    pub(super) fn expire(&mut self, now_ms: u64) {
        while let Some((end_ms, key)) = self.by_end.first().filter(|(end_ms, _)| *end_ms <= now_ms) {
            debug_assert_eq!(self.entries.get(key).and_then(|e| e.expires_ms), Some(*end_ms));
            let key = key.clone();
            self.remove(&key);
            self.counters.expired += 1;
        }
    }

    /// A value, counted as a hit or a miss, and used by this.
    pub(super) fn get(&mut self, key: &[u8]) -> Option<&[u8]> {
        if self.touch(key) {
            self.counters.hits += 1;
        } else {
            self.counters.misses += 1;
        }
        self.peek(key)
    }

    /// Uses a key without looking at it; whether it was there.
    pub(super) fn touch(&mut self, key: &[u8]) -> bool {
        let Some(entry) = self.entries.get_mut(key) else { return false };
        self.uses += 1;
        let before = std::mem::replace(&mut entry.used, self.uses);
        if let Some(known) = self.by_use.remove(&before) {
            self.by_use.insert(self.uses, known);
        }
        true
    }

    /// A value, looked at by the way.
    pub(super) fn peek(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key).map(|entry| entry.value.as_slice())
    }

    /// When a key expires, if it is there and if it does.
    #[expect(clippy::option_option, reason = "a key that is not there, and one that lasts, are two things")]
    pub(super) fn end_ms(&self, key: &[u8]) -> Option<Option<u64>> {
        self.entries.get(key).map(|entry| entry.expires_ms)
    }

    /// Keeps a value in place of what was there, and lets go what was not used for longest.
    pub(super) fn set(
        &mut self,
        key: &[u8],
        value: Vec<u8>,
        expires_ms: Option<u64>,
    ) -> Result<(), TooLarge> {
        let bytes = size(key, &value);
        if bytes > self.bytes_max {
            return Err(TooLarge);
        }
        self.remove(key);
        let key: Key = key.into();
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, key.clone());
        if let Some(end_ms) = expires_ms {
            self.by_end.insert((end_ms, key.clone()));
        }
        self.entries.insert(key, Entry { value, used: self.uses, expires_ms });
        self.make_room();
        Ok(())
    }

    /// Changes when a key expires; whether it was there.
    pub(super) fn set_end(&mut self, key: &[u8], expires_ms: Option<u64>) -> bool {
        let Some((known, _)) = self.entries.get_key_value(key) else { return false };
        let known = known.clone();
        let Some(entry) = self.entries.get_mut(key) else { return false };
        let before = std::mem::replace(&mut entry.expires_ms, expires_ms);
        if let Some(end_ms) = before {
            self.by_end.remove(&(end_ms, known.clone()));
        }
        if let Some(end_ms) = expires_ms {
            self.by_end.insert((end_ms, known));
        }
        true
    }

    /// Forgets a key; whether it was there.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        let Some((known, entry)) = self.entries.remove_entry(key) else { return false };
        self.bytes -= size(&known, &entry.value);
        self.by_use.remove(&entry.used);
        if let Some(end_ms) = entry.expires_ms {
            self.by_end.remove(&(end_ms, known));
        }
        true
    }

    /// Forgets everything but the counters.
    pub(super) fn clear(&mut self) {
        *self = Self { counters: self.counters, ..Self::new(self.bytes_max) };
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn expiring(&self) -> usize {
        self.by_end.len()
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Moves the limit; what does not fit any more goes.
    pub(super) fn limit(&mut self, bytes_max: u64) {
        self.bytes_max = bytes_max;
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.by_use.first_key_value() else { return };
            let oldest = oldest.clone();
            self.remove(&oldest);
            self.counters.evicted += 1;
        }
    }
}

fn size(key: &[u8], value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64 + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut store = Store::new(3 * size(b"a", b"1"));
        for key in [b"a", b"b", b"c"] {
            store.set(key, b"1".to_vec(), None).unwrap();
        }
        assert_eq!(store.get(b"a"), Some(b"1".as_slice()));
        store.set(b"d", b"1".to_vec(), None).unwrap();
        let there = [b"a", b"b", b"c", b"d"].map(|key| store.peek(key).is_some());
        assert_eq!((there, store.counters.evicted), ([true, false, true, true], 1));
        store.limit(size(b"a", b"1"));
        assert_eq!((store.len(), store.peek(b"d").is_some(), store.counters.evicted), (1, true, 3));
        assert_eq!(store.set(b"e", vec![0; 1_000], None), Err(TooLarge));
        assert!(store.peek(b"d").is_some());
    }

    #[test]
    fn what_is_too_old_is_gone() {
        let mut store = Store::new(1 << 20);
        store.set(b"a", b"1".to_vec(), Some(100)).unwrap();
        store.set(b"b", b"1".to_vec(), Some(100)).unwrap();
        assert!(store.set_end(b"b", None) && !store.set_end(b"c", None));
        store.expire(99);
        assert_eq!(store.len(), 2);
        store.expire(100);
        assert_eq!((store.peek(b"a"), store.end_ms(b"b"), store.counters.expired), (None, Some(None), 1));
        assert_eq!(store.get(b"a"), None);
        assert_eq!((store.counters.misses, store.counters.hits), (1, 0));
    }

    proptest! {
        /// Whatever is done, both orders and the count of bytes say the same as the map.
        #[test]
        fn the_books_balance(steps in proptest::collection::vec((0..5_u8, 0..8_u8, 0..60_usize, 0..50_u64), 0..200)) {
            let mut store = Store::new(6 * ENTRY_BYTES);
            for (what, key, length, time_ms) in steps {
                match what {
                    0 | 1 => { let _may_be_too_large = store.set(&[key], vec![0; length], (what == 0).then_some(time_ms)); }
                    2 => { store.get(&[key]); }
                    3 => { store.set_end(&[key], Some(time_ms)); }
                    _ => store.expire(time_ms),
                }
                let bytes: u64 = store.entries.iter().map(|(key, entry)| size(key, &entry.value)).sum();
                prop_assert!(bytes == store.bytes() && bytes <= store.bytes_max());
                prop_assert_eq!(store.by_use.len(), store.len());
                let expiring = store.entries.values().filter(|entry| entry.expires_ms.is_some()).count();
                prop_assert_eq!(store.expiring(), expiring);
                prop_assert!(store.by_use.iter().all(|(used, key)| store.entries[key].used == *used));
            }
        }
    }
}
