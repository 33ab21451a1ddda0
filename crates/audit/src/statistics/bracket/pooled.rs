//! What looks near the line say together, where they disagree.
//!
//! A look misses the line by chance: the level at which it would have turned lies around the line x by a logistic
//! distribution of scale s in the logarithm, so that P(held at L) = e + (1 − 2e) / (1 + exp((ln L − x) / s)), where e is the
//! share of looks that something else spoilt. Neither x nor s is known; both are weighed on a grid, flat in their logarithms
//! beforehand. Nothing is assumed of the curve of throughput or response time but that it crosses the bound once.
//!
//! Sources: Waeber, Frazier & Henderson 2013, "Bisection search with noisy responses" (SIAM J. Control Optim. 51) for bisection
//! by a posterior; Finney 1971, "Probit analysis", chapter 7, for natural responses, here e.

use std::ops::RangeInclusive;

use super::{Answer, Probe};

/// The share of its weight that an interval of the line holds.
const WEIGHT: f64 = 0.93;

/// How often such an interval holds the line at the least, in simulated searches whose looks miss it by up to 5 % (standard deviation). That
/// is less often than its weight says: a search ends when the interval happens to be narrow.
pub const COVERAGE: f64 = 0.8;

/// Looks that say nothing of the line: a stall of the machine, a restart of the target.
const SPOILT: f64 = 0.02;

/// Scales of what a look may miss, each twice the one before: from 0.05 % to 3.2 %, where the standard deviation of a look is
/// 5.8 %.
const SCALES: [f64; 7] = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032];

/// Steps of the grid for the width of the bracket, and bounds of a step in the logarithm.
const STEPS: f64 = 10.0;
const STEP_MIN: f64 = 1e-4;
const STEP_MAX: f64 = 2e-3;

/// The share of the weight below the next look, from either side in turn.
const ASIDE: f64 = 0.35;

/// Where the line is, by all looks together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Together {
    /// Lower end of an interval that holds the line as often as [`COVERAGE`] says.
    pub low: f64,
    /// As probably below the line as above it.
    pub middle: f64,
    /// Upper end.
    pub high: f64,
    /// Where a look tells most from below.
    pub below: f64,
    /// Where a look tells most from above.
    pub above: f64,
    /// Looks near the line.
    pub looks: usize,
}

/// How many answers near the line must be wrong at the least, whatever it is.
pub(super) fn wrong_answers(probes: &[Probe], near: &RangeInclusive<f64>) -> usize {
    let seen = || probes.iter().filter(|probe| is_seen(probe) && near.contains(&probe.level));
    let wrong = |line: f64| seen().filter(|p| (p.answer == Answer::Held) != (p.level <= line)).count();
    seen().map(|probe| wrong(probe.level)).chain([wrong(0.0)]).min().unwrap_or(0)
}

fn is_seen(probe: &Probe) -> bool {
    probe.answer != Answer::GeneratorLimit
}

/// Weighs all looks, for a line that is `near`.
pub(super) fn weigh(probes: &[Probe], near: &RangeInclusive<f64>, width_max: f64) -> Together {
    let looks: Vec<Look> = looks(probes);
    let (low, high) = (near.start().ln(), near.end().ln());
    let step = (width_max / STEPS).clamp(STEP_MIN, STEP_MAX);
    let lines: Vec<f64> = (0..=((high - low) / step) as u32).map(|i| low + f64::from(i) * step).collect();
    let likelihoods: Vec<Vec<f64>> = SCALES
        .iter()
        .map(|scale| lines.iter().map(|line| likelihood(&looks, *line, *scale)).collect())
        .collect();
    let most = likelihoods.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let weight = |at: usize| likelihoods.iter().map(|of| (of[at] - most).exp()).sum::<f64>();
    let weights: Vec<f64> = (0..lines.len()).map(weight).collect();
    let all: f64 = weights.iter().sum();
    let quantile = |share: f64| {
        let mut below = 0.0;
        let reached = weights.iter().position(|weight| {
            below += weight;
            below >= share * all
        });
        lines[reached.unwrap_or(lines.len() - 1)].exp()
    };
    let tail = (1.0 - WEIGHT) / 2.0;
    Together {
        low: quantile(tail),
        middle: quantile(0.5),
        high: quantile(1.0 - tail),
        below: quantile(ASIDE),
        above: quantile(1.0 - ASIDE),
        looks: probes.iter().filter(|probe| is_seen(probe) && near.contains(&probe.level)).count(),
    }
}

/// All looks at one level.
struct Look {
    /// Its logarithm.
    at: f64,
    held: f64,
    failed: f64,
}

fn looks(probes: &[Probe]) -> Vec<Look> {
    let mut sorted: Vec<Probe> = probes.iter().filter(|probe| is_seen(probe)).copied().collect();
    sorted.sort_by(|a, b| a.level.total_cmp(&b.level));
    let of = |same: &[Probe]| {
        let held = same.iter().filter(|probe| probe.answer == Answer::Held).count();
        Look { at: same[0].level.ln(), held: held as f64, failed: (same.len() - held) as f64 }
    };
    sorted.chunk_by(|a, b| b.level <= a.level * (1.0 + super::SAME)).map(of).collect()
}

/// The logarithm of how likely the looks are if the line is at `line` and a look misses it by `scale`.
fn likelihood(looks: &[Look], line: f64, scale: f64) -> f64 {
    let of = |look: &Look| {
        let held = SPOILT + (1.0 - 2.0 * SPOILT) / (1.0 + ((look.at - line) / scale).exp());
        look.held * held.ln() + look.failed * (1.0 - held).ln()
    };
    looks.iter().map(of).sum()
}
