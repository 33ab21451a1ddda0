//! The evidence for claims about series of monitors. What was not read is not known: gaps never count as 0, and a claim on
//! something that was never read is unproven.

use plimsoll_metrics::expression::{Dimension, Property, SeriesClaim, Statistic, percent as percentile};
use plimsoll_metrics::interval::{BATCH_COUNTS, Slice, dependence};
use plimsoll_model::{Record, SECOND_NS, Unit};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Verdict;
use super::numbers::{CONFIDENCE, Evidence};
use crate::finding::count;
use crate::leak::{Growth, leak};
use crate::series::{Readings, quantity, why_not};
use crate::statistics::rank::mean;

/// Fewest readings over which a mean can be given an interval.
const READINGS_MIN: usize = 5;

/// The last reading speaks of the end if it is no older than this.
const LAST_NS_MAX: u64 = 2 * SECOND_NS;

/// Weighs a claim about a series; also what its value counts.
pub(super) fn weigh(record: &Record, claim: &SeriesClaim) -> (Evidence, Dimension) {
    let Some(tracked) = record.tracked(&claim.series).filter(|t| t.count > 0) else {
        return (Evidence::none(&why_not(record, &claim.series)), claim.dimension);
    };
    let unit = tracked.series.unit;
    if !fits(claim.dimension, unit) {
        let reason = format!("`{}` is counted in {}, and the bound is not", claim.series, words(unit));
        return (Evidence::none(&reason), unit.dimension());
    }
    let readings = Readings::of(record, tracked, claim.phase.as_deref());
    if readings.values.is_empty() {
        let when = claim.phase.as_deref().map_or_else(String::new, |phase| format!(" during `{phase}`"));
        return (Evidence::none(&format!("`{}` was not read{when}", claim.series)), unit.dimension());
    }
    let mut evidence = match claim.statistic {
        Statistic::Last => last(claim, &readings),
        Statistic::Max => exact(claim, readings.max()),
        Statistic::Min => exact(claim, readings.min()),
        Statistic::Mean => averaged(claim, &readings.values),
        Statistic::Quantile(q) => quantile(claim, &readings, q),
    };
    evidence.samples = readings.values.len() as u64;
    (checked_for_gaps(evidence, claim, &readings), unit.dimension())
}

/// A bound of the series' own dimension; a plain number may also be meant in bytes, and cores by their number.
pub(super) fn fits(bound: Dimension, unit: Unit) -> bool {
    bound == unit.dimension()
        || (unit == Unit::Count && bound == Dimension::Bytes)
        || (unit == Unit::Cores && bound == Dimension::Count)
}

const fn words(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes by the second",
        Unit::Cores => "shares of a core",
        Unit::Count => "pieces",
        Unit::Nanos => "time",
        Unit::PerSecond => "pieces by the second",
        Unit::Share => "shares",
    }
}

fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Verified } else { Verdict::Refuted }
}

fn exact(claim: &SeriesClaim, value: Option<f64>) -> Evidence {
    let Some(value) = value else { return Evidence::none("it was not read") };
    let verdict = verdict(claim.comparison.holds(value, claim.bound));
    let reason = "of the readings of this run, one a second".to_owned();
    Evidence { verdict, value: Some(value), low: None, high: None, samples: 0, reason }
}

fn last(claim: &SeriesClaim, readings: &Readings<'_>) -> Evidence {
    let mut evidence = exact(claim, readings.last());
    if readings.last_before_end_ns > LAST_NS_MAX {
        evidence.verdict = Verdict::Unproven;
        evidence.reason = format!(
            "last read {:.0} s before the end: what it was then is not known",
            readings.last_before_end_ns as f64 / 1e9
        );
    } else {
        "as it was last read".clone_into(&mut evidence.reason);
    }
    evidence
}

/// A value with its interval, against a bound.
fn between(claim: &SeriesClaim, value: f64, (low, high): (Option<f64>, Option<f64>), n: usize) -> Evidence {
    let holds = |v: Option<f64>| v.map(|v| claim.comparison.holds(v, claim.bound));
    // What wants to be small needs the upper end only, and the other way round.
    let ends = match (claim.comparison.wants_small(), claim.comparison.wants_large()) {
        (true, _) => (holds(high), holds(low)),
        (_, true) => (holds(low), holds(high)),
        _ => (holds(low).zip(holds(high)).map(|(a, b)| a && b), holds(low)),
    };
    let (verdict, reason) = match ends {
        (Some(true), _) => (Verdict::Verified, format!("over {} readings", count(n as u64))),
        (_, Some(false)) => (Verdict::Refuted, format!("over {} readings", count(n as u64))),
        (None, _) => (Verdict::Unproven, format!("{} readings are too few; run longer", count(n as u64))),
        _ => (Verdict::Unproven, "too close to the bound to tell; run longer".to_owned()),
    };
    Evidence { verdict, value: Some(value), low, high, samples: 0, reason }
}

