//! The statistics that audits lean on, each after its source and tested against known answers.
//!
//! Series are in time order; times are whatever unit the caller uses.

pub mod arrivals;
pub mod bracket;
pub mod knee;
pub mod queues;
pub mod rank;
pub mod scalability;
pub mod shift;
pub mod survival;
pub mod trend;
pub mod warmup;
