//! `SQLite`, in the process itself, by rusqlite. What it does blocks, so it is done on a thread for that: an operation includes
//! going there and back.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_model::query::{QueryRequest, Scalar, Statement};
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection as Database, Error, ToSql, params_from_iter};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::connection::{BEGIN, COMMIT, Done, ROLLBACK};
use super::error::SqlError;

/// A database file.
pub(super) struct Connection(Arc<Mutex<Database>>);

impl Connection {
    pub(super) async fn open(server: &str) -> Result<Self, SqlError> {
        let address = server.strip_prefix("sqlite:").unwrap_or(server).to_owned();
        let opened = on_a_thread(move || {
            let (path, settings) = parted(&address);
            let database = Database::open(path)?;
            // Whoever waits for the file's lock is given time by the operation's own timeout.
            database.busy_timeout(std::time::Duration::from_mins(1))?;
            settings.into_iter().try_for_each(|(name, value)| set(&database, name, value))?;
            Ok(database)
        });
        let opened = opened.await.map_err(|e| match e {
            SqlError::Refused(_, message) => SqlError::Connect("connect", message),
            other => other,
        })?;
        Ok(Self(Arc::new(Mutex::new(opened))))
    }

    pub(super) async fn run(&mut self, request: &QueryRequest) -> Result<Vec<Done>, SqlError> {
        let (database, request) = (self.0.clone(), request.clone());
        on_a_thread(move || {
            let database = database.lock().unwrap_or_else(PoisonError::into_inner);
            if request.is_transaction {
                database.execute_batch(BEGIN)?;
            }
            let done: Result<Vec<_>, Error> =
                request.statements.iter().map(|statement| one(&database, statement, request.keep)).collect();
            let done = match done {
                Ok(done) if request.is_transaction => database.execute_batch(COMMIT).map(|()| done),
                other => other,
            };
            if !database.is_autocommit() {
                // Whatever failed, the next one is not to find itself inside; what went wrong is said already.
                let _undone = database.execute_batch(ROLLBACK);
            }
            Ok(done?)
        })
        .await
    }
}

/// The file, and what stands behind `?`: names of settings with their values. What `SQLite` itself calls an address (`file:...`)
/// is its own affair.
fn parted(address: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((path, settings)) = address.split_once('?').filter(|_| !address.starts_with("file:")) else {
        return (address, Vec::new());
    };
    let pair = |setting| str::split_once(setting, '=').unwrap_or((setting, ""));
    (path, settings.split('&').filter(|setting| !setting.is_empty()).map(pair).collect())
}

/// One setting (`PRAGMA`) of this connection. `SQLite` passes over names that it does not know: here that is an error.
fn set(database: &Database, name: &str, value: &str) -> Result<(), SqlError> {
    let is_known = database.prepare("SELECT 1 FROM pragma_pragma_list WHERE name = ?")?.exists([name])?;
    if !is_known {
        return Err(SqlError::Request("bad url", format!("SQLite has no setting (PRAGMA) `{name}`")));
    }
    Ok(database.pragma_update(None, name, value)?)
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SqlError> + Send + 'static,
) -> Result<T, SqlError> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => Err(SqlError::Lost(panicked.to_string())),
    }
}

fn one(database: &Database, statement: &Statement, keep: bool) -> Result<Done, Error> {
    let mut prepared = database.prepare_cached(&statement.text)?;
    let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let parameters = params_from_iter(statement.parameters.iter().map(AsSql));
    let mut done = Done::default();
    if names.is_empty() {
        done.affected = prepared.execute(parameters)? as u64;
        return Ok(done);
    }
    let mut rows = prepared.query(parameters)?;
    while let Some(row) = rows.next()? {
        done.rows += 1;
        let mut object = Map::new();
        for (at, name) in names.iter().enumerate() {
            let value = row.get_ref(at)?;
            done.bytes += size(value);
            if keep {
                object.insert(name.clone(), json_of(value));
            }
        }
        if keep {
            done.kept.push(Value::Object(object));
        }
    }
    Ok(done)
}

impl From<Error> for SqlError {
    fn from(error: Error) -> Self {
        match error {
            Error::SqliteFailure(failure, message) => {
                let message = message.unwrap_or_else(|| failure.to_string());
                Self::Refused(format!("sqlite {}", failure.extended_code), message)
            }
            Error::InvalidParameterCount(given, wanted) => {
                let message = format!("the statement takes {wanted} parameters, and {given} were given");
                Self::Request("parameters", message)
            }
            other => Self::Refused("sqlite".to_owned(), other.to_string()),
        }
    }
}

struct AsSql<'a>(&'a Scalar);

impl ToSql for AsSql<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Scalar::Null => ToSqlOutput::Owned(Owned::Null),
            Scalar::Bool(truth) => ToSqlOutput::Owned(Owned::Integer(i64::from(*truth))),
            Scalar::Int(number) => ToSqlOutput::Owned(Owned::Integer(*number)),
            Scalar::Float(number) => ToSqlOutput::Owned(Owned::Real(*number)),
            Scalar::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

fn size(value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 8,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
    }
}

fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => json!(String::from_utf8_lossy(bytes)),
    }
}
