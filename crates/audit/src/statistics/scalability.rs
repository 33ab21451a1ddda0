//! How throughput answers to load: the Universal Scalability Law.
//!
//! X(N) = g N / (1 + a (N − 1) + b N (N − 1)), where g is the throughput at a load of one, a the cost of waiting
//! for what is shared (contention) and b the cost of keeping copies of it alike (coherency).
//!
//! Sources: Gunther 2007, "Guerrilla Capacity Planning" (10.1007/978-3-540-31010-5), chapters 4 to 6; Levenberg 1944
//! and Marquardt 1963 for the fit; Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 9, for the
//! intervals. All three parameters are fitted at once: the linearised fit of two puts the peak of SPEC SDM91 15 % too
//! high (docs/METHOD.md, section 8).

use std::error::Error;
use std::f64::consts::TAU;
use std::fmt;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Fewest different loads to which the law is fitted.
pub const LOADS_MIN: usize = 6;

/// The share of the peak that some measured throughput must exceed: below it the curve does not yet bend enough to
/// tell where it will turn.
pub const PEAK_SHARE_MIN: f64 = 0.6;

/// Farthest prediction, as a multiple of the largest load measured.
pub const PREDICTION_FACTOR: f64 = 1.5;

/// The confidence of all intervals.
pub const CONFIDENCE: f64 = 0.95;

/// Parameters of the law.
const PARAMETERS: usize = 3;

/// Rounds after which a fit is given up; ordinary ones take fewer than thirty.
const ROUNDS_MAX: usize = 500;

/// Damping beyond which no step of any length improves the fit: it stands at its minimum, as far as `f64` can tell.
const DAMPING_MAX: f64 = 1e16;

/// One measured level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The load: users, operations in flight or nodes; above 0.
    pub load: f64,
    /// Its throughput, in any unit; above 0.
    pub throughput: f64,
}

/// The law with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// g: throughput at a load of one, in the unit of the levels.
    pub unit_throughput: f64,
    /// a: the share of work that waits for other work; at least 0.
    pub contention: f64,
    /// b: what each pair of users costs; at least 0.
    pub coherency: f64,
}

impl Law {
    /// Throughput at `load`.
    pub fn throughput(&self, load: f64) -> f64 {
        self.unit_throughput * load / self.slowdown(load)
    }

    /// N*: the load of the highest throughput, sqrt((1 − a) / b); `None` if throughput never falls. At a contention of
    /// 1 or more there is nothing to gain beyond a load of one.
    pub fn peak_load(&self) -> Option<f64> {
        if self.contention >= 1.0 {
            return Some(1.0);
        }
        (self.coherency > 0.0).then(|| ((1.0 - self.contention) / self.coherency).sqrt().max(1.0))
    }

    /// X*: throughput at the peak. Without one it is what throughput approaches, the limit; `None` if it grows without
    /// end.
    pub fn peak_throughput(&self) -> Option<f64> {
        self.peak_load().map(|load| self.throughput(load)).or_else(|| self.limit())
    }

    /// g / a: what throughput would approach if contention were all; `None` without contention.
    pub fn limit(&self) -> Option<f64> {
        (self.contention > 0.0).then(|| self.unit_throughput / self.contention)
    }

    /// Nopt, 1 / a: the load at which linear growth would reach the limit; `None` without contention.
    pub fn optimal_load(&self) -> Option<f64> {
        (self.contention > 0.0).then(|| 1.0 / self.contention)
    }

    /// By what the load slows the work of one.
    fn slowdown(&self, load: f64) -> f64 {
        1.0 + (load - 1.0) * (self.contention + self.coherency * load)
    }

    /// How throughput at `load` changes with each parameter.
    fn gradient(&self, load: f64) -> [f64; PARAMETERS] {
        let slowdown = self.slowdown(load);
        let by_contention = -self.unit_throughput * load * (load - 1.0) / (slowdown * slowdown);
        [load / slowdown, by_contention, by_contention * load]
    }

    /// Squared distances of `levels` from the law; infinite where the law has no meaning.
    fn squares(&self, levels: &[Level]) -> f64 {
        if levels.iter().any(|level| self.slowdown(level.load) <= 0.0) {
            return f64::INFINITY;
        }
        levels.iter().map(|level| (level.throughput - self.throughput(level.load)).powi(2)).sum()
    }

    fn parameters(&self) -> [f64; PARAMETERS] {
        [self.unit_throughput, self.contention, self.coherency]
    }

