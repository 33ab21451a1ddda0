//! The language of claims: `p99(checkout) < 200ms`, `ok_rate >= 99.9%`, `throughput(checkout, phase=hold) >= 500/s`.
//!
//! Grammar:
//!
//! ```text
//! expression = measure [ "(" selector { "," selector } ")" ] comparison bound
//! measure    = "p" number | min | max | mean | median | count | throughput | ok_rate | fail_rate | share | sum | tokens | uptime
//! selector   = step name | "service" | "response" | ("step" | "scenario" | "phase" | "outcome") "=" name | "tag." key "=" value
//! comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
//! bound      = number unit        unit: ns us µs ms s m h | % | /s /min | k M | B kB MB GB KiB MiB GiB | MB/s ... | (none)
//! ```
//!
//! A [`Statement`] is an expression, `ratio(measure, measure) comparison number`, a claim about a series of a monitor such
//! as `max(redis.memory) < 500MB`, or a property such as `recovers_within(30s, after=spike)`. An [`ArmClaim`] is about arms
//! of a comparison: `ratio(throughput, nats, http) >= 2`.

use std::fmt;

use crate::{Outcome, SECOND_NS};

mod arms;
mod during;
mod parse;
mod series;
mod statement;

pub use arms::{ARM_QUANTILES, ArmClaim, parse_arm_claim};
pub use during::during;
pub use parse::{ExpressionError, parse};
pub use series::{SeriesClaim, Statistic};
pub use statement::{Account, BurnRate, PROPERTIES, Property, Ratio, Statement, parse_statement};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Number of operations.
    Count,
    /// Share of operations that failed, of all that were due and not expected to be refused.
    FailRate,
    /// Longest time.
    Max,
    /// Mean time.
    Mean,
    /// Shortest time.
    Min,
    /// Share of operations that succeeded, of all that were due and not expected to be refused.
    OkRate,
    /// A quantile of times, in `[0, 1]`.
    Quantile(f64),
    /// Share of operations with something that may happen to each: `share(cart.hit)`.
    Share,
    /// Sum of what was counted for each operation: `sum(chat.tokens_out)`.
    Sum,
    /// Successes per second over the span in which they were due.
    Throughput,
    /// Tokens that went in and came out, of all operations.
    Tokens,
    /// Share of the seconds in which operations were due of which the target was up: not more of them failed than
    /// succeeded.
    Uptime,
}

/// The dimension of a measure and of its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Bytes per second.
    ByteRate,
    /// Bytes.
    Bytes,
    /// A plain number.
    Count,
    /// Per second.
    Rate,
    /// In `[0, 1]`.
    Share,
    /// In nanoseconds.
    Time,
}

impl Dimension {
    /// All of them.
    const ALL: [Self; 6] = [Self::ByteRate, Self::Bytes, Self::Count, Self::Rate, Self::Share, Self::Time];

    /// The unit of its values, as files name it.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::ByteRate => "bytes_per_second",
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::Rate => "per_second",
            Self::Share => "share",
            Self::Time => "nanoseconds",
        }
    }

    /// The dimension that a file names by its unit.
    pub fn of_unit(unit: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.unit() == unit)
    }
}

impl Measure {
    /// The dimension of its value.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Count | Self::Sum | Self::Tokens => Dimension::Count,
            Self::FailRate | Self::OkRate | Self::Share | Self::Uptime => Dimension::Share,
            Self::Max | Self::Mean | Self::Min | Self::Quantile(_) => Dimension::Time,
            Self::Throughput => Dimension::Rate,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::FailRate => f.write_str("fail_rate"),
            Self::Max => f.write_str("max"),
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::OkRate => f.write_str("ok_rate"),
            Self::Quantile(q) => write!(f, "p{}", percent(*q)),
            Self::Share => f.write_str("share"),
            Self::Sum => f.write_str("sum"),
            Self::Throughput => f.write_str("throughput"),
            Self::Tokens => f.write_str("tokens"),
            Self::Uptime => f.write_str("uptime"),
        }
    }
}

/// `q` as a percentage without binary noise: 0.999 is 99.9.
pub fn percent(q: f64) -> f64 {
    (q * 1e11).round() / 1e9
}

/// Which times are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Done − due.
    #[default]
    Response,
    /// Done − sent.
    Service,
}

/// Which operations are meant; what is `None` or empty does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// A step, by name.
    pub step: Option<String>,
    /// A scenario, by name.
    pub scenario: Option<String>,
    /// A phase of the load, by name.
    pub phase: Option<String>,
    /// An outcome.
    pub outcome: Option<Outcome>,
    /// Tags with their values, all of which a step must carry.
    pub tags: Vec<(String, String)>,
    /// Response or service time.
    pub timing: Timing,
}

/// How value and bound are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

impl Comparison {
    /// Whether `value` stands so to `bound`.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
            Self::Equal => value == bound,
            Self::Unequal => value != bound,
        }
    }

    /// True if a larger value can only hurt.
    pub const fn wants_small(self) -> bool {
        matches!(self, Self::Below | Self::AtMost)
    }

    /// True if a smaller value can only hurt.
    pub const fn wants_large(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }

    /// The sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::Unequal => "!=",
        }
    }
}

/// A parsed claim: measure, selection, comparison and bound (in the base unit of the measure's dimension).
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What is measured.
    pub measure: Measure,
    /// Over which operations.
    pub selector: Selector,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what: nanoseconds, a share, per second, or a count.
    pub bound: f64,
}

/// Units of a bound, each with its dimension and its size in the base unit.
pub(crate) const UNITS: [(&str, Dimension, f64); 31] = [
    ("ns", Dimension::Time, 1.0),
    ("us", Dimension::Time, 1e3),
    ("µs", Dimension::Time, 1e3),
    ("ms", Dimension::Time, 1e6),
    ("s", Dimension::Time, SECOND_NS as f64),
    ("m", Dimension::Time, 60.0 * SECOND_NS as f64),
    ("min", Dimension::Time, 60.0 * SECOND_NS as f64),
    ("h", Dimension::Time, 3_600.0 * SECOND_NS as f64),
    ("%", Dimension::Share, 0.01),
    ("/s", Dimension::Rate, 1.0),
    ("/min", Dimension::Rate, 1.0 / 60.0),
    ("/m", Dimension::Rate, 1.0 / 60.0),
    ("/h", Dimension::Rate, 1.0 / 3_600.0),
    ("k", Dimension::Count, 1e3),
    ("M", Dimension::Count, 1e6),
    ("B", Dimension::Bytes, 1.0),
    ("kB", Dimension::Bytes, 1e3),
    ("KB", Dimension::Bytes, 1e3),
    ("MB", Dimension::Bytes, 1e6),
    ("GB", Dimension::Bytes, 1e9),
    ("KiB", Dimension::Bytes, 1_024.0),
    ("MiB", Dimension::Bytes, 1_048_576.0),
    ("GiB", Dimension::Bytes, 1_073_741_824.0),
    ("B/s", Dimension::ByteRate, 1.0),
    ("kB/s", Dimension::ByteRate, 1e3),
    ("KB/s", Dimension::ByteRate, 1e3),
    ("MB/s", Dimension::ByteRate, 1e6),
    ("GB/s", Dimension::ByteRate, 1e9),
    ("KiB/s", Dimension::ByteRate, 1_024.0),
    ("MiB/s", Dimension::ByteRate, 1_048_576.0),
    ("GiB/s", Dimension::ByteRate, 1_073_741_824.0),
];
