//! The management interface of `RabbitMQ`: the whole of the broker, and its nodes. What it tells is up to five seconds old.

use std::time::Duration;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, Watch};
use serde_json::Value;

use crate::http::Client;
use crate::json::{number, parsed};
use crate::told;

/// A broker that is asked again and again.
pub(crate) struct RabbitMq {
    client: Client,
}

impl RabbitMq {
    pub(crate) fn new(url: &str, timeout: Duration) -> Self {
        Self { client: Client::new(url, timeout) }
    }

    fn ask(&self) -> Result<Gauges, String> {
        let overview = parsed(&self.client.fetch_from("/api/overview", None)?)?;
        let nodes = self.client.fetch_from("/api/nodes", None).and_then(|text| parsed(&text));
        Ok(gauges(&overview, nodes))
    }
}

impl Watch for RabbitMq {
    fn read(&mut self) -> Gauges {
        told(self.ask())
    }
}

fn gauges(overview: &Value, nodes: Result<Value, String>) -> Gauges {
    let at = |path: [&str; 2]| overview.get(path[0])?.get(path[1]).and_then(number);
    let level = |name: &str, path| Some(Gauge::level(name, at(path)?, Unit::Count));
    let counter = |name: &str, path| Some(Gauge::counter(name, at(path)?, Unit::Count));
    let mut values: Vec<Gauge> = [
        level("ready", ["queue_totals", "messages_ready"]),
        level("unacked", ["queue_totals", "messages_unacknowledged"]),
        level("connections", ["object_totals", "connections"]),
        level("consumers", ["object_totals", "consumers"]),
        level("queues", ["object_totals", "queues"]),
        counter("published", ["message_stats", "publish"]),
        counter("delivered", ["message_stats", "deliver_get"]),
    ]
    .into_iter()
    .flatten()
    .collect();
    if values.is_empty() {
        return Gauges::absent("what answers at /api/overview is not the management of RabbitMQ");
    }
    let missing = match nodes {
        Ok(nodes) => {
            values.extend(of_nodes(&nodes));
            None
        }
        Err(problem) => Some(format!("nothing of its nodes: {problem}")),
    };
    Gauges { values, missing }
}

/// Summed over nodes that run.
fn of_nodes(nodes: &Value) -> Vec<Gauge> {
    let running: Vec<_> = nodes
        .as_array()
        .into_iter()
        .flatten()
        .filter(|n| n.get("running").and_then(Value::as_bool) != Some(false))
        .collect();
    let sum = |key: &str| running.iter().map(|n| n.get(key).and_then(number)).sum::<Option<f64>>();
    let some = |key: &str| sum(key).filter(|_| !running.is_empty());
    let gauges = [
        some("mem_used").map(|n| Gauge::level("memory", n, Unit::Bytes).of(some("mem_limit"))),
        some("fd_used").map(|n| Gauge::level("descriptors", n, Unit::Count).of(some("fd_total"))),
    ];
    gauges.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RabbitMQ 3.12, shortened.
    const OVERVIEW: &str = r#"{"management_version":"3.12.1","rates_mode":"basic","rabbitmq_version":"3.12.1",
        "message_stats":{"publish":1200,"publish_details":{"rate":40.0},"deliver_get":1100,"ack":1090},
        "queue_totals":{"messages":110,"messages_ready":100,"messages_unacknowledged":10},
        "object_totals":{"channels":2,"connections":2,"consumers":1,"exchanges":7,"queues":1},"node":"rabbit@host"}"#;
    const NODES: &str = r#"[{"name":"rabbit@a","running":true,"mem_used":150000000,"mem_limit":6000000000,"mem_alarm":false,
        "fd_used":40,"fd_total":1048576},{"name":"rabbit@b","running":true,"mem_used":100000000,"mem_limit":6000000000,
        "fd_used":38,"fd_total":1048576},{"name":"rabbit@c","running":false}]"#;

    #[test]
    fn queues_and_nodes_are_read() {
        let read = gauges(&parsed(OVERVIEW).unwrap(), parsed(NODES));
        let of = |name: &str| read.values.iter().find(|g| g.name == name).unwrap();
        assert_eq!((of("ready").value, of("unacked").value), (100.0, 10.0));
        assert_eq!((of("published").value, of("published").is_counter), (1_200.0, true));
        assert_eq!((of("memory").value, of("memory").limit), (250e6, Some(12e9)));
        crate::tests::is_declared("rabbitmq", &read);
        // A broker to which nobody ever published has no such number, and it is not 0.
        let idle =
            parsed(r#"{"object_totals":{"connections":0,"queues":0,"consumers":0},"message_stats":{}}"#);
        let read = gauges(&idle.unwrap(), Err("status 401".to_owned()));
        assert!(read.values.iter().all(|g| g.name != "published") && read.missing.is_some());
    }
}
