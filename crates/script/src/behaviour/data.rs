//! Data sets: rows, and which row an iteration gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::workload::Sequence;
use rand::{RngCore, SeedableRng};
use rand_xoshiro::SplitMix64;
use serde_json::Value;

use super::batch::Batch;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The row.
    pub value: Value,
    /// The row as JSON text.
    pub text: String,
    /// Which rule it was made to break, if any.
    pub invalid: Option<String>,
    /// What is written into the text each time it is sent; the row is then only used as a whole.
    pub batch: Option<Batch>,
}

impl Row {
    /// A row that breaks nothing.
    pub fn valid(value: Value) -> Self {
        Self { text: value.to_string(), value, invalid: None, batch: None }
    }
}

/// The row that an iteration has got.
#[derive(Clone, Debug)]
pub struct Picked {
    /// The row.
    pub row: Arc<Row>,
    /// The how manieth it is that was drawn in this run; of a random draw nobody knows.
    pub number: u64,
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
    /// The share of rows with each fault, in millionths; nothing if none has one.
    pub fn planned_ppm(&self) -> BTreeMap<String, u32> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for kind in self.rows.iter().filter_map(|row| row.invalid.clone()) {
            *counts.entry(kind).or_default() += 1;
        }
        let rows = self.rows.len() as u64;
        counts.into_iter().map(|(kind, count)| (kind, (count * 1_000_000 / rows) as u32)).collect()
    }

    /// The row for one iteration; `None` if all were used. `sequence` is the thread's share of the run's.
    pub fn row(&self, sequence: &Sequence, seed: u64, user: u64, iteration: u64) -> Option<Picked> {
        let count = self.rows.len() as u64;
        let (index, number) = match self.pick {
            Pick::Random => {
                let drawn = SplitMix64::seed_from_u64(
                    seed ^ user.rotate_left(32) ^ iteration.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                )
                .next_u64();
                (drawn % count, 0)
            }
            Pick::Sequential => {
                let number = sequence.take();
                (number % count, number)
            }
            Pick::Unique => {
                let number = sequence.take();
                (number, number)
            }
        };
        self.rows.get(index as usize).map(|row| Picked { row: row.clone(), number })
    }
}
