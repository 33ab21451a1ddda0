//! The load lines of several numbers of instances. Kept as `instances.json` beside the searches they come from.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_audit::statistics::bracket::Reason;
use plimsoll_audit::statistics::instances::Carried;
use serde::{Deserialize, Serialize};

use crate::capacity::{Capacity, Unit};
use crate::directory::write_whole;
use crate::render::capacity::headline;

/// The version of what `instances.json` looks like.
pub const SCHEMA: &str = "plimsoll.instances/1";

/// Searches of one plan for several targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// [`SCHEMA`].
    pub schema: String,
    /// The plan's name.
    pub plan: String,
    /// SHA-256 of the plan's text.
    pub plan_digest: String,
    /// What was found, ascending in instances.
    pub swept: Vec<Swept>,
}

/// What so many instances carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Swept {
    /// How many they are.
    pub instances: u32,
    /// Where they were reached.
    pub target: String,
    /// What levels are counted in.
    pub unit: Unit,
    /// The highest level that held; `None` if none did.
    pub held: Option<f64>,
    /// The lowest that failed; `None` if none did.
    pub failed: Option<f64>,
    /// The line may be higher: something else than the target gave out, or the search is not over.
    pub at_least: bool,
    /// What the search says of itself.
    pub sentence: String,
    /// Its directory, from the sweep's own.
    pub search: PathBuf,
}

impl Swept {
    /// What a search found of so many instances.
    pub fn new(instances: u32, found: &Capacity, search: PathBuf) -> Self {
        let line = found.line();
        let is_line =
            matches!(line.reason, Reason::Bracketed | Reason::Pooled { .. }) && found.ended.is_none();
        Self {
            instances,
            target: found.target.clone(),
            unit: found.unit,
            held: line.held,
            failed: line.failed,
            at_least: !is_line,
            sentence: headline(found).trim_start_matches("⦵ ").to_owned(),
            search,
        }
    }
}

impl Sweep {
    /// A sweep that has found nothing yet.
    pub fn new(plan: &str, plan_digest: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            plan: plan.to_owned(),
            plan_digest: plan_digest.to_owned(),
            swept: Vec::new(),
        }
    }

    /// Writes it into `directory`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        write_whole(&directory.join("instances.json"), &serde_json::to_vec_pretty(self)?)
    }

    /// What the numbers that held anything carry, each at `share` of its line.
    pub fn carried(&self, share: f64) -> Vec<Carried> {
        let of = |swept: &Swept| {
            let line = swept.held? * share;
            Some(Carried { instances: swept.instances, line, is_at_least: swept.at_least })
        };
        self.swept.iter().filter_map(of).collect()
    }

    /// What levels are counted in.
    pub fn unit(&self) -> Unit {
        self.swept.first().map_or(Unit::Rate, |swept| swept.unit)
    }
}
