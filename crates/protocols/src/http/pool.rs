//! Connections shared by the users of a load thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::connection::Connection;
use crate::net::Origin;

/// A pool with a limit on connections in use. Whoever finds none free waits in order of arrival.
pub(crate) struct Pool {
    permits: Semaphore,
    #[expect(
        clippy::vec_box,
        reason = "connections are moved between pool and users for every request; a pointer moves cheaper"
    )]
    idle: RefCell<HashMap<Origin, Vec<Box<Connection>>>>,
}

impl Pool {
    pub(crate) fn new(limit: u32) -> Self {
        Self { permits: Semaphore::new(limit.max(1) as usize), idle: RefCell::default() }
    }

    /// The right to use one connection, if it is to be had without waiting.
    pub(crate) fn try_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.try_acquire().ok()
    }

    /// The right to use one connection.
    pub(crate) async fn permit(self: &Rc<Self>) -> SemaphorePermit<'_> {
        self.permits.acquire().await.expect("the pool's semaphore is never closed")
    }

    /// An idle connection; the one used last, because it is the least likely to be stale.
    pub(crate) fn take(&self, origin: &Origin) -> Option<Box<Connection>> {
        self.idle.borrow_mut().get_mut(origin)?.pop()
    }

    pub(crate) fn put(&self, connection: Box<Connection>) {
        let mut idle = self.idle.borrow_mut();
        match idle.get_mut(&connection.origin) {
            Some(connections) => connections.push(connection),
            None => {
                idle.insert(connection.origin.clone(), vec![connection]);
            }
        }
    }
}
