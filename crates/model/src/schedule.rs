//! When things are due: arrivals per time (open) or users over time (closed), as pure data.

use serde::{Deserialize, Serialize};

use crate::{Nanos, SECOND_NS};

mod arrivals;
mod users;

pub use arrivals::Arrivals;
pub use users::{UserChange, user_changes, users_at};

/// A stretch of a schedule in which the level (arrivals per second, or users) moves linearly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What reports call it: `ramp`, `hold`, `spike`, ...
    pub name: String,
    /// How long it lasts, in nanoseconds.
    pub duration_ns: Nanos,
    /// The level at its start.
    pub from: f64,
    /// The level at its end.
    pub to: f64,
}

impl Stage {
    /// A stage at one level.
    pub fn hold(name: &str, duration_ns: Nanos, level: f64) -> Self {
        Self { name: name.to_owned(), duration_ns, from: level, to: level }
    }
}

/// The process that places arrivals on the time axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// Independent arrivals: exponential gaps, as many clients that know nothing of each other make them.
    #[default]
    Poisson,
    /// Evenly spaced.
    Uniform,
}

/// Arrivals per time, whatever the target does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// Level over time, in arrivals per second.
    pub stages: Vec<Stage>,
    /// How arrivals are placed.
    pub process: Process,
    /// Arrival times given outright, in nanoseconds from the load's start, ascending; replaces rate and process.
    pub trace: Option<Vec<Nanos>>,
    /// Most users at once; an arrival that finds all of them busy is dropped, and counted.
    pub max_users: u64,
}

/// Users over time, each starting its next iteration when the last has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// Level over time, in users.
    pub stages: Vec<Stage>,
    /// Iterations for all users together; whoever is free takes the next.
    pub iterations_shared: Option<u64>,
    /// Iterations for every user.
    pub iterations_per_user: Option<u64>,
    /// How long the iteration of a user that has to leave may still go on, in nanoseconds; without it, until the load's
    /// graceful stop.
    #[serde(default)]
    pub leave_ns: Option<Nanos>,
}

impl Closed {
    /// Users that come and go as `stages` say, with nothing else to end them.
    pub const fn new(stages: Vec<Stage>) -> Self {
        Self { stages, iterations_shared: None, iterations_per_user: None, leave_ns: None }
    }
}

/// When things are due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Users over time.
    Closed(Closed),
    /// Arrivals per time.
    Open(Open),
}

impl Schedule {
    /// The stages, whichever kind it is.
    pub fn stages(&self) -> &[Stage] {
        match self {
            Self::Closed(closed) => &closed.stages,
            Self::Open(open) => &open.stages,
        }
    }

    /// How long the schedule lasts, in nanoseconds.
    pub fn duration_ns(&self) -> Nanos {
        let stages = self.stages().iter().map(|s| s.duration_ns).sum();
        match self {
            Self::Open(Open { trace: Some(trace), .. }) => {
                trace.last().map_or(0, |last| last + 1).max(stages)
            }
            _ => stages,
        }
    }

    /// Mean level over the whole schedule: arrivals per second, or users.
    pub fn mean_level(&self) -> f64 {
        let area: f64 =
            self.stages().iter().map(|s| f64::midpoint(s.from, s.to) * s.duration_ns as f64).sum();
        area / (self.duration_ns() as f64).max(1.0)
    }

    /// The highest level that any stage begins or ends at: arrivals per second, or users.
    pub fn highest_level(&self) -> f64 {
        self.stages().iter().map(|stage| stage.from.max(stage.to)).fold(0.0, f64::max)
    }

    /// The level asked for at `at_ns` from the load's start; 0 outside.
    pub fn level_at(&self, at_ns: Nanos) -> f64 {
        users::level_at(self.stages(), at_ns).unwrap_or(0.0)
    }

    /// How many arrivals an open schedule holds, counted by walking it; `None` for a closed one.
    pub fn arrivals(&self, seed: u64) -> Option<u64> {
        match self {
            Self::Closed(_) => None,
            Self::Open(open) => Some(Arrivals::new(open, seed).count() as u64),
        }
    }
}

/// A run that is shortened leaves every stage as long as this, or as long as it was if that is shorter: a stage of no whole
/// second has no window of its own, so nothing could be said of it.
pub const SCALED_NS_MIN: Nanos = SECOND_NS;

/// A duration of a schedule in a run that is shortened to `scale` of its length.
pub fn scaled(duration_ns: Nanos, scale: f64) -> Nanos {
    ((duration_ns as f64 * scale).round() as Nanos).max(duration_ns.min(SCALED_NS_MIN))
}

/// Nanoseconds of a number of seconds.
pub fn seconds(seconds: f64) -> Nanos {
    (seconds * SECOND_NS as f64).round() as Nanos
}
