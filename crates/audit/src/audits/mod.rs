//! The audits, one file each, in the order of chance times damage (docs/METHOD.md, section 16).

pub mod books;
pub mod clock;
pub mod end;
pub mod failures;
pub mod histogram;
pub mod load;
pub mod on_time;
pub mod origin;
pub mod timeouts;

use plimsoll_model::Record;

use crate::finding::Finding;

/// Runs every audit.
pub fn audit(record: &Record) -> Vec<Finding> {
    vec![
        books::audit(record),
        failures::audit(record),
        timeouts::audit(record),
        origin::audit(record),
        load::audit(record),
        on_time::audit(record),
        histogram::audit(record),
        clock::audit(record),
        end::audit(record),
    ]
}
