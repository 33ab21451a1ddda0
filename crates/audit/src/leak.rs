//! Does a series of the target grow without end? The rule of docs/METHOD.md, section 10.
//!
//! Constant load of 20 minutes and a rest of five behind it, read once a second. What a garbage collector or a cache does to a
//! series within its period is taken out by minima of blocks longer than that period. A leak grows by more than noise, in
//! the second half as in the first, not by one jump, and does not come back when the load is gone.
//!
//! A random walk passes for a leak in one run of ten: a second run makes it final.

use plimsoll_model::{Nanos, Record, SECOND_NS, Tracked, Unit};

use crate::finding::{count, percent};
use crate::holds::longest;
use crate::series::quantity;
use crate::statistics::rank::mean;
use crate::statistics::trend::{autocorrelation, sen_interval, sen_slope, trend_of};

/// Shortest constant load, and shortest rest behind it.
pub const LOAD_S_MIN: u64 = 20 * 60;
pub const REST_S_MIN: u64 = 5 * 60;

/// A block is at least so long, and longer than the dominant period by this factor.
const BLOCK_S_MIN: f64 = 60.0;
const PERIODS: f64 = 1.25;

/// Fewest blocks of which anything can be said.
const BLOCKS_MIN: usize = 8;

/// An autocorrelation that is a period.
const PERIOD_CORRELATION: f64 = 0.3;

/// The first peak as large as this share of the largest is the period: with the largest itself a sawtooth of 40 MiB was
/// undecided in one of six runs, because a multiple of its period left too few blocks.
const SAME_PEAK: f64 = 0.8;

/// Periods are looked for in means over so many seconds: shorter ones than a block's third matter to no block.
const GRAIN_S: usize = 5;

/// Long runs are looked at in coarser grains and longer blocks: work grows with the square of their number.
const GRAINS_MAX: usize = 1_500;
const BLOCKS_MAX: f64 = 500.0;

/// Growth over the window that counts: this share, and so many bytes or pieces.
const GROWTH_SHARE: f64 = 0.02;
const GROWTH_BYTES: f64 = 5.0 * 1_048_576.0;
const GROWTH_COUNT: f64 = 5.0;

/// Significance of the trend over the whole, and over the second half.
const TREND: f64 = 0.01;
const TREND_LATE: f64 = 0.05;

/// Slope of the second half over that of the first: from here on it goes on, below that it settles.
const GOES_ON: f64 = 0.7;
const SETTLES: f64 = 0.3;

/// One jump that is more than this of the growth is what happened.
const JUMP: f64 = 0.6;

/// What comes back of the growth once the load is gone, so that it was no leak.
const RETURNED: f64 = 0.8;

/// What a series does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It grows without end, as far as one run can tell.
    Leak,
    /// It rose by one jump.
    LevelShift,
    /// It does not grow.
    None,
    /// It grew, and grows less and less.
    Settling,
    /// It cannot be told.
    Undecided,
}

impl Growth {
    /// The words of reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leak => "LEAK",
            Self::LevelShift => "LEVEL SHIFT",
            Self::None => "NO LEAK",
            Self::Settling => "SETTLING",
            Self::Undecided => "UNDECIDED",
        }
    }
}

/// What was found of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it does.
    pub growth: Growth,
    /// Its slope in units an hour, with its 95 % interval; `None` if there were too few blocks for one.
    pub per_hour: Option<(f64, f64, f64)>,
    /// How long until the limit at that slope, in seconds, soonest first; `None` without a limit, or if it does not grow.
    pub limit_after_s: Option<(f64, Option<f64>)>,
    /// Why it is what it is.
    pub why: String,
}

/// Seconds since the start of the run, and values.
type Points = [(f64, f64)];

/// Looks at a series of a run, with what it may grow to.
pub fn leak(record: &Record, tracked: &Tracked, limit: Option<f64>) -> Found {
    let Some(hold) = longest(record, 1) else {
        return undecided("there was no constant load".to_owned());
    };
    let seconds = |from: Nanos, to: Nanos| -> Vec<(f64, f64)> {
        let within = tracked.points.iter().filter(|(at, _)| (from..to).contains(at));
        within.map(|(at, value)| (*at as f64 / SECOND_NS as f64, *value)).collect()
    };
    let load = seconds(hold.phase.start_ns, hold.phase.end_ns);
    let rest = rest_ns(record).map_or_else(Vec::new, |from| seconds(from, Nanos::MAX));
    let span_s = hold.duration_ns() / SECOND_NS;
    judge(&load, &rest, span_s, tracked.series.unit, limit.or(tracked.series.limit))
}

