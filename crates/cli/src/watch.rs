//! Watching a run while it goes on: totals for the live view, and claims that are lost beyond saving.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_audit::certainly_lost;
use plimsoll_engine::StopHandle;
use plimsoll_model::{Outcome, Record, RunEvent, Schedule, Sink, StopReason};
use plimsoll_report::format::rate;

/// Seconds of history for the live view.
const HISTORY: usize = 60;

/// What is known of a run so far.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) record: Record,
    /// Successes that were reported second by second, the latest last.
    pub(crate) ok_per_second: VecDeque<u64>,
    /// Asked for and sent during the last second.
    pub(crate) scheduled_last: u64,
    pub(crate) sent_last: u64,
    pub(crate) users: u64,
    pub(crate) in_flight: f64,
    /// How many operations the whole run will hold, if the plan fixes that.
    pub(crate) operations_total: Option<u64>,
}

/// A sink that keeps [`Progress`].
pub(crate) struct Watch {
    progress: Arc<Mutex<Progress>>,
    stop: StopHandle,
}

impl Watch {
    pub(crate) fn new(stop: StopHandle) -> (Self, Arc<Mutex<Progress>>) {
        let progress =
            Arc::new(Mutex::new(Progress { record: Record::without_windows(), ..Progress::default() }));
        (Self { progress: progress.clone(), stop }, progress)
    }
}

impl Sink for Watch {
    fn take(&mut self, event: &RunEvent) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let before = (progress.record.total(Outcome::Ok), progress.record.totals());
        progress.record.apply(event);
        match event {
            RunEvent::Started(started) => {
                // With one open load and one operation an arrival the plan itself fixes how many there will be.
                let plan = &started.plan;
                if let ([load], 1) = (plan.loads.as_slice(), plan.operations().count()) {
                    progress.operations_total = load.schedule.arrivals(plan.arrival_seed(0));
                }
            }
            RunEvent::Windows(windows) => {
                let after = (progress.record.total(Outcome::Ok), progress.record.totals());
                progress.ok_per_second.push_back(after.0 - before.0);
                if progress.ok_per_second.len() > HISTORY {
                    progress.ok_per_second.pop_front();
                }
                progress.scheduled_last = after.1.scheduled - before.1.scheduled;
                progress.sent_last = after.1.sent - before.1.sent;
                progress.users = windows.iter().flat_map(|w| &w.loads).map(|(_, l)| l.users).sum();
                progress.in_flight =
                    windows.iter().map(|w| w.in_flight.integral_ns as f64).sum::<f64>() / 1e9;
                self.stop_if_lost(&progress);
            }
            RunEvent::Readings(_) => self.stop_if_lost(&progress),
            _ => {}
        }
    }
}

impl Watch {
    fn stop_if_lost(&self, progress: &Progress) {
        let (record, total) = (&progress.record, progress.operations_total);
        let lost = record.started.plan.claims.iter().find(|c| c.abort && certainly_lost(record, c, total));
        if let Some(claim) = lost {
            self.stop.stop(StopReason::ClaimLost(claim.text.clone()));
        }
    }
}

impl Progress {
    /// Arrivals per second and users that the plan asks for at this moment, in words.
    pub(crate) fn asked(&self, at_ns: u64) -> String {
        let plan = &self.record.started.plan;
        let level = |open: bool| -> f64 {
            let begun = plan
                .loads
                .iter()
                .filter(|l| at_ns >= l.start_ns && matches!(l.schedule, Schedule::Open(_)) == open);
            begun.map(|l| l.schedule.level_at(at_ns - l.start_ns)).sum()
        };
        let parts = [(level(true), rate(level(true))), (level(false), format!("{:.0} users", level(false)))];
        let asked: Vec<_> =
            parts.into_iter().filter(|(level, _)| *level > 0.0).map(|(_, text)| text).collect();
        if asked.is_empty() { "nothing".to_owned() } else { asked.join(" and ") }
    }
}
