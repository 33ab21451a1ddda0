//! 11 — Did arrivals come as declared? The schedule against its process, and what was issued against the schedule.

use plimsoll_metrics::SECOND_NS;
use plimsoll_metrics::window::ISSUE_BIN_NS;
use plimsoll_model::{Arrivals, Load, LoadId, Open, Process, Record, Schedule};

use crate::finding::{Finding, Status, count, percent};
use crate::statistics::arrivals::{EXPONENTIAL_MAX, anderson_darling_exponential, dispersion, variation};

/// Coefficient of variation of gaps declared Poisson: 1, so much more or less (docs/METHOD.md, section 16).
const VARIATION_MAX: f64 = 0.05;

/// Gaps that are looked at: more make any deviation significant.
const GAPS_MAX: usize = 4_096;

/// Fewest gaps of which anything can be said.
const GAPS_MIN: usize = 1_000;

/// Standard errors of the index of dispersion that are chance.
const ERRORS_MAX: f64 = 3.0;

/// Arrivals expected in a bin, at least.
const EXPECTED_MIN: f64 = 5.0;

/// Arrivals issued in another bin than they were due in, as a share, that nobody notices.
const MOVED_MAX: f64 = 0.05;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let plan = &record.started.plan;
    let open = (0..).zip(&plan.loads).filter_map(|(id, load)| match &load.schedule {
        Schedule::Open(open) => Some((id, load, open)),
        Schedule::Closed(_) => None,
    });
    let looks: Vec<_> = open.filter_map(|(id, load, open)| look(record, id, load, open)).collect();
    let worst = looks.into_iter().max_by_key(|f| f.status);
    worst.unwrap_or_else(|| {
        finding(
            Status::NotRun,
            "There were too few arrivals of an open load to tell how they came.".to_owned(),
        )
    })
}

fn finding(status: Status, sentence: String) -> Finding {
    Finding::new("arrivals", status, sentence)
}

fn look(record: &Record, id: LoadId, load: &Load, open: &Open) -> Option<Finding> {
    let seed = record.started.plan.arrival_seed(id);
    let due: Vec<u64> = Arrivals::new(open, seed)
        .map(|at| load.start_ns + at)
        .take_while(|at| *at < record.span_ns())
        .collect();
    if due.len() < GAPS_MIN {
        return None;
    }
    let declared = if open.trace.is_none() && open.process == Process::Poisson {
        schedule(&load.name, open, seed)
    } else {
        None
    };
    Some(declared.unwrap_or_else(|| issues(record, id, load, open, &due)))
}

/// What is wrong with the schedule itself, if it was declared Poisson.
fn schedule(name: &str, open: &Open, seed: u64) -> Option<Finding> {
    let first = open.stages.first().filter(|s| s.from == s.to)?;
    let times: Vec<f64> = Arrivals::new(open, seed)
        .take_while(|at| *at < first.duration_ns)
        .take(GAPS_MAX + 1)
        .map(|at| at as f64)
        .collect();
    let gaps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    if gaps.len() < GAPS_MIN {
        return None;
    }
    let (variation, exponential) = (variation(&gaps)?, anderson_darling_exponential(&gaps));
    // A sample's coefficient scatters by about one over the root of its size.
    let allowed = VARIATION_MAX.max(ERRORS_MAX / (gaps.len() as f64).sqrt());
    ((variation - 1.0).abs() > allowed || exponential > EXPONENTIAL_MAX).then(|| {
        let sentence = format!("The arrivals of `{name}` were declared Poisson; their gaps vary by {variation:.2} (1 wanted), Anderson-Darling {exponential:.1} (at most {EXPONENTIAL_MAX:.1}).");
        finding(Status::Limited, sentence).measured(variation, 1.0 + allowed)
    })
}

