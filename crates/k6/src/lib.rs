//! Scripts written for k6, run unchanged: read, lowered to a plan and a workload, summed up in k6's words.
//!
//! Every user has a JavaScript world of its own, on a stack of its own: a call that blocks suspends the user and never a
//! thread. k6's words (VU, check, threshold, trend) appear here and in what is printed for k6's sake, nowhere else.
#![deny(missing_docs)]

mod allocator;
mod bytecode;
mod convert;
mod coroutine;
mod desk;
mod flow;
mod intrinsics;
mod lower;
mod metrics;
mod modules;
mod named;
mod natives;
mod options;
mod run;
mod secrets;
mod services;
mod sources;
mod summary;
mod thresholds;
mod typescript;
mod user;
mod vu;
mod world;

pub mod conclusion;
pub mod script;

pub use conclusion::Conclusion;
pub use convert::Unconvertible;
pub use metrics::PointFormat;
pub use run::{Abort, Level, Outside, Say};
pub use script::{Script, Settings};
pub use secrets::Secrets;
pub use services::{ServiceMethod, Services};
pub use sources::ScriptError;
