//! 3 — Are timeouts treated as "at least so long", and is the timeout far enough from the claims?

use plimsoll_metrics::expression::Dimension;
use plimsoll_metrics::histogram::highest_of;
use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, Withheld, percent, time};
use crate::statistics::survival::{AtTime, Survival};

/// The timeout must be at least so many times the strictest claim about a time (docs/METHOD.md, section 16).
const TIMEOUT_OVER_CLAIM_MIN: f64 = 2.0;

/// Successes within this share of the timeout are about to be cut off by it.
const NEAR_TIMEOUT: f64 = 0.98;

/// Share of successes that may be near the timeout.
const NEAR_SHARE_MAX: f64 = 0.001;

/// Shares of the answers of which it is asked how long they would have taken.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let timeout_ns = record.started.timeout_ns_max;
    let ok = record.merged(Outcome::Ok, |_| true).service;
    if timeout_ns == 0 || record.totals().scheduled == 0 {
        return Finding::new("timeouts", Status::NotRun, "No operation had a timeout.");
    }
    // What was cancelled before it was sent had no time to lose.
    let sent = |o| {
        record
            .started
            .plan
            .operations()
            .map(|(id, _)| record.cells.get(&(id, o)).map_or(0, |c| c.service.count()))
            .sum::<u64>()
    };
    let censored = record.total(Outcome::Timeout) + sent(Outcome::Cancelled);
    let share = censored as f64 / record.totals().scheduled as f64;
    let near = ok.count() - ok.count_at_or_below((timeout_ns as f64 * NEAR_TIMEOUT) as u64);
    let near_share = near as f64 / ok.count().max(1) as f64;
    let strictest = record.started.plan.claims.iter().filter_map(|c| record.started.plan.expression(c));
    let strictest = strictest
        .filter(|e| e.measure.dimension() == Dimension::Time && e.comparison.wants_small())
        .map(|e| e.bound)
        .reduce(f64::min);
    let limit = time(timeout_ns as f64);
    let finding = |status, sentence: String| Finding::new("timeouts", status, sentence);
    if censored > 0 {
        let sentence = format!(
            "{} timed out: their true time is only known to exceed {limit}. Quantiles above {} have no upper end. {}",
            percent(share),
            percent(1.0 - share),
            true_times(record)
        );
        return finding(Status::Limited, sentence)
            .measured(share, 0.0)
            .withholding(Withheld::QuantilesAbove(1.0 - share));
    }
    if near_share > NEAR_SHARE_MAX {
        let sentence = format!(
            "{} of the successes took nearly the whole timeout of {limit}; raise it to see the tail.",
            percent(near_share)
        );
        return finding(Status::Limited, sentence)
            .measured(near_share, NEAR_SHARE_MAX)
            .withholding(Withheld::QuantilesAbove(1.0 - near_share));
    }
    match strictest {
        Some(claim) if (timeout_ns as f64) < TIMEOUT_OVER_CLAIM_MIN * claim => {
            let sentence = format!(
                "The timeout of {limit} is too close to the claimed {}; set it to at least twice that.",
                time(claim)
            );
            finding(Status::Limited, sentence).measured(timeout_ns as f64 / claim, TIMEOUT_OVER_CLAIM_MIN)
        }
        _ => finding(Status::Pass, format!("No operation ran into its timeout of {limit}."))
            .measured(share, 0.0),
    }
}

/// What can be said of the times that the target would have taken, if everything given up is only known to have
/// taken longer than it was waited for.
fn true_times(record: &Record) -> String {
    let mut observed = Vec::new();
    for outcome in Outcome::ALL.into_iter().filter(|o| *o == Outcome::Ok || o.is_censored()) {
        let times = record.merged(outcome, |_| true).service;
        observed.extend(times.buckets().map(|(bucket, n)| AtTime {
            time: highest_of(bucket) as f64,
            ended: if outcome == Outcome::Ok { n } else { 0 },
            censored: if outcome == Outcome::Ok { 0 } else { n },
        }));
    }
    let survival = Survival::estimate(observed);
    let known = QUANTILES.into_iter().filter_map(|q| Some((q, survival.quantile(q)?))).next_back();
    known.map_or_else(String::new, |(q, ns)| {
        format!(
            "As far as can be told, {} would have been answered within {} (Kaplan-Meier).",
            percent(q),
            time(ns)
        )
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Claim;

    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn timeouts_and_near_timeouts_are_flagged() {
        let cut = Synthetic { timeouts: 50, ..Synthetic::default() }.record();
        let finding = audit(&cut);
        assert_eq!(finding.status, Status::Limited);
        assert!(matches!(finding.withheld[..], [Withheld::QuantilesAbove(q)] if (0.99..0.996).contains(&q)));
        assert!(finding.sentence.contains("99 % would have been answered within"), "{}", finding.sentence);
        // The slowest successes of the control take some 70 ms; a timeout of 40 ms would have cut many off.
        assert_flags(audit, Status::Limited, |record| record.started.timeout_ns_max = 40_000_000);
    }

    #[test]
    fn a_timeout_too_near_the_claim_is_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            record.started.timeout_ns_max = 1_000_000_000;
            record.started.plan.claims = vec![Claim { text: "p99 < 600ms".to_owned(), abort: false }];
        });
    }
}