/// Batch means with the largest of several batch counts (docs/METHOD.md, section 4, rule b): readings depend on each other.
fn averaged(claim: &SeriesClaim, values: &[f64]) -> Evidence {
    let value = mean(values);
    between(claim, value, mean_interval(values, value), values.len())
}

fn mean_interval(values: &[f64], value: f64) -> (Option<f64>, Option<f64>) {
    let n = values.len();
    if n < READINGS_MIN {
        return (None, None);
    }
    let few = [n.min(BATCH_COUNTS[0])];
    let counts: Vec<usize> = BATCH_COUNTS.into_iter().filter(|b| *b * 2 <= n).collect();
    let reach = |batches: usize| {
        let means: Vec<f64> =
            (0..batches).map(|b| mean(&values[b * n / batches..(b + 1) * n / batches])).collect();
        let center = mean(&means);
        let spread = means.iter().map(|m| (m - center).powi(2)).sum::<f64>() / (batches as f64 - 1.0);
        let student = StudentsT::new(0.0, 1.0, batches as f64 - 1.0).expect("at least two batches");
        student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * (spread / batches as f64).sqrt()
    };
    let counts = if counts.is_empty() { &few[..] } else { &counts };
    let reach = counts.iter().map(|b| reach(*b)).fold(0.0, f64::max);
    (Some(value - reach), Some(value + reach))
}

fn quantile(claim: &SeriesClaim, readings: &Readings<'_>, q: f64) -> Evidence {
    let Some(value) = readings.quantile(q) else { return Evidence::none("it was not read") };
    let slices: Vec<Slice> =
        readings.values.iter().map(|v| Slice { below: u64::from(*v <= value), total: 1 }).collect();
    let mut sorted = readings.values.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |rank: Option<u64>| rank.and_then(|r| sorted.get(r as usize - 1)).copied();
    let ranks = plimsoll_metrics::interval::independent_ranks(sorted.len() as u64, q)
        .widest(dependence(q, &slices).ranks);
    let mut evidence = between(claim, value, (at(ranks.low), at(ranks.high)), sorted.len());
    if evidence.verdict == Verdict::Unproven && (ranks.low.is_none() || ranks.high.is_none()) {
        evidence.reason =
            format!("{} readings are too few for p{}; run longer", count(sorted.len() as u64), percentile(q));
    }
    evidence
}

/// What was not read may have been anything: only what was seen to be wrong stays refuted.
fn checked_for_gaps(evidence: Evidence, claim: &SeriesClaim, readings: &Readings<'_>) -> Evidence {
    let seen_to_be_wrong = evidence.verdict == Verdict::Refuted
        && match claim.statistic {
            Statistic::Max => claim.comparison.wants_small(),
            Statistic::Min => claim.comparison.wants_large(),
            _ => false,
        };
    if readings.covers() || seen_to_be_wrong || claim.statistic == Statistic::Last {
        return evidence;
    }
    let (all, seen) = readings.seconds;
    let reason = format!("it was read in {seen} of {all} s; what it was in the others is not known");
    Evidence { verdict: Verdict::Unproven, reason, ..evidence }
}

/// `no_leak`: only one of the five findings refutes it.
pub(super) fn no_leak(record: &Record, series: &str, limit: Option<f64>) -> Evidence {
    let Some(tracked) = record.tracked(series).filter(|t| t.count > 0) else {
        return Evidence::none(&why_not(record, series));
    };
    let found = leak(record, tracked, limit);
    let verdict = match found.growth {
        Growth::Leak => Verdict::Refuted,
        Growth::None | Growth::Settling => Verdict::Verified,
        Growth::LevelShift | Growth::Undecided => Verdict::Unproven,
    };
    let unit = tracked.series.unit;
    let signed = |v: f64| format!("{}{}", if v < 0.0 { "−" } else { "" }, quantity(unit, v.abs()));
    let mut reason = format!("{}: {}", found.growth.name(), found.why);
    if let Some((slope, low, high)) = found.per_hour {
        reason.push_str(&format!("; {} an hour ({} to {})", signed(slope), signed(low), signed(high)));
    }
    if let Some((soonest, latest)) = found.limit_after_s {
        let latest = latest.map_or_else(|| "never".to_owned(), |s| crate::budget::long_time(s / 3_600.0));
        let soonest = crate::budget::long_time(soonest / 3_600.0);
        reason.push_str(&format!("; at its limit in {soonest} at the soonest, {latest} at the latest"));
    }
    if found.growth == Growth::Leak {
        reason.push_str("; a second run makes it final");
    }
    Evidence {
        verdict,
        value: found.per_hour.map(|(slope, ..)| slope / 3_600.0),
        low: found.per_hour.map(|(_, low, _)| low / 3_600.0),
        high: found.per_hour.map(|(.., high)| high / 3_600.0),
        samples: tracked.count,
        reason,
    }
}

/// What the value of a property of a series counts: a slope is by the second.
pub(super) fn dimension(record: &Record, property: &Property) -> Option<Dimension> {
    let Property::NoLeak { series, .. } = property else { return None };
    record.tracked(series).map(|t| t.series.unit.by_the_second().dimension())
}

#[cfg(test)]
mod tests;
