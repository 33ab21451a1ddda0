//! Operations that users send as they are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::http::{HttpRequest, Keep};

/// Operations that a thread remembers: a script with more has addresses that never come again.
const MAX: usize = 1024;

/// Operations that users of a thread have in common: one for all of them, and one encoded form.
#[derive(Default)]
pub(crate) struct Common(RefCell<BTreeMap<(Keep, String, String), Arc<Operation>>>);

impl Common {
    /// The operation of a request, which may be another user's.
    pub(super) fn of(&self, request: HttpRequest) -> Arc<Operation> {
        let mut all = self.0.borrow_mut();
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
}
