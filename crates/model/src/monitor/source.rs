//! Where monitors read, as the plan says.

use crate::Nanos;
use crate::plan::without_credentials;

use super::{Gauge, MonitorId, Unit, Watched};

/// A monitor of the plan, for whoever reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct MonitorSettings {
    /// Number in [`crate::Plan::monitors`].
    pub id: MonitorId,
    /// Its name.
    pub name: String,
    /// Where it reads.
    pub source: Source,
    /// What there is at most of a series, by its name, in its base unit; stands before what the source says.
    pub limits: Vec<(String, f64)>,
    /// How long a reading may take.
    pub timeout_ns: Nanos,
}

impl From<&MonitorSettings> for Watched {
    fn from(settings: &MonitorSettings) -> Self {
        Self { name: settings.name.clone(), source: settings.source.describe() }
    }
}

/// Where a monitor reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Tables of the system, over HTTP.
    ClickHouse {
        /// The server.
        url: String,
        /// Further numbers, by their names in `system.metrics`, `system.asynchronous_metrics` or `system.events`.
        series: Vec<Wanted>,
    },
    /// A program that prints a name and a number a line.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
        /// Where it is run; here if empty.
        directory: String,
    },
    /// Numbers at paths of a JSON document, over HTTP.
    Json {
        /// The document.
        url: String,
        /// Which, by JSON path.
        series: Vec<Wanted>,
    },
    /// How far a group is behind the end of a topic.
    Kafka {
        /// `host:port`, several with commas.
        brokers: String,
        /// The group.
        group: String,
        /// The topic.
        topic: String,
    },
    /// The monitoring port of a NATS server.
    Nats {
        /// Its address.
        url: String,
    },
    /// Statistics that PostgreSQL keeps.
    Postgres {
        /// The database.
        url: String,
    },
    /// Processes of this machine.
    Process {
        /// Which.
        of: ProcessOf,
        /// Their children, too.
        children: bool,
    },
    /// An exposition of metrics, over HTTP.
    Prometheus {
        /// The exposition.
        url: String,
        /// Which, by name and labels.
        series: Vec<Wanted>,
    },
    /// The management interface of RabbitMQ.
    RabbitMq {
        /// Its address.
        url: String,
    },
    /// What Redis tells of itself.
    Redis {
        /// The server.
        url: String,
    },
}

/// Which processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessOf {
    /// All with this command name.
    Name(String),
    /// This one.
    Pid(u32),
    /// Whoever listens on this port of this machine.
    Port(u16),
    /// This process itself, with the built-in service in it.
    This,
}

/// A series that a plan asks for by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What it is called.
    pub name: String,
    /// Where the number stands: a path, or a metric.
    pub what: String,
    /// What it counts.
    pub unit: Unit,
    /// What one of what stands there is in the base unit of `unit`.
    pub scale: f64,
    /// Whether it only grows; `None` if the source says so itself.
    pub is_counter: Option<bool>,
}

impl Wanted {
    /// A number as its series has it.
    pub fn gauge(&self, read: f64, says_counter: bool) -> Gauge {
        let is_counter = self.is_counter.unwrap_or(says_counter);
        Gauge { is_counter, ..Gauge::level(self.name.as_str(), read * self.scale, self.unit) }
    }
}

/// What a number counts, by how its name ends, and what one of it is in the base unit: `heap_bytes`, `pause_ms`.
pub fn unit_of_name(name: &str) -> (Unit, f64) {
    const ENDS: [(&str, Unit, f64); 12] = [
        ("bytes", Unit::Bytes, 1.0),
        ("kb", Unit::Bytes, 1_024.0),
        ("ns", Unit::Nanos, 1.0),
        ("nanoseconds", Unit::Nanos, 1.0),
        ("us", Unit::Nanos, 1e3),
        ("microseconds", Unit::Nanos, 1e3),
        ("ms", Unit::Nanos, 1e6),
        ("milliseconds", Unit::Nanos, 1e6),
        ("seconds", Unit::Nanos, 1e9),
        ("ratio", Unit::Share, 1.0),
        ("share", Unit::Share, 1.0),
        ("percent", Unit::Share, 0.01),
    ];
    let name = name.trim_end_matches("_total").trim_end_matches("_sum").to_ascii_lowercase();
    let word = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let found = ENDS.iter().find(|(end, ..)| *end == word);
    found.map_or((Unit::Count, 1.0), |(_, unit, scale)| (*unit, *scale))
}

