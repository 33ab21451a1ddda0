//! The statistics that audits lean on, each after its source and tested against known answers.
//!
//! Series are in time order; times are whatever unit the caller uses.

pub mod arrivals;
pub mod bracket;
pub mod change;
pub mod change_points;
pub mod discovery;
pub mod instances;
pub mod knee;
pub mod noise;
pub mod order;
pub mod paired;
pub mod queues;
pub mod rank;
pub mod scalability;
pub mod shift;
pub mod survival;
pub mod trend;
pub mod two_samples;
pub mod walk;
pub mod warmup;
