//! Plimsoll as a library: plans are run, judged and kept from code, such as a test. Nothing is printed and nothing exits. The crate
//! `plimsoll` shows it to the outside (docs/LIBRARY.md).
//!
//! A run makes its own threads, each with its own runtime: it may be called from any thread, within a runtime or not.

mod baseline;
mod build;
mod error;
mod plan;
mod report;

pub use baseline::{Checked, check_baseline, save_baseline};
pub use build::Builder;
pub use error::{Error, NotVerified};
pub use plan::Plan;
pub use plimsoll_audit::{RunVerdict, Verdict};
pub use plimsoll_model::Outcome;
pub use report::{Judged, Report};