/// When the last load was gone, if the run went on.
fn rest_ns(record: &Record) -> Option<Nanos> {
    let mut last = 0;
    for load in &record.started.plan.loads {
        let mut at = load.start_ns;
        for stage in load.schedule.stages() {
            at += stage.duration_ns;
            if stage.from > 0.0 || stage.to > 0.0 {
                last = last.max(at);
            }
        }
    }
    (last < record.span_ns()).then_some(last)
}

fn undecided(why: String) -> Found {
    Found { growth: Growth::Undecided, per_hour: None, limit_after_s: None, why }
}

/// The same on plain numbers: readings under constant load of so many seconds, and those of the rest behind it.
pub fn judge(load: &Points, rest: &Points, span_s: u64, unit: Unit, limit: Option<f64>) -> Found {
    if (load.len() as f64) < 0.9 * span_s.min(LOAD_S_MIN) as f64 {
        return undecided(format!(
            "{} readings in {span_s} s of constant load are too few",
            count(load.len() as u64)
        ));
    }
    let shortest_s = BLOCK_S_MIN.max(span_s as f64 / BLOCKS_MAX);
    let block_s = shortest_s.max(PERIODS * period_s(load).unwrap_or(0.0));
    let blocks = minima(load, block_s);
    if blocks.len() < BLOCKS_MIN {
        let short = if block_s > shortest_s {
            format!("it moves with a period of {:.0} s, and the load lasted {span_s} s", block_s / PERIODS)
        } else {
            format!("the load stood still for {span_s} s")
        };
        return undecided(format!("{short}: a leak shows within {} min at the soonest", LOAD_S_MIN / 60));
    }
    let trend = trend_of(&blocks);
    let (low, high) = sen_interval(&blocks, trend.variance);
    let hourly = |slope: f64| slope / block_s * 3_600.0;
    let per_hour = (hourly(trend.slope), hourly(low), hourly(high));
    let (growth, why) = classify(&blocks, rest, trend.p_rising(), span_s, unit);
    let last = blocks[blocks.len() - 1];
    let limit_after_s = limit.filter(|l| *l > last && per_hour.0 > 0.0).map(|limit| {
        let after = |slope: f64| (slope > 0.0).then(|| (limit - last) / slope * 3_600.0);
        (after(per_hour.2).unwrap_or(f64::INFINITY), after(per_hour.1))
    });
    Found { growth, per_hour: Some(per_hour), limit_after_s, why }
}

fn classify(blocks: &[f64], rest: &Points, p: f64, span_s: u64, unit: Unit) -> (Growth, String) {
    let n = blocks.len();
    let slope = sen_slope(blocks);
    let grown = slope * n as f64;
    let by = quantity(unit, grown.abs());
    let floor = match unit {
        Unit::Bytes => GROWTH_BYTES,
        Unit::Count => GROWTH_COUNT,
        _ => 0.0,
    };
    let needed = (GROWTH_SHARE * blocks[0].abs()).max(floor);
    if span_s < LOAD_S_MIN {
        let why =
            format!("the load stood still for {span_s} s, and a leak needs {} min to show", LOAD_S_MIN / 60);
        return (Growth::Undecided, why);
    }
    if grown < needed || p >= TREND {
        let why = if grown < needed {
            format!("it grew by less than {}", quantity(unit, needed))
        } else {
            format!("its growth of {by} is no more than its noise (p {p:.2})")
        };
        return (Growth::None, why);
    }
    let (at, jump) = largest_jump(blocks);
    if jump > JUMP * grown {
        let minute = at as f64 / n as f64 * span_s as f64 / 60.0;
        let why = format!("it rose by {} at once, about {minute:.0} min into the load", quantity(unit, jump));
        return (Growth::LevelShift, why);
    }
    let (first, second) = blocks.split_at(n / 2);
    let (early, late) = (sen_slope(first), sen_slope(second));
    let ratio = if early > 0.0 { late / early } else { f64::INFINITY };
    if ratio < SETTLES {
        let why = format!("it grew by {by}, in the second half at {} of the first", percent(ratio.max(0.0)));
        return (Growth::Settling, why);
    }
    if ratio < GOES_ON {
        let why = format!(
            "it grew by {by}, decelerating ({} of the first half in the second): a filling cache and a leak look alike, run three times as long",
            percent(ratio)
        );
        return (Growth::Undecided, why);
    }
    if trend_of(second).p_rising() >= TREND_LATE {
        return (
            Growth::Undecided,
            format!("it grew by {by}, not certainly so in the second half; run longer"),
        );
    }
    judge_rest(blocks, rest, grown, &by, unit)
}

