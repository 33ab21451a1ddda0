//! 18 — Is what is claimed above what this generator can tell from nothing?

use plimsoll_metrics::Histogram;
use plimsoll_metrics::expression::Dimension;
use plimsoll_model::{Nanos, Outcome, Record};

use crate::audits::on_time::RESOLUTION;
use crate::finding::{Finding, Status, Withheld, time};

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("floor", status, sentence);
    let lateness = late(record);
    let Some(null) = record.started.floor_ns else {
        return finding(
            Status::NotRun,
            "The generator was not calibrated against a server that does nothing.".to_owned(),
        );
    };
    let claims = record.started.plan.claims.iter().filter_map(|c| record.started.plan.expression(c));
    let strictest =
        claims.filter(|e| e.measure.dimension() == Dimension::Time).map(|e| e.bound).reduce(f64::min);
    let median = record.merged(Outcome::Ok, |_| true).service.quantile(0.5).map(|m| m as f64);
    let floor = null.max(lateness);
    let why = if null >= lateness {
        format!("a server that does nothing takes {} (p99)", time(null as f64))
    } else {
        format!("load threads woke so late that nothing below {} can be told apart", time(floor as f64))
    };
    let smallest = [strictest, median].into_iter().flatten().reduce(f64::min);
    match smallest {
        None => finding(Status::NotRun, "No time was measured or claimed.".to_owned()),
        Some(smallest) if smallest < floor as f64 => {
            let sentence = format!(
                "{} is below the resolution of this generator on this machine: {why}. Times below {} are withheld.",
                time(smallest),
                time(floor as f64)
            );
            finding(Status::Limited, sentence)
                .measured(smallest, floor as f64)
                .withholding(Withheld::TimesBelow(floor))
        }
        Some(smallest) => {
            finding(Status::Pass, format!("What is measured and claimed lies above the resolution: {why}."))
                .measured(smallest, floor as f64)
        }
    }
}

/// Times below this cannot be told from nothing: the floor, or what lateness blurs; 0 if neither is known.
pub fn resolution_ns(record: &Record) -> Nanos {
    record.started.floor_ns.unwrap_or(0).max(late(record))
}

/// Ten times the p99 of wake lateness (docs/METHOD.md, section 2); 0 without arrivals.
fn late(record: &Record) -> Nanos {
    let mut lateness = Histogram::new();
    record.loads.values().for_each(|l| lateness.merge(&l.wake_lateness));
    lateness.quantile(0.99).map_or(0, |late| (late as f64 * RESOLUTION) as Nanos)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Claim;

    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn claims_below_the_resolution_are_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            record.started.plan.claims = vec![Claim { text: "p50 < 50us".to_owned(), abort: false }];
        });
        assert_flags(audit, Status::Limited, |record| record.started.floor_ns = Some(25_000_000));
        assert_flags(audit, Status::Limited, |record| {
            record
                .loads
                .values_mut()
                .for_each(|l| (0..9_000).for_each(|_| l.wake_lateness.record(2_500_000)));
        });
        assert_flags(audit, Status::NotRun, |record| record.started.floor_ns = None);
    }
}
