//! The table of audits: is each one told its mutant from its control, and how often does it cry wolf?

use anyhow::{Result, bail};
use plimsoll_audit::testing::mutants::{false_alarms, mutants};

/// Seeded controls that every audit must leave alone.
const CONTROLS: u64 = 100;

/// False alarms that are chance: one in a hundred.
const ALARMS_MAX: u64 = 1;

/// Prints the table; fails if an audit fails its own test.
pub(crate) fn audits() -> Result<()> {
    let alarms = false_alarms(CONTROLS);
    println!("{:<12} {:<50} {:<8} {:<8} false alarms of {CONTROLS}", "audit", "mutant", "flagged", "control");
    let mut failed = Vec::new();
    for mutant in mutants() {
        let alarms = alarms.get(mutant.audit).copied().unwrap_or(0);
        println!(
            "{:<12} {:<50} {:<8} {:<8} {alarms}",
            mutant.audit,
            mutant.fault,
            mutant.mutant.status.name(),
            mutant.control.status.name()
        );
        if !mutant.is_told_apart() || alarms > ALARMS_MAX {
            failed.push(mutant.audit);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("these audits fail their own test: {}", failed.join(", ")) }
}
