//! What an operation measured besides when it was done: its parts. Each is a step of its own, so that reports show it and
//! claims name it: `p95(chat.first_token) < 400ms`, `share(cart.hit) >= 90%`.

use serde::{Deserialize, Serialize};

use crate::{Begun, Nanos, StepId};

/// A part of the operations of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The step whose operations it is a part of.
    pub of: StepId,
    /// What its numbers are.
    pub unit: PartUnit,
}

/// What the numbers of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartUnit {
    /// A time, one for each operation. One that failed has none, and counts as infinitely slow.
    Time,
    /// Times, any number of them for each operation.
    Times,
    /// A number, one for each operation: tokens, rows.
    Number,
    /// Something that happened or did not: a hit.
    Event,
    /// Operations with data of one kind: valid, or with a certain fault put in. Their outcomes are what was observed, whatever was
    /// to be expected: `ok` passed, `rejected` was refused as invalid, `app_error` was answered in another way.
    Injected {
        /// The share of the data that is of this kind, in millionths.
        planned_ppm: u32,
    },
}

impl PartUnit {
    /// True if its numbers are nanoseconds.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Time | Self::Times)
    }
}

/// A part that a protocol measures, as plans name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartKind {
    /// Behind the step's name and a point.
    pub name: &'static str,
    /// What its numbers are.
    pub unit: PartUnit,
}

impl PartKind {
    /// A part of this name and unit.
    pub const fn new(name: &'static str, unit: PartUnit) -> Self {
        Self { name, unit }
    }
}

/// What a session read of one part. The number is the part's place in the list that its protocol gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which part.
    pub part: u8,
    /// What was read.
    pub value: ReadValue,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadValue {
    /// It happened at this moment of the run's clock; its time counts from when the operation was due.
    At(Nanos),
    /// A time, in nanoseconds.
    Took(Nanos),
    /// A number; for an event, 1.
    Number(u64),
}

impl Reading {
    /// It happened at this moment of the run's clock.
    pub const fn at(part: u8, at_ns: Nanos) -> Self {
        Self { part, value: ReadValue::At(at_ns) }
    }

    /// It took so long.
    pub const fn took(part: u8, took_ns: Nanos) -> Self {
        Self { part, value: ReadValue::Took(took_ns) }
    }

    /// So many.
    pub const fn number(part: u8, number: u64) -> Self {
        Self { part, value: ReadValue::Number(number) }
    }

    /// It happened.
    pub const fn event(part: u8) -> Self {
        Self::number(part, 1)
    }

    /// The number to be recorded for an operation that began so.
    pub const fn recorded(self, begun: Begun) -> u64 {
        match self.value {
            ReadValue::At(at_ns) => at_ns.saturating_sub(begun.due_ns),
            ReadValue::Took(number) | ReadValue::Number(number) => number,
        }
    }
}
