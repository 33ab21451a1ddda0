//! The audits, one file each, in the order of chance times damage (docs/METHOD.md, section 16).

pub mod arrivals;
pub mod books;
pub mod clock;
pub mod comparison;
pub mod concurrency;
pub mod delivery;
pub mod disclosure;
pub mod end;
pub mod failures;
pub mod fake;
pub mod floor;
pub mod generator;
pub mod hidden;
pub mod histogram;
pub mod little;
pub mod load;
pub mod mix;
pub mod on_time;
pub mod origin;
pub mod samples;
pub mod scaling;
pub mod steady;
pub mod streams;
pub mod success;
pub mod timeouts;

use plimsoll_model::Record;

use crate::finding::Finding;
use crate::steadiness::Steadiness;

/// Runs every audit.
pub fn audit(record: &Record) -> Vec<Finding> {
    audit_with(record, steady::analysed(record).as_ref())
}

/// Runs every audit on a record of which it is known already how steady it was.
pub fn audit_with(record: &Record, steadiness: Option<&Steadiness>) -> Vec<Finding> {
    vec![
        books::audit(record),
        failures::audit(record),
        timeouts::audit(record),
        origin::audit(record),
        load::audit(record),
        on_time::audit(record),
        generator::audit(record),
        success::audit(record),
        samples::audit(record),
        steady::of(record, steadiness),
        arrivals::audit(record),
        little::audit(record),
        scaling::audit(record),
        concurrency::audit(record),
        histogram::audit(record),
        clock::audit(record),
        end::audit(record),
        floor::audit(record),
        fake::audit(record),
        mix::audit(record),
        hidden::audit(record),
        comparison::audit(None),
        delivery::audit(record.deliveries.as_ref()),
        streams::audit(record),
        disclosure::audit(record),
    ]
}
