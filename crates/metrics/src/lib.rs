//! What is counted and how it is summarised: histograms, counts per outcome, windows, quantiles with
//! their uncertainty, and the expressions that compare them with a bound.
//!
//! Pure: no clock, no I/O, no randomness. Times are integer nanoseconds, quantiles are in `[0, 1]`, rates
//! are per second, shares are in `[0, 1]`.
//!
//! ```
//! use plimsoll_metrics::Histogram;
//!
//! let mut response_ns = Histogram::new();
//! for ms in 1..=1000u64 {
//!     response_ns.record(ms * 1_000_000);
//! }
//! let p99 = response_ns.quantile(0.99).expect("there are samples");
//! assert!((p99 as f64 / 990e6 - 1.0).abs() < 1e-3);
//! ```
#![deny(missing_docs)]

pub mod compact;
pub mod early_stop;
pub mod expression;
pub mod histogram;
pub mod interval;
pub mod outcome;
pub mod quantile;
pub mod window;

pub use compact::Compact;
pub use histogram::Histogram;
pub use outcome::Outcome;
pub use quantile::{Quantile, Standing};
pub use window::{Cell, ErrorCount, StepCounts, Window};

/// Nanoseconds, as a point on a run's clock or as a length of time.
pub type Nanos = u64;

/// Nanoseconds in a second.
pub const SECOND_NS: Nanos = 1_000_000_000;
