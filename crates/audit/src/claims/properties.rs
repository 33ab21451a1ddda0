//! The evidence for properties of the whole run, and for one measure over another (docs/CLAIMS.md).

use plimsoll_metrics::expression::{Account, BurnRate, Comparison, Dimension, Property, Ratio};
use plimsoll_metrics::interval::Slice;
use plimsoll_metrics::quantile::Sliced;
use plimsoll_model::{Phase, Record};

use super::Verdict;
use super::numbers::{Evidence, clopper_pearson, effective_share, weigh};
use super::series::no_leak;
use crate::audits::scaling;
use crate::budget::{SHORTER, burn, lasts_h, long_time, spent};
use crate::finding::{count, percent, time};
use crate::recovery::{BASELINE_SECONDS_MIN, CALM_SECONDS, Recovery, recovery};
use crate::select::Selected;

/// Levels of users that speak of scaling, at least, and the factor they must span.
const LEVELS_MIN: usize = 3;
const SPAN_MIN: f64 = 2.0;

/// The phase that is recovered from if none is named.
const SPIKE: &str = "spike";

fn of(verdict: Verdict, value: f64, reason: String) -> Evidence {
    Evidence { verdict, value: Some(value), low: None, high: None, samples: 0, reason }
}

/// The dimension of a property's value.
pub(super) const fn dimension(property: &Property) -> Dimension {
    match property {
        Property::ScalesLinearly { .. } => Dimension::Share,
        Property::RecoversWithin { .. } => Dimension::Time,
        Property::BurnRate(_)
        | Property::Saturated
        | Property::NoLeak { .. }
        | Property::Delivered { .. } => Dimension::Count,
    }
}

/// Weighs a property.
pub(super) fn property(record: &Record, property: &Property) -> Evidence {
    match property {
        Property::ScalesLinearly { tolerance } => scales(record, *tolerance),
        Property::RecoversWithin { within_ns, after } => recovers(record, *within_ns, after.as_deref()),
        Property::Saturated => saturated(record),
        Property::NoLeak { series, limit } => no_leak(record, series, *limit),
        Property::BurnRate(burn) => burns(record, burn),
        Property::Delivered { account, comparison, bound } => {
            delivered(record, *account, *comparison, *bound)
        }
    }
}

/// A number of the accounts of writes: it is exact.
fn delivered(record: &Record, account: Account, comparison: Comparison, bound: f64) -> Evidence {
    let Some(all) = &record.deliveries else {
        return Evidence::none("no write carried an identity, so nobody knows what became of it");
    };
    let Some(read) = all.read else {
        return Evidence::none("nothing was read back, so nobody knows what was lost");
    };
    let number = match account {
        Account::Duplicated => read.duplicated,
        Account::Lost => read.lost,
        Account::Recovered => read.recovered,
        Account::Unexpected => read.unexpected,
    } as f64;
    let verdict = if comparison.holds(number, bound) { Verdict::Verified } else { Verdict::Refuted };
    let (samples, reason) = (all.acknowledged, "counted".to_owned());
    Evidence { verdict, value: Some(number), low: None, high: None, samples, reason }
}

/// Efficiency is throughput per user, relative to the lowest level.
fn scales(record: &Record, tolerance: f64) -> Evidence {
    let levels = scaling::levels(record);
    let (Some(lowest), Some(highest)) = (levels.first(), levels.last()) else {
        return Evidence::none("users did not stand still at several levels");
    };
    if levels.len() < LEVELS_MIN || highest.users < SPAN_MIN * lowest.users {
        return Evidence::none(&format!(
            "linear is a word about {LEVELS_MIN} levels of users at least, the highest twice the lowest; there were {}",
            levels.len()
        ));
    }
    let efficiency = |l: &scaling::Level| (l.throughput / l.users) / (lowest.throughput / lowest.users);
    let worst = levels.iter().map(efficiency).fold(f64::INFINITY, f64::min);
    let reason = format!(
        "at worst {} of the throughput a user of {:.0} brings, between {:.0} and {:.0} users",
        percent(worst),
        lowest.users,
        lowest.users,
        highest.users
    );
    of(if worst >= 1.0 - tolerance { Verdict::Verified } else { Verdict::Refuted }, worst, reason)
}

