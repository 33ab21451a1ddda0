//! Ranks, and correlation by them.

/// Ranks from 1, ties sharing their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let tied = order[at..].iter().take_while(|i| values[**i] == values[order[at]]).count();
        let shared = at as f64 + f64::midpoint(1.0, tied as f64);
        order[at..at + tied].iter().for_each(|i| ranks[*i] = shared);
        at += tied;
    }
    ranks
}

/// Spearman's rank correlation in `[-1, 1]`; `None` if either side does not vary.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let covariance: f64 = a.iter().zip(&b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum();
    let spread = |values: &[f64], mean: f64| values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    let scale = (spread(&a, mean_a) * spread(&b, mean_b)).sqrt();
    (scale > 0.0).then(|| covariance / scale)
}

/// The arithmetic mean; NaN without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The median: the mean of the two middle values of an even number; NaN without values.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    // Selecting is linear where sorting is not; slopes come by the ten thousand.
    let (below, upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return *upper;
    }
    f64::midpoint(below.iter().copied().fold(f64::NEG_INFINITY, f64::max), *upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(ranks(&[10.0, 20.0, 10.0, 30.0]), [1.5, 3.0, 1.5, 4.0]);
        assert_eq!(median(&[3.0, 1.0, 2.0, 4.0]), 2.5);
    }

    #[test]
    fn spearman_sees_order_and_nothing_else() {
        let rising: Vec<f64> = (0..20).map(f64::from).collect();
        let curved: Vec<f64> = rising.iter().map(|x| x.exp()).collect();
        assert!((spearman(&rising, &curved).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(spearman(&rising, &[1.0; 20]), None);
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])
        let known = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]).unwrap();
        assert!((known - 0.820_782_681_668_123_3).abs() < 1e-12, "{known}");
    }
}
