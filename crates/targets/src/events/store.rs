//! What the service knows.

use serde::Deserialize;
use serde_json::Value;

use super::attribution::Users;
use super::event::Checked;
use super::identities::Identities;

/// How what is accepted is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Faults {
    lose: Option<u64>,
    twice: Option<u64>,
}

/// Everything.
#[derive(Default)]
pub(super) struct Store {
    pub(super) received: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) batches: u64,
    pub(super) duplicates: u64,
    pub(super) kept: Identities,
    /// Accepted and not kept.
    gone: Identities,
    pub(super) types: Types,
    pub(super) users: Users,
}

impl Store {
    /// Takes what was checked.
    pub(super) fn take(&mut self, events: &[Checked<'_>], faults: Faults) {
        self.received += events.len() as u64;
        for event in events {
            self.accepted += 1;
            let id = event.id.as_str();
            let is_due = |every: Option<u64>| every.is_some_and(|n| self.accepted.is_multiple_of(n.max(1)));
            let is_new = if is_due(faults.lose) {
                !self.kept.has(id) & self.gone.insert(id)
            } else {
                let twice = is_due(faults.twice);
                let is_new = self.kept.insert(id) && !self.gone.has(id);
                if twice {
                    self.kept.insert(id);
                }
                is_new
            };
            self.duplicates += u64::from(!is_new);
            self.types.count(event.kind.as_str());
            self.users.take(event);
        }
    }

    /// How many different events were accepted.
    pub(super) fn distinct(&self) -> u64 {
        self.accepted - self.duplicates
    }
}

/// How many of each type there were. There are few, so that looking them through is quicker than hashing.
#[derive(Debug, Default)]
pub(super) struct Types(Vec<(Box<str>, u64)>);

impl Types {
    fn count(&mut self, kind: &str) {
        match self.0.iter_mut().find(|(known, _)| **known == *kind) {
            Some((_, count)) => *count += 1,
            None => self.0.push((kind.into(), 1)),
        }
    }

    /// By type, in order.
    pub(super) fn counted(&self) -> Value {
        let sorted: std::collections::BTreeMap<_, _> =
            self.0.iter().map(|(kind, count)| (kind, count)).collect();
        serde_json::to_value(sorted).expect("names and counts are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::batch;
    use super::*;

    #[test]
    fn what_is_to_be_lost_is_lost_to_the_event() {
        let mut store = Store::default();
        let id = |n: u32| format!("00000000-0000-8000-8000-{n:012x}");
        let event = |n| format!(r#"{{"event_id":"{}","event_type":"click","source":"web"}}"#, id(n));
        let faults = Faults { lose: Some(7), twice: Some(100) };
        for first in [0, 1_000, 2_000] {
            let body = format!("[{}]", (first..first + 1_000).map(event).collect::<Vec<_>>().join(","));
            store.take(&batch(body.as_bytes()).unwrap(), faults);
        }
        // Every seventh is gone, and of the others every hundredth is there twice.
        let twice = (1..=3_000).filter(|n| n % 100 == 0 && n % 7 != 0).count();
        assert_eq!(store.kept.all().len(), 3_000 - 3_000 / 7 + twice);
        assert_eq!((store.accepted, store.duplicates, store.distinct()), (3_000, 0, 3_000));
        assert!(!store.kept.has(&id(6)) && store.kept.has(&id(7)));
        // The same again are duplicates, those that are gone included.
        let body = format!("[{},{}]", event(6), event(7));
        store.take(&batch(body.as_bytes()).unwrap(), Faults::default());
        assert_eq!((store.accepted, store.duplicates), (3_002, 2));
        assert_eq!(store.types.counted(), serde_json::json!({ "click": 3_002 }));
    }
}
