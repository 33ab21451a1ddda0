//! In which order are the runs of several arms made, so that whatever drifts meanwhile meets all of them alike?
//!
//! Source: palindromic sequences and rotated (Latin) squares as in Cochran & Cox 1957, "Experimental Designs", chapter 4;
//! A B B A for two arms: docs/METHOD.md, section 9.

/// The arms of a round, counted from 0, in the order in which they run.
///
/// Every second round is the one before it backwards, so that a steady drift takes nothing from any arm's mean of two
/// rounds; the next two begin with the next arm, so that over `2 × arms` rounds each stands in each place equally often.
pub fn round(arms: usize, number: usize) -> Vec<usize> {
    let first = if arms == 0 { 0 } else { number / 2 % arms };
    let mut order: Vec<usize> = (0..arms).map(|place| (place + first) % arms).collect();
    if number % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_arms_run_a_b_b_a() {
        let order: Vec<usize> = (0..4).flat_map(|number| round(2, number)).collect();
        assert_eq!(order, [0, 1, 1, 0, 1, 0, 0, 1]);
        assert_eq!(round(3, 2), [1, 2, 0]);
        assert_eq!(round(0, 5), [0; 0]);
    }

    #[test]
    fn every_arm_stands_in_every_place_equally_often_and_no_drift_meets_one_alone() {
        for arms in 1..7 {
            let mut stood = vec![vec![0; arms]; arms];
            for number in 0..2 * arms {
                for (place, arm) in round(arms, number).into_iter().enumerate() {
                    stood[arm][place] += 1;
                }
            }
            assert!(stood.iter().flatten().all(|n| *n == 2), "{stood:?}");
            // The moments of two rounds add up to the same for all.
            for number in (0..2 * arms).step_by(2) {
                let both = [round(arms, number), round(arms, number + 1)].concat();
                let moments = |arm: usize| {
                    both.iter().enumerate().filter(|(_, a)| **a == arm).map(|(at, _)| at).sum::<usize>()
                };
                assert!((0..arms).all(|arm| moments(arm) == 2 * arms - 1), "{both:?}");
            }
        }
    }
}
