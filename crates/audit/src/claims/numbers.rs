//! The evidence for one claim.

use plimsoll_metrics::early_stop::{self, contradicts, supports, within_needed};
use plimsoll_metrics::expression::{Expression, Measure, percent as percentile};
use plimsoll_metrics::interval::{Slice, dependence};
use plimsoll_metrics::quantile::{Sliced, Standing, estimate};
use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

use super::Verdict;
use crate::budget;
use crate::finding::{count, percent, time};
use crate::select::Selected;

/// Fewest seconds over which a mean can be given an interval.
const WINDOWS_MIN: usize = 5;

/// Two-sided confidence of intervals for shares and means.
pub(super) const CONFIDENCE: f64 = plimsoll_metrics::interval::CONFIDENCE;

/// Parts that count tokens.
const TOKENS: [&str; 2] = ["tokens_in", "tokens_out"];

/// What the record says about a claim.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) verdict: Verdict,
    pub(super) value: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) samples: u64,
    pub(super) reason: String,
}

impl Evidence {
    pub(super) fn none(reason: &str) -> Self {
        Self {
            verdict: Verdict::Unproven,
            value: None,
            low: None,
            high: None,
            samples: 0,
            reason: reason.to_owned(),
        }
    }
}

/// Weighs what was measured.
pub(super) fn weigh(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    match expression.measure {
        Measure::Count => exact(expression, selected.count() as f64, selected.count(), "counted"),
        Measure::FailRate => share(expression, selected, true),
        Measure::OkRate => share(expression, selected, false),
        Measure::Quantile(q) => quantile(expression, selected, q),
        Measure::Max | Measure::Min => extreme(expression, selected),
        Measure::Mean => mean(expression, selected),
        Measure::Share => happened(expression, selected),
        Measure::Sum => counted(expression, selected),
        Measure::Throughput => throughput(expression, selected),
        Measure::Tokens => counted(expression, &selected.parts(&TOKENS)),
        Measure::Uptime => uptime(expression, selected),
    }
}

fn exact(expression: &Expression, value: f64, samples: u64, how: &str) -> Evidence {
    let verdict = if expression.comparison.holds(value, expression.bound) {
        Verdict::Verified
    } else {
        Verdict::Refuted
    };
    Evidence { verdict, value: Some(value), low: None, high: None, samples, reason: how.to_owned() }
}

