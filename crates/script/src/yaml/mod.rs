//! Plan files: read, checked completely, lowered.

pub mod diagnostics;
mod lower;
mod quick;
pub mod read;
mod shapes;
pub mod source;
pub mod suite;
pub mod tools;
pub mod types;
pub mod units;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::http::ProxySettings;
use plimsoll_model::monitor::MonitorSettings;
use plimsoll_model::{Plan, ProtocolSettings};

use crate::behaviour::Behaviour;
pub use diagnostics::Diagnostics;
pub use quick::{Quick, QuickError, quick};
pub use suite::{
    ComparedPlans, Program, SUITE_FILE, Scenario, Suite, Variant, Work, load_suite, suite_schema,
};
pub use types::schema;

/// Starts the built-in service of a name and returns its base URL, or says why not.
pub type StartService<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// One level for a whole run: of all open loads together, in arrivals per second, or of all closed ones, in users, if there is
/// no open one. Claims are about the time after the warm-up then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    /// The level.
    pub level: f64,
    /// How long it lasts before anything counts, in nanoseconds.
    pub warm_up_ns: u64,
    /// How long what counts lasts, in nanoseconds.
    pub hold_ns: u64,
}

/// The stage of a [`Constant`] that counts.
pub const HOLD: &str = "hold";

/// What a plan cannot know by itself: given by whoever runs it.
#[derive(Default)]
pub struct Environment<'a> {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Replaces the plan's seed.
    pub seed: Option<u64>,
    /// Replaces the plan's target.
    pub target: Option<String>,
    /// Replaces the level of the plan's only closed load.
    pub users: Option<u64>,
    /// Replaces the level of the plan's only open load, per second.
    pub rate: Option<f64>,
    /// Stretches or shrinks all schedules so that the run lasts this long, in nanoseconds.
    pub duration_ns: Option<u64>,
    /// Shortens all schedules to this share of their durations. Rates, users and what users do stay as they are.
    pub scale: Option<f64>,
    /// Replaces all schedules by one level.
    pub constant: Option<Constant>,
    /// Replaces the shared iteration budget of closed loads.
    pub iterations: Option<u64>,
    /// Proxies, as the environment names them.
    pub proxy: ProxySettings,
    /// Wall clock, in milliseconds since 1970.
    pub now_ms: u64,
    /// Names of protocols that somebody else brings: schemes of their targets.
    pub own: Vec<&'static str>,
    /// Starts a built-in service and returns its base URL.
    pub start_service: Option<&'a mut StartService<'a>>,
}

/// A plan, ready to run.
pub struct Lowered {
    /// What the engine needs.
    pub plan: Plan,
    /// What users do.
    pub behaviour: Arc<Behaviour>,
    /// How every protocol is configured.
    pub protocols: ProtocolSettings,
    /// The longest timeout of any request, in nanoseconds.
    pub timeout_ns_max: u64,
    /// The plan as it is executed, for people: sources and overrides.
    pub effective: String,
    /// SHA-256 of `effective`.
    pub digest: String,
    /// Environment variables that it declares, with the values they have.
    pub variables: BTreeMap<String, String>,
    /// Tools that its steps call.
    pub tools: tools::ToolCalls,
    /// Targets by the number of instances behind them, ascending, as the plan writes them.
    pub instances: Vec<(u32, String)>,
    /// What is watched besides.
    pub monitors: Vec<MonitorSettings>,
}

/// Reads and lowers the plan at `path`. All mistakes are returned together.
pub fn load(path: &Path, text: String, environment: &mut Environment<'_>) -> Result<Lowered, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let merged = lower::read_all(path, text, &mut diagnostics);
    let lowered = merged.map(|file| lower::lower(&file, environment, &mut diagnostics));
    match lowered {
        Some(lowered) if diagnostics.is_empty() => Ok(lowered),
        _ => Err(diagnostics),
    }
}

/// A YAML text as JSON, by YAML's core schema; `None` if it is not YAML.
pub fn read_json(text: &str) -> Option<serde_json::Value> {
    let mut diagnostics = Diagnostics::default();
    diagnostics
        .files
        .push(diagnostics::SourceFile { path: Path::new("text").to_owned(), text: text.to_owned() });
    source::parse(0, &mut diagnostics).map(|node| node.to_json())
}
