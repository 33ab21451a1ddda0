//! Runs a plan: reads the clock, drives the open and the closed loop, hosts users, records what comes back,
//! and emits the one stream of run events.
//!
//! It knows neither YAML, JavaScript nor HTTP: a [`plimsoll_model::Workload`] makes users, and users perform
//! operations on sessions that a [`plimsoll_model::Protocol`] opened. Load threads share nothing; once a
//! second each hands its windows to the dispatcher.

pub mod clock;
pub mod run;
pub mod solo;
pub mod stop;
pub mod worker;

mod closed;
mod dispatcher;
mod gauge;
mod health;
mod host;
mod load;
mod monitors;
mod open;
mod recorder;
mod sampler;
pub mod signals;
mod timer;

pub use run::{RunError, RunSettings, run};
pub use solo::{SoloStep, solo};
pub use stop::StopHandle;
