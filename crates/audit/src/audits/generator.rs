//! 7 — Was the generator itself well: its threads, its cores, its descriptors and ports?

use plimsoll_metrics::Histogram;
use plimsoll_model::{Health, Outcome, Record};

use crate::finding::{Finding, Status, Withheld, grade, percent, time};

/// Share of a second that a load thread may work (docs/METHOD.md, section 16): above the first, queues form in
/// the thread; above the second, the thread is the ceiling.
pub const BUSY_LIMITED: f64 = 0.80;
const BUSY_INVALID: f64 = 0.95;

/// Share of seconds that may be so busy.
const BUSY_SECONDS_MAX: f64 = 0.05;

/// Share of time that threads may wait for a core.
pub const WAITING_LIMITED: f64 = 0.01;
const WAITING_INVALID: f64 = 0.05;

/// Share of the machine's time that others may take.
const STOLEN_MAX: f64 = 0.01;

/// Hiccups of a thread that only ticks: p99.9 as a share of the p99 of service times, and the largest as a share
/// of the largest.
const HICCUP_TAIL_MAX: f64 = 0.10;
const HICCUP_MAX: f64 = 0.50;

/// Share of descriptors or ports in use at which the next connections are in danger.
const USED_MAX: f64 = 0.90;

/// A closed loop without a pause keeps its thread busy by design; being the ceiling is then no more than a
/// qualification: the result is how fast this generator drives this target.
fn saturates_by_design(record: &Record) -> bool {
    !record.started.plan.has_open_load()
}

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("generator", status, sentence);
    if record.health.iter().all(|h| h.threads.iter().all(|t| t.busy_ns == 0)) {
        return finding(Status::NotRun, "The system did not tell how its threads were doing.".to_owned());
    }
    let looks = [throttled, busy, waiting, stolen, exhausted, hiccups, shared_host];
    let mut found: Vec<Finding> = looks.iter().filter_map(|look| look(record)).collect();
    // The worst is what is said; the others are said behind it.
    found.sort_by_key(|f| std::cmp::Reverse(f.status));
    let busiest = busiest(record);
    let Some(mut worst) = found.first().cloned() else {
        let sentence =
            format!("Load threads had time to spare (the busiest worked {} of a second).", percent(busiest));
        return finding(Status::Pass, sentence).measured(busiest, BUSY_LIMITED);
    };
    for other in &found[1..] {
        worst.sentence.push(' ');
        worst.sentence.push_str(&other.sentence);
        worst.withheld.extend(&other.withheld);
    }
    worst
}

fn finding(status: Status, sentence: String) -> Finding {
    Finding::new("generator", status, sentence)
}

/// Readings that cover at least half a second: shares of less mean little.
fn readings(record: &Record) -> impl Iterator<Item = &Health> {
    record.health.iter().filter(|h| h.span_ns >= 500_000_000)
}

fn busiest(record: &Record) -> f64 {
    let shares = readings(record).flat_map(|h| h.threads.iter().map(|t| t.working_share(h.span_ns)));
    shares.fold(0.0, f64::max)
}

fn throttled(record: &Record) -> Option<Finding> {
    let times: u64 = record.health.iter().filter_map(|h| h.throttled).sum();
    (times > 0).then(|| {
        let sentence = format!("The control group of the generator was throttled {times} times: it stood still while operations were due. Raise its CPU limit.");
        finding(Status::Invalid, sentence).measured(times as f64, 0.0).withholding(Withheld::Times)
    })
}

fn busy(record: &Record) -> Option<Finding> {
    let total = readings(record).count().max(1) as f64;
    let share_above = |limit: f64| {
        let above = readings(record).filter(|h| h.threads.iter().any(|t| t.working_share(h.span_ns) > limit));
        above.count() as f64 / total
    };
    let (very, rather) = (share_above(BUSY_INVALID), share_above(BUSY_LIMITED));
    let spare = "use more workers, or a machine with more cores";
    if very > BUSY_SECONDS_MAX {
        let sentence = format!(
            "A load thread was more than {} busy in {} of the seconds: the ceiling is the generator's as well as the target's; {spare}.",
            percent(BUSY_INVALID),
            percent(very)
        );
        let status = if saturates_by_design(record) { Status::Limited } else { Status::Invalid };
        let found = finding(status, sentence).measured(very, BUSY_SECONDS_MAX);
        return Some(if status == Status::Invalid {
            found.withholding(Withheld::Times).withholding(Withheld::Rates)
        } else {
            found
        });
    }
    (rather > BUSY_SECONDS_MAX).then(|| {
        let sentence = format!(
            "A load thread was more than {} busy in {} of the seconds; {spare}.",
            percent(BUSY_LIMITED),
            percent(rather)
        );
        finding(Status::Limited, sentence).measured(rather, BUSY_SECONDS_MAX)
    })
}

fn waiting(record: &Record) -> Option<Finding> {
    let span: u64 = readings(record).map(|h| h.span_ns).sum();
    let threads = record.started.workers as usize;
    let waited = |thread: usize| -> u64 {
        readings(record).filter_map(|h| h.threads.get(thread)).map(|t| t.waited_ns).sum()
    };
    let worst = (0..threads).map(waited).max().unwrap_or(0) as f64 / span.max(1) as f64;
    let status = grade(worst, WAITING_LIMITED, WAITING_INVALID);
    (status != Status::Pass).then(|| {
        let sentence = format!("A load thread waited for a core {} of the time: others compete with the generator for its cores.", percent(worst));
        let found = finding(status, sentence).measured(worst, WAITING_LIMITED);
        if status == Status::Invalid { found.withholding(Withheld::Times) } else { found }
    })
}

