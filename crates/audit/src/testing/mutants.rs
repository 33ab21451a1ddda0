//! One mutant for every audit: a record, or whatever it judges, with the fault that the audit exists for. The table
//! that `cargo xtask audits` prints is made of these; further mutants stand beside each audit.

use plimsoll_metrics::{Compact, Histogram};
use plimsoll_model::delivery::{Deliveries, Promise, Written};
use plimsoll_model::event::Origin;
use plimsoll_model::{Claim, Outcome, Record};

use super::Synthetic;
use crate::audits::scaling::Level;
use crate::audits::streams::Streamed;
use crate::audits::{comparison, delivery, mix, scaling, streams};
use crate::finding::{Finding, Status};

/// A mutant and what became of it.
pub struct Mutant {
    /// The audit that must flag it.
    pub audit: &'static str,
    /// What is wrong with it, in words.
    pub fault: &'static str,
    /// What the audit says of it.
    pub mutant: Finding,
    /// What the audit says of the same without the fault.
    pub control: Finding,
}

impl Mutant {
    /// Whether the audit flags the mutant and leaves the control alone.
    pub fn is_told_apart(&self) -> bool {
        self.mutant.status >= Status::Limited && self.control.status == Status::Pass
    }
}

type Change = fn(&mut Record);

/// Mutants that are records: the default one, changed.
const RECORDS: [(&str, &str, Change); 19] = [
    ("books", "lost operations", |r| r.counts.values_mut().for_each(|c| c.sent -= 37)),
    ("failures", "failures in the histogram of successes", |r| {
        let books = &mut r.finished.as_mut().expect("it has ended").books[0].outcomes;
        books[Outcome::Ok.index()] -= 40;
        books[Outcome::AppError.index()] += 40;
    }),
    ("timeouts", "a timeout that cuts off successes", |r| r.started.timeout_ns_max = 40_000_000),
    ("origin", "time from issue while sending paused", |r| {
        r.started.origin = Origin::Sent;
        r.loads.values_mut().for_each(|l| l.send_gap_ns_max = 1_020_000_000);
    }),
    ("load", "overdue operations skipped", |r| {
        r.windows.values_mut().for_each(|w| w.loads[0].1.arrivals -= 20);
    }),
    ("generator", "a load thread 97 % busy", |r| {
        r.health.iter_mut().for_each(|h| h.threads[0].busy_ns = h.span_ns * 97 / 100);
    }),
    ("success", "success by status alone", |r| r.cells.values_mut().for_each(|c| c.checked = 0)),
    ("samples", "a claim about a quantile that cannot be measured", |r| {
        r.started.plan.claims = vec![Claim { text: "p99.99(call) < 1s".to_owned(), abort: false }];
    }),
    ("arrivals", "bursts", |r| {
        for window in r.windows.values_mut() {
            let issued = &mut window.loads[0].1.issued;
            let all = issued.iter().sum();
            issued.fill(0);
            issued[50] = all;
        }
    }),
    ("little", "a gauge that is not decremented", |r| r.in_flight.integral_ns += r.in_flight.integral_ns / 5),
    ("concurrency", "no ports left", |r| {
        r.errors.push(plimsoll_metrics::ErrorCount {
            step: 0,
            outcome: Outcome::ConnectError,
            class: "no ports".to_owned(),
            count: 12,
            example: String::new(),
            first_ns: 0,
            last_ns: 1,
        });
    }),
    ("histogram", "a sum that is not the buckets'", |r| {
        r.windows.values_mut().take(1).for_each(|w| w.cells.clear());
    }),
    ("clock", "a suspended machine", |r| {
        r.clocks.last_mut().expect("clocks were read").boot_ns += 41_000_000_000;
    }),
    ("floor", "a claim below the resolution", |r| {
        r.started.plan.claims = vec![Claim { text: "p50 < 50us".to_owned(), abort: false }];
    }),
    ("fake", "a target that only sleeps", |r| {
        let mut same = Histogram::new();
        (0..12_000u64).for_each(|n| same.record(50_000_000 + n % 7 * 10_000));
        r.cells.values_mut().for_each(|c| c.service = same.clone());
    }),
    ("hidden", "retries of the client", |r| r.cells.values_mut().for_each(|c| c.extra_attempts = 311)),
    ("disclosure", "no kernel on record", |r| r.started.environment.retain(|(name, _)| name != "kernel")),
    ("on_time", "seconds in which threads woke late", |r| {
        let mut late = Histogram::new();
        (0..100).for_each(|_| late.record(30_000_000));
        r.windows.values_mut().take(3).for_each(|w| w.loads[0].1.wake_lateness = Compact::from(&late));
    }),
    ("end", "slow operations cut off", |_| {}),
];

