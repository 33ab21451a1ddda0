//! How the generator is doing: once a second, what the system tells of its threads and of the machine.

mod canary;
mod readings;

use std::sync::Arc;
use std::time::Instant;

use plimsoll_metrics::Compact;
use plimsoll_model::health::{Health, ThreadHealth};

use crate::clock;
use crate::signals::ThreadSignals;
use canary::Canary;
use readings::{Machine, Scheduled};

/// Watches load threads and machine for the length of a run.
pub(crate) struct Watcher {
    signals: Vec<Arc<ThreadSignals>>,
    canary: Canary,
    start: Instant,
    last_ns: u64,
    machine: Machine,
    threads: Vec<ThreadHealth>,
}

impl Watcher {
    /// Starts watching; readings count from `start`.
    pub(crate) fn start(signals: Vec<Arc<ThreadSignals>>, start: Instant) -> Self {
        let canary = Canary::start(signals.clone());
        let threads = signals.iter().map(|s| totals(s)).collect();
        Self { signals, canary, start, last_ns: 0, machine: Machine::read(), threads }
    }

    /// What happened since the last call.
    pub(crate) fn read(&mut self) -> Health {
        let at_ns = clock::now().saturating_duration_since(self.start).as_nanos() as u64;
        let machine = Machine::read();
        let threads: Vec<_> = self.signals.iter().map(|s| totals(s)).collect();
        let seen = self.canary.take();
        let health = Health {
            at_ns,
            span_ns: at_ns.saturating_sub(self.last_ns),
            threads: threads.iter().zip(&self.threads).map(|(now, before)| since(*now, *before)).collect(),
            stolen_ns: machine
                .stolen_ns
                .zip(self.machine.stolen_ns)
                .map(|(now, before)| now.saturating_sub(before)),
            cores: machine.cores,
            throttled: machine
                .throttled
                .zip(self.machine.throttled)
                .map(|(now, before)| now.saturating_sub(before)),
            hiccups: Compact::from(&seen.hiccups),
            descriptors: machine.descriptors,
            ports: machine.ports,
            in_flight_sum: seen.in_flight_sum,
            in_flight_readings: seen.readings,
        };
        (self.last_ns, self.machine, self.threads) = (at_ns, machine, threads);
        health
    }
}

/// A thread's figures since it began; those of a thread that has ended stand still at what was last seen.
fn totals(signals: &ThreadSignals) -> ThreadHealth {
    let Scheduled { ran_ns, waited_ns } = signals.thread().and_then(Scheduled::read).unwrap_or_default();
    ThreadHealth { busy_ns: ran_ns, spun_ns: signals.spun_ns(), waited_ns }
}

fn since(now: ThreadHealth, before: ThreadHealth) -> ThreadHealth {
    ThreadHealth {
        busy_ns: now.busy_ns.saturating_sub(before.busy_ns),
        spun_ns: now.spun_ns.saturating_sub(before.spun_ns),
        waited_ns: now.waited_ns.saturating_sub(before.waited_ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_is_seen_to_work() {
        let signals = Arc::new(ThreadSignals::default());
        signals.set_thread(rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned());
        signals.set_in_flight(3);
        let mut watcher = Watcher::start(vec![signals], clock::now());
        // Work until the canary has ticked: a state, not a time.
        while watcher.canary.ticks() < 2 {
            std::hint::spin_loop();
        }
        let health = watcher.read();
        assert_eq!(health.in_flight_sum, 3 * health.in_flight_readings);
        assert_eq!(health.hiccups.count(), health.in_flight_readings);
        if cfg!(target_os = "linux") {
            assert!(health.threads[0].busy_ns > 0);
            let descriptors = health.descriptors.unwrap();
            assert!(descriptors.used > 0 && descriptors.used <= descriptors.limit);
        }
    }
}
