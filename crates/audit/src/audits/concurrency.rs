//! 14 — Was the concurrency reached that the plan asks for?

use plimsoll_metrics::SECOND_NS;
use plimsoll_model::{Outcome, Record, Schedule};

use crate::finding::{Finding, Status, Withheld, count};

/// Share of the users asked for that must have been there (docs/METHOD.md, section 16).
const REACHED_MIN: f64 = 0.99;

/// Failures that mean that the generator ran out of something, by class.
const EXHAUSTION: [&str; 2] = ["no descriptors", "no ports"];

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("concurrency", status, sentence);
    let exhausted: u64 =
        record.errors.iter().filter(|e| EXHAUSTION.contains(&e.class.as_str())).map(|e| e.count).sum();
    if exhausted > 0 {
        let class = record
            .errors
            .iter()
            .find(|e| EXHAUSTION.contains(&e.class.as_str()))
            .map_or("", |e| e.class.as_str());
        let sentence = format!(
            "{} operations failed because the generator had {class} left: raise `ulimit -n`, widen the range of local ports, or use fewer connections.",
            count(exhausted)
        );
        return finding(Status::Invalid, sentence)
            .measured(exhausted as f64, 0.0)
            .withholding(Withheld::Everything);
    }
    let worst = shortfalls(record).min_by(|a, b| a.share.total_cmp(&b.share));
    let Some(worst) = worst else {
        return most_in_flight(record);
    };
    let (asked, reached) = (count(worst.asked.round() as u64), count(worst.reached.floor() as u64));
    if worst.share < REACHED_MIN {
        let sentence = format!(
            "The load `{}` asks for {asked} users, and there were {reached}: call it a result for {reached}.",
            worst.load
        );
        return finding(Status::Invalid, sentence)
            .measured(worst.share, REACHED_MIN)
            .withholding(Withheld::Rates);
    }
    finding(
        Status::Pass,
        format!(
            "The {asked} users asked for were there; at most {} operations were in flight at once.",
            count(record.in_flight.max)
        ),
    )
    .measured(worst.share, REACHED_MIN)
}

/// In an open load nobody promised a number of users; what was in flight is what concurrency there was.
fn most_in_flight(record: &Record) -> Finding {
    if record.total(Outcome::Ok) + record.in_flight.max == 0 {
        return Finding::new("concurrency", Status::NotRun, "Nothing was in flight.");
    }
    let mean = record.in_flight.integral_ns as f64 / record.span_ns().max(1) as f64;
    let sentence =
        format!("On average {mean:.2} operations were in flight, at most {}.", count(record.in_flight.max));
    Finding::new("concurrency", Status::Pass, sentence).measured(record.in_flight.max as f64, 0.0)
}

struct Shortfall {
    load: String,
    asked: f64,
    reached: f64,
    share: f64,
}

/// Closed loads with a level of their own: users asked for at most, and there on average in the fullest second.
fn shortfalls(record: &Record) -> impl Iterator<Item = Shortfall> {
    (0u16..).zip(&record.started.plan.loads).filter_map(|(id, load)| {
        let Schedule::Closed(closed) = &load.schedule else { return None };
        // Users whose iterations are used up leave on their own.
        if closed.iterations_shared.is_some() || closed.iterations_per_user.is_some() {
            return None;
        }
        let seconds = |w: &plimsoll_metrics::Window| u64::from(w.second) * SECOND_NS;
        let windows: Vec<_> =
            record.windows.values().filter(|w| seconds(w) + SECOND_NS <= record.span_ns()).collect();
        // What is asked for in the middle of a second is there on average, if it is there.
        let asked = windows
            .iter()
            .map(|w| load.schedule.level_at((seconds(w) + SECOND_NS / 2).saturating_sub(load.start_ns)))
            .fold(0.0, f64::max);
        let there = |w: &&plimsoll_metrics::Window| {
            w.loads.iter().find(|(l, _)| *l == id).map_or(0, |(_, c)| c.users_ns)
        };
        let reached = windows.iter().map(|w| there(w) as f64 / SECOND_NS as f64).fold(0.0, f64::max);
        // Levels are in users, and there is no half of one.
        let asked = asked.floor();
        (asked >= 1.0).then(|| Shortfall { load: load.name.clone(), asked, reached, share: reached / asked })
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::ErrorCount;

    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn users_that_were_never_there_are_flagged() {
        let mut record = Synthetic { closed_users: Some(10), ..Synthetic::default() }.record();
        assert_eq!(audit(&record).status, Status::Pass, "{}", audit(&record).sentence);
        record.windows.values_mut().for_each(|w| w.loads[0].1.users_ns = w.loads[0].1.users_ns / 10 * 8);
        assert_eq!(audit(&record).status, Status::Invalid);
    }

    #[test]
    fn running_out_of_ports_is_flagged() {
        assert_flags(audit, Status::Invalid, |record| {
            record.errors.push(ErrorCount {
                step: 0,
                outcome: Outcome::ConnectError,
                class: "no ports".to_owned(),
                count: 12,
                example: String::new(),
                first_ns: 0,
                last_ns: 1,
            });
        });
    }
}
