//! Up and down again over the same levels: does a target that was overloaded hold less than before?
//!
//! Like [`super::bracket`] this knows nothing of how a level is measured: all state is the list of answers so far.

use super::bracket::Answer;

/// From one level to the next, and how many there are below the line and above it. The line lies in the middle between two of
/// them, in ratio, so that chance, which moves it by a few percent, does not make a level hold one way and fail the other.
const STEP: f64 = 1.15;
const BELOW: i32 = 4;
const ABOVE: i32 = 2;

/// Further levels above, if none of those fails: the search has found the line of a target that it had overloaded before.
const CLIMB: i32 = 8;

/// Levels that hold in a row on the way down, after which lower ones need not be tried.
const HOLDS: usize = 2;

/// The levels of a walk over a line that lies between `held` and `failed`, ascending. It turns where one has failed.
pub fn levels(held: f64, failed: f64) -> Vec<f64> {
    let line = (held * failed).sqrt();
    (-BELOW..ABOVE + CLIMB).map(|step| line * STEP.powf(f64::from(step) + 0.5)).collect()
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The walk is over.
    Done(Walked),
    /// Measure this level, and add the answer to the list.
    Probe(f64),
}

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Walked {
    /// The highest level below all that failed, on the way up; `None` if none was.
    pub up: Option<f64>,
    /// The same on the way down.
    pub down: Option<f64>,
    /// Levels that held on the way up and failed on the way down.
    pub lost: usize,
    /// Why nothing follows from it, if nothing does.
    pub nothing: Option<Nothing>,
}

/// Why nothing follows from a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The generator gave out.
    GeneratorLimit,
    /// Nothing failed: there was no overload to remember.
    NothingFailed,
    /// Nothing held on the way up.
    NothingHeld,
}

impl Walked {
    /// Whether the target holds less after an overload than before.
    pub const fn remembers(&self) -> bool {
        self.nothing.is_none() && self.lost > 0
    }
}

/// How many of the answers were given on the way up; `None` while it goes on.
pub fn turned(levels: &[f64], answers: &[Answer]) -> Option<usize> {
    let least = levels.len().min((BELOW + ABOVE) as usize);
    let failed = answers.iter().position(|answer| *answer == Answer::Failed);
    match failed.map(|at| least.max(at + 1)) {
        Some(turn) if turn <= answers.len() => Some(turn),
        None if answers.len() >= levels.len() => Some(levels.len()),
        _ => None,
    }
}

/// The next step of a walk over `levels`, ascending, after `answers` in the order in which they came.
pub fn next(levels: &[f64], answers: &[Answer]) -> Step {
    if answers.contains(&Answer::GeneratorLimit) {
        return Step::Done(Walked { nothing: Some(Nothing::GeneratorLimit), ..Walked::default() });
    }
    let Some(turn) = turned(levels, answers) else { return Step::Probe(levels[answers.len()]) };
    let levels = &levels[..turn];
    let (up, down) = answers.split_at(turn);
    let highest = |answers: &[Answer]| {
        let below = answers.iter().position(|answer| *answer == Answer::Failed).unwrap_or(answers.len());
        below.checked_sub(1).map(|at| levels[at])
    };
    let nothing = match highest(up) {
        _ if !up.contains(&Answer::Failed) => Some(Nothing::NothingFailed),
        None => Some(Nothing::NothingHeld),
        Some(_) => None,
    };
    if nothing.is_some() {
        return Step::Done(Walked { up: highest(up), nothing, ..Walked::default() });
    }
    // The top was tried last on the way up: the way down begins one below.
    let has_settled = down.len() >= HOLDS && down[down.len() - HOLDS..].iter().all(|a| *a == Answer::Held);
    let following = levels.len().checked_sub(2 + down.len()).filter(|_| !has_settled);
    if let Some(at) = following {
        return Step::Probe(levels[at]);
    }
    let passed = levels.iter().rev().skip(1).zip(down);
    // What lies below the two that held was not tried, and holds as it did before.
    let lowest_failed = passed.clone().filter(|(_, a)| **a == Answer::Failed).map(|(l, _)| *l).next_back();
    let down_line = levels.iter().rev().find(|level| lowest_failed.is_none_or(|failed| **level < failed));
    let lost = up
        .iter()
        .rev()
        .skip(1)
        .zip(down)
        .filter(|(up, down)| **up == Answer::Held && **down == Answer::Failed);
    Step::Done(Walked { up: highest(up), down: down_line.copied(), lost: lost.count(), nothing: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks over a line at 1,000 by what `target` says.
    fn walk(mut target: impl FnMut(f64) -> Answer) -> (Walked, Vec<f64>) {
        let levels = levels(990.0, 1_010.101);
        let (mut answers, mut tried) = (Vec::new(), Vec::new());
        loop {
            match next(&levels, &answers) {
                Step::Done(walked) => return (walked, tried),
                Step::Probe(level) => {
                    tried.push(level.round());
                    answers.push(target(level));
                }
            }
        }
    }

    fn up_to(line: f64) -> impl Fn(f64) -> Answer {
        move |level| if level <= line { Answer::Held } else { Answer::Failed }
    }

    #[test]
    fn a_target_without_memory_has_one_line() {
        let (walked, tried) = walk(up_to(1_000.0));
        assert_eq!(tried, [613.0, 705.0, 811.0, 933.0, 1_072.0, 1_233.0, 1_072.0, 933.0, 811.0]);
        assert_eq!((walked.up.map(f64::round), walked.down.map(f64::round)), (Some(933.0), Some(933.0)));
        assert!(!walked.remembers(), "{walked:?}");
    }

    #[test]
    fn one_that_remembers_overload_has_two() {
        let mut hurt = false;
        let (walked, tried) = walk(|level| {
            let held = level <= if hurt { 750.0 } else { 1_000.0 };
            hurt |= !held;
            if held { Answer::Held } else { Answer::Failed }
        });
        assert_eq!(tried[6..], [1_072.0, 933.0, 811.0, 705.0, 613.0]);
        assert_eq!((walked.up.map(f64::round), walked.down.map(f64::round)), (Some(933.0), Some(705.0)));
        assert!(walked.remembers() && walked.lost == 2, "{walked:?}");
        // One that never comes back.
        let mut hurt = false;
        let (walked, _) = walk(|level| {
            hurt |= level > 1_000.0;
            if hurt { Answer::Failed } else { Answer::Held }
        });
        assert_eq!((walked.down, walked.lost), (None, 4));
    }

    /// What the search found was the line of a target that it had overloaded itself.
    #[test]
    fn it_climbs_until_something_fails() {
        let mut hurt = false;
        let (walked, tried) = walk(|level| {
            let held = level <= if hurt { 1_000.0 } else { 1_500.0 };
            hurt |= !held;
            if held { Answer::Held } else { Answer::Failed }
        });
        assert_eq!(tried[5..], [1_233.0, 1_418.0, 1_631.0, 1_418.0, 1_233.0, 1_072.0, 933.0, 811.0]);
        assert!(walked.remembers() && walked.lost == 3, "{walked:?}");
    }

    #[test]
    fn where_nothing_follows_it_is_said() {
        assert_eq!(walk(|_| Answer::Held).0.nothing, Some(Nothing::NothingFailed));
        assert_eq!(walk(|_| Answer::Failed).0.nothing, Some(Nothing::NothingHeld));
        let gave_out = |level| if level > 1_100.0 { Answer::GeneratorLimit } else { up_to(1_000.0)(level) };
        assert_eq!(walk(gave_out).0.nothing, Some(Nothing::GeneratorLimit));
    }
}
