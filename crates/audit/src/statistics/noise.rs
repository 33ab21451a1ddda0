//! How far apart are two groups of runs of the same thing? The A/A noise, and the threshold that follows from
//! it.
//!
//! Sources: successive differences after von Neumann 1941, "Distribution of the ratio of the mean square
//! successive difference to the variance" (Ann. Math. Stat. 12); their median instead of their mean square
//! for robustness, as in Rousseeuw & Croux 1993 (JASA 88); threshold: docs/METHOD.md, section 9.
//!
//! Why not one half of the runs against the other: that is a single draw of the very difference whose usual
//! size is asked for, near 0 by chance or twice too large. Successive differences use all runs.

use super::rank::median;

/// Fewest runs of which noise can be told.
pub const RUNS_MIN: usize = 6;

/// No change below this ratio is worth a word, however quiet the runs: memory layout and link order alone
/// move results by as much (Mytkowicz et al. 2009, ASPLOS).
pub const DELTA_MIN: f64 = 0.03;

/// The threshold is so many times the noise.
const NOISES: f64 = 2.0;

/// The relative difference that two groups of runs of the same thing show, each as large as `runs`: half of
/// all such pairs of groups differ by less. 0.01 is one percent.
///
/// `runs` is one metric of the runs of one arm, in the order in which they ran. The median ratio between one
/// run and the next is what two single runs differ by; the centres of n runs differ by a factor of √n less.
/// Drift that is slow against the time of a run stays out of it, as interleaving keeps it out of the
/// comparison, and so do steps, and outliers as long as they are fewer than a quarter of the runs. What
/// differs between one day and another cannot be told from the runs of one day.
///
/// `None` with fewer than [`RUNS_MIN`], or if a value is not positive and finite.
pub fn noise(runs: &[f64]) -> Option<f64> {
    if runs.len() < RUNS_MIN || !runs.iter().all(|v| *v > 0.0 && v.is_finite()) {
        return None;
    }
    let successive: Vec<f64> = runs.windows(2).map(|pair| (pair[1] / pair[0]).ln().abs()).collect();
    Some((median(&successive) / (runs.len() as f64).sqrt()).exp_m1())
}

/// The smallest relative change that counts: [`DELTA_MIN`], or twice the noise if that is more.
pub fn delta(noise: f64) -> f64 {
    (NOISES * noise).max(DELTA_MIN)
}

/// Standard normal values.
#[cfg(test)]
pub(crate) fn normal(n: usize, seed: u64) -> Vec<f64> {
    use rand::{Rng, SeedableRng};
    use statrs::distribution::{ContinuousCDF, Normal};

    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut draw = || Normal::standard().inverse_cdf(random.random_range(1e-12..1.0));
    (0..n).map(|_| draw()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rank::mean;
    use super::*;

    /// Runs about 100 with a coefficient of variation.
    fn runs(n: usize, variation: f64, seed: u64) -> Vec<f64> {
        normal(n, seed).iter().map(|e| 100.0 * (1.0 + variation * e)).collect()
    }

    #[test]
    fn known_answer() {
        // Every run differs from the next by a factor of 1.1; nine of them are worth a third of its
        // logarithm.
        let swing: Vec<f64> = (0..9).map(|i| if i % 2 == 0 { 100.0 } else { 110.0 }).collect();
        assert!((noise(&swing).unwrap() - (1.1f64.ln() / 3.0).exp_m1()).abs() < 1e-12);
        assert_eq!(noise(&[5.0; 6]), Some(0.0));
        assert_eq!(noise(&[5.0; 5]), None);
        assert_eq!(noise(&[5.0, 5.0, 5.0, 5.0, 5.0, 0.0]), None);
        assert_eq!((delta(0.0), delta(0.02)), (0.03, 0.04));
    }

    #[test]
    fn half_of_all_pairs_of_groups_differ_by_less() {
        let noises: Vec<f64> = (0..400).map(|seed| noise(&runs(10, 0.02, seed)).unwrap()).collect();
        let differ = |seed: u64| (mean(&runs(10, 0.02, seed)) / mean(&runs(10, 0.02, seed + 1)) - 1.0).abs();
        let differences: Vec<f64> = (0..400).map(|pair| differ(1_000 + 2 * pair)).collect();
        let (typical, found) = (median(&differences), median(&noises));
        assert!((found / typical - 1.0).abs() < 0.15, "{found} against {typical}");
        // Quiet runs keep the smallest threshold, noisy ones raise it.
        let raised = noises.iter().filter(|noise| delta(**noise) > DELTA_MIN).count();
        assert!(raised <= 4, "{raised} of 400");
        let noisy = noise(&runs(10, 0.2, 1)).unwrap();
        assert!(delta(noisy) > 0.06, "{noisy}");
    }

    #[test]
    fn drift_a_step_and_outliers_stay_out() {
        let quiet = runs(20, 0.02, 7);
        let plain = noise(&quiet).unwrap();
        let drifting: Vec<f64> =
            quiet.iter().zip(0..).map(|(v, i)| v * (1.0 + 0.005 * f64::from(i))).collect();
        let step: Vec<f64> =
            quiet.iter().enumerate().map(|(i, v)| if i < 8 { *v } else { v * 1.5 }).collect();
        let mut spoiled = quiet;
        (spoiled[3], spoiled[12]) = (900.0, 1.0);
        for other in [drifting, step, spoiled] {
            let other = noise(&other).unwrap();
            assert!((plain / 1.6..plain * 1.6).contains(&other), "{other} against {plain}");
        }
    }
}
