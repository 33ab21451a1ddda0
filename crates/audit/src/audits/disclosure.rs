//! 25 — Does the record say under which circumstances it was made?

use plimsoll_model::Record;

use crate::finding::{Finding, Status};

/// What a reader must be able to look up (docs/METHOD.md, section 16).
pub const FACTS: [&str; 8] =
    ["tool", "profile", "os", "kernel", "cpu", "cores", "governor", "target_on_this_host"];

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("disclosure", status, sentence);
    let started = &record.started;
    let known =
        |fact: &&str| started.environment.iter().any(|(name, value)| name == fact && !value.is_empty());
    let mut missing: Vec<&str> = FACTS.into_iter().filter(|f| !known(f)).collect();
    let own = [
        ("plan digest", &started.plan_digest),
        ("claims digest", &started.claims_digest),
        ("start", &started.started_at),
        ("target", &started.plan.target),
    ];
    missing.extend(own.into_iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name));
    let total = FACTS.len() + own.len();
    let present = (total - missing.len()) as f64;
    if missing.is_empty() {
        let sentence = "Seed, plan, tool, machine and target are on record.".to_owned();
        return finding(Status::Pass, sentence).measured(present, total as f64);
    }
    let sentence =
        format!("The record does not say: {}. Another person cannot repeat this run.", missing.join(", "));
    finding(Status::Limited, sentence).measured(present, total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn a_record_that_keeps_its_circumstances_to_itself_is_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            record.started.environment.retain(|(n, _)| n != "kernel");
        });
        assert_flags(audit, Status::Limited, |record| record.started.plan_digest.clear());
    }
}