/// Kinds of sources with the series each of them has, whatever the plan says.
pub const KINDS: [(&str, &[(&str, Unit)]); 10] = [
    (
        "clickhouse",
        &[
            ("queries", Unit::Count),
            ("merges", Unit::Count),
            ("connections", Unit::Count),
            ("memory", Unit::Bytes),
            ("inserted_rows", Unit::PerSecond),
            ("selected_rows", Unit::PerSecond),
            ("failed_queries", Unit::PerSecond),
        ],
    ),
    ("command", &[]),
    ("json", &[]),
    ("kafka", &[("lag", Unit::Count), ("written", Unit::PerSecond), ("committed", Unit::PerSecond)]),
    (
        "nats",
        &[
            ("memory", Unit::Bytes),
            ("cpu", Unit::Cores),
            ("connections", Unit::Count),
            ("subscriptions", Unit::Count),
            ("slow_consumers", Unit::Count),
            ("in_messages", Unit::PerSecond),
            ("out_messages", Unit::PerSecond),
            ("in_bytes", Unit::BytesPerSecond),
            ("out_bytes", Unit::BytesPerSecond),
            ("stored_messages", Unit::Count),
            ("stored_memory", Unit::Bytes),
            ("stored_files", Unit::Bytes),
        ],
    ),
    (
        "postgres",
        &[
            ("connections", Unit::Count),
            ("active", Unit::Count),
            ("idle", Unit::Count),
            ("idle_in_transaction", Unit::Count),
            ("waiting", Unit::Count),
            ("commits", Unit::PerSecond),
            ("rollbacks", Unit::PerSecond),
            ("deadlocks", Unit::PerSecond),
            ("rows_read", Unit::PerSecond),
            ("rows_written", Unit::PerSecond),
            ("temporary", Unit::BytesPerSecond),
            ("cache_hit", Unit::Share),
        ],
    ),
    (
        "process",
        &[
            ("cpu", Unit::Cores),
            ("memory", Unit::Bytes),
            ("threads", Unit::Count),
            ("descriptors", Unit::Count),
            ("read", Unit::BytesPerSecond),
            ("written", Unit::BytesPerSecond),
            ("processes", Unit::Count),
        ],
    ),
    ("prometheus", &[]),
    (
        "rabbitmq",
        &[
            ("ready", Unit::Count),
            ("unacked", Unit::Count),
            ("connections", Unit::Count),
            ("consumers", Unit::Count),
            ("queues", Unit::Count),
            ("published", Unit::PerSecond),
            ("delivered", Unit::PerSecond),
            ("memory", Unit::Bytes),
            ("descriptors", Unit::Count),
        ],
    ),
    (
        "redis",
        &[
            ("memory", Unit::Bytes),
            ("clients", Unit::Count),
            ("blocked_clients", Unit::Count),
            ("cpu", Unit::Cores),
            ("ops", Unit::PerSecond),
            ("hits", Unit::PerSecond),
            ("misses", Unit::PerSecond),
            ("evicted", Unit::PerSecond),
            ("expired", Unit::PerSecond),
            ("rejected_connections", Unit::PerSecond),
            ("keys", Unit::Count),
        ],
    ),
];

