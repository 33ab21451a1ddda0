//! Did the level change? PELT on mean and variance.
//!
//! Source: Killick, Fearnhead & Eckley 2012, "Optimal detection of changepoints with a linear computational
//! cost" (JASA 107); penalty 15 ln n as in Barrett et al. 2017 (warmup_stats).

/// The penalty of a change is this times the logarithm of the number of values.
const PENALTY: f64 = 15.0;

/// Shortest segment.
const SEGMENT_MIN: usize = 3;

/// A stretch of one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Its first value.
    pub start: usize,
    /// One past its last value.
    pub end: usize,
    /// Mean of its values.
    pub mean: f64,
    /// Variance of its values.
    pub variance: f64,
}

/// Splits `values` where mean or variance change.
pub fn segments(values: &[f64]) -> Vec<Segment> {
    let n = values.len();
    if n == 0 {
        return Vec::new();
    }
    let sums = Sums::of(values);
    let penalty = PENALTY * (n as f64).ln();
    let mut cost = vec![f64::INFINITY; n + 1];
    let mut previous = vec![0; n + 1];
    cost[0] = -penalty;
    let mut candidates = vec![0];
    for end in SEGMENT_MIN..=n {
        let price = |start: usize| cost[start] + sums.cost(start, end) + penalty;
        let fits = |start: &&usize| end - **start >= SEGMENT_MIN;
        let best = candidates.iter().filter(fits).map(|s| (price(*s), *s)).min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((lowest, start)) = best else { continue };
        // What could not win now, even without its penalty, never will.
        let keeps = |start: &usize| end - start < SEGMENT_MIN || price(*start) - penalty <= lowest;
        candidates = candidates.iter().copied().filter(keeps).collect();
        cost[end] = lowest;
        previous[end] = start;
        candidates.push(end);
    }
    let mut segments = Vec::new();
    let mut end = n;
    while end > 0 {
        let start = previous[end];
        let (mean, variance) = sums.moments(start, end);
        segments.push(Segment { start, end, mean, variance });
        end = start;
    }
    segments.reverse();
    segments
}

/// Running sums, so that the moments of any stretch cost nothing.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
    /// What was taken off every value: the squares of large numbers drown their differences.
    centre: f64,
    /// Variance that counts as none: series of measured times never repeat themselves exactly.
    floor: f64,
}

impl Sums {
    fn of(values: &[f64]) -> Self {
        let centre = super::rank::mean(values);
        let mut sums = Self { values: vec![0.0], squares: vec![0.0], centre, floor: 0.0 };
        let (mut sum, mut square) = (0.0, 0.0);
        for value in values {
            sum += value - centre;
            square += (value - centre).powi(2);
            sums.values.push(sum);
            sums.squares.push(square);
        }
        sums.floor = (square / values.len() as f64 * 1e-6).max(1e-18);
        sums
    }

    /// Mean and variance of a stretch.
    fn moments(&self, start: usize, end: usize) -> (f64, f64) {
        let n = (end - start) as f64;
        let offset = (self.values[end] - self.values[start]) / n;
        let variance = ((self.squares[end] - self.squares[start]) / n - offset * offset).max(0.0);
        (self.centre + offset, variance)
    }

    /// Twice the negative log-likelihood of a stretch as normal values, up to a constant.
    fn cost(&self, start: usize, end: usize) -> f64 {
        let (_, variance) = self.moments(start, end);
        (end - start) as f64 * (variance.max(self.floor).ln() + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trend::noise;
    use super::*;

    #[test]
    fn a_flat_series_is_one_segment() {
        let values: Vec<f64> = noise(300).iter().map(|e| 100.0 + e).collect();
        assert_eq!(segments(&values).len(), 1);
        assert_eq!(segments(&[7.0; 50]).len(), 1);
        assert!(segments(&[]).is_empty());
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        for at in [30, 90, 180] {
            let values: Vec<f64> =
                noise(300).iter().enumerate().map(|(i, e)| e + if i < at { 10.0 } else { 13.0 }).collect();
            let found = segments(&values);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].end.abs_diff(at) <= 2, "{found:?}");
            assert!((found[1].mean - found[0].mean - 3.0).abs() < 0.2);
        }
    }

    #[test]
    fn a_change_of_spread_alone_is_found() {
        let values: Vec<f64> = noise(300)
            .iter()
            .enumerate()
            .map(|(i, e)| 10.0 + (e - 0.5) * if i < 200 { 1.0 } else { 8.0 })
            .collect();
        let found = segments(&values);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].end.abs_diff(200) <= 5, "{found:?}");
    }
}
