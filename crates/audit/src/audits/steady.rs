//! 10 — Did results stand still while the load did?

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Phase, Record};

use crate::finding::{Finding, Status, Withheld, percent, time};
use crate::holds::longest;
use crate::steadiness::{BUCKETS_MIN, Course, DRIFT_MAX, Series, Steadiness, steadiness};

/// Difference of the median over the whole stretch from that of its steady part above which both are to be seen
/// (docs/METHOD.md, section 6).
const TOTAL_OFF_MAX: f64 = 0.10;

/// What was found in the longest stretch of constant load that is long enough.
pub fn analysed(record: &Record) -> Option<Steadiness> {
    longest(record, BUCKETS_MIN as u64).map(|hold| steadiness(record, &hold)).filter(|s| !s.series.is_empty())
}

/// See the module.
pub fn audit(record: &Record) -> Finding {
    of(record, analysed(record).as_ref())
}

/// The same, of what was found already: the analysis takes longer than all other audits together.
pub fn of(record: &Record, found: Option<&Steadiness>) -> Finding {
    let finding = |status, sentence: String| Finding::new("steady", status, sentence);
    let Some(found) = found else {
        let sentence = format!(
            "No stretch of constant load is long enough to tell ({BUCKETS_MIN} s with some operations in each)."
        );
        return finding(Status::NotRun, sentence);
    };
    let worst = found
        .series
        .iter()
        .filter(|s| !s.course.is_steady())
        .max_by(|a, b| a.drift.abs().total_cmp(&b.drift.abs()));
    if let Some(worst) = worst {
        return unsteady(record, worst);
    }
    let warm_up = found.warm_up_ns();
    let drift = found.series.iter().map(|s| s.drift.abs()).fold(0.0, f64::max);
    let Some(steady) = found.steady().filter(|_| warm_up > 0) else {
        return finding(
            Status::Pass,
            "Response times stood still while the load did; there was no warm-up.".to_owned(),
        )
        .measured(drift, DRIFT_MAX);
    };
    let (total, settled) = (median_in(record, &found.hold), median_in(record, &steady));
    let off = (total / settled - 1.0).abs();
    let sentence = format!(
        "After a warm-up of {} response times stood still (median {}, with the warm-up {}).",
        time(warm_up as f64),
        time(settled),
        time(total)
    );
    let status = if off > TOTAL_OFF_MAX { Status::Limited } else { Status::Pass };
    finding(status, sentence).measured(off, TOTAL_OFF_MAX)
}

fn unsteady(record: &Record, worst: &Series) -> Finding {
    let step = &record.started.plan.steps[usize::from(worst.step)].name;
    let quantile = format!("p{} of `{step}`", worst.q * 100.0);
    let sentence = match worst.course {
        Course::Drifting => {
            let way = if worst.drift > 0.0 { "rose" } else { "fell" };
            format!(
                "No steady state: {quantile} {way} by {} while the load stood still. A single number would mislead; run longer, or find what grows.",
                percent(worst.drift.abs())
            )
        }
        _ => format!(
            "No steady state: the level of {quantile} changed late while the load stood still. A single number would mislead; run longer."
        ),
    };
    Finding::new("steady", Status::Limited, sentence)
        .measured(worst.drift.abs(), DRIFT_MAX)
        .withholding(Withheld::Unsteady(worst.step))
}

fn median_in(record: &Record, phase: &Phase) -> f64 {
    let mut times = Histogram::new();
    let cells = record.windows_in(Some(phase)).flat_map(|w| &w.cells).filter(|(_, o, _)| *o == Outcome::Ok);
    cells.for_each(|(_, _, c)| times.merge_compact(&c.response));
    times.quantile(0.5).unwrap_or(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn a_drift_under_constant_load_is_flagged() {
        let drifting = Synthetic { drift: 0.4, ..Synthetic::default() }.record();
        let finding = audit(&drifting);
        assert_eq!(finding.status, Status::Limited, "{}", finding.sentence);
        assert_eq!(finding.withheld, [Withheld::Unsteady(0)]);
        assert_flags(audit, Status::NotRun, |record| {
            record.finished.as_mut().unwrap().duration_ns = 15_000_000_000;
        });
    }
}
