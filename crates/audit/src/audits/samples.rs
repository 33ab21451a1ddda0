//! 9 — Are there enough samples for the quantiles that matter: those that claims name, and p99 otherwise?

use plimsoll_metrics::expression::{Measure, Selector, percent as percentile};
use plimsoll_metrics::interval::samples_needed;
use plimsoll_metrics::quantile::{EFFECTIVE_BEYOND_MIN, Quantile, Standing, estimate};
use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, count, percent};
use crate::select::Selected;

/// Without a claim about it, this quantile is what people look at.
const USUAL: f64 = 0.99;

/// Half the width of an interval, as a share of the value, above which the value alone misleads
/// (docs/METHOD.md, section 16).
const WIDTH_MAX: f64 = 0.10;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("samples", status, sentence);
    if record.total(Outcome::Ok) == 0 {
        return finding(Status::NotRun, "Nothing succeeded.".to_owned());
    }
    let estimates: Vec<_> = wanted(record)
        .into_iter()
        .map(|(name, q, selector)| (name, estimated(record, &selector, q)))
        .collect();
    let worst = estimates
        .iter()
        .filter_map(|(name, e)| Some((name, e, problem(e)?)))
        .min_by(|a, b| a.1.effective.total_cmp(&b.1.effective));
    let beyond = |e: &Quantile| e.effective * e.q.min(1.0 - e.q);
    match worst {
        Some((name, e, problem)) => finding(
            Status::Limited,
            format!("p{} of {name} is not known exactly: {problem}", percentile(e.q)),
        )
        .measured(beyond(e), EFFECTIVE_BEYOND_MIN),
        None => {
            let least = estimates.iter().map(|(_, e)| beyond(e)).fold(f64::INFINITY, f64::min);
            let n = estimates.len();
            finding(Status::Pass, format!("{n} quantiles that matter stand on enough independent samples."))
                .measured(least, EFFECTIVE_BEYOND_MIN)
        }
    }
}

/// Name, quantile and selection of what matters.
fn wanted(record: &Record) -> Vec<(String, f64, Selector)> {
    let plan = &record.started.plan;
    let claimed = plan.claims.iter().filter_map(|c| plan.expression(c)).filter_map(|e| match e.measure {
        Measure::Quantile(q) => {
            let name = e.selector.step.clone().map_or_else(|| "all steps".to_owned(), |s| format!("`{s}`"));
            Some((name, q, e.selector))
        }
        _ => None,
    });
    let claimed: Vec<_> = claimed.collect();
    if !claimed.is_empty() {
        return claimed;
    }
    let used = plan.operations().filter(|(id, _)| record.count(*id, Outcome::Ok) > 0);
    used.map(|(_, step)| {
        (format!("`{}`", step.name), USUAL, Selector { step: Some(step.name.clone()), ..Selector::default() })
    })
    .collect()
}

fn estimated(record: &Record, selector: &Selector, q: f64) -> Quantile {
    let selected = Selected::new(record, selector);
    // Whether a value is infinite is the claims' business; here it is about how well it is known.
    estimate(&selected.finite(), 0, q, &selected.only(Outcome::Ok).prepared())
}

fn problem(e: &Quantile) -> Option<String> {
    let (n, effective) = (count(e.samples), count(e.effective.round() as u64));
    match (e.standing, e.value_ns, e.low_ns, e.high_ns) {
        (Standing::NotMeasurable, ..) => {
            Some(format!("{n} operations succeeded, {} are needed. Run longer.", count(samples_needed(e.q))))
        }
        (Standing::IntervalOnly, ..) => {
            Some(format!("{n} operations are worth {effective} independent ones. Run longer."))
        }
        (Standing::Published, Some(value), Some(low), Some(high)) => {
            let width = (high - low) as f64 / 2.0 / value as f64;
            // Not what it is: another audit may withhold that.
            (width > WIDTH_MAX).then(|| format!("{} either way. Run longer.", percent(width)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Claim;

    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn too_few_samples_for_what_is_claimed_are_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            record.started.plan.claims = vec![Claim { text: "p99.99(call) < 1s".to_owned(), abort: false }];
        });
        let short = Synthetic { ok: 300, ..Synthetic::default() }.record();
        assert_eq!(audit(&short).status, Status::Limited);
    }
}
