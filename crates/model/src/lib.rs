//! The language of a load test: what is to be done (plan, schedule, segment), by whom (workload, user), over
//! what (protocol, session, operation), and what came of it (outcome, window, run event, record).
//!
//! Pure: no async runtime, file, socket, environment, clock or unseeded randomness. Others implement the
//! traits here: `engine` the [`Clock`] and the [`Host`], `protocols` the [`Protocol`]s, `script` the
//! [`Workload`]s, `report` and `cli` the [`Sink`]s.
#![deny(missing_docs)]

pub mod claim;
pub mod clock;
pub mod command;
pub mod conversation;
pub mod delivery;
pub mod dial;
pub mod event;
pub mod exec;
pub mod grpc;
pub mod health;
pub mod http;
pub mod message;
pub mod monitor;
pub mod operation;
pub mod own;
pub mod part;
pub mod plan;
pub mod protocol;
pub mod query;
pub mod record;
pub mod sample;
pub mod schedule;
pub mod segment;
pub mod sink;
pub mod stream;
pub mod talk;
pub mod testing;
pub mod tool;
pub mod workload;

pub use claim::Claim;
pub use clock::{Clock, IdleStrategy};
pub use event::{ClockSample, Finished, RunEvent, Started, StepBooks, StopReason};
pub use health::Health;
pub use monitor::{Monitor, Price, Tracked, Unit, Watched};
pub use operation::{Failure, Operation, Reply, ResponseView};
pub use part::{Part, PartKind, PartUnit, ReadValue, Reading};
pub use plan::{Load, Phase, Plan, Scenario, Step, StepKind};
pub use plimsoll_metrics::{Nanos, Outcome, SECOND_NS};
pub use protocol::{BrokerSettings, Driver, Protocol, ProtocolSettings, Session};
pub use record::Record;
pub use sample::Sample;
pub use schedule::{Arrivals, Closed, Open, Process, Schedule, Stage};
pub use segment::Segment;
pub use sink::Sink;
pub use workload::{Begun, Host, Iteration, Observation, User, WorkerContext, Workload};

/// Number of a step in [`Plan::steps`], unique over all scenarios.
pub type StepId = u16;

/// Number of a scenario in [`Plan::scenarios`].
pub type ScenarioId = u16;

/// Number of a load entry in [`Plan::loads`].
pub type LoadId = u16;
