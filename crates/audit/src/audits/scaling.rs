//! 13 — Does throughput answer to users? More users that change nothing are not running, or the target is full.

use plimsoll_metrics::SECOND_NS;
use plimsoll_model::{Outcome, Record, Schedule, StepKind};

use crate::finding::{Finding, Status, Withheld, percent, time};
use crate::holds::holds;

/// Elasticity of throughput against users below which throughput is flat (docs/METHOD.md, section 16).
const FLAT_MAX: f64 = 0.1;

/// Elasticity above which it grows faster than users do.
const SUPER_LINEAR_MIN: f64 = 1.05;

/// How near response time must be to what users and throughput demand of it.
const RESPONSE_TOLERANCE: f64 = 0.05;

/// Levels must differ by this factor to be compared.
const STEP_MIN: f64 = 1.2;

/// Whole seconds of a level.
const SECONDS_MIN: u64 = 3;

/// How the sentence about a full target begins.
pub const SATURATED: &str = "Saturated";

/// What was measured at one level of users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Users, on average.
    pub users: f64,
    /// Successes per second.
    pub throughput: f64,
    /// Mean response time of all operations, in nanoseconds.
    pub response_ns: f64,
    /// Mean pause of a user per operation, in nanoseconds.
    pub pause_ns: f64,
}

/// See the module.
pub fn audit(record: &Record) -> Finding {
    judge(&levels(record))
}

/// Levels of users in closed loads that stood still, ascending in users.
pub fn levels(record: &Record) -> Vec<Level> {
    let plan = &record.started.plan;
    if plan.has_open_load() || plan.loads.is_empty() {
        return Vec::new();
    }
    let closed: Vec<_> = (0..)
        .zip(&plan.loads)
        .filter(|(_, l)| matches!(l.schedule, Schedule::Closed(_)))
        .map(|(id, _)| id)
        .collect();
    let held = holds(record).into_iter().filter_map(|hold| {
        let windows: Vec<_> = hold.windows(record).collect();
        let seconds = windows.len() as f64;
        if (windows.len() as u64) < SECONDS_MIN {
            return None;
        }
        let loads = || {
            windows
                .iter()
                .flat_map(|w| &w.loads)
                .filter(|(id, _): &&(u16, _)| closed.contains(id))
                .map(|(_, l)| l)
        };
        let operations = || {
            windows
                .iter()
                .flat_map(|w| &w.cells)
                .filter(|(s, ..)| plan.steps[usize::from(*s)].kind == StepKind::Operation)
        };
        let count: u64 = operations().map(|(_, _, c)| c.response.count()).sum();
        let ok: u64 =
            operations().filter(|(_, o, _)| *o == Outcome::Ok).map(|(_, _, c)| c.response.count()).sum();
        let times: u128 = operations().map(|(_, _, c)| c.response.exact().sum_ns).sum();
        let users: u64 = loads().map(|l| l.users_ns).sum();
        let paused: u64 = loads().map(|l| l.paused_ns).sum();
        (count > 0).then(|| Level {
            users: users as f64 / SECOND_NS as f64 / seconds,
            throughput: ok as f64 / seconds,
            response_ns: times as f64 / count as f64,
            pause_ns: paused as f64 / count as f64,
        })
    });
    let mut levels: Vec<_> = held.collect();
    levels.sort_by(|a, b| a.users.total_cmp(&b.users));
    levels
}

/// Judges levels in ascending order of users; also those that somebody else measured.
pub fn judge(levels: &[Level]) -> Finding {
    let finding = |status, sentence: String| Finding::new("scaling", status, sentence);
    let steps: Vec<_> = levels.windows(2).filter(|w| w[1].users >= STEP_MIN * w[0].users).collect();
    let elasticity = |w: &[Level]| (w[1].throughput / w[0].throughput).ln() / (w[1].users / w[0].users).ln();
    let Some(last) = steps.last() else {
        return finding(
            Status::NotRun,
            "Users stayed at one level: nothing is known of how throughput answers to them.".to_owned(),
        );
    };
    let flat = steps.iter().find(|w| elasticity(w) < FLAT_MAX);
    if let Some(&[low, high]) = flat.copied() {
        // Users pause as they did at the lower level; what is left of their time is waiting.
        let demanded = high.users / high.throughput * SECOND_NS as f64 - low.pause_ns;
        let explained = (high.response_ns / demanded - 1.0).abs() <= RESPONSE_TOLERANCE;
        let (from, to, rate) = (low.users, high.users, high.throughput);
        let e = elasticity(&[low, high]);
        if explained && high.response_ns > low.response_ns * (1.0 + RESPONSE_TOLERANCE) {
            let sentence = format!(
                "Saturated: from {from:.0} to {to:.0} users throughput stayed at {rate:.0}/s and response time rose to {}, as it must.",
                time(high.response_ns)
            );
            return finding(Status::Pass, sentence).measured(e, FLAT_MAX);
        }
        let sentence = format!(
            "Throughput stayed at {rate:.0}/s from {from:.0} to {to:.0} users, and response time at {} where {} would follow: the extra users are not running.",
            time(high.response_ns),
            time(demanded.max(0.0))
        );
        return finding(Status::Invalid, sentence).measured(e, FLAT_MAX).withholding(Withheld::Everything);
    }
    let more = |w: &[Level]| elasticity(w) > SUPER_LINEAR_MIN;
    if steps.windows(2).any(|pair| more(pair[0]) && more(pair[1])) {
        let e = steps.iter().map(|w| elasticity(w)).fold(0.0, f64::max);
        let sentence = format!(
            "Throughput grew faster than users (elasticity {e:.2}): caches filled, or the low levels were not warm."
        );
        return finding(Status::Limited, sentence).measured(e, SUPER_LINEAR_MIN);
    }
    let e = elasticity(last);
    let sentence = format!(
        "Throughput answers to users: {} more throughput for 100 % more users at the highest level; saturation was not reached.",
        percent(2f64.powf(e) - 1.0)
    );
    finding(Status::Pass, sentence).measured(e, FLAT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(users: f64, throughput: f64, response_ms: f64, pause_ms: f64) -> Level {
        Level { users, throughput, response_ns: response_ms * 1e6, pause_ns: pause_ms * 1e6 }
    }

    /// Exact mean values of a closed queue with 10 ms of service and 100 ms of thinking.
    #[test]
    fn a_queue_that_fills_up_is_saturated_and_not_wrong() {
        let queue = [
            level(1.0, 9.091, 10.0, 100.0),
            level(5.0, 43.605, 14.666, 100.0),
            level(20.0, 99.813, 100.375, 100.0),
            level(50.0, 100.0, 400.0, 100.0),
        ];
        assert_eq!(judge(&queue[..3]).status, Status::Pass);
        let full = judge(&queue);
        assert_eq!(full.status, Status::Pass);
        assert!(full.sentence.starts_with("Saturated"), "{}", full.sentence);
    }

    #[test]
    fn users_that_do_nothing_are_flagged() {
        // 150 to 149 a second while users go from 150 to 500, response time as it was.
        let idle = [level(150.0, 150.0, 1.0, 999.0), level(500.0, 149.0, 1.0, 999.0)];
        assert_eq!(judge(&idle).status, Status::Invalid);
    }

    #[test]
    fn more_than_linear_growth_is_flagged() {
        let warming =
            [level(10.0, 100.0, 9.0, 0.0), level(20.0, 230.0, 8.0, 0.0), level(40.0, 540.0, 7.0, 0.0)];
        assert_eq!(judge(&warming).status, Status::Limited);
        assert_eq!(judge(&warming[..1]).status, Status::NotRun);
    }
}
