//! Databases: prepared statements and transactions. `PostgreSQL` by tokio-postgres, `MySQL` and `MariaDB` by mysql_async, `SQLite`
//! in the process itself, by rusqlite.
//!
//! Connections belong to users, or to a pool that all users of the process share, load threads included: a pool's size means
//! nothing otherwise. It is the one thing that load threads share, and only if the plan asks for it. Times: `blocked` is waiting
//! for the pool, `connect` the connection with TLS and name, `wait` until all statements are answered, their preparation
//! included. What was sent and received counts statements and values, not the protocol's framing.

mod connection;
mod error;
mod mysql;
mod pool;
mod postgres;
mod session;
mod sqlite;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::http::HttpSettings;
use plimsoll_model::query::QuerySettings;
use plimsoll_model::{Clock, Driver, Protocol, Session};

use crate::net::{TlsConfigs, TlsError};
use connection::Opener;
use pool::Pool;
use session::SqlSession;

/// Why databases cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SqlSettingsError {
    /// Certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The pool has no thread to live on.
    #[error("failed to start the pool's thread")]
    Thread(#[from] std::io::Error),
}

/// Databases, for a run.
pub struct Sql {
    opener: Arc<Opener>,
    pool: Option<Arc<Pool>>,
    settings: Arc<QuerySettings>,
}

impl Sql {
    /// With these settings.
    ///
    /// # Errors
    /// If certificates cannot be read, or the system gives no thread for a pool.
    pub fn new(settings: QuerySettings) -> Result<Self, SqlSettingsError> {
        let of_tls = HttpSettings {
            ca_file: settings.ca_file.clone(),
            skip_verify: settings.skip_verify,
            ..HttpSettings::default()
        };
        let tls = TlsConfigs::new(&of_tls)?.usual();
        Ok(Self {
            opener: Arc::new(Opener { tls, settings: settings.clone() }),
            pool: settings.pool.map(Pool::new).transpose()?.map(Arc::new),
            settings: Arc::new(settings),
        })
    }
}

impl Protocol for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(SqlDriver {
            clock,
            opener: self.opener.clone(),
            pool: self.pool.clone(),
            settings: self.settings.clone(),
        })
    }
}

struct SqlDriver {
    clock: Rc<dyn Clock>,
    opener: Arc<Opener>,
    pool: Option<Arc<Pool>>,
    settings: Arc<QuerySettings>,
}

impl Driver for SqlDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(SqlSession::new(
            self.clock.clone(),
            self.opener.clone(),
            self.pool.clone(),
            self.settings.clone(),
        ))
    }
}