    /// The law of such parameters, moved to where they have a meaning.
    fn bounded([unit_throughput, contention, coherency]: [f64; PARAMETERS]) -> Self {
        Self { unit_throughput, contention: contention.max(0.0), coherency: coherency.max(0.0) }
    }
}

/// The law fitted to measured levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The law.
    pub law: Law,
    /// Standard deviation of the residuals, with n − 3 degrees of freedom, in the unit of throughput.
    pub sigma: f64,
    /// The largest load measured.
    pub load_max: f64,
}

impl Fit {
    /// Whether `load` is near enough to what was measured to be spoken of; beyond [`PREDICTION_FACTOR`] times the
    /// largest measured load whatever the law says is projected.
    pub fn reaches(&self, load: f64) -> bool {
        load <= PREDICTION_FACTOR * self.load_max
    }

    /// Throughput at `load`; `None` where that would be a projection.
    pub fn predict(&self, load: f64) -> Option<f64> {
        self.reaches(load).then(|| self.law.throughput(load))
    }
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unfit {
    /// All measured throughputs lie below [`PEAK_SHARE_MIN`] of the fitted peak; the share that was reached. 0 if there
    /// is no peak: throughput grows as the load does, or faster.
    FarFromPeak(f64),
    /// The levels leave a parameter open, and it ran off: mostly all of them lie beyond the peak, where nothing tells
    /// of g.
    NotConverged,
    /// A load or a throughput is not a number above 0.
    NotPositive(Level),
    /// Fewer than [`LOADS_MIN`] different loads.
    TooFewLoads(usize),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FarFromPeak(0.0) => write!(f, "throughput grows with the load as far as it was measured"),
            Self::FarFromPeak(share) => write!(
                f,
                "the highest throughput is {:.0} % of the fitted peak, and more than {:.0} % are needed",
                share * 100.0,
                PEAK_SHARE_MIN * 100.0
            ),
            Self::NotConverged => {
                write!(f, "the levels do not determine the law; some at low load may be missing")
            }
            Self::NotPositive(level) => {
                write!(f, "a throughput of {} at a load of {} is not positive", level.throughput, level.load)
            }
            Self::TooFewLoads(loads) => write!(f, "{loads} different loads, and {LOADS_MIN} are needed"),
        }
    }
}

impl Error for Unfit {}

