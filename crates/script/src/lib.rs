//! What users write. YAML plans lower to a [`plimsoll_model::Plan`] with a [`plimsoll_model::Workload`].
//!
//! `yaml` reads files: positions, diagnostics, schema. `behaviour` is what comes out: compiled steps, data and
//! expectations, which know nothing of YAML any more.

pub mod behaviour;
pub mod yaml;

pub use behaviour::Behaviour;
pub use yaml::{
    Constant, Diagnostics, Environment, Lowered, Suite, load, load_suite, quick, schema, suite_schema,
};