/// How fast the budget of errors is spent, over the run and over its last twelfth; what takes too long is bad, too.
fn burns(record: &Record, claim: &BurnRate) -> Evidence {
    let selected = Selected::new(record, &claim.selector);
    let slices = selected.slices(claim.within_ns.unwrap_or(u64::MAX));
    let sum =
        |slices: &[Slice]| slices.iter().fold((0, 0), |(good, valid), s| (good + s.below, valid + s.total));
    let (good, valid) = sum(&slices);
    if valid == 0 {
        return Evidence::none("no operation was due");
    }
    let bad = valid - good;
    let value = burn(bad as f64, valid as f64, claim.objective);
    let effective = effective_share(|| slices.clone(), valid, bad as f64 / valid as f64);
    let (low, high) = clopper_pearson(bad, valid, effective);
    let (low, high) = (low / (1.0 - claim.objective), high / (1.0 - claim.objective));
    let holds = |v: f64| claim.comparison.holds(v, claim.bound);
    let verdict = match (holds(low), holds(high)) {
        (true, true) => Verdict::Verified,
        (false, false) => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    let hours = slices.len() as f64 / 3_600.0;
    let late = slices.len() / SHORTER;
    let (late_good, late_valid) = sum(&slices[slices.len() - late..]);
    let short = if late_valid > 0 {
        let value = burn((late_valid - late_good) as f64, late_valid as f64, claim.objective);
        format!("{value:.1} in the last {late} s")
    } else {
        "too short to look at its last twelfth".to_owned()
    };
    let mut reason = format!(
        "{} of {} bad, {short}; at this rate a budget of 30 days lasts {}, and this run spent {} of it",
        count(bad),
        count(valid),
        long_time(lasts_h(value)),
        percent(spent(value, hours))
    );
    if verdict == Verdict::Unproven {
        reason.push_str("; too close to the bound to tell, run longer");
    }
    Evidence { verdict, value: Some(value), low: Some(low), high: Some(high), samples: valid, reason }
}

fn recovers(record: &Record, within_ns: u64, after: Option<&str>) -> Evidence {
    let name = after.unwrap_or(SPIKE);
    let called = |p: &&Phase| p.name == name || p.name.rsplit('.').next() == Some(name);
    let Some(phase) = record.started.plan.phases.iter().find(called) else {
        return Evidence::none(&format!("there is no phase called `{name}` to recover from"));
    };
    let Some(found) = recovery(record, phase) else {
        return Evidence::none(&format!(
            "recovery is measured against {BASELINE_SECONDS_MIN} s before `{name}`, and there were fewer"
        ));
    };
    let cost = cost(&found);
    match found.after_s {
        Some(after_s) => {
            let verdict =
                if after_s * 1e9 <= within_ns as f64 { Verdict::Verified } else { Verdict::Refuted };
            of(
                verdict,
                after_s * 1e9,
                format!(
                    "back within its band {} after `{name}`, for {CALM_SECONDS} s in a row; {cost}",
                    time(after_s * 1e9)
                ),
            )
        }
        // It was not seen to recover; whether it would have is known only if it was watched for long enough.
        None if found.watched_s * 1e9 >= within_ns as f64 + CALM_SECONDS as f64 * 1e9 => of(
            Verdict::Refuted,
            found.watched_s * 1e9,
            format!("not back within its band {} after `{name}`; {cost}", time(found.watched_s * 1e9)),
        ),
        None => Evidence::none(&format!("watched for {} only after `{name}`", time(found.watched_s * 1e9))),
    }
}

/// What the spike cost until then.
fn cost(found: &Recovery) -> String {
    let peak = match found.peak_ns {
        Some(peak) => format!("p95 at most {}", time(peak)),
        None => "nothing succeeded meanwhile".to_owned(),
    };
    let nothing = match found.seconds_without_success {
        0 => String::new(),
        seconds => format!(", {seconds} s without a success"),
    };
    format!(
        "{peak}, {:.1} s² above the band{nothing}, {} operations lost",
        found.area_above_s2,
        count(found.lost)
    )
}

fn saturated(record: &Record) -> Evidence {
    let finding = scaling::judge(&scaling::levels(record));
    match finding.value {
        None => Evidence::none("users did not stand still at several levels"),
        Some(elasticity) if finding.sentence.starts_with(scaling::SATURATED) => {
            of(Verdict::Verified, elasticity, finding.sentence)
        }
        Some(elasticity) => of(Verdict::Refuted, elasticity, finding.sentence),
    }
}

/// Weighs one measure over another: the quotient of the ends of their intervals, which is wider than it need be.
pub(super) fn ratio(record: &Record, ratio: &Ratio) -> Evidence {
    let side = |(measure, selector): &(_, _)| {
        let expression = plimsoll_metrics::expression::Expression {
            measure: *measure,
            selector: Clone::clone(selector),
            comparison: ratio.comparison,
            bound: 0.0,
        };
        weigh(&expression, &Selected::new(record, selector))
    };
    let (over, under) = (side(&ratio.over), side(&ratio.under));
    let (Some(a), Some(b)) = (over.value, under.value.filter(|b| *b > 0.0)) else {
        return Evidence::none("one of the two has no value");
    };
    let ends = |e: &Evidence, value: f64| (e.low.unwrap_or(value), e.high.unwrap_or(value));
    let ((a_low, a_high), (b_low, b_high)) = (ends(&over, a), ends(&under, b));
    let (low, high) = (a_low / b_high, if b_low > 0.0 { a_high / b_low } else { f64::INFINITY });
    let holds = |v: f64| ratio.comparison.holds(v, ratio.bound);
    let verdict = match (holds(low), holds(high)) {
        (true, true) => Verdict::Verified,
        (false, false) => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    let reason = match verdict {
        Verdict::Unproven => "too close to the bound to tell; run longer".to_owned(),
        _ => format!("from {} and {} operations of one run", count(over.samples), count(under.samples)),
    };
    Evidence {
        verdict,
        value: Some(a / b),
        low: Some(low),
        high: Some(high).filter(|h| h.is_finite()),
        samples: over.samples + under.samples,
        reason,
    }
}
