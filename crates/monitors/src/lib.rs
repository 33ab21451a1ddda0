//! Reads how what is tested is doing, from outside: processes of this machine, expositions of metrics, and what servers tell
//! of themselves.
//!
//! Everything here blocks, on the thread that a monitor is read on, and never for longer than the monitor's timeout. What
//! cannot be read is absent, with the reason. A source that was lost is looked for again at the next reading.

mod clickhouse;
mod command;
mod deadline;
mod http;
mod json;
#[cfg(feature = "kafka")]
mod kafka;
mod nats;
#[cfg(feature = "sql")]
mod postgres;
mod process;
mod prometheus;
mod rabbitmq;
#[cfg(feature = "redis")]
mod redis;

use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::Monitor;
use plimsoll_model::monitor::{Gauges, MonitorId, MonitorSettings, Source, Watch};

/// A monitor, read as its settings say.
pub fn monitor(settings: MonitorSettings) -> Arc<dyn Monitor> {
    Arc::new(Configured { settings })
}

struct Configured {
    settings: MonitorSettings,
}

impl Monitor for Configured {
    fn id(&self) -> MonitorId {
        self.settings.id
    }

    fn name(&self) -> &str {
        &self.settings.name
    }

    fn watch(&self) -> Box<dyn Watch> {
        let inner = source(&self.settings.source, Duration::from_nanos(self.settings.timeout_ns));
        Box::new(Limited { inner, limits: self.settings.limits.clone() })
    }
}

fn source(source: &Source, timeout: Duration) -> Box<dyn Watch> {
    match source {
        Source::ClickHouse { url, series } => {
            Box::new(clickhouse::ClickHouse::new(url, series.clone(), timeout))
        }
        Source::Command { words, directory } => {
            Box::new(command::Program::new(words.clone(), directory.clone(), timeout))
        }
        Source::Json { url, series } => Box::new(json::Document::new(url, series, timeout)),
        #[cfg(feature = "kafka")]
        Source::Kafka { brokers, group, topic } => Box::new(kafka::Lag::new(brokers, group, topic, timeout)),
        Source::Nats { url } => Box::new(nats::Nats::new(url, timeout)),
        #[cfg(feature = "sql")]
        Source::Postgres { url } => Box::new(postgres::Postgres::new(url, timeout)),
        Source::Process { of, children } => Box::new(process::Processes::new(of.clone(), *children)),
        Source::Prometheus { url, series } => {
            Box::new(prometheus::Exposition::new(url, series.clone(), timeout))
        }
        Source::RabbitMq { url } => Box::new(rabbitmq::RabbitMq::new(url, timeout)),
        #[cfg(feature = "redis")]
        Source::Redis { url } => Box::new(redis::Redis::new(url, timeout)),
        #[cfg(not(all(feature = "kafka", feature = "redis", feature = "sql")))]
        other => Box::new(Unknown(other.kind())),
    }
}

/// What this build cannot read.
#[cfg(not(all(feature = "kafka", feature = "redis", feature = "sql")))]
struct Unknown(&'static str);

#[cfg(not(all(feature = "kafka", feature = "redis", feature = "sql")))]
impl Watch for Unknown {
    fn read(&mut self) -> Gauges {
        Gauges::absent(format!("this build of plimsoll does not speak with {}", self.0))
    }
}

/// Puts the plan's limits in the place of the source's.
struct Limited {
    inner: Box<dyn Watch>,
    limits: Vec<(String, f64)>,
}

impl Watch for Limited {
    fn read(&mut self) -> Gauges {
        let mut gauges = self.inner.read();
        for gauge in &mut gauges.values {
            if let Some((_, limit)) = self.limits.iter().find(|(name, _)| *name == gauge.name) {
                gauge.limit = Some(*limit);
            }
        }
        gauges
    }
}

/// What was read, or nothing with the reason.
fn told(read: Result<Gauges, String>) -> Gauges {
    read.unwrap_or_else(Gauges::absent)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::monitor::{Gauges, KINDS};

    /// Asserts that a source has no series, and no unit, that plans do not know of: claims are held against the list.
    pub(crate) fn is_declared(kind: &str, read: &Gauges) {
        let (_, known) = KINDS.iter().find(|(name, _)| *name == kind).expect("a kind of source");
        assert!(!read.values.is_empty());
        for gauge in &read.values {
            let unit = if gauge.is_counter { gauge.unit.by_the_second() } else { gauge.unit };
            assert!(known.contains(&(gauge.name.as_str(), unit)), "{kind}: {gauge:?}");
        }
    }
}
