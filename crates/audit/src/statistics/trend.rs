//! Is there a trend? Mann-Kendall with Sen's slope, the variance corrected for autocorrelation.
//!
//! Sources: Mann 1945, Kendall 1975; Sen 1968; Hamed & Rao 1998 (J. Hydrology 204) for the correction, which
//! is clamped so that it can only widen: negatively correlated noise otherwise makes a trend out of nothing
//! (docs/METHOD.md, section 6).

use statrs::distribution::{ContinuousCDF, Normal};

use super::rank::{median, ranks};

/// Fewest values of which a trend can be spoken.
pub const VALUES_MIN: usize = 10;

/// Of an interval for the slope.
const CONFIDENCE: f64 = plimsoll_metrics::interval::CONFIDENCE;

/// Significance of autocorrelations that enter the correction.
const LAG_SIGNIFICANCE: f64 = 0.05;

/// What the test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Kendall's score: rising pairs minus falling pairs.
    pub score: f64,
    /// Its variance, ties and autocorrelation accounted for.
    pub variance: f64,
    /// By what autocorrelation widened the variance; at least 1.
    pub inflation: f64,
    /// The standardised score.
    pub z: f64,
    /// Two-sided probability of such a score without a trend.
    pub p: f64,
    /// Sen's slope: the median change from one value to the next.
    pub slope: f64,
    /// Kendall's tau in `[-1, 1]`.
    pub tau: f64,
}

impl Trend {
    /// One-sided probability of such a rise without a trend.
    pub fn p_rising(&self) -> f64 {
        1.0 - standard_normal().cdf(self.z)
    }
}

/// Tests `values` for a monotonic trend; `None` with fewer than [`VALUES_MIN`]. Takes time in the square of
/// their number: batch long series first.
pub fn mann_kendall(values: &[f64]) -> Option<Trend> {
    (values.len() >= VALUES_MIN).then(|| trend_of(values))
}

/// The same of however few values: the fewer they are, the larger is p.
pub fn trend_of(values: &[f64]) -> Trend {
    let n = values.len();
    let score = score(values);
    let slope = sen_slope(values);
    let inflation = inflation(values, slope).max(1.0);
    let variance = variance(values) * inflation;
    let z = if score == 0.0 || variance <= 0.0 { 0.0 } else { (score - score.signum()) / variance.sqrt() };
    let p = 2.0 * (1.0 - standard_normal().cdf(z.abs()));
    let pairs = n as f64 * (n as f64 - 1.0) / 2.0;
    Trend { score, variance, inflation, z, p, slope, tau: if pairs > 0.0 { score / pairs } else { 0.0 } }
}

fn standard_normal() -> Normal {
    Normal::standard()
}

fn score(values: &[f64]) -> f64 {
    let mut score = 0i64;
    for (at, earlier) in values.iter().enumerate() {
        for later in &values[at + 1..] {
            score += i64::from(later > earlier) - i64::from(later < earlier);
        }
    }
    score as f64
}

fn variance(values: &[f64]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|tied| term(tied.len() as f64)).sum();
    (term(values.len() as f64) - ties) / 18.0
}

/// The median slope over all pairs (Sen 1968).
pub fn sen_slope(values: &[f64]) -> f64 {
    median(&slopes(values))
}

/// The two slopes between which the true one lies at 95 % (Sen 1968): ranks of slopes as far from the middle as the score
/// may be from 0 with this variance.
pub fn sen_interval(values: &[f64], variance: f64) -> (f64, f64) {
    let mut slopes = slopes(values);
    if slopes.is_empty() {
        return (f64::NEG_INFINITY, f64::INFINITY);
    }
    slopes.sort_by(f64::total_cmp);
    let reach = standard_normal().inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * variance.sqrt();
    let n = slopes.len() as f64;
    let at = |rank: f64| slopes[(rank.max(1.0).min(n) as usize) - 1];
    (at(((n - reach) / 2.0).floor()), at(f64::midpoint(n, reach).ceil() + 1.0))
}

fn slopes(values: &[f64]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(values.len() * values.len().saturating_sub(1) / 2);
    for (at, earlier) in values.iter().enumerate() {
        let later = values[at + 1..].iter().zip(1u32..);
        slopes.extend(later.map(|(later, apart)| (later - earlier) / f64::from(apart)));
    }
    slopes
}