/// What was issued, against what was due, by bins of ten milliseconds.
fn issues(record: &Record, id: LoadId, load: &Load, open: &Open, due: &[u64]) -> Finding {
    let bins = (record.span_ns() / ISSUE_BIN_NS) as usize;
    let mut planned = vec![0u64; bins];
    due.iter()
        .filter_map(|at| planned.get_mut((at / ISSUE_BIN_NS) as usize).map(|n| *n += 1).or(Some(())))
        .for_each(drop);
    let issued = issued(record, id, bins);
    // An arrival due near the end of a bin may be issued at the beginning of the next.
    let mut running = 0i64;
    let moved: u64 = planned
        .iter()
        .zip(&issued)
        .map(|(due, sent)| {
            running += *due as i64 - *sent as i64;
            running.unsigned_abs()
        })
        .sum();
    let share = moved as f64 / due.len() as f64;
    if share > MOVED_MAX {
        let spread = spread(load, open, &issued).map_or_else(String::new, |(index, allowed)| {
            format!(" Their index of dispersion is {index:.2} (1 ± {allowed:.2} wanted).")
        });
        let sentence = format!(
            "The arrivals of `{}` did not come as declared: a backlog of {} of them was carried from one 10 ms to the next, so they came in bursts.{spread}",
            load.name,
            percent(share)
        );
        return finding(Status::Limited, sentence).measured(share, MOVED_MAX);
    }
    finding(
        Status::Pass,
        format!("{} arrivals of `{}` came as they were declared.", count(due.len() as u64), load.name),
    )
    .measured(share, MOVED_MAX)
}

fn issued(record: &Record, id: LoadId, bins: usize) -> Vec<u64> {
    let mut issued = vec![0u64; bins];
    for (second, window) in &record.windows {
        let first = *second as usize * (SECOND_NS / ISSUE_BIN_NS) as usize;
        let counts = window
            .loads
            .iter()
            .filter(|(load, _)| *load == id)
            .flat_map(|(_, c)| c.issued.iter().enumerate());
        for (offset, n) in counts {
            if let Some(bin) = issued.get_mut(first + offset) {
                *bin += u64::from(*n);
            }
        }
    }
    issued
}

/// Index of dispersion of what was issued during the first stage, if that has one level, and how far from 1 it may
/// be by chance.
fn spread(load: &Load, open: &Open, issued: &[u64]) -> Option<(f64, f64)> {
    let stage = open.stages.first().filter(|s| s.from == s.to && open.process == Process::Poisson)?;
    let width =
        (EXPECTED_MIN / (stage.from * ISSUE_BIN_NS as f64 / SECOND_NS as f64)).ceil().max(1.0) as usize;
    let bin = |at_ns: u64| (at_ns / ISSUE_BIN_NS) as usize;
    let (from, to) = (bin(load.start_ns), bin(load.start_ns + stage.duration_ns).min(issued.len()));
    let expected = stage.from * (width as u64 * ISSUE_BIN_NS) as f64 / SECOND_NS as f64;
    let counts: Vec<_> =
        issued.get(from..to)?.chunks_exact(width).map(|c| (c.iter().sum(), expected)).collect();
    Some((dispersion(&counts)?, ERRORS_MAX * (2.0 / (counts.len() as f64 - 1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn bursts_where_single_arrivals_were_declared_are_flagged() {
        assert_flags(audit, Status::Limited, |record| {
            for window in record.windows.values_mut() {
                let issued = &mut window.loads[0].1.issued;
                let all: u32 = issued.iter().sum();
                issued.fill(0);
                // All at once, in the middle of the second.
                issued[50] = all;
            }
        });
    }

    #[test]
    fn evenly_spaced_gaps_are_not_poisson() {
        let mut record = Synthetic::default().record();
        let Schedule::Open(open) = &mut record.started.plan.loads[0].schedule else { unreachable!() };
        assert_eq!(open.process, Process::Uniform);
        let even = Open { process: Process::Uniform, ..open.clone() };
        // The check of a Poisson schedule, given one that is none.
        assert_eq!(schedule("main", &even, 1).map(|f| f.status), Some(Status::Limited));
        let poisson = Open { process: Process::Poisson, ..open.clone() };
        assert!(schedule("main", &poisson, 1).is_none());
    }
}
