//! What can be said of a change between two sets of runs: one word, or how many runs more it takes to say
//! one.
//!
//! Sources: docs/METHOD.md, section 9; an effect against a smallest one that matters, by its interval, after
//! Kalibera & Jones 2013, "Rigorous benchmarking in reasonable time" (ISMM); equivalence as an interval
//! inside the threshold after Schuirmann 1987 (J. Pharmacokinet. Biopharm. 15).

use statrs::distribution::{ContinuousCDF, Normal};

use super::two_samples::Interval;

/// Fewest runs a side of which a word is said: 6 against 6 can come to p = 0.0022, which leaves room for
/// adjusting it for other tests; 3 against 3 never comes below 0.1.
pub const RUNS_MIN: usize = 6;

/// More runs than this are not asked for: who needs a thousand is looking for a change next to the threshold,
/// and should choose another threshold.
pub const RUNS_MORE_MAX: usize = 1_000;

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// If there is a change, it is smaller than the threshold.
    Equivalent,
    /// It got better.
    Improvement,
    /// Neither is shown.
    Inconclusive {
        /// So many more runs a side would settle it if the estimate stays where it is: from 1 to
        /// [`RUNS_MORE_MAX`], which stands for "or more".
        runs_more: usize,
    },
    /// It got worse.
    Regression,
    /// There are fewer than [`RUNS_MIN`] runs on a side.
    TooFew {
        /// Missing of the first side.
        missing_a: usize,
        /// Missing of the second side.
        missing_b: usize,
    },
}

impl Change {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equivalent => "EQUIVALENT",
            Self::Improvement => "IMPROVEMENT",
            Self::Inconclusive { .. } => "INCONCLUSIVE",
            Self::Regression => "REGRESSION",
            Self::TooFew { .. } => "TOO FEW",
        }
    }

    /// [`Change::TooFew`], if so many runs are; asked first, because without runs there is no ratio to judge.
    pub const fn too_few(runs_a: usize, runs_b: usize) -> Option<Self> {
        let (missing_a, missing_b) = (RUNS_MIN.saturating_sub(runs_a), RUNS_MIN.saturating_sub(runs_b));
        if missing_a + missing_b == 0 { None } else { Some(Self::TooFew { missing_a, missing_b }) }
    }
}

/// Which way is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More is worse: times, errors, memory.
    Higher,
    /// Less is worse: throughput.
    Lower,
}

/// What has to be shown before it is a regression or an improvement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// That it is larger than the threshold: the whole interval lies beyond it. A change of just the
    /// threshold is called so in one of forty comparisons, with an interval of 95 %. With a variation of 2 %
    /// and a threshold of 3 %, a change of 5 % is found by 10 runs a side every other time, by 26 nine times
    /// of ten.
    BeyondThreshold,
    /// That it is there, and probably larger than the threshold: the interval lies to one side of no change,
    /// and the estimate beyond the threshold. A change of just the threshold is called so every other time, no
    /// change at all in at most a share alpha. The change above is found by 10 runs a side more than nine
    /// times of ten.
    ThatItIsThere,
}

/// By what a change is judged; fixed before the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Smallest relative change that matters, at least 0: 0.03 is three percent. Downwards it is the
    /// reciprocal, 1 / 1.03, so that exchanging the sides exchanges regressions and improvements.
    pub delta: f64,
    /// Level of significance, in `(0, 1)`.
    pub alpha: f64,
    /// Which way is worse.
    pub worse: Worse,
    /// What has to be shown.
    pub demand: Demand,
}

/// What is known of a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// How many times the first side the second one is; positive.
    pub ratio: Interval,
    /// Probability without a change, adjusted for all that was tested along with it.
    pub p_adjusted: f64,
    /// Runs of the first side.
    pub runs_a: usize,
    /// Runs of the second side.
    pub runs_b: usize,
}

/// The word for a change.
pub fn judge(evidence: &Evidence, rule: &Rule) -> Change {
    if let Some(too_few) = Change::too_few(evidence.runs_a, evidence.runs_b) {
        return too_few;
    }
    let worsening = Effect::of(&evidence.ratio, rule.worse);
    let threshold = rule.delta.ln_1p();
    if worsening.low >= -threshold && worsening.high <= threshold {
        return Change::Equivalent;
    }
    if evidence.p_adjusted < rule.alpha {
        if worsening.is_shown(threshold, rule.demand) {
            return Change::Regression;
        }
        if worsening.mirrored().is_shown(threshold, rule.demand) {
            return Change::Improvement;
        }
    }
    Change::Inconclusive { runs_more: runs_more(evidence, rule) }
}

/// The logarithm of a ratio: symmetric about no change, which is 0.
#[derive(Clone, Copy)]
struct Effect {
    estimate: f64,
    low: f64,
    high: f64,
}

impl Effect {
    /// Positive is worse.
    fn of(ratio: &Interval, worse: Worse) -> Self {
        let effect = Self { estimate: ratio.estimate.ln(), low: ratio.low.ln(), high: ratio.high.ln() };
        if worse == Worse::Higher { effect } else { effect.mirrored() }
    }

