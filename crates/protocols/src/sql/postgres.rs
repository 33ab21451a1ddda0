//! `PostgreSQL`, by tokio-postgres. Parameters travel as text, so that the server makes of them what its columns are.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use bytes::BytesMut;
use futures::TryStreamExt;
use plimsoll_model::query::{Scalar, Statement};
use rustls::ClientConfig;
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::{Done, Wire, named};
use super::error::{SqlError, connect_class};

/// Statements that a connection keeps prepared.
const PREPARED_MAX: usize = 256;

/// A connection to `PostgreSQL`.
pub(super) struct Connection {
    client: Client,
    /// Reads and writes its socket. It would go on until what was asked is answered.
    task: JoinHandle<()>,
    prepared: HashMap<Arc<str>, tokio_postgres::Statement>,
}

impl Connection {
    pub(super) async fn open(server: &str, tls: Arc<ClientConfig>) -> Result<Self, SqlError> {
        let tls = MakeRustlsConnect::new(ClientConfig::clone(&tls));
        let mut config: Config = server.parse().map_err(|e| refused(server, &e))?;
        if config.get_application_name().is_none() {
            config.application_name("plimsoll");
        }
        let (client, connection) = Box::pin(config.connect(tls)).await.map_err(|e| refused(server, &e))?;
        // What ends it is told by the operation that notices.
        let task = tokio::spawn(async move {
            let _ended = connection.await;
        });
        Ok(Self { client, task, prepared: HashMap::new() })
    }
}

impl Wire for Connection {
    async fn say(&mut self, words: &'static str) -> Result<(), SqlError> {
        self.client.batch_execute(words).await.map_err(failed)
    }

    async fn one(&mut self, statement: &Statement, keep: bool) -> Result<Done, SqlError> {
        let prepared = match self.prepared.get(&statement.text) {
            Some(prepared) => prepared.clone(),
            None => {
                let prepared = self.client.prepare(&statement.text).await.map_err(failed)?;
                if self.prepared.len() == PREPARED_MAX {
                    self.prepared.clear();
                }
                self.prepared.insert(statement.text.clone(), prepared.clone());
                prepared
            }
        };
        let (wanted, given) = (prepared.params().len(), statement.parameters.len());
        if wanted != given {
            let message = format!("the statement takes {wanted} parameters, and {given} were given");
            return Err(SqlError::Request("parameters", message));
        }
        let parameters = statement.parameters.iter().map(AsText);
        let rows = self.client.query_raw(&prepared, parameters).await.map_err(failed)?;
        futures::pin_mut!(rows);
        let mut done = Done::default();
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            done.rows += 1;
            done.bytes += row.raw_size_bytes() as u64;
            if keep {
                done.kept.push(object(&row));
            }
        }
        done.affected = rows.rows_affected().unwrap_or(0);
        Ok(done)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why there is no connection.
fn refused(server: &str, error: &Error) -> SqlError {
    let class = match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("28P01" | "28000") => "credentials",
        Some("53300") => "too many connections",
        Some("3D000") => "no such database",
        Some(_) => "connect",
        None => match error.source().and_then(|source| source.downcast_ref::<std::io::Error>()) {
            Some(io) if io.kind() == std::io::ErrorKind::InvalidInput => "not postgres",
            Some(io) => connect_class(io),
            None if error.to_string().contains("password") => "credentials",
            None if error.to_string().contains("invalid c") => "bad url",
            None if is_nonsense(error) => "not postgres",
            None => "connect",
        },
    };
    SqlError::Connect(class, format!("no connection to {}: {}", named(server), story(error)))
}

/// Whether what came is not what the server of this protocol would say.
fn is_nonsense(error: &Error) -> bool {
    let text = error.to_string();
    ["unexpected message", "error parsing response"].iter().any(|part| text.contains(part))
}

#[expect(clippy::needless_pass_by_value, reason = "as it is handed over by `map_err`")]
fn failed(error: Error) -> SqlError {
    match error.as_db_error() {
        // The server ends the connection: it is shut down, or this session was.
        Some(said) if matches!(said.code().code(), "57P01" | "57P02" | "57P03") => {
            SqlError::Lost(said.message().to_owned())
        }
        Some(said) => {
            SqlError::Refused(format!("sqlstate {}", said.code().code()), said.message().to_owned())
        }
        None if error.is_closed() || error.source().is_some_and(<dyn StdError>::is::<std::io::Error>) => {
            SqlError::Lost(story(&error))
        }
        None => SqlError::Request("statement", story(&error)),
    }
}

