//! What Redis tells of itself (`INFO`). The client is the crate `redis`, as it is for users.

use std::time::Duration;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, Watch};
use redis::{Client, Connection, RedisError};

use crate::told;

/// A server that is asked again and again, over one connection.
pub(crate) struct Redis {
    url: String,
    timeout: Duration,
    connection: Option<Connection>,
}

impl Redis {
    pub(crate) fn new(url: &str, timeout: Duration) -> Self {
        Self { url: url.to_owned(), timeout, connection: None }
    }

    fn info(&mut self) -> Result<String, RedisError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            lost => {
                let fresh = Client::open(self.url.as_str())?.get_connection_with_timeout(self.timeout)?;
                fresh.set_read_timeout(Some(self.timeout))?;
                fresh.set_write_timeout(Some(self.timeout))?;
                lost.insert(fresh)
            }
        };
        redis::cmd("INFO").query(connection)
    }
}

impl Watch for Redis {
    fn read(&mut self) -> Gauges {
        let read = self.info();
        if read.is_err() {
            self.connection = None;
        }
        told(read.map_err(|e| e.to_string()).map(|text| gauges(&text)))
    }
}

fn gauges(text: &str) -> Gauges {
    let fields: Vec<_> = text.lines().filter_map(|line| line.trim().split_once(':')).collect();
    let at = |name: &str| {
        let found = fields.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| value.parse::<f64>().ok())
    };
    let level = |name: &str, key: &str, unit| Some(Gauge::level(name, at(key)?, unit));
    let counter = |name: &str, key: &str| Some(Gauge::counter(name, at(key)?, Unit::Count));
    let values = [
        level("memory", "used_memory", Unit::Bytes).map(|g| g.of(at("maxmemory"))),
        level("clients", "connected_clients", Unit::Count).map(|g| g.of(at("maxclients"))),
        level("blocked_clients", "blocked_clients", Unit::Count),
        // One thread executes commands: more than a core is not to be had.
        at("used_cpu_sys")
            .zip(at("used_cpu_user"))
            .map(|(sys, user)| Gauge::counter("cpu", (sys + user) * 1e9, Unit::Nanos).of(Some(1.0))),
        counter("ops", "total_commands_processed"),
        counter("hits", "keyspace_hits"),
        counter("misses", "keyspace_misses"),
        counter("evicted", "evicted_keys"),
        counter("expired", "expired_keys"),
        counter("rejected_connections", "rejected_connections"),
        at("used_memory").map(|_| Gauge::level("keys", keys(&fields), Unit::Count)),
    ];
    let values: Vec<_> = values.into_iter().flatten().collect();
    if values.is_empty() {
        return Gauges::absent("what answers tells nothing of itself");
    }
    Gauges { values, missing: None }
}

/// Keys of all databases; one without keys is not listed.
fn keys(fields: &[(&str, &str)]) -> f64 {
    let of = |text: &str| text.strip_prefix("keys=")?.split(',').next()?.parse::<f64>().ok();
    let databases = fields.iter().filter(|(name, _)| {
        name.strip_prefix("db").is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
    });
    databases.filter_map(|(_, value)| of(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Redis 7.0.15, shortened.
    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nos:Linux 6.1 x86_64\r\n\r\n\
        # Clients\r\nconnected_clients:2\r\ncluster_connections:0\r\nmaxclients:10000\r\nblocked_clients:1\r\n\r\n\
        # Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:4194304\r\n\
        maxmemory_policy:allkeys-lru\r\n\r\n# Stats\r\ntotal_connections_received:4\r\n\
        total_commands_processed:1234\r\nrejected_connections:0\r\nexpired_keys:7\r\nevicted_keys:3\r\n\
        keyspace_hits:100\r\nkeyspace_misses:50\r\n\r\n# CPU\r\nused_cpu_sys:1.500000\r\nused_cpu_user:2.500000\r\n\
        used_cpu_sys_children:0.0\r\n\r\n# Keyspace\r\ndb0:keys=40,expires=0,avg_ttl=0\r\ndb3:keys=2,expires=1,avg_ttl=5\r\n";

    #[test]
    fn what_redis_tells_is_read() {
        let read = gauges(INFO);
        let of = |name: &str| read.values.iter().find(|g| g.name == name).unwrap();
        assert_eq!((of("memory").value, of("memory").limit), (1_048_576.0, Some(4_194_304.0)));
        assert_eq!((of("clients").value, of("clients").limit), (2.0, Some(10_000.0)));
        assert_eq!((of("cpu").value, of("cpu").is_counter), (4e9, true));
        assert_eq!((of("evicted").value, of("keys").value), (3.0, 42.0));
        assert_eq!(read.values.len(), 11);
        crate::tests::is_declared("redis", &read);
        // No limit is none, not one of 0.
        let unlimited = gauges("used_memory:5\r\nmaxmemory:0\r\n");
        assert_eq!(unlimited.values[0].limit, None);
        assert!(gauges("nothing").missing.is_some());
    }

    #[test]
    fn nobody_there_is_a_reason() {
        let read = Redis::new("redis://127.0.0.1:1/", Duration::from_secs(5)).read();
        assert!(read.values.is_empty() && read.missing.unwrap().contains("refused"));
    }
}
