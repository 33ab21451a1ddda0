//! How what is tested was doing: monitors read it from outside, once a second on the run's clock.
//!
//! A [`Monitor`] belongs to nobody's load: it is read on a thread of its own. What it could not read is absent, with the
//! reason, and never 0.

use plimsoll_metrics::expression::Dimension;
use serde::{Deserialize, Serialize};

use crate::Nanos;

mod selector;
mod source;

pub use selector::{MetricSelector, labels};
pub use source::{KINDS, MonitorSettings, ProcessOf, Source, Wanted, unit_of_name};

/// Number of a monitor in [`crate::Plan::monitors`].
pub type MonitorId = u16;

/// Number of a series, in the order in which they were found.
pub type SeriesId = u16;

/// A monitor as the record and reports know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Its name in the plan.
    pub name: String,
    /// What it reads, in words, without credentials.
    pub source: String,
}

/// What a run costs by the hour, as the plan says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Of everything that is paid for.
    pub per_hour: f64,
    /// In this currency.
    pub currency: String,
    /// What a success is worth in the unit that is sold, such as 100 events of a batch.
    pub events: f64,
}

/// What a series counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Seconds on a core by the second: 1 is one core.
    Cores,
    /// A plain number.
    #[default]
    Count,
    /// Nanoseconds.
    Nanos,
    /// Per second.
    PerSecond,
    /// A share.
    Share,
}

impl Unit {
    /// The dimension that a claim's bound must have; a plain number fits what is one.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Bytes => Dimension::Bytes,
            Self::BytesPerSecond => Dimension::ByteRate,
            Self::Cores | Self::Share => Dimension::Share,
            Self::Count => Dimension::Count,
            Self::Nanos => Dimension::Time,
            Self::PerSecond => Dimension::Rate,
        }
    }

    /// The word in `run.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "bytes_per_s",
            Self::Cores => "cores",
            Self::Count => "count",
            Self::Nanos => "ns",
            Self::PerSecond => "per_s",
            Self::Share => "share",
        }
    }

    /// What becomes of a counter in this unit by the second.
    #[must_use]
    pub const fn by_the_second(self) -> Self {
        match self {
            Self::Bytes => Self::BytesPerSecond,
            Self::Count => Self::PerSecond,
            // Time spent by the second is a share of a core.
            Self::Nanos => Self::Cores,
            other => other,
        }
    }
}

/// One number that a monitor read.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// The name of its series, without the monitor's.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: Unit,
    /// Whether it only grows: what happens by the second is then its series.
    pub is_counter: bool,
    /// What there is at most, where that is known.
    pub limit: Option<f64>,
}

impl Gauge {
    /// A number as it stands.
    pub fn level(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { name: name.into(), value, unit, is_counter: false, limit: None }
    }

    /// A number that only grows; `unit` is what is counted.
    pub fn counter(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { is_counter: true, ..Self::level(name, value, unit) }
    }

    /// Of which there is so much at most; 0 is no limit.
    #[must_use]
    pub fn of(self, limit: Option<f64>) -> Self {
        Self { limit: limit.filter(|l| *l > 0.0), ..self }
    }
}

/// What a monitor read at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gauges {
    /// The numbers.
    pub values: Vec<Gauge>,
    /// Why others are missing, if any are.
    pub missing: Option<String>,
}

impl Gauges {
    /// Nothing, for this reason.
    pub fn absent(reason: impl Into<String>) -> Self {
        Self { values: Vec::new(), missing: Some(reason.into()) }
    }
}

/// What is watched.
pub trait Monitor: Send + Sync {
    /// Number in [`crate::Plan::monitors`].
    fn id(&self) -> MonitorId;

    /// Its name in the plan.
    fn name(&self) -> &str;

    /// Begins to watch, on the thread on which it is read.
    fn watch(&self) -> Box<dyn Watch>;
}

/// Reads a monitor, again and again. It may block, but not for longer than its timeout.
pub trait Watch {
    /// Reads it now.
    fn read(&mut self) -> Gauges;
}

/// A series as it was first read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Whose it is.
    pub monitor: MonitorId,
    /// `monitor.series`.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// What there is at most, where that is known.
    pub limit: Option<f64>,
}

/// What one monitor read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// Whose they are.
    pub monitor: MonitorId,
    /// When they were asked for, on the run's clock.
    pub at_ns: Nanos,
    /// How long that took.
    pub took_ns: Nanos,
    /// By series.
    pub values: Vec<(SeriesId, f64)>,
    /// Why others are missing, if any are.
    pub missing: Option<String>,
}

/// A series over a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracked {
    /// What it is.
    pub series: Series,
    /// Moments and values, in time order; only the last if the record was made with
    /// [`crate::Record::without_windows`].
    pub points: Vec<(Nanos, f64)>,
    /// How many readings there were.
    pub count: u64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Tracked {
    /// Nothing was read of it yet.
    pub const fn new(series: Series) -> Self {
        Self { series, points: Vec::new(), count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// One more reading; `keeps` what was before it.
    pub(crate) fn push(&mut self, at_ns: Nanos, value: f64, keeps: bool) {
        if !keeps {
            self.points.clear();
        }
        self.points.push((at_ns, value));
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// The last reading, with its moment.
    pub fn last(&self) -> Option<(Nanos, f64)> {
        self.points.last().copied()
    }

    /// The last reading as a share of what there is at most.
    pub fn used(&self) -> Option<f64> {
        Some(self.last()?.1 / self.series.limit?)
    }
}

/// What a monitor could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Whose it is.
    pub monitor: MonitorId,
    /// Why.
    pub reason: String,
    /// When it was first so.
    pub first_ns: Nanos,
    /// When it was last so.
    pub last_ns: Nanos,
    /// How often.
    pub count: u64,
}
