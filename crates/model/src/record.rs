//! A run as a whole, put together from its events. What audits judge and reports show.

use std::collections::BTreeMap;

use plimsoll_metrics::window::{InFlight, LoadCounts};
use plimsoll_metrics::{Cell, Compact, ErrorCount, Histogram, SECOND_NS, StepCounts, Window};

use crate::delivery::Deliveries;
use crate::monitor::{Gap, MonitorId, Readings, Tracked};
use crate::{ClockSample, Finished, Health, LoadId, Nanos, Outcome, Phase, RunEvent, Started, StepId};

/// Different reasons for gaps that are kept: a reason with a number in it would otherwise fill the memory.
const GAPS_MAX: usize = 64;

/// A run as a whole.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// What it set out to do.
    pub started: Started,
    /// By second. Empty if the record was made with [`Record::without_windows`].
    pub windows: BTreeMap<u32, Window>,
    /// Over the whole run, by step and outcome.
    pub cells: BTreeMap<(StepId, Outcome), Cell<Histogram>>,
    /// Over the whole run, by step.
    pub counts: BTreeMap<StepId, StepCounts>,
    /// Over the whole run, by load entry.
    pub loads: BTreeMap<LoadId, LoadCounts<Histogram>>,
    /// The gauge, integrated over the whole run.
    pub in_flight: InFlight,
    /// How late load threads came round to a tick of their own.
    pub loop_lag: Histogram,
    /// Failures by class.
    pub errors: Vec<ErrorCount>,
    /// Durations that came out negative.
    pub negative_durations: u64,
    /// Clock readings.
    pub clocks: Vec<ClockSample>,
    /// The generator and its machine, in time order; only the last if the record was made with
    /// [`Record::without_windows`].
    pub health: Vec<Health>,
    /// What a person should know, with its time.
    pub notes: Vec<(Nanos, String)>,
    /// How it ended; `None` while it runs, or if the process was killed.
    pub finished: Option<Finished>,
    /// Writes that carried an identity; `None` if there were none.
    pub deliveries: Option<Deliveries>,
    /// What monitors read, by [`crate::monitor::SeriesId`].
    pub series: Vec<Tracked>,
    /// What monitors could not read.
    pub gaps: Vec<Gap>,
    drop_windows: bool,
}

impl Record {
    /// An empty record that keeps totals only: for watching a run of any length in constant memory.
    pub fn without_windows() -> Self {
        Self { drop_windows: true, ..Self::default() }
    }

