//! HTTP, client side: HTTP/1.1 is what the load path is made of, HTTP/2 (`two.rs`) is the crate h2's.
//!
//! A request is encoded once and sent with one write; a response is read into a buffer shared by the load
//! thread and parsed in place. A head that repeats byte for byte is not parsed again. Bodies are counted and
//! dropped unless somebody will look at them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::conversation::Opened;
use plimsoll_model::http::{Connections, HttpRequest, HttpSettings, HttpVersion};
use plimsoll_model::{Clock, Driver, Operation, Protocol, Session};

use crate::net::{Dialer, TlsConfigs, TlsError};

mod connection;
mod cookies;
mod decode;
mod error;
mod exchange;
mod line;
mod outgoing;
mod pace;
mod pool;
mod prepared;
mod response;
mod session;
mod two;
mod upgrade;

use pool::Pool;
use prepared::Prepared;
use session::HttpSession;
use two::Lines;

/// Read at once from a socket: one system call for any small response, and few for a large one.
const READ_BYTES: usize = 64 * 1024;

/// Encoded requests kept per load thread.
const PREPARED_MAX: usize = 1024;

/// HTTP, configured for a run.
pub struct Http {
    settings: Arc<HttpSettings>,
    tls: Arc<TlsConfigs>,
}

impl Http {
    /// Reads the certificates that `settings` name.
    pub fn new(settings: HttpSettings) -> Result<Self, TlsError> {
        let tls = Arc::new(TlsConfigs::new(&settings)?);
        if settings.counts_tokens {
            crate::events::make_ready();
        }
        Ok(Self { settings: Arc::new(settings), tls })
    }
}

impl Protocol for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        let dialer = Dialer::new(clock.clone(), self.tls.clone(), &self.settings);
        let pool = match self.settings.connections {
            Connections::PerUser => None,
            Connections::Shared(limit) => Some(Rc::new(Pool::new(limit))),
        };
        let lines = match (self.settings.version, self.settings.connections) {
            (HttpVersion::Two | HttpVersion::Agreed, Connections::Shared(_)) => Some(Rc::default()),
            _ => None,
        };
        let shared = ThreadShared {
            clock,
            settings: self.settings.clone(),
            dialer,
            buffer: RefCell::new(vec![0; READ_BYTES].into()),
            prepared: RefCell::default(),
        };
        Box::new(HttpDriver { shared: Rc::new(shared), pool, lines })
    }
}

/// What the sessions of one load thread share.
struct ThreadShared {
    clock: Rc<dyn Clock>,
    settings: Arc<HttpSettings>,
    dialer: Dialer,
    /// Borrowed only within a poll, so one serves all sessions and stays in the cache.
    buffer: RefCell<Box<[u8]>>,
    /// Encoded requests by the address of the operation, which the entry keeps alive.
    prepared: RefCell<HashMap<usize, Known>>,
}

/// An operation with its encoded form.
type Known = (Arc<Operation>, Rc<Prepared>);

struct HttpDriver {
    shared: Rc<ThreadShared>,
    pool: Option<Rc<Pool>>,
    /// Connections of HTTP/2 that all users share.
    lines: Option<Rc<Lines>>,
}

impl Driver for HttpDriver {
    fn session(&self) -> Box<dyn Session> {
        let lines = match self.shared.settings.version {
            HttpVersion::One => None,
            HttpVersion::Two | HttpVersion::Agreed => Some(self.lines.clone().unwrap_or_default()),
        };
        Box::new(HttpSession::new(self.shared.clone(), self.pool.clone(), lines))
    }

    fn converse(&self, request: HttpRequest) -> LocalBoxFuture<'static, Opened> {
        let shared = self.shared.clone();
        Box::pin(async move { upgrade::converse(&shared, &request).await })
    }
}
