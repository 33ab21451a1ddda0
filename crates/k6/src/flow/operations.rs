//! Operations that users send as they are.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::http::{HttpRequest, Keep};

/// Operations that a thread remembers: a script with more has addresses that never come again.
const MAX: usize = 1024;

/// What users of a thread have in common.
#[derive(Default)]
pub(crate) struct Common {
    /// Operations: one for all of them, and one encoded form.
    operations: RefCell<BTreeMap<(Keep, String, String), Arc<Operation>>>,
    /// Addresses that can be read, and hold no credentials.
    addresses: RefCell<BTreeSet<String>>,
}

impl Common {
    /// The operation of a request, which may be another user's.
    pub(super) fn of(&self, request: HttpRequest) -> Arc<Operation> {
        let mut all = self.operations.borrow_mut();
        let key = (request.keep, request.method.clone(), request.url.clone());
        if let Some(known) = all.get(&key) {
            return known.clone();
        }
        let made = Arc::new(Operation::Http(request));
        if all.len() < MAX {
            all.insert(key, made.clone());
        }
        made
    }

    /// Whether a request may go to that address as it stands.
    pub(crate) fn knows(&self, url: &str) -> bool {
        self.addresses.borrow().contains(url)
    }

    /// Remembers that it may.
    pub(crate) fn remember(&self, url: &str) {
        let mut all = self.addresses.borrow_mut();
        if all.len() < MAX {
            all.insert(url.to_owned());
        }
    }
}
