//! The monitoring port of a NATS server: `/varz`, and `/jsz` of `JetStream`.

use std::time::Duration;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, Watch};
use serde_json::Value;

use crate::http::Client;
use crate::json::{number, parsed};
use crate::told;

/// A server that is asked again and again.
pub(crate) struct Nats {
    client: Client,
}

impl Nats {
    pub(crate) fn new(url: &str, timeout: Duration) -> Self {
        Self { client: Client::new(url, timeout) }
    }

    fn ask(&self) -> Result<Gauges, String> {
        let server = parsed(&self.client.fetch_from("/varz", None)?)?;
        // A server without it answers, too, and says so.
        let stored = self.client.fetch_from("/jsz", None).and_then(|text| parsed(&text));
        Ok(gauges(&server, stored))
    }
}

impl Watch for Nats {
    fn read(&mut self) -> Gauges {
        told(self.ask())
    }
}

fn gauges(server: &Value, stored: Result<Value, String>) -> Gauges {
    let at = |key: &str| server.get(key).and_then(number);
    let level = |name: &str, key: &str, unit| Some(Gauge::level(name, at(key)?, unit));
    let counter = |name: &str, key: &str, unit| Some(Gauge::counter(name, at(key)?, unit));
    let mut values: Vec<Gauge> = [
        level("memory", "mem", Unit::Bytes),
        // In percent of a core.
        at("cpu").map(|cpu| Gauge::level("cpu", cpu / 100.0, Unit::Cores).of(at("cores"))),
        level("connections", "connections", Unit::Count).map(|g| g.of(at("max_connections"))),
        level("subscriptions", "subscriptions", Unit::Count),
        level("slow_consumers", "slow_consumers", Unit::Count),
        counter("in_messages", "in_msgs", Unit::Count),
        counter("out_messages", "out_msgs", Unit::Count),
        counter("in_bytes", "in_bytes", Unit::Bytes),
        counter("out_bytes", "out_bytes", Unit::Bytes),
    ]
    .into_iter()
    .flatten()
    .collect();
    let missing = match stored {
        Ok(stored) => {
            values.extend(kept(&stored));
            None
        }
        Err(problem) => Some(format!("nothing of what is stored: {problem}")),
    };
    if values.is_empty() {
        return Gauges::absent("what answers at /varz is not a NATS server");
    }
    Gauges { values, missing }
}

/// What `JetStream` stores; nothing where it is not.
fn kept(stored: &Value) -> Vec<Gauge> {
    if stored.get("disabled").and_then(Value::as_bool) == Some(true) {
        return Vec::new();
    }
    let at = |key: &str| stored.get(key).and_then(number);
    let most = |key: &str| stored.get("config").and_then(|c| c.get(key)).and_then(number);
    let gauges = [
        at("messages").map(|n| Gauge::level("stored_messages", n, Unit::Count)),
        at("memory").map(|n| Gauge::level("stored_memory", n, Unit::Bytes).of(most("max_memory"))),
        at("storage").map(|n| Gauge::level("stored_files", n, Unit::Bytes).of(most("max_storage"))),
    ];
    gauges.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of nats-server 2.9, shortened.
    const VARZ: &str = r#"{"server_id":"NAB","version":"2.9.10","go":"go1.19","host":"127.0.0.1","port":4222,
        "max_connections":65536,"ping_interval":120000000000,"max_payload":1048576,"start":"2024-01-01T00:00:00Z",
        "now":"2024-01-01T00:00:09Z","uptime":"9s","mem":14745600,"cores":2,"gomaxprocs":2,"cpu":12.5,"connections":3,
        "total_connections":5,"routes":0,"remotes":0,"leafnodes":0,"in_msgs":1000,"out_msgs":1500,"in_bytes":64000,
        "out_bytes":96000,"slow_consumers":1,"subscriptions":60,"http_req_stats":{"/varz":1}}"#;
    const JSZ: &str = r#"{"server_id":"NAB","now":"2024-01-01T00:00:09Z","config":{"max_memory":1073741824,
        "max_storage":2147483648,"store_dir":"/data"},"memory":0,"storage":52000,"api":{"total":4,"errors":0},"streams":1,
        "consumers":1,"messages":1000,"bytes":52000}"#;

    #[test]
    fn the_server_and_what_it_stores_are_read() {
        let read = gauges(&parsed(VARZ).unwrap(), parsed(JSZ));
        let of = |name: &str| read.values.iter().find(|g| g.name == name).unwrap();
        assert_eq!((of("memory").value, of("cpu").value, of("cpu").limit), (14_745_600.0, 0.125, Some(2.0)));
        assert_eq!((of("connections").value, of("connections").limit), (3.0, Some(65_536.0)));
        assert_eq!((of("in_messages").value, of("in_messages").is_counter), (1_000.0, true));
        assert_eq!((of("slow_consumers").value, of("slow_consumers").is_counter), (1.0, false));
        assert_eq!((of("stored_files").value, of("stored_files").limit), (52_000.0, Some(2_147_483_648.0)));
        assert_eq!(read.missing, None);
        crate::tests::is_declared("nats", &read);
    }

    #[test]
    fn a_server_that_stores_nothing_has_nothing_stored() {
        let read = gauges(&parsed(VARZ).unwrap(), parsed(r#"{"disabled":true,"messages":0}"#));
        assert!(read.values.iter().all(|g| !g.name.starts_with("stored")) && read.missing.is_none());
        assert!(gauges(&Value::Null, Err("no".to_owned())).missing.unwrap().contains("not a NATS server"));
    }
}
