//! How what is tested was doing: every monitor is read once a second on a thread of its own, so that a slow one delays
//! neither the others nor the load. Counters become what happens by the second.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use plimsoll_metrics::SECOND_NS;
use plimsoll_model::monitor::{Gauge, Gauges, MonitorId, Readings, Series, SeriesId};
use plimsoll_model::{Monitor, Nanos, RunEvent, Sink};

use crate::clock;

/// A rate over less than this is more noise than rate: counters of time move in ticks of 10 ms.
const SPAN_NS_MIN: Nanos = SECOND_NS / 2;

/// After the load, how long the last readings are waited for.
const LAST_READING: Duration = Duration::from_secs(1);

/// What a monitor read, as it comes from its thread.
struct Seen {
    monitor: MonitorId,
    at_ns: Nanos,
    took_ns: Nanos,
    gauges: Gauges,
}

/// Reads monitors for the length of a run.
pub(crate) struct Monitors {
    seen: Receiver<Seen>,
    threads: Vec<(Sender<()>, JoinHandle<()>)>,
    registry: Registry,
}

impl Monitors {
    /// Starts a thread for each; the first reading is at `start`.
    pub(crate) fn start(monitors: &[Arc<dyn Monitor>], start: Instant) -> Self {
        let (sender, seen) = channel();
        let mut registry = Registry::default();
        let mut threads = Vec::new();
        for monitor in monitors {
            let (stop, stopped) = channel();
            let (watched, sender) = (monitor.clone(), sender.clone());
            let spawned = Builder::new()
                .name(format!("monitor-{}", monitor.id()))
                .spawn(move || watch(watched.as_ref(), start, &stopped, &sender));
            match spawned {
                Ok(thread) => threads.push((stop, thread)),
                Err(error) => registry.readings.push(Readings {
                    monitor: monitor.id(),
                    missing: Some(format!("no thread could be started to read it: {error}")),
                    ..Readings::default()
                }),
            }
            registry.names.push((monitor.id(), monitor.name().to_owned()));
        }
        Self { seen, threads, registry }
    }

    /// Tells what was read since the last call.
    pub(crate) fn tell(&mut self, sink: &mut dyn Sink) {
        while let Ok(seen) = self.seen.try_recv() {
            self.registry.take(seen);
        }
        self.registry.tell(sink);
    }

