//! A connection to a database of whatever kind.

use std::sync::Arc;

use plimsoll_model::query::{QueryRequest, QuerySettings, Statement};
use rustls::ClientConfig;
use serde_json::{Value, json};

use super::error::SqlError;
use super::{mysql, postgres, sqlite};

/// Makes connections.
pub(super) struct Opener {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) settings: QuerySettings,
}

/// A connection.
pub(super) enum Connection {
    Postgres(Box<postgres::Connection>),
    MySql(mysql::Connection),
    Sqlite(sqlite::Connection),
}

/// What one statement came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Done {
    /// Rows that came back.
    pub(super) rows: u64,
    /// Rows that were changed.
    pub(super) affected: u64,
    /// Bytes of the values that came back.
    pub(super) bytes: u64,
    /// The rows, if somebody will look at them.
    pub(super) kept: Vec<Value>,
}

impl Done {
    /// As expectations see it.
    pub(super) fn body(&self) -> Value {
        json!({ "rows": self.kept, "count": self.rows, "affected": self.affected })
    }
}

/// Statements that begin, keep and undo a transaction, everywhere.
pub(super) const BEGIN: &str = "BEGIN";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// A database that is spoken with over a wire.
pub(super) trait Wire {
    /// Words without parameters and without rows.
    async fn say(&mut self, words: &'static str) -> Result<(), SqlError>;

    /// One statement, with its rows if they are kept.
    async fn one(&mut self, statement: &Statement, keep: bool) -> Result<Done, SqlError>;
}

/// Carries out all statements, in a transaction if that was asked for.
async fn carry_out(wire: &mut impl Wire, request: &QueryRequest) -> Result<Vec<Done>, SqlError> {
    if request.is_transaction {
        wire.say(BEGIN).await?;
    }
    let mut all = Vec::with_capacity(request.statements.len());
    for statement in &request.statements {
        match wire.one(statement, request.keep).await {
            Ok(done) => all.push(done),
            Err(error) => {
                if request.is_transaction && !error.ends_connection() {
                    // A connection that cannot be brought back is found lost by whoever uses it next.
                    let _undone = wire.say(ROLLBACK).await;
                }
                return Err(error);
            }
        }
    }
    if request.is_transaction {
        wire.say(COMMIT).await?;
    }
    Ok(all)
}

impl Opener {
    pub(super) async fn open(&self, server: &str) -> Result<Connection, SqlError> {
        let scheme = server.split_once(':').map_or("", |(scheme, _)| scheme);
        let wait = std::time::Duration::from_nanos(self.settings.connect_timeout_ns);
        let opened = async {
            match scheme {
                "postgres" | "postgresql" => postgres::Connection::open(server, self.tls.clone())
                    .await
                    .map(|opened| Connection::Postgres(Box::new(opened))),
                "mysql" | "mariadb" => {
                    mysql::Connection::open(server, &self.settings).await.map(Connection::MySql)
                }
                "sqlite" => sqlite::Connection::open(server).await.map(Connection::Sqlite),
                other => Err(SqlError::Request("bad url", format!("`{other}` is no database that is known"))),
            }
        };
        let timed_out =
            || SqlError::Connect("connect timeout", "the database did not answer in time".to_owned());
        tokio::time::timeout(wait, Box::pin(opened)).await.map_err(|_elapsed| timed_out())?
    }
}

impl Connection {
    /// Carries out all statements, in a transaction if that was asked for.
    pub(super) async fn run(&mut self, request: &QueryRequest) -> Result<Vec<Done>, SqlError> {
        match self {
            Self::Postgres(connection) => carry_out(connection.as_mut(), request).await,
            Self::MySql(connection) => carry_out(connection, request).await,
            Self::Sqlite(connection) => connection.run(request).await,
        }
    }
}

/// An address as reports may show it: without what stands before the host.
pub(super) fn named(server: &str) -> String {
    let shown = server.split_once("://").map(|(scheme, rest)| {
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{}", host.split(['?', ' ']).next().unwrap_or_default())
    });
    shown.unwrap_or_else(|| server.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_report_shows_a_password() {
        assert_eq!(named("postgres://a:s%40cret@h:5432/d?password=x"), "postgres://h:5432/d");
        assert_eq!(named("mysql://h/d"), "mysql://h/d");
        assert_eq!(named("sqlite:/tmp/a.db"), "sqlite:/tmp/a.db");
    }
}
