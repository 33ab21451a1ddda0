//! How many instances carry a load, by what several numbers of them were measured to carry.
//!
//! Within what was measured the answer is measured, or interpolated between two numbers that were. Beyond, it is projected by
//! the Universal Scalability Law over instances, no farther than [`PREDICTION_FACTOR`] times the largest number; without
//! three measured numbers there is no law to project by, and a straight line would be a promise nobody has seen kept.

use super::scalability::{Law, Level, PREDICTION_FACTOR, through};

/// What a number of instances carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carried {
    /// The number.
    pub instances: u32,
    /// The load line, in any unit.
    pub line: f64,
    /// The line is higher than this: the generator gave out, or a limit of the plan.
    pub is_at_least: bool,
}

/// How many instances a load takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needed {
    /// Nothing can be said: this many numbers were measured to their lines, and three are needed to project.
    FewerThanThree(usize),
    /// Between numbers that were measured.
    Interpolated(u32),
    /// This number was measured to carry it, and no smaller one.
    Measured(u32),
    /// Not even this many are projected to carry it, and projections go no farther.
    MoreThan(u32),
    /// By the law.
    Projected(u32),
}

/// The law through what was measured; `None` with fewer than three lines.
pub fn law(carried: &[Carried]) -> Option<Law> {
    let lines = carried.iter().filter(|c| !c.is_at_least && c.line > 0.0);
    through(&lines.map(|c| Level { load: f64::from(c.instances), throughput: c.line }).collect::<Vec<_>>())
}

/// How many instances carry `load`, by `carried`, ascending in instances; each is to be loaded no more than its line.
pub fn needed(carried: &[Carried], load: f64) -> Needed {
    if let Some(at) = carried.iter().position(|c| c.line >= load) {
        let enough = carried[at];
        let Some(before) = at.checked_sub(1).map(|at| carried[at]) else {
            return Needed::Measured(enough.instances);
        };
        let gain = (enough.line - before.line) / f64::from(enough.instances - before.instances);
        let steps = ((load - before.line) / gain).ceil().max(1.0) as u32;
        let between = before.instances + steps;
        return if between < enough.instances {
            Needed::Interpolated(between)
        } else {
            Needed::Measured(enough.instances)
        };
    }
    let Some(law) = law(carried) else {
        return Needed::FewerThanThree(carried.iter().filter(|c| !c.is_at_least && c.line > 0.0).count());
    };
    let most = carried.last().map_or(0, |c| c.instances);
    let farthest = (f64::from(most) * PREDICTION_FACTOR).floor() as u32;
    let enough = (most + 1..=farthest).find(|n| law.throughput(f64::from(*n)) >= load);
    enough.map_or(Needed::MoreThan(farthest), Needed::Projected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(pairs: &[(u32, f64)]) -> Vec<Carried> {
        pairs
            .iter()
            .map(|(instances, line)| Carried { instances: *instances, line: *line, is_at_least: false })
            .collect()
    }

    #[test]
    fn within_what_was_measured_numbers_are_measured_or_interpolated() {
        let all = carried(&[(1, 900.0), (2, 1_700.0), (6, 4_100.0)]);
        assert_eq!(needed(&all, 500.0), Needed::Measured(1));
        assert_eq!(needed(&all, 900.0), Needed::Measured(1));
        assert_eq!(needed(&all, 901.0), Needed::Measured(2));
        // 600 more with each of the four between.
        assert_eq!(needed(&all, 2_300.0), Needed::Interpolated(3));
        assert_eq!(needed(&all, 2_301.0), Needed::Interpolated(4));
        assert_eq!(needed(&all, 4_000.0), Needed::Measured(6));
    }

    #[test]
    fn beyond_it_the_law_projects_and_not_far() {
        let law = Law { unit_throughput: 1_000.0, contention: 0.05, coherency: 0.002 };
        let line = |n: u32| (n, law.throughput(f64::from(n)));
        let all = carried(&[line(1), line(2), line(4), line(8)]);
        assert_eq!(needed(&all, law.throughput(10.0) - 1.0), Needed::Projected(10));
        assert_eq!(needed(&all, 50_000.0), Needed::MoreThan(12));
        // Of three the law goes through all.
        let three = carried(&[line(1), line(4), line(8)]);
        assert_eq!(needed(&three, law.throughput(10.0) - 1.0), Needed::Projected(10));
    }

    #[test]
    fn two_numbers_make_no_projection() {
        let all = carried(&[(1, 900.0), (2, 1_800.0)]);
        assert_eq!(needed(&all, 2_000.0), Needed::FewerThanThree(2));
        // What carries more than was found out is no point of a law.
        let mut all = carried(&[(1, 900.0), (2, 1_800.0), (3, 2_500.0)]);
        all[2].is_at_least = true;
        assert_eq!(needed(&all, 2_400.0), Needed::Measured(3));
        assert_eq!(needed(&all, 2_600.0), Needed::FewerThanThree(2));
    }
}