    /// Has every monitor read a last time, and tells that. One that takes too long is not waited for.
    pub(crate) fn finish(mut self, sink: &mut dyn Sink) {
        let until = clock::now() + LAST_READING;
        let (stops, threads): (Vec<_>, Vec<_>) = std::mem::take(&mut self.threads).into_iter().unzip();
        drop(stops);
        // Until every thread has hung up.
        while let Ok(seen) = self.seen.recv_timeout(until.saturating_duration_since(clock::now())) {
            self.registry.take(seen);
        }
        self.registry.tell(sink);
        for thread in threads.into_iter().filter(JoinHandle::is_finished) {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// The body of a monitor's thread: a reading at every whole second, and one when it is stopped.
fn watch(monitor: &dyn Monitor, start: Instant, stopped: &Receiver<()>, seen: &Sender<Seen>) {
    let mut watch = monitor.watch();
    let mut due_ns = 0;
    loop {
        let wait = (start + Duration::from_nanos(due_ns)).saturating_duration_since(clock::now());
        let is_last = stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
        let at_ns = since(start);
        let gauges = watch.read();
        let now_ns = since(start);
        let told =
            seen.send(Seen { monitor: monitor.id(), at_ns, took_ns: now_ns.saturating_sub(at_ns), gauges });
        if is_last || told.is_err() {
            return;
        }
        // What took longer than a second has missed its turn: readings are not made up for.
        due_ns = (now_ns / SECOND_NS + 1) * SECOND_NS;
    }
}

fn since(start: Instant) -> Nanos {
    clock::now().saturating_duration_since(start).as_nanos() as Nanos
}

/// Numbers series and turns counters into rates.
#[derive(Default)]
struct Registry {
    names: Vec<(MonitorId, String)>,
    known: HashMap<(MonitorId, String), SeriesId>,
    /// What counters stood at, and when.
    counters: HashMap<SeriesId, (Nanos, f64)>,
    found: Vec<Series>,
    readings: Vec<Readings>,
}

impl Registry {
    fn tell(&mut self, sink: &mut dyn Sink) {
        if !self.found.is_empty() {
            sink.take(&RunEvent::Series(std::mem::take(&mut self.found)));
        }
        if !self.readings.is_empty() {
            sink.take(&RunEvent::Readings(std::mem::take(&mut self.readings)));
        }
    }

    fn take(&mut self, seen: Seen) {
        let Seen { monitor, at_ns, took_ns, gauges } = seen;
        let mut missing = gauges.missing;
        let mut values = Vec::with_capacity(gauges.values.len());
        for gauge in gauges.values {
            let series = self.series(monitor, &gauge);
            // Somewhere between asking and the answer it was read.
            match self.value(series, &gauge, at_ns + took_ns / 2) {
                Ok(Some(value)) => values.push((series, value)),
                Ok(None) => {}
                Err(reason) => missing = Some(missing.map_or(reason.clone(), |m| format!("{m}; {reason}"))),
            }
        }
        if !values.is_empty() || missing.is_some() {
            self.readings.push(Readings { monitor, at_ns, took_ns, values, missing });
        }
    }

    fn series(&mut self, monitor: MonitorId, gauge: &Gauge) -> SeriesId {
        let next = self.known.len() as SeriesId;
        let key = (monitor, gauge.name.clone());
        *self.known.entry(key).or_insert_with(|| {
            let whose =
                self.names.iter().find(|(id, _)| *id == monitor).map_or("", |(_, name)| name.as_str());
            let unit = if gauge.is_counter { gauge.unit.by_the_second() } else { gauge.unit };
            let name = format!("{whose}.{}", gauge.name);
            self.found.push(Series { monitor, name, unit, limit: gauge.limit });
            next
        })
    }

    /// The series' value at this moment; `None` while there is nothing to compare a counter with, a sentence if it makes
    /// no sense.
    fn value(&mut self, series: SeriesId, gauge: &Gauge, at_ns: Nanos) -> Result<Option<f64>, String> {
        if !gauge.value.is_finite() {
            return Err(format!("`{}` is not a number", gauge.name));
        }
        if !gauge.is_counter {
            return Ok(Some(gauge.value));
        }
        let Some((before_ns, before)) = self.counters.get(&series).copied() else {
            self.counters.insert(series, (at_ns, gauge.value));
            return Ok(None);
        };
        let span_ns = at_ns.saturating_sub(before_ns);
        if gauge.value < before {
            self.counters.insert(series, (at_ns, gauge.value));
            return Err(format!("`{}` began again at {}", gauge.name, gauge.value));
        }
        if span_ns < SPAN_NS_MIN {
            return Ok(None);
        }
        self.counters.insert(series, (at_ns, gauge.value));
        let by_the_second = (gauge.value - before) / (span_ns as f64 / SECOND_NS as f64);
        // A counter of nanoseconds becomes a share of a core.
        let scale = if gauge.unit == plimsoll_model::Unit::Nanos { SECOND_NS as f64 } else { 1.0 };
        Ok(Some(by_the_second / scale))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use plimsoll_model::monitor::Watch;
    use plimsoll_model::{Record, Unit};

    use super::*;

    fn seen(at_ns: Nanos, values: Vec<Gauge>) -> Seen {
        Seen { monitor: 0, at_ns, took_ns: 0, gauges: Gauges { values, missing: None } }
    }

    fn registry() -> Registry {
        Registry { names: vec![(0, "api".to_owned())], ..Registry::default() }
    }

    #[derive(Default)]
    struct Kept(Record, usize);

    impl Sink for Kept {
        fn take(&mut self, event: &RunEvent) {
            self.0.apply(event);
            self.1 += 1;
        }
    }

    #[test]
    fn counters_become_rates_and_levels_stay() {
        let (mut registry, mut kept) = (registry(), Kept::default());
        for (second, cpu_ns, threads) in [(0, 5e9, 7.0), (1, 5.25e9, 8.0), (3, 7.25e9, 6.0)] {
            let cpu = Gauge::counter("cpu", cpu_ns, Unit::Nanos).of(Some(2.0));
            registry.take(seen(second * SECOND_NS, vec![cpu, Gauge::level("threads", threads, Unit::Count)]));
            registry.tell(&mut kept);
        }
        let cpu = kept.0.tracked("api.cpu").unwrap();
        assert_eq!(cpu.points, [(SECOND_NS, 0.25), (3 * SECOND_NS, 1.0)]);
        assert_eq!((cpu.series.unit, cpu.series.limit), (Unit::Cores, Some(2.0)));
        let threads = kept.0.tracked("api.threads").unwrap();
        assert_eq!((threads.count, threads.min, threads.max), (3, 6.0, 8.0));
        assert_eq!(threads.last(), Some((3 * SECOND_NS, 6.0)));
    }

    #[test]
    fn what_makes_no_sense_is_absent_with_its_reason() {
        let (mut registry, mut kept) = (registry(), Kept::default());
        let commits = |n: f64| vec![Gauge::counter("commits", n, Unit::Count)];
        // A restart, a reading right behind another, and no number at all.
        for (at_ns, n) in [(0, 100.0), (SECOND_NS, 40.0), (SECOND_NS + 1, 50.0), (2 * SECOND_NS, 90.0)] {
            registry.take(seen(at_ns, commits(n)));
        }
        registry.take(seen(3 * SECOND_NS, vec![Gauge::level("heap", f64::NAN, Unit::Bytes)]));
        registry.tell(&mut kept);
        assert_eq!(kept.0.tracked("api.commits").unwrap().points, [(2 * SECOND_NS, 50.0)]);
        let reasons: Vec<_> = kept.0.gaps.iter().map(|g| g.reason.as_str()).collect();
        assert_eq!(reasons, ["`commits` began again at 40", "`heap` is not a number"]);
    }

    /// A monitor whose first reading lasts until it is let go.
    struct Slow(Mutex<Option<Receiver<()>>>);
    struct Waits(Option<Receiver<()>>);

    impl Monitor for Slow {
        fn id(&self) -> MonitorId {
            1
        }
        fn name(&self) -> &'static str {
            "slow"
        }
        fn watch(&self) -> Box<dyn Watch> {
            Box::new(Waits(self.0.lock().unwrap().take()))
        }
    }

    impl Watch for Waits {
        fn read(&mut self) -> Gauges {
            if let Some(held) = self.0.take() {
                let _gone = held.recv();
            }
            Gauges { values: vec![Gauge::level("n", 1.0, Unit::Count)], missing: None }
        }
    }

    struct Quick;

    impl Monitor for Quick {
        fn id(&self) -> MonitorId {
            0
        }
        fn name(&self) -> &'static str {
            "quick"
        }
        fn watch(&self) -> Box<dyn Watch> {
            Box::new(Waits(None))
        }
    }

    #[test]
    fn a_slow_monitor_delays_no_other() {
        let (release, held) = channel();
        let monitors: [Arc<dyn Monitor>; 2] = [Arc::new(Quick), Arc::new(Slow(Mutex::new(Some(held))))];
        let mut watching = Monitors::start(&monitors, clock::now());
        let mut kept = Kept::default();
        while kept.0.tracked("quick.n").is_none() {
            watching.tell(&mut kept);
            std::thread::yield_now();
        }
        assert!(kept.0.tracked("slow.n").is_none());
        drop(release);
        while kept.0.tracked("slow.n").is_none() {
            watching.tell(&mut kept);
            std::thread::yield_now();
        }
        watching.finish(&mut kept);
        // Both have had their last reading.
        assert!(kept.0.tracked("quick.n").unwrap().count >= 2);
        assert!(kept.0.tracked("slow.n").unwrap().count >= 2);
    }
}