fn story(error: &Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// A parameter as text, whatever the server's type is.
#[derive(Debug)]
struct AsText<'a>(&'a Scalar);

impl ToSql for AsText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Scalar::Null => return Ok(IsNull::Yes),
            Scalar::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
            Scalar::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Scalar::Float(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Scalar::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A row as an object of JSON.
fn object(row: &Row) -> Value {
    let value = |at: usize| row.try_get::<_, AsJson>(at).map_or(Value::Null, |found| found.0);
    let columns = row.columns().iter().enumerate();
    Value::Object(columns.map(|(at, column)| (column.name().to_owned(), value(at))).collect::<Map<_, _>>())
}

/// A value of any type as JSON; of types without a counterpart its bytes, in hexadecimal digits.
struct AsJson(Value);

impl<'a> FromSql<'a> for AsJson {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let text = || String::from_utf8_lossy(raw).into_owned();
        Ok(Self(match *kind {
            Type::BOOL => json!(bool::from_sql(kind, raw)?),
            Type::INT2 => json!(i16::from_sql(kind, raw)?),
            Type::INT4 => json!(i32::from_sql(kind, raw)?),
            Type::INT8 => json!(i64::from_sql(kind, raw)?),
            Type::OID => json!(u32::from_sql(kind, raw)?),
            Type::FLOAT4 => json!(f32::from_sql(kind, raw)?),
            Type::FLOAT8 => json!(f64::from_sql(kind, raw)?),
            Type::NUMERIC => numeric(raw).map_or(Value::Null, |number| json!(number)),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => json!(text()),
            Type::JSON => serde_json::from_slice(raw)?,
            // A version number stands before the text.
            Type::JSONB => serde_json::from_slice(raw.get(1..).unwrap_or_default())?,
            Type::UUID => json!(uuid(raw)),
            Type::TIMESTAMP | Type::TIMESTAMPTZ => json!(micros_since_1970(raw)),
            _ => json!(format!("\\x{}", hex(raw))),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn uuid(raw: &[u8]) -> String {
    let digits = hex(raw);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A moment in microseconds since 1970; the server counts from 2000.
fn micros_since_1970(raw: &[u8]) -> i64 {
    const FROM_1970_TO_2000: i64 = 946_684_800_000_000;
    let micros = raw.try_into().map_or(0, i64::from_be_bytes);
    micros.saturating_add(FROM_1970_TO_2000)
}

/// A number of any length: digits to the base of 10 000, as the server sends them.
fn numeric(raw: &[u8]) -> Option<f64> {
    let short = |at: usize| Some(i16::from_be_bytes(raw.get(at..at + 2)?.try_into().ok()?));
    let (count, weight, sign) = (short(0)?, short(2)?, short(4)?);
    let mut value = 0.0;
    for at in 0..count.max(0) {
        let digit = f64::from(short(8 + 2 * at as usize)?);
        value += digit * 10_000_f64.powi(i32::from(weight - at));
    }
    match sign {
        0 => Some(value),
        0x4000 => Some(-value),
        // Not a number, or without end.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_read() {
        let numeric =
            |shorts: &[i16]| numeric(&shorts.iter().flat_map(|s| s.to_be_bytes()).collect::<Vec<_>>());
        // 12345.6789 is 1, 2345 and 6789; -0.5 is 5000 to the power of -1.
        assert_eq!(numeric(&[3, 1, 0, 4, 1, 2345, 6789]), Some(12_345.678_9));
        assert_eq!(numeric(&[1, -1, 0x4000, 1, 5000]), Some(-0.5));
        assert_eq!(numeric(&[0, 0, 0, 0]), Some(0.0));
        assert_eq!(numeric(&[3, 1]), None);
        assert_eq!(micros_since_1970(&0_i64.to_be_bytes()), 946_684_800_000_000);
    }
}