    /// The record of a whole stream.
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a RunEvent>) -> Self {
        let mut record = Self::default();
        events.into_iter().for_each(|event| record.apply(event));
        record
    }

    /// Adds one event.
    pub fn apply(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started(started) => self.started = (**started).clone(),
            RunEvent::Windows(windows) => windows.iter().for_each(|w| self.add_window(w)),
            RunEvent::Steps(found) => self.started.plan.steps.extend(found.iter().cloned()),
            RunEvent::Clock(sample) => self.clocks.push(*sample),
            RunEvent::Health(health) => {
                if self.drop_windows {
                    self.health.clear();
                }
                self.health.push((**health).clone());
            }
            RunEvent::Note { at_ns, text } => self.notes.push((*at_ns, text.clone())),
            RunEvent::Deliveries(deliveries) => self.deliveries = Some(**deliveries),
            RunEvent::Series(found) => self.series.extend(found.iter().cloned().map(Tracked::new)),
            RunEvent::Readings(readings) => readings.iter().for_each(|r| self.add_readings(r)),
            RunEvent::Finished(finished) => self.finished = Some((**finished).clone()),
        }
    }

    fn add_window(&mut self, window: &Window) {
        for (step, outcome, cell) in &window.cells {
            self.cells.entry((*step, *outcome)).or_default().merge_stored(cell);
        }
        for (step, counts) in &window.steps {
            self.counts.entry(*step).or_default().add(*counts);
        }
        for (load, counts) in &window.loads {
            merge_load(self.loads.entry(*load).or_default(), counts);
        }
        merge_errors(&mut self.errors, &window.errors);
        self.negative_durations += window.negative_durations;
        self.in_flight.integral_ns += window.in_flight.integral_ns;
        self.in_flight.max = self.in_flight.max.max(window.in_flight.max);
        self.loop_lag.merge_compact(&window.loop_lag);
        if !self.drop_windows {
            let kept = self
                .windows
                .entry(window.second)
                .or_insert_with(|| Window { second: window.second, ..Window::default() });
            merge_window(kept, window);
        }
    }

    fn add_readings(&mut self, readings: &Readings) {
        let keeps = !self.drop_windows;
        for (series, value) in &readings.values {
            if let Some(tracked) = self.series.get_mut(usize::from(*series)) {
                tracked.push(readings.at_ns, *value, keeps);
            }
        }
        if let Some(reason) = &readings.missing {
            self.add_gap(readings.monitor, reason, readings.at_ns);
        }
    }

    fn add_gap(&mut self, monitor: MonitorId, reason: &str, at_ns: Nanos) {
        let has_room = self.gaps.len() < GAPS_MAX;
        match self.gaps.iter_mut().find(|g| g.monitor == monitor && g.reason == reason) {
            Some(gap) => (gap.last_ns, gap.count) = (at_ns, gap.count + 1),
            None if has_room => self.gaps.push(Gap {
                monitor,
                reason: reason.to_owned(),
                first_ns: at_ns,
                last_ns: at_ns,
                count: 1,
            }),
            None => {}
        }
    }

    /// The series called `monitor.series`.
    pub fn tracked(&self, name: &str) -> Option<&Tracked> {
        self.series.iter().find(|tracked| tracked.series.name == name)
    }

    /// Why a monitor read nothing, or not all, most often first.
    pub fn gaps_of(&self, monitor: MonitorId) -> Vec<&Gap> {
        let mut gaps: Vec<_> = self.gaps.iter().filter(|gap| gap.monitor == monitor).collect();
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.count));
        gaps
    }

    /// Merged cells of the steps that `accept`s, with the given outcome.
    pub fn merged(&self, outcome: Outcome, accept: impl Fn(StepId) -> bool) -> Cell<Histogram> {
        let mut merged = Cell::default();
        for ((step, o), cell) in &self.cells {
            if *o == outcome && accept(*step) {
                merged.merge(cell);
            }
        }
        merged
    }

    /// The numbers of a step, whatever became of their operations.
    pub fn histogram(&self, step: StepId) -> Histogram {
        let mut all = Histogram::new();
        let mine = self.cells.iter().filter(|((s, _), _)| *s == step);
        mine.for_each(|(_, cell)| all.merge(&cell.response));
        all
    }

    /// Operations of a step that ended with `outcome`, dropped ones included.
    pub fn count(&self, step: StepId, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Dropped => self.counts.get(&step).map_or(0, |c| c.dropped),
            _ => self.cells.get(&(step, outcome)).map_or(0, |c| c.response.count()),
        }
    }

    /// Operations of all operation steps that ended with `outcome`.
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.started.plan.operations().map(|(step, _)| self.count(step, outcome)).sum()
    }

    /// Scheduled, sent and dropped over all steps.
    pub fn totals(&self) -> StepCounts {
        let mut totals = StepCounts::default();
        self.counts.values().for_each(|c| totals.add(*c));
        totals
    }

    /// The span over which operations were due, in nanoseconds: the denominator of rates.
    pub fn span_ns(&self) -> Nanos {
        match &self.finished {
            Some(finished) => finished.duration_ns,
            None => self.windows.keys().next_back().map_or(0, |second| (u64::from(*second) + 1) * SECOND_NS),
        }
    }

    /// Windows that lie wholly inside `phase`; all of them without one.
    pub fn windows_in<'a>(&'a self, phase: Option<&'a Phase>) -> impl Iterator<Item = &'a Window> {
        self.windows.values().filter(move |w| phase.is_none_or(|p| within(p, w.second)))
    }

    /// The phase called `name`.
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.started.plan.phases.iter().find(|p| p.name == name)
    }
}