/// What the rest behind the load says of what grew under it.
fn judge_rest(blocks: &[f64], rest: &Points, grown: f64, by: &str, unit: Unit) -> (Growth, String) {
    let watched_s = rest.last().zip(rest.first()).map_or(0.0, |(last, first)| last.0 - first.0);
    if watched_s + 1.5 < REST_S_MIN as f64 {
        let why = format!(
            "it grew by {by} and goes on; whether that comes back when the load is gone was watched for {watched_s:.0} s, and needs {REST_S_MIN} s: add a stage of {} min at 0",
            REST_S_MIN / 60
        );
        return (Growth::Undecided, why);
    }
    let end = rest[rest.len() - 1].0;
    let late = rest.iter().filter(|(at, _)| *at > end - BLOCK_S_MIN).map(|(_, v)| *v);
    let settled = late.fold(f64::INFINITY, f64::min);
    let back = (blocks[blocks.len() - 1] - settled) / grown;
    if back >= RETURNED {
        let why = format!(
            "it grew by {by} for as long as the load lasted, and {} of that came back behind it",
            percent(back.min(1.0))
        );
        return (Growth::Undecided, why);
    }
    let kept = quantity(unit, (settled - blocks[0]).max(0.0));
    (Growth::Leak, format!("it grew by {by} and goes on; {kept} of it is still there behind the load"))
}

/// The block behind the largest rise from one block to the next, and the rise.
fn largest_jump(blocks: &[f64]) -> (usize, f64) {
    let rises = blocks.windows(2).map(|pair| pair[1] - pair[0]).enumerate();
    let (at, rise) = rises.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
    (at + 1, rise)
}

/// The smallest value of each block; blocks of which half is missing are left out.
fn minima(points: &Points, block_s: f64) -> Vec<f64> {
    let Some((start, _)) = points.first() else { return Vec::new() };
    let (end, _) = points[points.len() - 1];
    let whole = ((end - start + 1.0) / block_s) as usize;
    let mut blocks = vec![(0usize, f64::INFINITY); whole];
    for (at, value) in points {
        if let Some(block) = blocks.get_mut(((at - start) / block_s) as usize) {
            *block = (block.0 + 1, block.1.min(*value));
        }
    }
    blocks.into_iter().filter(|(n, _)| *n as f64 >= block_s / 2.0).map(|(_, least)| least).collect()
}

/// The dominant period: where the autocorrelation of the detrended series peaks behind its first valley.
fn period_s(points: &Points) -> Option<f64> {
    let values: Vec<f64> = points.iter().map(|(_, v)| *v).collect();
    let grain = GRAIN_S.max(values.len().div_ceil(GRAINS_MAX));
    let grains: Vec<f64> = values.chunks_exact(grain).map(mean).collect();
    let level = detrended(&grains);
    let most = level.len() / 3;
    let correlations: Vec<f64> = (0..=most).map(|lag| autocorrelation(&level, lag)).collect();
    let valley = correlations.iter().position(|r| *r < 0.0)?;
    let largest = correlations[valley..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest <= PERIOD_CORRELATION {
        return None;
    }
    // A multiple of the period correlates as well, or by chance better. What only rises to the end of what was looked at is
    // no peak.
    let is_peak = |lag: &usize| {
        let (before, at, after) = (correlations[lag - 1], correlations[*lag], correlations[lag + 1]);
        at >= before && at >= after && at >= SAME_PEAK * largest
    };
    (valley + 1..most).find(is_peak).map(|lag| (lag * grain) as f64)
}

/// Without the straight line that fits best.
fn detrended(values: &[f64]) -> Vec<f64> {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let level = mean(values);
    let at = |i: usize| i as f64 - middle;
    let along: f64 = values.iter().enumerate().map(|(i, v)| at(i) * (v - level)).sum();
    let across: f64 = (0..values.len()).map(|i| at(i).powi(2)).sum();
    let slope = if across > 0.0 { along / across } else { 0.0 };
    values.iter().enumerate().map(|(i, v)| v - level - slope * at(i)).collect()
}

#[cfg(test)]
mod tests;
