//! `MySQL` and `MariaDB`, by mysql_async.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder, Params, Row, SslOpts, UrlError, Value as Cell};
use plimsoll_model::query::{QuerySettings, Scalar, Statement};
use serde_json::{Map, Value, json};

use super::connection::{Done, Wire, named};
use super::error::{SqlError, connect_class};

/// A connection to `MySQL`. The library keeps statements prepared.
pub(super) struct Connection(Conn);

impl Connection {
    pub(super) async fn open(server: &str, settings: &QuerySettings) -> Result<Self, SqlError> {
        // The library knows one name for both servers.
        let url = server.replacen("mariadb://", "mysql://", 1);
        let bad = |e: UrlError| SqlError::Request("bad url", format!("{}: {e}", named(server)));
        let opts = Opts::from_url(&url).map_err(bad)?;
        let ssl = opts.ssl_opts().cloned().or_else(|| settings.ca_file.as_ref().map(|_| SslOpts::default()));
        let ssl = ssl.map(|ssl| {
            let roots = settings.ca_file.iter().map(|path| path.clone().into()).collect();
            ssl.with_root_certs(roots).with_danger_accept_invalid_certs(settings.skip_verify)
        });
        let opts = OptsBuilder::from_opts(opts).ssl_opts(ssl).prefer_socket(false);
        Conn::new(opts).await.map(Self).map_err(|e| refused(server, &e))
    }
}

impl Wire for Connection {
    async fn say(&mut self, words: &'static str) -> Result<(), SqlError> {
        self.0.query_drop(words).await.map_err(failed)
    }

    async fn one(&mut self, statement: &Statement, keep: bool) -> Result<Done, SqlError> {
        let values: Vec<Cell> = statement.parameters.iter().map(cell).collect();
        let parameters = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
        let mut rows = self.0.exec_iter(&*statement.text, parameters).await.map_err(failed)?;
        let mut done = Done::default();
        while let Some(row) = rows.next().await.map_err(failed)? {
            done.rows += 1;
            done.bytes += (0..row.len()).filter_map(|at| row.as_ref(at)).map(size).sum::<u64>();
            if keep {
                done.kept.push(object(&row));
            }
        }
        done.affected = rows.affected_rows();
        rows.drop_result().await.map_err(failed)?;
        Ok(done)
    }
}

fn refused(server: &str, error: &Error) -> SqlError {
    let class = match error {
        Error::Server(said) if matches!(said.code, 1044 | 1045 | 1698) => "credentials",
        Error::Server(said) if said.code == 1040 => "too many connections",
        Error::Server(said) if said.code == 1049 => "no such database",
        Error::Io(mysql_async::IoError::Io(io)) => connect_class(io),
        _ => "connect",
    };
    SqlError::Connect(class, format!("no connection to {}: {error}", named(server)))
}

fn failed(error: Error) -> SqlError {
    match error {
        // The server is shut down.
        Error::Server(said) if matches!(said.code, 1053 | 1077) => SqlError::Lost(said.message),
        Error::Server(said) => SqlError::Refused(format!("error {}", said.code), said.message),
        Error::Driver(mysql_async::DriverError::StmtParamsMismatch { required, supplied }) => {
            let message = format!("the statement takes {required} parameters, and {supplied} were given");
            SqlError::Request("parameters", message)
        }
        Error::Io(_) | Error::Driver(_) => SqlError::Lost(error.to_string()),
        other => SqlError::Request("statement", other.to_string()),
    }
}

fn cell(scalar: &Scalar) -> Cell {
    match scalar {
        Scalar::Null => Cell::NULL,
        Scalar::Bool(truth) => Cell::Int(i64::from(*truth)),
        Scalar::Int(number) => Cell::Int(*number),
        Scalar::Float(number) => Cell::Double(*number),
        Scalar::Text(text) => Cell::Bytes(text.clone().into_bytes()),
    }
}

fn size(cell: &Cell) -> u64 {
    match cell {
        Cell::NULL => 0,
        Cell::Bytes(bytes) => bytes.len() as u64,
        _ => 8,
    }
}

/// A row as an object of JSON.
fn object(row: &Row) -> Value {
    let columns = row.columns_ref().iter().enumerate();
    let value = |at: usize| row.as_ref(at).map_or(Value::Null, json_of);
    Value::Object(
        columns.map(|(at, column)| (column.name_str().into_owned(), value(at))).collect::<Map<_, _>>(),
    )
}

fn json_of(cell: &Cell) -> Value {
    match cell {
        Cell::NULL => Value::Null,
        Cell::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
        Cell::Int(number) => json!(number),
        Cell::UInt(number) => json!(number),
        Cell::Float(number) => json!(number),
        Cell::Double(number) => json!(number),
        // Dates and times, as the database writes them.
        other => json!(other.as_sql(true).trim_matches('\'')),
    }
}