/// Fits the law to `levels`, in any order; several may have the same load.
pub fn fit(levels: &[Level]) -> Result<Fit, Unfit> {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    if let Some(level) = levels.iter().find(|l| !positive(l.load) || !positive(l.throughput)) {
        return Err(Unfit::NotPositive(*level));
    }
    let mut loads: Vec<f64> = levels.iter().map(|level| level.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    let load_max = loads.last().copied().unwrap_or_default();
    if loads.len() < LOADS_MIN {
        return Err(Unfit::TooFewLoads(loads.len()));
    }
    let law = least_squares(levels, linearised(levels)).ok_or(Unfit::NotConverged)?;
    let highest = levels.iter().map(|level| level.throughput).fold(0.0, f64::max);
    let share = law.peak_throughput().map_or(0.0, |peak| highest / peak);
    if share <= PEAK_SHARE_MIN {
        return Err(Unfit::FarFromPeak(share));
    }
    let sigma = (law.squares(levels) / (levels.len() - PARAMETERS) as f64).sqrt();
    Ok(Fit { law, sigma, load_max })
}

/// The law through as few levels as determine it, three of different loads; `None` with fewer, or if they do not. Nothing
/// is known of how certain it is: it is for projections alone.
pub fn through(levels: &[Level]) -> Option<Law> {
    let mut loads: Vec<f64> = levels.iter().map(|level| level.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    (loads.len() >= PARAMETERS).then(|| least_squares(levels, linearised(levels)))?
}

/// Where the search begins: N / X is linear in 1/g, a/g and b/g. Its errors are those of X times N / X², hence the
/// weights, which leave little to the search but the bounds.
fn linearised(levels: &[Level]) -> Law {
    let mut sums = Normal::default();
    for level in levels {
        let weight = level.throughput * level.throughput / level.load;
        let row = [1.0, level.load - 1.0, level.load * (level.load - 1.0)].map(|term| term * weight);
        sums.add(row, level.load / level.throughput * weight);
    }
    let steepest = levels.iter().map(|level| level.throughput / level.load).fold(0.0, f64::max);
    match sums.solve(0.0, [false; PARAMETERS]) {
        Some([inverse, a, b]) if inverse > 0.0 => Law::bounded([1.0 / inverse, a / inverse, b / inverse]),
        _ => Law { unit_throughput: steepest, contention: 0.0, coherency: 0.0 },
    }
}

/// The law of least squares by Levenberg-Marquardt, a and b held at or above 0; `None` if it was not reached.
fn least_squares(levels: &[Level], start: Law) -> Option<Law> {
    let mut law = start;
    let mut squares = law.squares(levels);
    let mut damping = 1e-3;
    for _ in 0..ROUNDS_MAX {
        let mut sums = Normal::default();
        levels.iter().for_each(|l| sums.add(law.gradient(l.load), l.throughput - law.throughput(l.load)));
        let at = law.parameters();
        // What stands at its bound and would go beyond stays there, and leaves the others free to move.
        let held = [false, at[1] == 0.0 && sums.right[1] <= 0.0, at[2] == 0.0 && sums.right[2] <= 0.0];
        loop {
            if damping > DAMPING_MAX {
                return squares.is_finite().then_some(law);
            }
            let step = sums.solve(damping, held)?;
            let next = Law::bounded(std::array::from_fn(|i| at[i] + step[i]));
            let improved = next.squares(levels);
            if improved < squares {
                (law, squares) = (next, improved);
                damping = (damping / 10.0).max(1e-12);
                break;
            }
            if next == law {
                return squares.is_finite().then_some(law);
            }
            damping *= 10.0;
        }
    }
    None
}

/// The normal equations of a linear least-squares problem.
#[derive(Default)]
struct Normal {
    left: [[f64; PARAMETERS]; PARAMETERS],
    right: [f64; PARAMETERS],
}

impl Normal {
    fn add(&mut self, row: [f64; PARAMETERS], value: f64) {
        for (i, sums) in self.left.iter_mut().enumerate() {
            sums.iter_mut().zip(row).for_each(|(sum, other)| *sum += row[i] * other);
            self.right[i] += row[i] * value;
        }
    }

    /// Solves for what is not `held`, which gets 0, each diagonal element enlarged by `damping` times itself; `None` if
    /// the equations do not determine it.
    fn solve(&self, damping: f64, held: [bool; PARAMETERS]) -> Option<[f64; PARAMETERS]> {
        // Scaled to a unit diagonal: the parameters are orders of magnitude apart.
        let scale: [f64; PARAMETERS] = std::array::from_fn(|i| self.left[i][i].sqrt());
        let mut left = [[0.0; PARAMETERS]; PARAMETERS];
        let mut right = [0.0; PARAMETERS];
        for i in (0..PARAMETERS).filter(|i| !held[*i]) {
            if scale[i] <= 0.0 || !scale[i].is_finite() {
                return None;
            }
            for j in (0..PARAMETERS).filter(|j| !held[*j]) {
                left[i][j] = self.left[i][j] / scale[i] / scale[j];
            }
            right[i] = self.right[i] / scale[i];
        }
        left.iter_mut().enumerate().for_each(|(i, row)| row[i] = 1.0 + damping);
        let solved = eliminate(left, right)?;
        Some(std::array::from_fn(|i| if held[i] { 0.0 } else { solved[i] / scale[i] }))
    }
}

/// Gauss's elimination; a symmetric positive matrix needs no pivoting.
fn eliminate(
    mut left: [[f64; PARAMETERS]; PARAMETERS],
    mut right: [f64; PARAMETERS],
) -> Option<[f64; PARAMETERS]> {
    for pivot in 0..PARAMETERS {
        let row = left[pivot];
        if row[pivot] <= f64::EPSILON {
            return None;
        }
        for below in pivot + 1..PARAMETERS {
            let factor = left[below][pivot] / row[pivot];
            left[below].iter_mut().zip(row).for_each(|(value, above)| *value -= factor * above);
            right[below] -= factor * right[pivot];
        }
    }
    let mut solved = [0.0; PARAMETERS];
    for i in (0..PARAMETERS).rev() {
        let known: f64 = (i + 1..PARAMETERS).map(|j| left[i][j] * solved[j]).sum();
        solved[i] = (right[i] - known) / left[i][i];
    }
    Some(solved)
}

/// An interval of [`CONFIDENCE`]. An end that is `None` is infinite: what was measured sets no such bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
}

/// How certain a fit is; each number as the method of [`Law`] and [`Fit`] of that name tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intervals {
    /// g.
    pub unit_throughput: Interval,
    /// a.
    pub contention: Interval,
    /// b.
    pub coherency: Interval,
    /// N*.
    pub peak_load: Interval,
    /// X*.
    pub peak_throughput: Interval,
    /// g / a.
    pub limit: Interval,
    /// 1 / a.
    pub optimal_load: Interval,
    /// The standard deviation of the residuals.
    pub sigma: Interval,
}

