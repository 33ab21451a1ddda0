//! 22 — One run is not a comparison: are there enough runs on both sides for a word such as "slower"?

use crate::finding::{Finding, Status, percent};
use crate::statistics::arrivals::variation;
use crate::statistics::rank::median;

/// Fewest runs a side for a word (docs/METHOD.md, sections 9 and 16).
pub const RUNS_MIN: usize = 6;

/// The smallest relative difference that anybody would act on.
pub const DIFFERENCE_MIN: f64 = 0.03;

/// One measure of two sides, a value a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sides {
    /// One value from each run of the first side.
    pub a: Vec<f64>,
    /// One value from each run of the second side.
    pub b: Vec<f64>,
}

/// Judges whether two sides may be compared at all. A run by itself has no sides.
pub fn audit(sides: Option<&Sides>) -> Finding {
    let finding = |status, sentence: String| Finding::new("comparison", status, sentence);
    let Some(Sides { a, b }) = sides else {
        return finding(Status::NotRun, "One run compares nothing.".to_owned());
    };
    let runs = a.len().min(b.len());
    if runs < RUNS_MIN {
        let sentence = format!(
            "Inconclusive: {} and {} runs; at least {RUNS_MIN} a side are needed to call one better.",
            a.len(),
            b.len()
        );
        return finding(Status::Limited, sentence).measured(runs as f64, RUNS_MIN as f64);
    }
    let noise = [a, b].into_iter().filter_map(|side| variation(side)).fold(0.0, f64::max);
    let difference = median(b) / median(a) - 1.0;
    let matters = difference.abs().max(DIFFERENCE_MIN);
    if noise > matters / 2.0 {
        let sentence = format!(
            "Inconclusive: runs of one side differ by {} among themselves, the sides by {}.",
            percent(noise),
            percent(difference.abs())
        );
        return finding(Status::Limited, sentence).measured(noise, matters / 2.0);
    }
    finding(Status::Pass, format!("{runs} runs a side, which differ by {} among themselves.", percent(noise)))
        .measured(noise, matters / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_or_noisy_runs_are_inconclusive() {
        let steady = Sides {
            a: vec![100.0, 101.0, 99.0, 100.0, 100.5, 99.5],
            b: vec![110.0, 111.0, 109.0, 110.0, 110.5, 109.5],
        };
        assert_eq!(audit(Some(&steady)).status, Status::Pass);
        let few = Sides { a: steady.a[..3].to_vec(), ..steady.clone() };
        assert_eq!(audit(Some(&few)).status, Status::Limited);
        let noisy = Sides { a: vec![80.0, 120.0, 95.0, 105.0, 70.0, 130.0], ..steady };
        assert_eq!(audit(Some(&noisy)).status, Status::Limited);
        assert_eq!(audit(None).status, Status::NotRun);
    }
}
