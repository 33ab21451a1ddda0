//! Every fault of docs/FAULTS.md, and what refuses it: a small run or result that has the fault, row by row.
//! Rows that another crate's tests cover are named in the table.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod claims;
mod load;
mod measured;
mod success;

use plimsoll_audit::foreign::{Foreign, Row, judge};
use plimsoll_audit::testing::Synthetic;
use plimsoll_audit::{ClaimResult, Status, Verdict};
use plimsoll_model::{Claim, Record};

/// How an audit of the run comes out.
fn status(record: &Record, id: &str) -> Status {
    plimsoll_audit::audit(record).into_iter().find(|f| f.id == id).unwrap().status
}

/// How a claim about the run comes out.
fn claim(mut record: Record, text: &str) -> ClaimResult {
    record.started.plan.claims = vec![Claim { text: text.to_owned(), abort: false }];
    plimsoll_audit::judge(&record).claims.remove(0)
}

fn verdict(record: Record, text: &str) -> Verdict {
    claim(record, text).verdict
}

/// How an audit of a published row comes out.
fn published(row: Row, id: &str) -> Status {
    of(&Foreign { rows: vec![row], ..Foreign::default() }, id)
}

fn of(foreign: &Foreign, id: &str) -> Status {
    judge(foreign).findings.into_iter().find(|f| f.id == id).unwrap().status
}

fn clean() -> Record {
    Synthetic::default().record()
}