/// Percentile intervals from `resamples` fits, each to the fitted curve with its residuals drawn anew; 1,000 are enough
/// for [`CONFIDENCE`]. The same `seed` gives the same intervals. `None` if a tenth of the fits or more failed.
///
/// Residuals are drawn rather than levels: of six levels every fourth draw would have three different ones or fewer,
/// which three parameters fit exactly, and each end of the curve would be missing from a third of the draws.
///
/// Each draw has a spread of its own, from the distribution that few residuals leave the true one. Without it the
/// intervals of seven levels held the truth 83 times in a hundred; with it 90 to 97 times (300 simulated sets).
pub fn intervals(levels: &[Level], fit: &Fit, resamples: usize, seed: u64) -> Option<Intervals> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let freedom = levels.len().checked_sub(PARAMETERS).filter(|freedom| *freedom > 0)?;
    let residuals = residuals(levels, &fit.law);
    let mut drawn = levels.to_vec();
    let fits: Vec<(Law, f64)> = (0..resamples)
        .filter_map(|_| {
            let spread = spread(&mut random, freedom);
            for level in &mut drawn {
                let residual = residuals[random.random_range(0..residuals.len())];
                level.throughput = fit.law.throughput(level.load) + residual * spread;
            }
            let law = least_squares(&drawn, fit.law)?;
            Some((law, (law.squares(&drawn) / freedom as f64).sqrt()))
        })
        .collect();
    if fits.len() * 10 <= resamples * 9 {
        return None;
    }
    let of = |value: &dyn Fn(&Law) -> Option<f64>| {
        percentiles(fits.iter().map(|(law, _)| value(law).unwrap_or(f64::INFINITY)).collect())
    };
    Some(Intervals {
        unit_throughput: of(&|law| Some(law.unit_throughput)),
        contention: of(&|law| Some(law.contention)),
        coherency: of(&|law| Some(law.coherency)),
        peak_load: of(&Law::peak_load),
        peak_throughput: of(&Law::peak_throughput),
        limit: of(&Law::limit),
        optimal_load: of(&Law::optimal_load),
        sigma: percentiles(fits.iter().map(|(_, sigma)| *sigma).collect()),
    })
}

/// A true standard deviation as a multiple of the estimated one, drawn from what `freedom` degrees of freedom leave
/// open: the root of `freedom` over a chi-squared number.
fn spread(random: &mut Xoshiro256PlusPlus, freedom: usize) -> f64 {
    // Box & Muller 1958: two uniform numbers make a normal one.
    let mut normal = || {
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        radius * (TAU * random.random::<f64>()).cos()
    };
    let chi_squared: f64 = (0..freedom).map(|_| normal().powi(2)).sum();
    (freedom as f64 / chi_squared).sqrt()
}

/// Distances of `levels` from `law`, centred, and widened by what the fit took from them.
fn residuals(levels: &[Level], law: &Law) -> Vec<f64> {
    let n = levels.len() as f64;
    let plain: Vec<f64> = levels.iter().map(|l| l.throughput - law.throughput(l.load)).collect();
    let mean = super::rank::mean(&plain);
    let widening = (n / (n - PARAMETERS as f64)).sqrt();
    plain.iter().map(|residual| (residual - mean) * widening).collect()
}

/// The middle [`CONFIDENCE`] of `values`, by nearest rank.
fn percentiles(mut values: Vec<f64>) -> Interval {
    values.sort_by(f64::total_cmp);
    let at = |q: f64| {
        let rank = (q * values.len() as f64).ceil() as usize;
        values.get(rank.max(1) - 1).copied().filter(|value| value.is_finite())
    };
    Interval { low: at((1.0 - CONFIDENCE) / 2.0), high: at(f64::midpoint(1.0, CONFIDENCE)) }
}

#[cfg(test)]
mod tests;
