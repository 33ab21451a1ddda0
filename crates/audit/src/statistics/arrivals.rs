//! Do gaps between arrivals look as declared?
//!
//! Sources: Anderson & Darling 1954, critical values for an exponential distribution with estimated mean from
//! Stephens 1974; index of dispersion after Cox & Lewis 1966; the lenient factor of two on the critical value
//! is Lancet's (ATC'19), because thousands of gaps make any deviation significant.

use super::rank::mean;

/// Critical value at 1 % of the modified statistic, exponential with estimated mean (Stephens 1974, table 4.11).
const CRITICAL_1_PERCENT: f64 = 1.959;

/// Reject above so many times the critical value (Lancet).
const LENIENCE: f64 = 2.0;

/// Beyond this value of the modified statistic gaps are not exponential.
pub const EXPONENTIAL_MAX: f64 = CRITICAL_1_PERCENT * LENIENCE;

/// Coefficient of variation; `None` for fewer than two values or a mean of zero.
pub fn variation(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let n = values.len() as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (n >= 2.0 && mean > 0.0).then(|| variance.sqrt() / mean)
}

/// Anderson and Darling's statistic against an exponential distribution with the values' own mean, modified for
/// their number. Large means: not exponential.
pub fn anderson_darling_exponential(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = mean(values);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // ln F and ln (1 − F) of the standardised values; 1 − F is exact, F is kept from becoming 0.
    let ln_below = |v: f64| (-(-v / mean).exp_m1()).max(f64::MIN_POSITIVE).ln();
    let sum: f64 = sorted
        .iter()
        .zip(sorted.iter().rev())
        .zip(0u32..)
        .map(|((low, high), at)| (2.0 * f64::from(at) + 1.0) * (ln_below(*low) - high / mean))
        .sum();
    (-n - sum / n) * (1.0 + 0.6 / n)
}

/// Dispersion of counts about what was expected of each, 1 for a Poisson process: Pearson's statistic over its
/// degrees of freedom. `None` for fewer than two.
pub fn dispersion(counts: &[(u64, f64)]) -> Option<f64> {
    let used: Vec<_> = counts.iter().filter(|(_, expected)| *expected > 0.0).collect();
    let sum: f64 = used.iter().map(|(n, expected)| (*n as f64 - expected).powi(2) / expected).sum();
    (used.len() >= 2).then(|| sum / (used.len() as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::trend::noise;
    use super::*;

    fn exponential(n: usize) -> Vec<f64> {
        noise(n).iter().map(|u| -(1.0 - u).ln()).collect()
    }

    #[test]
    fn known_answer() {
        // scipy.stats.anderson(gaps, "expon") gives 1.38836607606 before the modification.
        let statistic = anderson_darling_exponential(&exponential(200)) / (1.0 + 0.6 / 200.0);
        assert!((statistic - 1.388_366_076_060_009_4).abs() < 1e-9, "{statistic}");
        assert!((variation(&exponential(200)).unwrap() - 1.124_849_924_399_486_5).abs() < 1e-9);
    }

    #[test]
    fn exponential_gaps_pass_and_others_do_not() {
        assert!(anderson_darling_exponential(&exponential(4_000)) < EXPONENTIAL_MAX);
        assert!(anderson_darling_exponential(&noise(4_000)) > EXPONENTIAL_MAX);
        let bursts: Vec<f64> = exponential(4_000)
            .iter()
            .enumerate()
            .map(|(i, g)| if i % 10 == 0 { g * 9.0 } else { g * 0.1 })
            .collect();
        assert!(anderson_darling_exponential(&bursts) > EXPONENTIAL_MAX);
        assert!(variation(&bursts).unwrap() > 2.0);
        assert!((variation(&exponential(4_000)).unwrap() - 1.0).abs() < 0.05);
    }

    #[test]
    fn dispersion_of_counts() {
        // (2 − 4)²/4 + (6 − 4)²/4 over one degree of freedom.
        assert_eq!(dispersion(&[(2, 4.0), (6, 4.0)]), Some(2.0));
        assert_eq!(dispersion(&[(2, 4.0)]), None);
    }
}
