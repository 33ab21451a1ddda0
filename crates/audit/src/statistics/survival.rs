//! What is known of a distribution when some values are only known to exceed a limit. Kaplan-Meier.
//!
//! Source: Kaplan & Meier 1958, "Nonparametric estimation from incomplete observations" (JASA 53).

/// Observations at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtTime {
    /// The time.
    pub time: f64,
    /// How many ended at it.
    pub ended: u64,
    /// How many were lost sight of at it: they took longer, nobody knows how much.
    pub censored: u64,
}

/// The share that takes longer than each time, a step function.
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    /// Times with the share that takes longer, ascending in time.
    steps: Vec<(f64, f64)>,
}

impl Survival {
    /// The estimate from observations in any order.
    pub fn estimate(mut observed: Vec<AtTime>) -> Self {
        observed.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut at_risk: u64 = observed.iter().map(|o| o.ended + o.censored).sum();
        let mut share = 1.0;
        let mut steps = Vec::new();
        for same in observed.chunk_by(|a, b| a.time == b.time) {
            let ended: u64 = same.iter().map(|o| o.ended).sum();
            let censored: u64 = same.iter().map(|o| o.censored).sum();
            if ended > 0 {
                share *= 1.0 - ended as f64 / at_risk as f64;
                steps.push((same[0].time, share));
            }
            at_risk -= ended + censored;
        }
        Self { steps }
    }

    /// The share that takes longer than `time`.
    pub fn beyond(&self, time: f64) -> f64 {
        self.steps.iter().take_while(|(t, _)| *t <= time).last().map_or(1.0, |(_, share)| *share)
    }

    /// The `q`-quantile; `None` if too many were lost sight of before it.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        // The share is a product of fractions: allow for its rounding.
        self.steps.iter().find(|(_, share)| *share <= 1.0 - q + 1e-12).map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Freireich et al. 1963, remission under 6-MP in weeks: ended, and lost sight of.
    fn remission() -> Vec<AtTime> {
        let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        let at = |weeks: &i32, ended, censored| AtTime { time: f64::from(*weeks), ended, censored };
        ended.iter().map(|w| at(w, 1, 0)).chain(censored.iter().map(|w| at(w, 0, 1))).collect()
    }

    #[test]
    fn remission_under_6_mp() {
        let survival = Survival::estimate(remission());
        assert_eq!(survival.quantile(0.5), Some(23.0));
        // The published table (Kleinbaum & Klein, Survival Analysis, table 2.2).
        for (weeks, share) in [(6.0, 0.857), (7.0, 0.807), (10.0, 0.753), (13.0, 0.690), (22.0, 0.538)] {
            assert!((survival.beyond(weeks) - share).abs() < 5e-4, "{weeks}: {}", survival.beyond(weeks));
        }
        assert_eq!(survival.quantile(0.9), None);
    }

    #[test]
    fn without_censoring_it_is_the_plain_quantile() {
        let all = (1..=100u32).map(|t| AtTime { time: f64::from(t), ended: 1, censored: 0 }).collect();
        let survival = Survival::estimate(all);
        assert_eq!(survival.quantile(0.99), Some(99.0));
        assert_eq!(survival.quantile(1.0), Some(100.0));
    }
}
