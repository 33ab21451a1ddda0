//! Statistics that `PostgreSQL` keeps: sessions by state (`pg_stat_activity`) and the database as a whole
//! (`pg_stat_database`). Our own session is left out of the former and is one transaction a reading in the latter. Of others'
//! sessions only a member of `pg_monitor` sees the state.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, Watch};
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::told;

const QUERY: &str = "SELECT a.*, d.* FROM (SELECT
    count(*)::float8, count(*) FILTER (WHERE state = 'active')::float8, count(*) FILTER (WHERE state = 'idle')::float8,
    count(*) FILTER (WHERE state LIKE 'idle in transaction%')::float8,
    count(*) FILTER (WHERE wait_event_type = 'Lock')::float8, current_setting('max_connections')::float8
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) a, (SELECT
    xact_commit::float8, xact_rollback::float8, deadlocks::float8, tup_fetched::float8,
    (tup_inserted + tup_updated + tup_deleted)::float8, temp_bytes::float8, blks_hit::float8, blks_read::float8
    FROM pg_stat_database WHERE datname = current_database()) d";

/// A database that is asked again and again, over one connection.
pub(crate) struct Postgres {
    url: String,
    timeout: Duration,
    /// Its own, on the thread that reads.
    runtime: Option<Runtime>,
    client: Option<Client>,
    /// Blocks that were in memory and that were read, up to the last reading.
    blocks: Option<(f64, f64)>,
}

impl Postgres {
    pub(crate) fn new(url: &str, timeout: Duration) -> Self {
        Self { url: url.to_owned(), timeout, runtime: None, client: None, blocks: None }
    }

    fn ask(&mut self) -> Result<[f64; 14], String> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?,
        };
        let (client, url, timeout) = (&mut self.client, self.url.as_str(), self.timeout);
        let answer = runtime.block_on(async { tokio::time::timeout(timeout, row(client, url)).await });
        self.runtime = Some(runtime);
        let answer =
            answer.unwrap_or_else(|_| Err(format!("no answer within {} ms", self.timeout.as_millis())));
        if answer.is_err() {
            self.client = None;
        }
        let row = answer?;
        let mut numbers = [0.0; 14];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = row.try_get(at).map_err(|e| e.to_string())?;
        }
        Ok(numbers)
    }
}

impl Watch for Postgres {
    fn read(&mut self) -> Gauges {
        let read = self.ask();
        let Ok(numbers) = read else {
            self.blocks = None;
            return told(read.map(|_| Gauges::default()));
        };
        let blocks = (numbers[12], numbers[13]);
        let before = self.blocks.replace(blocks);
        gauges(&numbers, before)
    }
}

async fn row(client: &mut Option<Client>, url: &str) -> Result<Row, String> {
    let story = |e: tokio_postgres::Error| {
        let cause = std::error::Error::source(&e).map_or_else(String::new, |c| format!(": {c}"));
        format!("{e}{cause}")
    };
    let client = match client {
        Some(client) => client,
        lost => lost.insert(connected(url).await.map_err(story)?),
    };
    client.query_one(QUERY, &[]).await.map_err(story)
}

async fn connected(url: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config: Config = url.parse()?;
    config.application_name("plimsoll monitor");
    let (client, connection) = Box::pin(config.connect(secured())).await?;
    // What ends it is told by the reading that notices.
    drop(tokio::spawn(async move {
        let _ended = connection.await;
    }));
    Ok(client)
}

fn secured() -> MakeRustlsConnect {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("ring speaks the usual versions");
    MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn gauges(numbers: &[f64; 14], before: Option<(f64, f64)>) -> Gauges {
    let [
        connections,
        active,
        idle,
        in_transaction,
        waiting,
        most,
        commits,
        rollbacks,
        deadlocks,
        read,
        written,
        temporary,
        hit,
        missed,
    ] = *numbers;
    let mut values = vec![
        Gauge::level("connections", connections, Unit::Count).of(Some(most)),
        Gauge::level("active", active, Unit::Count),
        Gauge::level("idle", idle, Unit::Count),
        Gauge::level("idle_in_transaction", in_transaction, Unit::Count),
        Gauge::level("waiting", waiting, Unit::Count),
        Gauge::counter("commits", commits, Unit::Count),
        Gauge::counter("rollbacks", rollbacks, Unit::Count),
        Gauge::counter("deadlocks", deadlocks, Unit::Count),
        Gauge::counter("rows_read", read, Unit::Count),
        Gauge::counter("rows_written", written, Unit::Count),
        Gauge::counter("temporary", temporary, Unit::Bytes),
    ];
    // Of what was asked for since the last reading; of nothing there is no share.
    let since = before.map(|(hits, misses)| (hit - hits, missed - misses));
    if let Some((hits, misses)) = since.filter(|(hits, misses)| *hits >= 0.0 && *misses >= 0.0)
        && hits + misses > 0.0
    {
        values.push(Gauge::level("cache_hit", hits / (hits + misses), Unit::Share));
    }
    Gauges { values, missing: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_readings() {
        let numbers =
            [12.0, 3.0, 8.0, 1.0, 2.0, 100.0, 5_000.0, 7.0, 1.0, 90_000.0, 400.0, 8_192.0, 990.0, 60.0];
        let read = gauges(&numbers, Some((900.0, 50.0)));
        let of = |name: &str| read.values.iter().find(|g| g.name == name).unwrap();
        assert_eq!((of("connections").value, of("connections").limit), (12.0, Some(100.0)));
        assert_eq!((of("waiting").value, of("deadlocks").is_counter), (2.0, true));
        assert!((of("cache_hit").value - 0.9).abs() < 1e-12);
        crate::tests::is_declared("postgres", &read);
        // Nothing was asked for since, or nobody knows.
        for before in [None, Some((990.0, 60.0))] {
            assert!(gauges(&numbers, before).values.iter().all(|g| g.name != "cache_hit"));
        }
    }

    #[test]
    fn nobody_there_is_a_reason() {
        let read = Postgres::new("postgres://u@127.0.0.1:1/db", Duration::from_secs(5)).read();
        assert!(read.values.is_empty() && read.missing.unwrap().contains("refused"));
    }
}