fn stolen(record: &Record) -> Option<Finding> {
    let (stolen, whole) = readings(record)
        .filter_map(|h| Some((h.stolen_ns?, h.span_ns * u64::from(h.cores))))
        .fold((0, 0), |(s, w), (stolen, whole)| (s + stolen, w + whole));
    let share = stolen as f64 / whole.max(1) as f64;
    (share > STOLEN_MAX).then(|| {
        let sentence = format!("The hypervisor took {} of the machine's time.", percent(share));
        finding(Status::Limited, sentence).measured(share, STOLEN_MAX)
    })
}

fn exhausted(record: &Record) -> Option<Finding> {
    let used = |what: &str, share: f64| (share, what.to_owned());
    let worst = record
        .health
        .iter()
        .flat_map(|h| {
            [
                h.descriptors.map(|d| used("file descriptors (ulimit -n)", d.share())),
                h.ports.map(|p| used("local ports", p.share())),
            ]
        })
        .flatten()
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (worst.0 > USED_MAX).then(|| {
        let sentence = format!(
            "{} of the {} were in use: further connections were in danger.",
            percent(worst.0),
            worst.1
        );
        finding(Status::Limited, sentence).measured(worst.0, USED_MAX)
    })
}

fn hiccups(record: &Record) -> Option<Finding> {
    let mut late = Histogram::new();
    record.health.iter().for_each(|h| late.merge_compact(&h.hiccups));
    let service = record.merged(Outcome::Ok, |_| true).service;
    let (tail, longest) = (late.quantile(0.999)? as f64, late.max_ns()? as f64);
    let (p99, max) = (service.quantile(0.99)? as f64, service.max_ns()? as f64);
    if tail > HICCUP_TAIL_MAX * p99 && tail > crate::audits::on_time::LATE_NS_LIMITED {
        let sentence = format!(
            "The machine stalled by {} (p99.9 of a thread that only ticks) where the p99 of service times is {}.",
            time(tail),
            time(p99)
        );
        return Some(
            finding(Status::Limited, sentence)
                .measured(tail / p99, HICCUP_TAIL_MAX)
                .withholding(Withheld::QuantilesAbove(0.99)),
        );
    }
    (longest > HICCUP_MAX * max && longest > crate::audits::on_time::LATE_NS_LIMITED).then(|| {
        let sentence =
            format!("The machine once stalled for {}: the largest times may be its own.", time(longest));
        finding(Status::Limited, sentence).measured(longest / max, HICCUP_MAX).withholding(Withheld::Maximum)
    })
}

fn shared_host(record: &Record) -> Option<Finding> {
    let local = record
        .started
        .environment
        .iter()
        .any(|(name, value)| name == "target_on_this_host" && value == "true");
    local.then(|| finding(Status::Limited, "Target and generator share this machine: each slows the other, and no network lies between them.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn a_generator_at_its_limit_is_flagged() {
        assert_flags(audit, Status::Invalid, |record| {
            record.health.iter_mut().take(10).for_each(|h| h.threads[0].busy_ns = h.span_ns * 97 / 100);
        });
        assert_flags(audit, Status::Limited, |record| {
            record.health.iter_mut().take(10).for_each(|h| h.threads[0].busy_ns = h.span_ns * 85 / 100);
        });
        // A thread that spins is busy and has nothing to do.
        let mut spinning = crate::testing::Synthetic::default().record();
        for health in &mut spinning.health {
            (health.threads[0].busy_ns, health.threads[0].spun_ns) =
                (health.span_ns, health.span_ns * 9 / 10);
        }
        assert_eq!(audit(&spinning).status, Status::Pass);
    }

    #[test]
    fn a_machine_that_is_not_the_generators_own_is_flagged() {
        assert_flags(audit, Status::Invalid, |record| record.health[7].throttled = Some(3));
        assert_flags(audit, Status::Limited, |record| {
            record.health.iter_mut().for_each(|h| h.threads[0].waited_ns = h.span_ns / 50);
        });
        assert_flags(audit, Status::Invalid, |record| {
            record.health.iter_mut().for_each(|h| h.threads[0].waited_ns = h.span_ns / 10);
        });
        assert_flags(audit, Status::Limited, |record| {
            record.health.iter_mut().for_each(|h| h.stolen_ns = Some(h.span_ns / 10));
        });
        assert_flags(audit, Status::Limited, |record| {
            let mut stall = Histogram::new();
            stall.record(60_000_000);
            record.health[3].hiccups = plimsoll_metrics::Compact::from(&stall);
        });
        assert_flags(audit, Status::Limited, |record| {
            record.health[3].descriptors = Some(plimsoll_model::health::Used { used: 1_020, limit: 1_024 });
        });
        assert_flags(audit, Status::Limited, |record| {
            record.started.environment.push(("target_on_this_host".to_owned(), "true".to_owned()));
        });
    }
}
