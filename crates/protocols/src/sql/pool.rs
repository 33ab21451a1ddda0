//! A pool of connections that all users of the process share: a permit for every connection that is in use.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::connection::Connection;

/// A pool of at most so many connections to each server.
pub(super) struct Pool {
    pub(super) size: u32,
    permits: Semaphore,
    idle: Mutex<Vec<(Arc<str>, Connection)>>,
}

impl Pool {
    pub(super) fn new(size: u32) -> Self {
        Self { size, permits: Semaphore::new(size as usize), idle: Mutex::default() }
    }

    /// The right to use one connection; who asks first gets it first.
    pub(super) async fn permit(&self) -> SemaphorePermit<'_> {
        self.permits.acquire().await.expect("the pool is never closed")
    }

    /// A connection to this server that is open already. Whoever has a permit and finds none opens one, so that there are
    /// never more to a server than permits.
    pub(super) fn take(&self, server: &Arc<str>) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().rposition(|(known, _)| known == server)?;
        Some(idle.swap_remove(at).1)
    }

    /// A connection that is free again.
    pub(super) fn put(&self, server: Arc<str>, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((server, connection));
    }
}
