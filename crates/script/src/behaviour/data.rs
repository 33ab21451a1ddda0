//! Data sets: rows, and which row an iteration gets.

use std::sync::Arc;

use plimsoll_model::workload::Sequence;
use rand::{RngCore, SeedableRng};
use rand_xoshiro::SplitMix64;
use serde_json::Value;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The row.
    pub value: Value,
    /// The row as JSON text.
    pub text: String,
    /// Which rule it was made to break, if any.
    pub invalid: Option<String>,
}

impl Row {
    /// A row that breaks nothing.
    pub fn valid(value: Value) -> Self {
        Self { text: value.to_string(), value, invalid: None }
    }
}

/// Which row an iteration gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pick {
    /// An even draw by seed, user and iteration.
    Random,
    /// One after the other, from the beginning again when all were used.
    #[default]
    Sequential,
    /// One after the other, each once.
    Unique,
}

/// Rows under a name.
#[derive(Debug)]
pub struct DataSet {
    /// What templates call it.
    pub name: String,
    /// The rows; at least one.
    pub rows: Vec<Arc<Row>>,
    /// Which row an iteration gets.
    pub pick: Pick,
}

impl DataSet {
    /// The row for one iteration; `None` if all were used. `sequence` is the thread's share of the run's.
    pub fn row(&self, sequence: &Sequence, seed: u64, user: u64, iteration: u64) -> Option<Arc<Row>> {
        let count = self.rows.len() as u64;
        let index = match self.pick {
            Pick::Random => {
                SplitMix64::seed_from_u64(
                    seed ^ user.rotate_left(32) ^ iteration.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                )
                .next_u64()
                    % count
            }
            Pick::Sequential => sequence.take() % count,
            Pick::Unique => sequence.take(),
        };
        self.rows.get(index as usize).cloned()
    }
}
