//! When has a run seen enough to say "quantile q is at most L"? MLPerf's early-stopping rule.
//!
//! Source: MLCommons inference policies, appendix "early stopping" (METHOD section 4, rule c): with `t`
//! operations over the limit the claim holds at confidence `c` once at least `h` are within it, where
//! `h = min{h : I_q(h, t + 1) <= 1 - c}` and `I` is the regularised incomplete beta function.

use statrs::function::beta::beta_reg;

/// Confidence asked of a verified claim (METHOD section 4, rule c).
pub const CONFIDENCE: f64 = 0.99;

/// Fewest operations within the limit that support "at least a share `q` stays within it" at `confidence`,
/// given `over` operations beyond it.
pub fn within_needed(over: u64, q: f64, confidence: f64) -> u64 {
    let supported = |h: u64| beta_reg(h as f64, over as f64 + 1.0, q) <= 1.0 - confidence;
    let mut high = 1;
    while !supported(high) {
        high *= 2;
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if supported(middle) { high = middle } else { low = middle }
    }
    high
}

/// True if `within` operations inside and `over` beyond the limit support the claim at `confidence`. Counts
/// may be effective ones (scaled for dependence), hence real numbers.
pub fn supports(within: f64, over: f64, q: f64, confidence: f64) -> bool {
    within > 0.0 && beta_reg(within, over + 1.0, q) <= 1.0 - confidence
}

/// True if the counts support the opposite: that less than a share `q` stays within the limit.
pub fn contradicts(within: f64, over: f64, q: f64, confidence: f64) -> bool {
    over > 0.0 && beta_reg(over, within + 1.0, 1.0 - q) <= 1.0 - confidence
}

#[cfg(test)]
mod tests {
    use super::*;

    /// METHOD section 4: one-sided floors with zero exceedances at 95 % and 99 %, and with one at 99 %.
    #[test]
    fn published_floors() {
        let table = [(0.90, 29, 44), (0.95, 59, 90), (0.99, 299, 459), (0.999, 2_995, 4_603)];
        for (q, at_95, at_99) in table {
            assert_eq!(within_needed(0, q, 0.95), at_95, "q {q}");
            assert_eq!(within_needed(0, q, 0.99), at_99, "q {q}");
        }
        assert_eq!(within_needed(1, 0.90, 0.99) + 1, 64);
        assert_eq!(within_needed(1, 0.99, 0.99) + 1, 662);
    }

    #[test]
    fn a_claim_is_never_both_supported_and_contradicted() {
        for within in [1.0, 50.0, 459.0, 5_000.0] {
            for over in [0.0, 1.0, 10.0, 500.0] {
                assert!(!(supports(within, over, 0.99, 0.99) && contradicts(within, over, 0.99, 0.99)));
            }
        }
        assert!(supports(459.0, 0.0, 0.99, 0.99));
        assert!(contradicts(90.0, 10.0, 0.99, 0.99));
    }
}
