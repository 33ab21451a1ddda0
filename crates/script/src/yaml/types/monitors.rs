//! What is watched besides the load, as it is written, and what the target costs.

use serde_json::{Map, Value, json};

use super::super::diagnostics::Diagnostics;
use super::super::read::{Placed, Read, Table, record};
use super::super::source::{Node, NodeKind};
use super::super::units::{Duration, Quantity};

record! {
    /// Where readings come from: one of the sources, once a second. Claims and reports name a series `monitor.series`.
    pub struct MonitorItem, "a monitor" {
        /// Processes of this machine: `target` (whoever listens where the plan's target is), or `pid`, `name` or `port`.
        process: Option<Placed<ProcessItem>>,
        /// An exposition of metrics; `series` says which.
        prometheus: Option<Placed<String>>,
        /// A JSON document; `series` says where in it. A path is relative to the plan's target.
        json: Option<Placed<String>>,
        /// A Redis server, `redis://host:port`: what `INFO` tells.
        redis: Option<Placed<String>>,
        /// A PostgreSQL database, `postgres://user:password@host/db`: sessions, transactions, cache.
        postgres: Option<Placed<String>>,
        /// The monitoring port of a NATS server, such as http://127.0.0.1:8222.
        nats: Option<Placed<String>>,
        /// The management of RabbitMQ, such as http://guest:guest@127.0.0.1:15672.
        rabbitmq: Option<Placed<String>>,
        /// A ClickHouse server's HTTP interface; further numbers of its system tables under `series`.
        clickhouse: Option<Placed<String>>,
        /// How far a group is behind the end of a topic.
        kafka: Option<KafkaItem>,
        /// A program with its arguments that prints a name and a number a line.
        command: Option<Placed<Vec<Placed<String>>>>,
        /// Names of series with where their numbers stand: a metric with labels, a JSON path, a name in a table.
        series: Table<Placed<SeriesItem>>,
        /// What there is at most of a series, such as `memory: 512MB`, where the source does not tell or tells otherwise.
        limits: Table<Placed<Quantity>>,
        /// How long a reading may take (default 1s).
        timeout: Option<Duration>,
    }
}

record! {
    /// A group of consumers and its topic.
    pub struct KafkaItem, "`kafka` of a monitor" {
        /// `host:port`, several with commas.
        brokers: Placed<String>,
        /// The group.
        group: Placed<String>,
        /// The topic.
        topic: Placed<String>,
    }
}

record! {
    /// Processes of this machine.
    pub struct ProcessMapping, "`process`" {
        /// One, by its number.
        pid: Option<Placed<String>>,
        /// All with this command name.
        name: Option<Placed<String>>,
        /// Whoever listens on this port.
        port: Option<Placed<String>>,
        /// Their children, too.
        children: Option<bool>,
    }
}

/// Which processes, as it is written.
#[derive(Clone, Debug)]
pub enum ProcessItem {
    /// Those of the plan's target.
    Target,
    /// As it says.
    Chosen(Box<ProcessMapping>),
}

impl Read for ProcessItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if matches!(node.kind, NodeKind::Map(_)) {
            return ProcessMapping::read(node, diagnostics).map(|m| Self::Chosen(Box::new(m)));
        }
        super::super::read::scalar(
            node,
            diagnostics,
            "`target`, or a mapping such as `{ pid: 123 }`",
            |text| (text == "target").then_some(Self::Target),
        )
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [{ "enum": ["target"] }, ProcessMapping::schema(named)] })
    }
}

record! {
    /// A series with what is known of it.
    pub struct SeriesMapping, "a series" {
        /// Where its number stands.
        read: Placed<String>,
        /// bytes, ms, us, ns, s, share, percent or count (default: what the end of its name says, such as `heap_bytes`).
        unit: Option<Placed<String>>,
        /// It only grows: what happens by the second is the series (default: as the source says, or false).
        counter: Option<bool>,
    }
}

/// A series, as it is written.
#[derive(Clone, Debug)]
pub struct SeriesItem {
    /// Where its number stands.
    pub read: Placed<String>,
    /// Its unit.
    pub unit: Option<Placed<String>>,
    /// Whether it only grows.
    pub counter: Option<bool>,
}

impl Read for SeriesItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if matches!(node.kind, NodeKind::Map(_)) {
            let item = SeriesMapping::read(node, diagnostics)?;
            return Some(Self { read: item.read, unit: item.unit, counter: item.counter });
        }
        Some(Self { read: Placed::read(node, diagnostics)?, unit: None, counter: None })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [String::schema(named), SeriesMapping::schema(named)] })
    }
}

record! {
    /// What everything that is paid for costs; reports derive what a million operations cost at the rate of the run.
    pub struct PriceItem, "`price`" {
        /// By the hour.
        per_hour: Placed<String>,
        /// In this currency, such as USD.
        currency: String,
        /// How many events a success carries, if it is events that are sold (default 1).
        events: Option<f64>,
    }
}