/// True if the whole second lies inside the phase.
pub fn within(phase: &Phase, second: u32) -> bool {
    let start = u64::from(second) * SECOND_NS;
    phase.start_ns <= start && start + SECOND_NS <= phase.end_ns
}

/// Adds a part of a second to what is known of it.
pub fn merge_window(kept: &mut Window, part: &Window) {
    for (step, outcome, cell) in &part.cells {
        match kept.cells.iter_mut().find(|(s, o, _)| (s, o) == (step, outcome)) {
            Some((_, _, mine)) => merge_cell(mine, cell),
            None => kept.cells.push((*step, *outcome, cell.clone())),
        }
    }
    for (step, counts) in &part.steps {
        match kept.steps.iter_mut().find(|(s, _)| s == step) {
            Some((_, mine)) => mine.add(*counts),
            None => kept.steps.push((*step, *counts)),
        }
    }
    for (load, counts) in &part.loads {
        match kept.loads.iter_mut().find(|(l, _)| l == load) {
            Some((_, mine)) => {
                let mut merged = LoadCounts::default();
                merge_load(&mut merged, mine);
                merge_load(&mut merged, counts);
                *mine = stored_load(&merged);
            }
            None => kept.loads.push((*load, counts.clone())),
        }
    }
    merge_errors(&mut kept.errors, &part.errors);
    kept.negative_durations += part.negative_durations;
    kept.in_flight.integral_ns += part.in_flight.integral_ns;
    kept.in_flight.max = kept.in_flight.max.max(part.in_flight.max);
    if !part.loop_lag.is_empty() {
        let mut merged = Histogram::new();
        merged.merge_compact(&kept.loop_lag);
        merged.merge_compact(&part.loop_lag);
        kept.loop_lag = Compact::from(&merged);
    }
}

fn merge_cell(mine: &mut Cell, other: &Cell) {
    let mut merged = Cell::default();
    merged.merge_stored(mine);
    merged.merge_stored(other);
    *mine = merged.stored();
}

/// Adds stored counts of a load entry. Users are a level, not a count: parts of one second come from
/// different workers, so they add up; over seconds only the last one means anything.
pub fn merge_load(mine: &mut LoadCounts<Histogram>, other: &LoadCounts) {
    mine.wake_lateness.merge_compact(&other.wake_lateness);
    mine.queue_lateness.merge_compact(&other.queue_lateness);
    mine.arrivals += other.arrivals;
    mine.iterations += other.iterations;
    mine.interrupted += other.interrupted;
    mine.send_gap_ns_max = mine.send_gap_ns_max.max(other.send_gap_ns_max);
    mine.users += other.users;
    mine.users_ns += other.users_ns;
    mine.paused_ns += other.paused_ns;
    mine.merge_issued(&other.issued);
}

/// The stored form of a load entry's counts.
pub fn stored_load(counts: &LoadCounts<Histogram>) -> LoadCounts {
    LoadCounts {
        wake_lateness: Compact::from(&counts.wake_lateness),
        queue_lateness: Compact::from(&counts.queue_lateness),
        arrivals: counts.arrivals,
        iterations: counts.iterations,
        interrupted: counts.interrupted,
        send_gap_ns_max: counts.send_gap_ns_max,
        users: counts.users,
        users_ns: counts.users_ns,
        paused_ns: counts.paused_ns,
        issued: counts.issued.clone(),
    }
}

/// Adds failures by class.
pub fn merge_errors(mine: &mut Vec<ErrorCount>, others: &[ErrorCount]) {
    for error in others {
        match mine.iter_mut().find(|e| e.same_class(error)) {
            Some(known) => known.merge(error),
            None => mine.push(error.clone()),
        }
    }
}
