//! A pool of connections that all users of the process share: a permit for every connection that is in use.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use super::connection::{Connection, Opener};
use super::error::SqlError;

/// A pool of at most so many connections to each server. Its connections outlive the load threads, setup and teardown that
/// use them, so they live on a thread of its own.
pub(super) struct Pool {
    pub(super) size: u32,
    home: Home,
    permits: Semaphore,
    idle: Mutex<Vec<(Arc<str>, Connection)>>,
}

impl Pool {
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn new(size: u32) -> std::io::Result<Self> {
        let permits = Semaphore::new(size as usize);
        Ok(Self { size, home: Home::new()?, permits, idle: Mutex::default() })
    }

    /// A new connection, at home on the pool's thread.
    pub(super) async fn open(&self, opener: &Arc<Opener>, server: &Arc<str>) -> Result<Connection, SqlError> {
        let (opener, server) = (opener.clone(), server.clone());
        let opened = self.home.handle.spawn(async move { opener.open(&server).await }).await;
        opened.unwrap_or_else(|panicked| Err(SqlError::Lost(panicked.to_string())))
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

/// A runtime on a thread of its own, which ends with this.
struct Home {
    handle: Handle,
    // Whoever waits at the other end goes home when this is dropped.
    _stay: oneshot::Sender<()>,
}

impl Home {
    fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stay, leave) = oneshot::channel();
        std::thread::Builder::new().name("pool".to_owned()).spawn(move || {
            // An error is what ends it.
            let _left = runtime.block_on(leave);
        })?;
        Ok(Self { handle, _stay: stay })
    }
}