/// MLPerf's early-stopping rule on counts scaled for dependence (docs/METHOD.md, section 4, rules b and c).
fn quantile(expression: &Expression, selected: &Selected<'_>, q: f64) -> Evidence {
    let finite = selected.finite();
    let infinite = selected.infinite();
    if finite.is_empty() {
        return Evidence {
            samples: infinite,
            ..Evidence::none("no operation succeeded, so there is no time to judge")
        };
    }
    let estimated = estimate(&finite, infinite, q, selected);
    let n = estimated.samples as f64;
    let bound_ns = expression.bound as u64;
    let at_bound = dependence(q, &selected.slices(bound_ns));
    let scale = at_bound.effective.min(estimated.effective) / n;
    let within = finite.count_at_or_below(bound_ns) as f64;
    let (small, large) = (within * scale, (n - within) * scale);
    let confidence = early_stop::CONFIDENCE;
    let (is_below, is_above) =
        (supports(small, large, q, confidence), contradicts(small, large, q, confidence));
    let verdict = match (expression.comparison.wants_small(), expression.comparison.wants_large()) {
        (true, _) if is_below => Verdict::Verified,
        (true, _) if is_above => Verdict::Refuted,
        (_, true) if is_above => Verdict::Verified,
        (_, true) if is_below => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    let reason = match verdict {
        Verdict::Unproven => unproven_quantile(q, large, estimated.standing, estimated.effective),
        _ => format!(
            "{} of {} within {}",
            count(within as u64),
            count(estimated.samples),
            time(expression.bound)
        ),
    };
    let shown = |value: Option<u64>| {
        value.filter(|_| estimated.standing != Standing::NotMeasurable).map(|v| v as f64)
    };
    Evidence {
        verdict,
        value: shown(estimated.value_ns).filter(|_| estimated.standing == Standing::Published),
        low: shown(estimated.low_ns),
        high: shown(estimated.high_ns),
        samples: estimated.samples,
        reason,
    }
}

fn unproven_quantile(q: f64, over: f64, standing: Standing, effective: f64) -> String {
    let needed = within_needed(over.round() as u64, q, early_stop::CONFIDENCE) + over.round() as u64;
    let have = count(effective.round() as u64);
    match standing {
        Standing::NotMeasurable | Standing::IntervalOnly if needed as f64 > effective => {
            format!(
                "p{} needs {} effective samples for this claim, the run has {have}; run longer",
                percentile(q),
                count(needed)
            )
        }
        _ => format!("too close to the bound to tell with {have} effective samples; run longer"),
    }
}

fn extreme(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    let finite = selected.finite();
    let is_max = expression.measure == Measure::Max;
    let value = if is_max { finite.max_ns() } else { finite.min_ns() };
    let Some(value) = value else {
        return Evidence::none("no operation succeeded, so there is no time to judge");
    };
    let samples = finite.count() + selected.infinite();
    if is_max && selected.infinite() > 0 {
        let verdict = if expression.comparison.wants_small() { Verdict::Refuted } else { Verdict::Unproven };
        let reason = format!("{} operations failed and have no longest time", count(selected.infinite()));
        return Evidence { verdict, samples, reason, ..Evidence::none("") };
    }
    exact(expression, value as f64, samples, "seen in this run; another may see more")
}

/// Batch means over seconds with Student's t.
fn mean(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    let windows = selected.window_means();
    let n: u64 = windows.iter().map(|(_, n)| n).sum();
    if n == 0 {
        return Evidence::none("no operation succeeded, so there is no time to judge");
    }
    let value = windows.iter().map(|(mean, k)| mean * *k as f64).sum::<f64>() / n as f64;
    let (low, high) = if windows.len() >= WINDOWS_MIN { interval(&windows, value, n) } else { (None, None) };
    let holds = |v: Option<f64>| v.map(|v| expression.comparison.holds(v, expression.bound));
    let (verdict, reason) = match (holds(low), holds(high)) {
        (Some(true), Some(true)) => (Verdict::Verified, format!("over {} seconds", windows.len())),
        (Some(false), Some(false)) => (Verdict::Refuted, format!("over {} seconds", windows.len())),
        (None, _) | (_, None) => {
            (Verdict::Unproven, format!("a mean needs at least {WINDOWS_MIN} seconds for an interval"))
        }
        _ => (Verdict::Unproven, "too close to the bound to tell; run longer".to_owned()),
    };
    Evidence { verdict, value: Some(value), low, high, samples: n, reason }
}

fn interval(windows: &[(f64, u64)], value: f64, n: u64) -> (Option<f64>, Option<f64>) {
    let batches = windows.len() as f64;
    let spread: f64 =
        windows.iter().map(|(mean, k)| (*k as f64 / n as f64).powi(2) * (mean - value).powi(2)).sum();
    let student = StudentsT::new(0.0, 1.0, batches - 1.0).expect("at least two batches");
    let reach =
        student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * (spread * batches / (batches - 1.0)).sqrt();
    (Some((value - reach).max(0.0)), Some(value + reach))
}

/// The sum of what operations counted; nothing is known of it if none of them counted anything.
fn counted(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    let samples = selected.numbers();
    if samples == 0 {
        return Evidence::none("nothing was counted");
    }
    exact(expression, selected.sum() as f64, samples, "counted")
}

/// The share of operations something happened to, of all that were due.
fn happened(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    let (hits, total) = (selected.count(), selected.whole().counts().judged());
    share_of(expression, hits, total, || selected.event_slices())
}

/// Clopper-Pearson on effective counts. "All" and "none" are statements about this run, and judged as such.
fn share(expression: &Expression, selected: &Selected<'_>, of_failures: bool) -> Evidence {
    let counts = selected.counts();
    let hits = if of_failures { counts.failed } else { counts.ok };
    share_of(expression, hits, counts.judged(), || selected.success_slices())
}

/// The share of the seconds in which something was due of which the target was up: not more failed than succeeded.
fn uptime(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    let due = selected.success_slices().into_iter().filter(|s| s.total > 0);
    let seconds: Vec<Slice> =
        due.map(|s| Slice { below: u64::from(2 * s.below >= s.total), total: 1 }).collect();
    let (all, up) = (seconds.len() as u64, seconds.iter().map(|s| s.below).sum::<u64>());
    let evidence = share_of(expression, up, all, || seconds);
    if all == 0 {
        return evidence;
    }
    let bound = percent(expression.bound);
    let allowed = budget::long_time((1.0 - expression.bound) * budget::WINDOW_H);
    let mut reason = format!(
        "up in {} of {} s (one is {}); {bound} allow {allowed} of downtime in 30 days",
        count(up),
        count(all),
        percent(1.0 / all as f64)
    );
    if evidence.verdict == Verdict::Unproven {
        reason.push_str("; too few seconds to tell, run longer");
    }
    Evidence { reason, ..evidence }
}

fn share_of(expression: &Expression, hits: u64, total: u64, slices: impl FnOnce() -> Vec<Slice>) -> Evidence {
    if total == 0 {
        return Evidence::none("no operation was due");
    }
    let value = hits as f64 / total as f64;
    let (low, high) = clopper_pearson(hits, total, effective_share(slices, total, value));
    let about_this_run = expression.bound == 0.0 || expression.bound == 1.0;
    let holds = |v: f64| expression.comparison.holds(v, expression.bound);
    let verdict = match (holds(low), holds(high)) {
        _ if about_this_run => {
            if holds(value) {
                Verdict::Verified
            } else {
                Verdict::Refuted
            }
        }
        (true, true) => Verdict::Verified,
        (false, false) => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    let reason = match verdict {
        Verdict::Unproven => format!(
            "{} of {} leave room for {} to {}; run longer",
            count(hits),
            count(total),
            percent(low),
            percent(high)
        ),
        _ => format!("{} of {}", count(hits), count(total)),
    };
    Evidence { verdict, value: Some(value), low: Some(low), high: Some(high), samples: total, reason }
}

pub(super) fn effective_share(slices: impl FnOnce() -> Vec<Slice>, total: u64, share: f64) -> f64 {
    if share == 0.0 || share == 1.0 { total as f64 } else { dependence(share, &slices()).effective.max(1.0) }
}

pub(super) fn clopper_pearson(hits: u64, total: u64, effective: f64) -> (f64, f64) {
    let scale = effective / total as f64;
    let (hits, misses) = (hits as f64 * scale, (total - hits) as f64 * scale);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let bound = |a: f64, b: f64, at: f64| Beta::new(a, b).expect("positive shapes").inverse_cdf(at);
    let low = if hits == 0.0 { 0.0 } else { bound(hits, misses + 1.0, tail) };
    let high = if misses == 0.0 { 1.0 } else { bound(hits + 1.0, misses, 1.0 - tail) };
    (low, high)
}

/// Throughput is a count over a measured time. If everything offered was served, missing the bound says
/// nothing about the target.
fn throughput(expression: &Expression, selected: &Selected<'_>) -> Evidence {
    let span_s = selected.span_s();
    let counts = selected.counts();
    if span_s <= 0.0 || counts.judged() == 0 {
        return Evidence::none("no operation was due");
    }
    let value = selected.count() as f64 / span_s;
    let mut evidence = exact(expression, value, selected.count(), "");
    evidence.reason = format!("{} in {span_s:.1} s", count(selected.count()));
    if evidence.verdict == Verdict::Refuted && expression.comparison.wants_large() && counts.failed == 0 {
        evidence.verdict = Verdict::Unproven;
        evidence.reason.push_str(": everything offered was served, and too little was offered");
    }
    evidence
}