/// Hamed & Rao's factor from the significant autocorrelations of the ranks of the detrended series.
fn inflation(values: &[f64], slope: f64) -> f64 {
    let n = values.len() as f64;
    let detrended: Vec<f64> = values.iter().zip(1u32..).map(|(v, at)| v - slope * f64::from(at)).collect();
    let ranks = ranks(&detrended);
    let significant = standard_normal().inverse_cdf(1.0 - LAG_SIGNIFICANCE / 2.0) / n.sqrt();
    let sum: f64 = (1..values.len())
        .map(|lag| (lag as f64, autocorrelation(&ranks, lag)))
        .filter(|(_, r)| r.abs() > significant)
        .map(|(lag, r)| (n - lag) * (n - lag - 1.0) * (n - lag - 2.0) * r)
        .sum();
    1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * sum
}

/// Autocorrelation at `lag`, with the whole series' mean and variance; 0 if it does not vary.
pub fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let mean = super::rank::mean(values);
    let spread: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    if spread == 0.0 || lag >= values.len() {
        return 0.0;
    }
    values.iter().zip(&values[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / spread
}

/// Noise that others can repeat: x' = 16807 x mod 2^31 − 1 (Lewis, Goodman & Miller 1969), between 0 and 1.
#[cfg(test)]
pub(crate) fn noise(n: usize) -> Vec<f64> {
    let mut state = 42u64;
    let mut next = || {
        state = state * 16_807 % 2_147_483_647;
        state as f64 / 2_147_483_647.0
    };
    (0..n).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, known: f64) {
        assert!((found - known).abs() <= 1e-9 * known.abs().max(1.0), "{found} is not {known}");
    }

    /// pyMannKendall 1.4.3, `original_test` and `hamed_rao_modification_test`, on the same series.
    #[test]
    fn known_answers() {
        let plain = mann_kendall(&noise(120)).unwrap();
        close(plain.score, 214.0);
        close(plain.tau, 0.029_971_988_795_518_21);
        close(plain.slope, 0.000_348_592_070_586_020_1);
        close(plain.variance, 225_993.878_380_011_45);
        close(plain.z, 0.448_054_935_667_398_85);
        close(plain.p, 0.654_113_549_929_021_2);

        let rising: Vec<f64> = noise(120).iter().zip(0u32..).map(|(e, i)| e + f64::from(i) * 0.01).collect();
        let rising = mann_kendall(&rising).unwrap();
        close(rising.score, 4_136.0);
        close(rising.z, 8.698_155_675_984_48);
        assert!(rising.p_rising() < 1e-9);

        let mut state = 0.0;
        let autoregressive: Vec<f64> = noise(200)
            .iter()
            .map(|e| {
                state = 0.8 * state + e - 0.5;
                state
            })
            .collect();
        let wandering = mann_kendall(&autoregressive).unwrap();
        close(wandering.score, 956.0);
        close(wandering.variance, 2_161_581.566_226_145);
        close(wandering.p, 0.515_978_135_860_363_9);
    }

    /// pyMannKendall's own series that rises throughout (docs/METHOD.md, section 10): 360 values.
    #[test]
    fn what_only_rises_has_every_pair() {
        let rising: Vec<f64> = (0..360).map(f64::from).collect();
        let trend = mann_kendall(&rising).unwrap();
        assert_eq!((trend.score, trend.tau, trend.slope), (64_620.0, 1.0, 1.0));
        assert_eq!(trend.variance / trend.inflation, 5_205_500.0);
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        assert_eq!(mann_kendall(&falling).unwrap().score, -64_620.0);
    }

    #[test]
    fn the_correction_never_narrows() {
        // pyMannKendall's correction would shrink the variance of this series from 182,757 to 153,999.
        let tied: Vec<f64> = noise(120).iter().map(|e| (e * 4.0).round_ties_even()).collect();
        let trend = mann_kendall(&tied).unwrap();
        assert_eq!(trend.inflation, 1.0);
        close(trend.variance, 182_756.666_666_666_66);
        close(trend.p, 0.461_218_885_452_307_8);
    }

    #[test]
    fn the_interval_of_a_slope_holds_it() {
        let rising: Vec<f64> = noise(60).iter().zip(0u32..).map(|(e, i)| e + f64::from(i) * 0.05).collect();
        let trend = mann_kendall(&rising).unwrap();
        let (low, high) = sen_interval(&rising, trend.variance);
        assert!(low < trend.slope && trend.slope < high && low < 0.05 && 0.05 < high, "{low} {high}");
        // On a line all slopes are one.
        let line: Vec<f64> = (0..20).map(|i| 3.0 * f64::from(i)).collect();
        assert_eq!(sen_interval(&line, mann_kendall(&line).unwrap().variance), (3.0, 3.0));
    }

    #[test]
    fn nine_values_are_too_few() {
        assert!(mann_kendall(&noise(9)).is_none());
        assert_eq!(mann_kendall(&[5.0; 30]).unwrap().p, 1.0);
    }
}