/// All mutants with their controls, one for every audit.
pub fn mutants() -> Vec<Mutant> {
    let control = Synthetic::default().record();
    let controls = crate::audit(&control);
    let found = |id: &str, findings: Vec<Finding>| {
        findings.into_iter().find(|f| f.id == id).expect("every audit runs")
    };
    let mut all: Vec<Mutant> = RECORDS
        .into_iter()
        .map(|(audit, fault, change)| {
            // What cannot be taken out of a whole record is made with it.
            let mut record = if audit == "end" {
                Synthetic { in_flight: 412, ..Synthetic::default() }.record()
            } else {
                control.clone()
            };
            change(&mut record);
            Mutant {
                audit,
                fault,
                mutant: found(audit, crate::audit(&record)),
                control: found(audit, controls.clone()),
            }
        })
        .collect();
    let drifting = Synthetic { drift: 0.4, ..Synthetic::default() }.record();
    all.push(Mutant {
        audit: "steady",
        fault: "a drift under constant load",
        mutant: found("steady", crate::audit(&drifting)),
        control: found("steady", controls),
    });
    all.extend([of_mix(), of_scaling(), of_comparison(), of_delivery(), of_streams()]);
    all
}

fn of_mix() -> Mutant {
    let judged = |weights: [f64; 2]| {
        let mut record = Synthetic::default().record();
        let plan = &mut record.started.plan;
        plan.scenarios.push(plimsoll_model::Scenario { name: "other".to_owned(), first_step: Some(1) });
        plan.steps.push(plimsoll_model::Step {
            name: "second".to_owned(),
            scenario: 1,
            ..plan.steps[0].clone()
        });
        plan.loads[0].mix = vec![(0, weights[0]), (1, weights[1])];
        let half = record.cells[&(0, Outcome::Ok)].clone();
        record.cells.insert((1, Outcome::Ok), half);
        let counts = record.counts[&0];
        record.counts.insert(1, counts);
        mix::audit(&record)
    };
    Mutant {
        audit: "mix",
        fault: "shares that are not the plan's",
        mutant: judged([3.0, 1.0]),
        control: judged([1.0, 1.0]),
    }
}

fn of_scaling() -> Mutant {
    let level = |users: f64, throughput: f64, response_ns: f64| Level {
        users,
        throughput,
        response_ns,
        pause_ns: 100e6,
    };
    Mutant {
        audit: "scaling",
        fault: "users that are not running",
        mutant: scaling::judge(&[level(150.0, 150.0, 1e6), level(500.0, 149.0, 1e6)]),
        control: scaling::judge(&[level(1.0, 9.091, 10e6), level(5.0, 43.605, 14.666e6)]),
    }
}

fn of_comparison() -> Mutant {
    let sides = |runs: usize| comparison::Sides {
        a: vec![100.0, 101.0, 99.0, 100.0, 100.5, 99.5][..runs].to_vec(),
        b: vec![110.0, 111.0, 109.0, 110.0, 110.5, 109.5][..runs].to_vec(),
    };
    Mutant {
        audit: "comparison",
        fault: "three runs a side",
        mutant: comparison::audit(Some(&sides(3))),
        control: comparison::audit(Some(&sides(6))),
    }
}

fn of_delivery() -> Mutant {
    let judged = |read: [u64; 3]| {
        let writes = [1, 2, 3].map(|id| (id, Written::Acknowledged));
        delivery::audit(Some(&Deliveries::of(Promise::AtLeastOnce, writes, Some(read))))
    };
    Mutant {
        audit: "delivery",
        fault: "acknowledged writes that are gone",
        mutant: judged([1, 2, 2]),
        control: judged([1, 2, 3]),
    }
}

fn of_streams() -> Mutant {
    let whole = Streamed {
        name: "chat".to_owned(),
        successes: 10,
        ended: 10,
        first_ns: 2_000.0,
        gaps_ns: 8_000.0,
        whole_ns: 10_000.0,
        chunks: 500,
        tokens: None,
    };
    let cut = Streamed { ended: 9, ..whole.clone() };
    Mutant {
        audit: "streams",
        fault: "a truncated stream counted as success",
        mutant: streams::judge(&[cut]),
        control: streams::judge(&[whole]),
    }
}

/// False alarms of every audit over so many seeded controls.
pub fn false_alarms(controls: u64) -> std::collections::BTreeMap<&'static str, u64> {
    let mut alarms = std::collections::BTreeMap::new();
    for seed in 0..controls {
        // Each control once with arrivals and once with users; an alarm in either is one.
        let runs = [None, Some(10)].map(|closed_users| {
            crate::audit(&Synthetic { closed_users, seed, ..Synthetic::default() }.record())
        });
        for (open, closed) in runs[0].iter().zip(&runs[1]) {
            *alarms.entry(open.id).or_default() +=
                u64::from(open.status >= Status::Limited || closed.status >= Status::Limited);
        }
    }
    alarms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_audit_tells_its_mutant_from_its_control() {
        let all = mutants();
        let audited: BTreeSet<_> = all.iter().map(|m| m.audit).collect();
        assert_eq!(audited.len(), 25);
        for mutant in &all {
            assert_eq!(mutant.mutant.id, mutant.audit);
            assert!(
                mutant.is_told_apart(),
                "{}: mutant {}, control {}",
                mutant.audit,
                mutant.mutant.sentence,
                mutant.control.sentence
            );
        }
    }
}