impl Source {
    /// The key in the plan.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ClickHouse { .. } => "clickhouse",
            Self::Command { .. } => "command",
            Self::Json { .. } => "json",
            Self::Kafka { .. } => "kafka",
            Self::Nats { .. } => "nats",
            Self::Postgres { .. } => "postgres",
            Self::Process { .. } => "process",
            Self::Prometheus { .. } => "prometheus",
            Self::RabbitMq { .. } => "rabbitmq",
            Self::Redis { .. } => "redis",
        }
    }

    /// Series that it has, with what they count as far as that is known before; `None` if only a reading tells.
    pub fn known(&self) -> Option<Vec<(&str, Option<Unit>)>> {
        if matches!(self, Self::Command { .. }) {
            return None;
        }
        let own = KINDS.iter().find(|(kind, _)| *kind == self.kind()).map_or(&[][..], |(_, series)| *series);
        let wanted = self.wanted().iter().map(|w| {
            let unit = |is_counter| if is_counter { w.unit.by_the_second() } else { w.unit };
            (w.name.as_str(), w.is_counter.map(unit))
        });
        Some(own.iter().map(|(name, unit)| (*name, Some(*unit))).chain(wanted).collect())
    }

    /// Series that the plan asks for by name.
    pub fn wanted(&self) -> &[Wanted] {
        match self {
            Self::ClickHouse { series, .. } | Self::Json { series, .. } | Self::Prometheus { series, .. } => {
                series
            }
            _ => &[],
        }
    }

    /// What is read, in words that reports may show.
    pub fn describe(&self) -> String {
        match self {
            // Arguments may be secrets.
            Self::Command { words, .. } => {
                format!("what `{}` prints", words.first().map_or("", String::as_str))
            }
            Self::Kafka { group, topic, .. } => format!("the group {group} at the topic {topic}"),
            Self::Process { of, children } => {
                let what = match of {
                    ProcessOf::Name(name) => format!("processes called {name}"),
                    ProcessOf::Pid(pid) => format!("process {pid}"),
                    ProcessOf::Port(port) => format!("the process that listens on port {port}"),
                    ProcessOf::This => {
                        "this process: generator and built-in service together, which cannot be told apart"
                            .to_owned()
                    }
                };
                if *children { format!("{what}, with its children") } else { what }
            }
            Self::ClickHouse { url, .. }
            | Self::Json { url, .. }
            | Self::Nats { url }
            | Self::Postgres { url }
            | Self::Prometheus { url, .. }
            | Self::RabbitMq { url }
            | Self::Redis { url } => format!("{} at {}", self.kind(), without_credentials(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_keeps_secrets() {
        let redis = Source::Redis { url: "redis://:secret@127.0.0.1:6379/0".to_owned() };
        assert_eq!(redis.describe(), "redis at redis://...@127.0.0.1:6379/0");
        let own = Source::Process { of: ProcessOf::This, children: false };
        assert!(own.describe().contains("together"));
    }

    #[test]
    fn names_tell_their_unit() {
        assert_eq!(unit_of_name("process_resident_memory_bytes"), (Unit::Bytes, 1.0));
        assert_eq!(unit_of_name("process_cpu_seconds_total"), (Unit::Nanos, 1e9));
        assert_eq!(unit_of_name("$.gc.pause_ms"), (Unit::Nanos, 1e6));
        assert_eq!(unit_of_name("alarms"), (Unit::Count, 1.0));
    }

    #[test]
    fn what_the_plan_asks_for_is_known() {
        let wanted = |name: &str, unit, is_counter| Wanted {
            name: name.to_owned(),
            what: name.to_owned(),
            unit,
            scale: 1.0,
            is_counter,
        };
        let series = vec![wanted("heap", Unit::Bytes, Some(false)), wanted("gone", Unit::Count, Some(true))];
        let json = Source::Json { url: "http://h/".to_owned(), series };
        assert_eq!(json.known().unwrap(), [("heap", Some(Unit::Bytes)), ("gone", Some(Unit::PerSecond))]);
        assert_eq!(Source::Command { words: Vec::new(), directory: String::new() }.known(), None);
    }
}
