//! Gathers what load threads send and turns it into run events, once a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use plimsoll_metrics::{SECOND_NS, Window};
use plimsoll_model::record::merge_window;
use plimsoll_model::{Finished, Monitor, Nanos, RunEvent, Sink, StepBooks, Workload};

use crate::clock;
use crate::health::Watcher;
use crate::monitors::Monitors;
use crate::signals::ThreadSignals;
use crate::stop::StopHandle;
use crate::worker::{WorkerEnd, WorkerMessage};

/// After a second is over, how long the dispatcher waits for the windows of all threads before it emits them.
const GATHER_NS: Nanos = 50_000_000;

/// What the dispatcher asks besides load threads.
pub(crate) struct Beside<'a> {
    /// What load threads show of themselves.
    pub(crate) signals: Vec<Arc<ThreadSignals>>,
    /// What is watched of the target.
    pub(crate) monitors: &'a [Arc<dyn Monitor>],
    /// Whose steps are numbered as they are found.
    pub(crate) workload: &'a dyn Workload,
    /// Steps that were known before.
    pub(crate) steps_planned: usize,
}

/// Forwards until every worker is done.
pub(crate) fn dispatch(
    messages: &Receiver<WorkerMessage>,
    beside: Beside<'_>,
    start: Instant,
    stop: &StopHandle,
    sink: &mut dyn Sink,
) {
    let Beside { signals, monitors, workload, steps_planned } = beside;
    let workers = signals.len();
    let cpu_before_ns = clock::process_cpu_ns();
    let mut gathered: BTreeMap<u32, Window> = BTreeMap::new();
    let mut ends = Vec::new();
    let mut steps = steps_planned;
    let mut next_ns = SECOND_NS + GATHER_NS;
    let mut monitors = Monitors::start(monitors, start);
    // The run's clock stands still until the start; the first comparison of clocks must not fall before it.
    std::thread::sleep(start.saturating_duration_since(clock::now()));
    sink.take(&RunEvent::Clock(clock::sample(start)));
    let mut health = Watcher::start(signals, start);
    while ends.len() < workers {
        let until = (start + Duration::from_nanos(next_ns)).saturating_duration_since(clock::now());
        match messages.recv_timeout(until) {
            Ok(WorkerMessage::Windows(windows)) => gather(&mut gathered, windows),
            Ok(WorkerMessage::Samples(samples)) => samples.iter().for_each(|chunk| sink.samples(chunk)),
            Ok(WorkerMessage::Done(end)) => ends.push(end),
            Err(RecvTimeoutError::Timeout) => {
                next_ns += SECOND_NS;
                tell_steps(&mut steps, workload, sink);
                emit(&mut gathered, sink);
                sink.take(&RunEvent::Clock(clock::sample(start)));
                sink.take(&RunEvent::Health(Box::new(health.read())));
                monitors.tell(sink);
            }
            // A worker that panicked hung up without a word; its panic is passed on by whoever joins it.
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    tell_steps(&mut steps, workload, sink);
    emit(&mut gathered, sink);
    sink.take(&RunEvent::Clock(clock::sample(start)));
    sink.take(&RunEvent::Health(Box::new(health.read())));
    let finished = finished(&ends, cpu_before_ns, stop);
    monitors.finish(sink);
    sink.take(&RunEvent::Finished(Box::new(finished)));
}

fn gather(gathered: &mut BTreeMap<u32, Window>, windows: Vec<Window>) {
    for window in windows {
        match gathered.get_mut(&window.second) {
            Some(kept) => merge_window(kept, &window),
            None => {
                gathered.insert(window.second, window);
            }
        }
    }
}

/// Windows with a step come from threads that have numbered it before.
fn tell_steps(known: &mut usize, workload: &dyn Workload, sink: &mut dyn Sink) {
    let found = workload.steps_found(*known);
    if !found.is_empty() {
        *known += found.len();
        sink.take(&RunEvent::Steps(found));
    }
}

fn emit(gathered: &mut BTreeMap<u32, Window>, sink: &mut dyn Sink) {
    let windows: Vec<_> = std::mem::take(gathered).into_values().collect();
    if !windows.is_empty() {
        sink.take(&RunEvent::Windows(windows));
    }
}

fn finished(ends: &[WorkerEnd], cpu_before_ns: Nanos, stop: &StopHandle) -> Finished {
    let mut books: BTreeMap<_, StepBooks> = BTreeMap::new();
    for book in ends.iter().flat_map(|e| &e.books) {
        books
            .entry(book.step)
            .or_insert_with(|| StepBooks { step: book.step, ..StepBooks::default() })
            .add(book);
    }
    Finished {
        duration_ns: ends.iter().map(|e| e.sending_ended_ns).max().unwrap_or(0),
        closed_ns: ends.iter().map(|e| e.closed_ns).max().unwrap_or(0),
        reason: stop.reason(),
        books: books.into_values().collect(),
        cpu_ns: clock::process_cpu_ns().saturating_sub(cpu_before_ns),
        memory_bytes_max: memory_bytes_max(),
    }
}

/// Peak resident memory, where Linux tells.
fn memory_bytes_max() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
