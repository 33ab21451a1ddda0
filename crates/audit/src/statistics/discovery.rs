//! Many tests at once: which findings stand. Benjamini and Hochberg's adjustment.
//!
//! Source: Benjamini & Hochberg 1995, "Controlling the false discovery rate" (J. R. Stat. Soc. B 57); valid
//! as well for tests that depend on each other positively, as metrics of the same runs do (Benjamini &
//! Yekutieli 2001, Ann. Stat. 29).

/// Adjusted probabilities, in the order of `p`. Of all findings whose adjusted probability is below a level,
/// at most that share is false on average.
///
/// Every test that was made belongs into `p`, in `[0, 1]`, not only those that look promising; what is not a
/// number counts as 1.
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let all = p.len() as f64;
    let known = |at: usize| if p[at].is_nan() { 1.0 } else { p[at] };
    let mut descending: Vec<usize> = (0..p.len()).collect();
    descending.sort_by(|a, b| known(*b).total_cmp(&known(*a)));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0f64;
    for (larger, at) in descending.iter().enumerate() {
        // What is adjusted to less than a larger one would make their order depend on the level: the least so
        // far.
        least = least.min(known(*at) * all / (all - larger as f64));
        adjusted[*at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifteen of Benjamini and Hochberg's own example; adjusted by
    /// `scipy.stats.false_discovery_control`.
    #[test]
    fn known_answers() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let known = [
            0.0015,
            0.003,
            0.0095,
            0.035_625,
            0.0603,
            0.063_857_142_857_142_86,
            0.063_857_142_857_142_86,
            0.0645,
            0.0765,
            0.486,
            0.581_181_818_181_818_2,
            0.714_875,
            0.753_230_769_230_769_2,
            0.813_214_285_714_285_7,
            1.0,
        ];
        for (found, known) in adjusted(&p).iter().zip(known) {
            assert!((found - known).abs() < 1e-12, "{found} is not {known}");
        }
        assert_eq!(adjusted(&p).iter().filter(|p| **p < 0.05).count(), 4, "as the paper says");
    }

    #[test]
    fn the_order_of_input_is_kept() {
        assert_eq!(adjusted(&[0.5, 0.01, 0.5]), [0.5, 0.03, 0.5]);
        assert_eq!(adjusted(&[0.04, 0.03]), [0.04, 0.04]);
        assert_eq!(adjusted(&[f64::NAN, 0.01]), [1.0, 0.02]);
        assert_eq!(adjusted(&[0.2]), [0.2]);
        assert!(adjusted(&[]).is_empty());
    }
}
