//! Is this measurement to be believed, and do the claims hold?
//!
//! Pure functions from a recorded run to findings. Audits come first, claims second: a claim that leans on a
//! number an audit has withheld is UNPROVEN. An audit that could not look is NOT-RUN, never a pass.

pub mod audits;
pub mod bottleneck;
pub mod breakpoint;
pub mod budget;
pub mod capacity;
pub mod claims;
pub mod compare;
pub mod finding;
pub mod foreign;
pub mod holds;
pub mod leak;
pub mod recovery;
pub mod select;
pub mod series;
pub mod statistics;
pub mod steadiness;
pub mod testing;
pub mod verdict;

pub use audits::audit;
pub use claims::{ClaimResult, Verdict, certainly_lost, judge_claim};
pub use finding::{Finding, Status, Withheld};
pub use verdict::{Judgement, RunVerdict, judge};
