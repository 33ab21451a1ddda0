//! How many users there are to be, over time.

use super::Stage;
use crate::Nanos;

/// From `at_ns` on there are to be `users`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// When, from the load's start.
    pub at_ns: Nanos,
    /// How many.
    pub users: u64,
}

/// Every moment at which the number of users changes, ascending; the level counts as reached when it is a
/// whole number.
pub fn user_changes(stages: &[Stage]) -> Vec<UserChange> {
    let mut changes: Vec<UserChange> = Vec::new();
    let mut start_ns = 0;
    for stage in stages {
        push(&mut changes, start_ns, whole(stage.from));
        let (from, to) = (whole(stage.from), whole(stage.to));
        let crossing = |level: f64| {
            start_ns
                + ((level - stage.from) / (stage.to - stage.from) * stage.duration_ns as f64).round() as Nanos
        };
        if to > from {
            (from + 1..=to).for_each(|users| push(&mut changes, crossing(users as f64), users));
        } else {
            // Going down, a user leaves as soon as the level falls below its number.
            (to..from).rev().for_each(|users| push(&mut changes, crossing((users + 1) as f64), users));
        }
        start_ns += stage.duration_ns;
    }
    changes
}

fn push(changes: &mut Vec<UserChange>, at_ns: Nanos, users: u64) {
    match changes.last_mut() {
        Some(last) if last.users == users => {}
        Some(last) if last.at_ns == at_ns => last.users = users,
        _ => changes.push(UserChange { at_ns, users }),
    }
}

fn whole(level: f64) -> u64 {
    (level + 1e-9).floor() as u64
}

/// How many users there are to be at `at_ns` from the load's start.
pub fn users_at(stages: &[Stage], at_ns: Nanos) -> u64 {
    level_at(stages, at_ns).map_or(0, whole)
}

pub(super) fn level_at(stages: &[Stage], at_ns: Nanos) -> Option<f64> {
    let mut start_ns = 0;
    for stage in stages {
        if at_ns < start_ns + stage.duration_ns {
            let share = (at_ns - start_ns) as f64 / stage.duration_ns as f64;
            return Some(stage.from + (stage.to - stage.from) * share);
        }
        start_ns += stage.duration_ns;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SECOND_NS;

    fn stage(seconds: u64, from: f64, to: f64) -> Stage {
        Stage { name: String::new(), duration_ns: seconds * SECOND_NS, from, to }
    }

    #[test]
    fn a_constant_level_changes_once() {
        assert_eq!(user_changes(&[stage(10, 50.0, 50.0)]), [UserChange { at_ns: 0, users: 50 }]);
    }

    #[test]
    fn up_hold_and_down() {
        let changes = user_changes(&[stage(4, 0.0, 4.0), stage(5, 4.0, 4.0), stage(2, 4.0, 2.0)]);
        let plain: Vec<_> = changes.iter().map(|c| (c.at_ns / 100_000_000, c.users)).collect();
        assert_eq!(plain, [(0, 0), (10, 1), (20, 2), (30, 3), (40, 4), (90, 3), (100, 2)]);
        assert_eq!(users_at(&[stage(4, 0.0, 4.0)], 2_500_000_000), 2);
    }

    #[test]
    fn a_jump_between_stages_is_one_change() {
        let changes = user_changes(&[stage(1, 10.0, 10.0), stage(1, 100.0, 100.0), stage(1, 10.0, 10.0)]);
        assert_eq!(changes.iter().map(|c| c.users).collect::<Vec<_>>(), [10, 100, 10]);
    }
}