    fn mirrored(self) -> Self {
        Self { estimate: -self.estimate, low: -self.high, high: -self.low }
    }

    fn is_shown(&self, threshold: f64, demand: Demand) -> bool {
        self.low > demand.bound(threshold) && self.estimate > threshold
    }
}

impl Demand {
    /// What the interval has to stay above.
    fn bound(self, threshold: f64) -> f64 {
        if self == Self::BeyondThreshold { threshold } else { 0.0 }
    }
}

/// How many more runs a side settle it, if the estimate stays and the interval shrinks about it as standard
/// errors do, with the root of 1/n + 1/m. Beyond the threshold that is once the interval has left the bound
/// behind and the standardised difference has grown to significance; within it, once the interval is inside.
fn runs_more(evidence: &Evidence, rule: &Rule) -> usize {
    let worsening = Effect::of(&evidence.ratio, rule.worse);
    let effect = if worsening.estimate < 0.0 { worsening.mirrored() } else { worsening };
    let threshold = rule.delta.ln_1p();
    let (below, above) = (effect.estimate - effect.low, effect.high - effect.estimate);
    let shrink = if effect.estimate > threshold {
        let score = |p: f64| Normal::standard().inverse_cdf(1.0 - p / 2.0);
        let significance = score(rule.alpha) / score(evidence.p_adjusted.clamp(0.0, 1.0));
        significance.max(below / (effect.estimate - rule.demand.bound(threshold)))
    } else {
        (above / (threshold - effect.estimate)).max(below / (threshold + effect.estimate))
    };
    let spread = |more: usize| 1.0 / (evidence.runs_a + more) as f64 + 1.0 / (evidence.runs_b + more) as f64;
    let wanted = spread(0) / (shrink * shrink);
    (1..RUNS_MORE_MAX).find(|more| spread(*more) <= wanted).unwrap_or(RUNS_MORE_MAX)
}

#[cfg(test)]
mod tests {
    use super::super::noise::{delta, noise, normal};
    use super::super::two_samples::{mann_whitney, ratio};
    use super::*;

    const RULE: Rule =
        Rule { delta: 0.03, alpha: 0.05, worse: Worse::Higher, demand: Demand::BeyondThreshold };
    const THERE: Rule = Rule { demand: Demand::ThatItIsThere, ..RULE };

    fn evidence(low: f64, estimate: f64, high: f64, p_adjusted: f64) -> Evidence {
        let ratio = Interval { estimate, low, high, coverage: 0.95 };
        Evidence { ratio, p_adjusted, runs_a: 10, runs_b: 10 }
    }

    fn compare(a: &[f64], b: &[f64], rule: &Rule) -> Change {
        let rule = Rule { delta: delta(noise(a).unwrap()), ..*rule };
        let p_adjusted = mann_whitney(a, b).unwrap().p;
        let ratio = ratio(a, b, 0.95).unwrap();
        judge(&Evidence { ratio, p_adjusted, runs_a: a.len(), runs_b: b.len() }, &rule)
    }

    /// Runs with a coefficient of variation of 2 %.
    fn runs(n: usize, level: f64, seed: u64) -> Vec<f64> {
        normal(n, seed).iter().map(|e| level * (1.0 + 0.02 * e)).collect()
    }

    /// How many of 200 comparisons come to a regression, and to an improvement.
    fn words(n: usize, level: f64, rule: &Rule) -> (usize, usize) {
        let compared: Vec<Change> = (0..200)
            .map(|pair| compare(&runs(n, 100.0, 2 * pair), &runs(n, level, 2 * pair + 1), rule))
            .collect();
        let count = |word: Change| compared.iter().filter(|w| **w == word).count();
        (count(Change::Regression), count(Change::Improvement))
    }

    #[test]
    fn words_by_interval() {
        let lower = Rule { worse: Worse::Lower, ..RULE };
        let beyond = evidence(1.04, 1.06, 1.08, 0.001);
        assert_eq!(judge(&beyond, &RULE), Change::Regression);
        assert_eq!(judge(&beyond, &lower), Change::Improvement);
        let under = evidence(0.92, 0.94, 0.96, 0.001);
        assert_eq!(judge(&under, &RULE), Change::Improvement);
        assert_eq!(judge(&under, &lower), Change::Regression);
        // Significant, and too small to matter.
        assert_eq!(judge(&evidence(1.01, 1.02, 1.029, 0.001), &RULE), Change::Equivalent);
        assert_eq!(judge(&evidence(1.0, 1.0, 1.0, 1.0), &RULE), Change::Equivalent);
        // There, and not shown to be larger than the threshold.
        let touching = evidence(1.02, 1.05, 1.08, 0.001);
        assert_eq!(judge(&touching, &RULE).name(), "INCONCLUSIVE");
        assert_eq!(judge(&touching, &THERE), Change::Regression);
        assert_eq!(judge(&evidence(1.005, 1.02, 1.04, 0.001), &THERE).name(), "INCONCLUSIVE");
        // One of too many that were tested.
        assert_eq!(judge(&evidence(1.04, 1.06, 1.08, 0.2), &RULE).name(), "INCONCLUSIVE");
    }

