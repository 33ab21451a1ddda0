//! What users do, compiled: steps with rendered or renderable requests, expectations, data. Knows nothing of
//! YAML; both front ends lower to it.

pub mod batch;
pub mod data;
mod envelope;
pub mod expect;
pub mod generate;
pub mod ledger;
pub mod names;
pub mod program;
pub mod template;
mod user;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};

use plimsoll_model::delivery::Deliveries;
use plimsoll_model::{User, WorkerContext, Workload};
use serde_json::Value;

use data::DataSet;
use ledger::Ledger;
use program::Node;
use user::ScriptUser;

/// Values saved by setup steps, for all users.
pub type Globals = RwLock<BTreeMap<String, Value>>;

/// What the users of a plan do.
pub struct Behaviour {
    /// Protocols that steps are sent by.
    pub protocols: Vec<&'static str>,
    /// Steps by scenario.
    pub scenarios: Vec<Routine>,
    /// Before load.
    pub setup: Option<Routine>,
    /// After load.
    pub teardown: Option<Routine>,
    /// Data sets by number.
    pub data: Vec<DataSet>,
    /// Who wrote what, and what was found of it.
    pub ledger: Ledger,
    /// Saved by setup.
    pub globals: Arc<Globals>,
    /// Wall clock at the run's start, in nanoseconds since 1970: what `${now()}` counts from.
    pub wall_start_ns: OnceLock<u64>,
}

/// One pass of a user.
#[derive(Default)]
pub struct Routine {
    /// What it does.
    pub nodes: Vec<Node>,
    /// How many values it saves.
    pub slots: usize,
    /// Names of values that are kept for all users (setup only), by slot.
    pub publish: Vec<(String, usize)>,
}

/// A behaviour as a workload.
#[derive(Clone)]
pub struct ScriptWorkload(pub Arc<Behaviour>);

impl Workload for ScriptWorkload {
    fn user(&self, context: &WorkerContext, number: u64) -> Box<dyn User> {
        Box::new(ScriptUser::new(self.0.clone(), context, number, user::Role::Load))
    }

    fn setup(&self, context: &WorkerContext) -> Option<Box<dyn User>> {
        self.0.setup.as_ref()?;
        Some(Box::new(ScriptUser::new(self.0.clone(), context, 0, user::Role::Setup)))
    }

    fn deliveries(&self) -> Option<Deliveries> {
        self.0.ledger.deliveries()
    }

    fn teardown(&self, context: &WorkerContext) -> Option<Box<dyn User>> {
        self.0.teardown.as_ref()?;
        Some(Box::new(ScriptUser::new(self.0.clone(), context, 0, user::Role::Teardown)))
    }
}
