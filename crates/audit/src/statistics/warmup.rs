//! Where does warm-up end? MSER-5.
//!
//! Source: White 1997, "An effective truncation heuristic for bias reduction in simulation output"
//! (Simulation 69(6)); batches of five, search limited to the first half.

/// Values to a batch.
const BATCH: usize = 5;

/// Fewest batches between which a cut is looked for.
const BATCHES_MIN: usize = 4;

/// Where warm-up ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Drop so many values; 0 if none.
    At(usize),
    /// The best cut lies at the end of the search: the series had not settled by its middle.
    NotSettled,
    /// Too few values to say.
    TooShort,
}

/// The number of leading values whose removal makes the mean of the rest most certain.
pub fn mser5(values: &[f64]) -> Cut {
    let batches: Vec<f64> = values.chunks_exact(BATCH).map(super::rank::mean).collect();
    let n = batches.len();
    if n < BATCHES_MIN {
        return Cut::TooShort;
    }
    // The rest of half the series still counts as search; the last place of it is the one that settles nothing.
    let last = n / 2;
    let scores = (0..=last).map(|cut| standard_error(&batches[cut..]));
    let (best, _) = scores.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
    if best == last { Cut::NotSettled } else { Cut::At(best * BATCH) }
}

/// The squared standard error of the mean, as if values were independent: what MSER minimises.
fn standard_error(values: &[f64]) -> f64 {
    let mean = super::rank::mean(values);
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() as f64).powi(2)
}

#[cfg(test)]
mod tests {
    use super::super::trend::noise;
    use super::*;

    /// AR(1) around a level that decays to its steady value.
    fn transient(seed: usize, n: usize, height: f64, tau: f64) -> Vec<f64> {
        let mut state = 0.0;
        noise(n * (seed + 1))[n * seed..]
            .iter()
            .enumerate()
            .map(|(i, e)| {
                state = 0.5 * state + (e - 0.5);
                10.0 + state + height * (-(i as f64) / tau).exp()
            })
            .collect()
    }

    #[test]
    fn a_transient_is_cut_where_it_has_died_away() {
        // It has fallen to the noise's deviation of a third after 102 values; found within two time constants of that.
        let found: Vec<_> = (0..100)
            .map(|seed| match mser5(&transient(seed, 600, 10.0, 30.0)) {
                Cut::At(cut) => cut,
                other => panic!("{other:?}"),
            })
            .collect();
        let within = found.iter().filter(|cut| (42..=162).contains(*cut)).count();
        assert!(within * 100 >= found.len() * 95, "{found:?}");
    }

    #[test]
    fn a_flat_series_is_hardly_cut() {
        let hardly = |seed| matches!(mser5(&transient(seed, 300, 0.0, 1.0)), Cut::At(cut) if cut <= 30);
        assert!((0..40).filter(|seed| hardly(*seed)).count() >= 30);
    }

    #[test]
    fn a_slope_never_settles_and_a_handful_says_nothing() {
        let slope: Vec<f64> = (0..300).map(f64::from).collect();
        assert_eq!(mser5(&slope), Cut::NotSettled);
        assert_eq!(mser5(&slope[..19]), Cut::TooShort);
    }
}