    #[test]
    fn five_runs_get_no_word() {
        let few = Evidence { runs_a: 5, runs_b: 3, ..evidence(1.04, 1.06, 1.08, 0.001) };
        assert_eq!(judge(&few, &RULE), Change::TooFew { missing_a: 1, missing_b: 3 });
        assert_eq!(Change::too_few(0, 9), Some(Change::TooFew { missing_a: 6, missing_b: 0 }));
        assert_eq!(Change::too_few(6, 6), None);
    }

    #[test]
    fn how_many_runs_more() {
        let more = |evidence: &Evidence, rule: &Rule| match judge(evidence, rule) {
            Change::Inconclusive { runs_more } => runs_more,
            word => panic!("{word:?}"),
        };
        // No change, and an interval twice as wide as the threshold: four times the runs. A thousandth keeps
        // clear of rounding.
        let d = 1.03f64;
        let reach = d.powf(1.999);
        let wide = evidence(1.0 / reach, 1.0, reach, 1.0);
        assert_eq!(more(&wide, &RULE), 30);
        // From 10 and 20 a side it takes as many as bring 1/n + 1/m to a quarter: 1/49 + 1/59.
        assert_eq!(more(&Evidence { runs_b: 20, ..wide }, &RULE), 39);
        // Half as far beyond the threshold as the interval reaches down, either way.
        let (beyond, short) = (d * 1.01, d / 1.01f64.powf(0.999));
        assert_eq!(more(&evidence(short, beyond, 1.1, 0.01), &RULE), 30);
        assert_eq!(more(&evidence(0.9, 1.0 / beyond, 1.0 / short, 0.01), &RULE), 30);
        // Clear of no change, and not significant: (1.960 / 1.645) squared is 1.42.
        let far = evidence(d, d * d, d.powi(3), 0.01);
        assert_eq!(more(&Evidence { p_adjusted: 0.1, ..far }, &THERE), 5);
        // At the threshold no number helps; without any significance neither.
        assert_eq!(more(&evidence(0.99, d, 1.07, 0.2), &RULE), RUNS_MORE_MAX);
        assert_eq!(more(&Evidence { p_adjusted: 1.0, ..far }, &THERE), RUNS_MORE_MAX);
    }

    #[test]
    fn the_same_is_not_called_a_change() {
        let significant = (0..200)
            .filter(|pair| {
                let p = mann_whitney(&runs(10, 100.0, 2 * pair), &runs(10, 100.0, 2 * pair + 1)).unwrap().p;
                p < RULE.alpha
            })
            .count();
        // Exact probabilities of 10 against 10 come to 0.043 next below 0.05; two standard errors are 6.
        assert!(significant <= 10 + 6, "{significant}");
        assert_eq!(words(10, 100.0, &RULE), (0, 0));
        let (worse, better) = words(10, 100.0, &THERE);
        assert!(worse + better <= 10, "{worse} and {better}");
    }

    #[test]
    fn five_percent_are_found() {
        let (worse, better) = words(10, 105.0, &THERE);
        assert!(worse >= 180 && better == 0, "{worse} and {better}");
        // That they are more than three percent takes more runs to show.
        let (worse, better) = words(10, 105.0, &RULE);
        assert!((70..130).contains(&worse) && better == 0, "{worse} and {better}");
        let (worse, better) = words(30, 105.0, &RULE);
        assert!(worse >= 180 && better == 0, "{worse} and {better}");
        let (worse, better) = words(10, 100.0 / 1.05, &THERE);
        assert!(worse == 0 && better >= 180, "{worse} and {better}");
    }

    #[test]
    fn drift_does_not_fool_interleaved_runs() {
        let (mut interleaved, mut one_after_the_other) = (0, 0);
        for seed in 0..200 {
            // Ten percent from the first of 20 runs to the last.
            let all: Vec<f64> = runs(20, 100.0, seed)
                .iter()
                .zip(0..)
                .map(|(v, i)| v * (1.0 + 0.005 * f64::from(i)))
                .collect();
            let side = |word: &str, side: char| -> Vec<f64> {
                all.iter().zip(word.chars().cycle()).filter(|(_, s)| *s == side).map(|(v, _)| *v).collect()
            };
            let shown = |order: &str| match compare(&side(order, 'a'), &side(order, 'b'), &THERE) {
                Change::Regression | Change::Improvement => 1,
                _ => 0,
            };
            interleaved += shown("abba");
            one_after_the_other += shown("aaaaaaaaaabbbbbbbbbb");
        }
        assert!(interleaved <= 10, "{interleaved}");
        assert!(one_after_the_other > 100, "{one_after_the_other}");
    }
}
