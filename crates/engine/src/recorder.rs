//! One load thread's results: dense histograms by second in which operations were due, handed over once a
//! second in their compact form.

use std::sync::Arc;

use plimsoll_metrics::window::{LoadCounts, Shape};
use plimsoll_metrics::{Cell, Compact, ErrorCount, Histogram, SECOND_NS, Window};
use plimsoll_model::record::stored_load;
use plimsoll_model::{Begun, LoadId, Nanos, Observation, Outcome, Sample, StepBooks, StepId};

use crate::gauge::Gauge;
use crate::sampler::Sampler;
use crate::signals::ThreadSignals;

const OUTCOMES: usize = Outcome::ALL.len();

/// Cleared slabs kept for reuse: the present second, the one before, and one to spare.
const SPARE_SLABS_MAX: usize = 3;

/// Distinct failure classes kept per second and thread; what is beyond goes into one class of its own.
const ERROR_CLASSES_MAX: usize = 256;

/// Results of the operations due in one second.
#[derive(Default)]
struct Slab {
    second: u32,
    /// By step and outcome; boxed because most are never used.
    cells: Vec<Option<Box<Cell<Histogram>>>>,
    steps: Vec<plimsoll_metrics::StepCounts>,
    loads: Vec<LoadCounts<Histogram>>,
}

impl Slab {
    fn new(steps: usize, loads: usize) -> Self {
        Self {
            second: 0,
            cells: (0..steps * OUTCOMES).map(|_| None).collect(),
            steps: vec![plimsoll_metrics::StepCounts::default(); steps],
            loads: vec![LoadCounts::default(); loads],
        }
    }

    fn cell(&mut self, step: StepId, outcome: Outcome) -> &mut Cell<Histogram> {
        self.cells[usize::from(step) * OUTCOMES + outcome.index()].get_or_insert_default()
    }

    /// Hands over what was recorded and starts from zero.
    fn drain(&mut self) -> Window {
        let mut window = Window { second: self.second, ..Window::default() };
        for (index, cell) in self.cells.iter_mut().enumerate() {
            let Some(cell) = cell else { continue };
            if cell.response.is_empty() {
                continue;
            }
            window.cells.push(((index / OUTCOMES) as StepId, Outcome::ALL[index % OUTCOMES], cell.stored()));
            cell.clear();
        }
        for (step, counts) in (0..).zip(&mut self.steps) {
            if *counts != plimsoll_metrics::StepCounts::default() {
                window.steps.push((step, std::mem::take(counts)));
            }
        }
        for (load, counts) in (0..).zip(&mut self.loads) {
            if *counts != LoadCounts::default() {
                window.loads.push((load, stored_load(counts)));
                *counts = LoadCounts::default();
            }
        }
        window
    }
}

/// One load thread's results.
pub(crate) struct Recorder {
    slabs: Vec<Slab>,
    spare: Vec<Slab>,
    /// The slab used last: almost always the right one.
    recent: usize,
    steps: usize,
    loads: usize,
    gauge: Gauge,
    lag: Histogram,
    errors: Vec<ErrorCount>,
    negative_durations: u64,
    books: Vec<StepBooks>,
    /// Per load: when the last arrival was issued, to find gaps while something was due.
    issued_ns: Vec<Nanos>,
    /// Only if operations are to be kept one by one.
    sampler: Option<Sampler>,
}

impl Recorder {
    pub(crate) fn new(
        steps: usize,
        loads: usize,
        signals: Arc<ThreadSignals>,
        sampler: Option<Sampler>,
    ) -> Self {
        let books = (0..steps as StepId).map(|step| StepBooks { step, ..StepBooks::default() }).collect();
        Self {
            slabs: Vec::new(),
            spare: Vec::new(),
            recent: 0,
            steps,
            loads,
            gauge: Gauge::showing(signals),
            lag: Histogram::new(),
            errors: Vec::new(),
            negative_durations: 0,
            books,
            issued_ns: vec![0; loads],
            sampler,
        }
    }

    /// Makes room for a step that a user came upon.
    #[inline]
    fn make_room(&mut self, step: StepId) {
        if usize::from(step) >= self.steps {
            self.grow(usize::from(step) + 1);
        }
    }

    #[cold]
    fn grow(&mut self, steps: usize) {
        self.steps = steps;
        for slab in self.slabs.iter_mut().chain(&mut self.spare) {
            slab.cells.resize_with(steps * OUTCOMES, || None);
            slab.steps.resize(steps, plimsoll_metrics::StepCounts::default());
        }
        let known = self.books.len();
        self.books
            .extend((known..steps).map(|step| StepBooks { step: step as StepId, ..StepBooks::default() }));
    }

    #[inline]
    fn slab(&mut self, due_ns: Nanos) -> &mut Slab {
        let second = (due_ns / SECOND_NS) as u32;
        if self.slabs.get(self.recent).is_none_or(|s| s.second != second) {
            self.recent = self.find_slab(second);
        }
        &mut self.slabs[self.recent]
    }

    #[cold]
    fn find_slab(&mut self, second: u32) -> usize {
        if let Some(found) = self.slabs.iter().rposition(|s| s.second == second) {
            return found;
        }
        let mut slab = self.spare.pop().unwrap_or_else(|| Slab::new(self.steps, self.loads));
        slab.second = second;
        self.slabs.push(slab);
        self.slabs.len() - 1
    }

    /// An arrival of `load` was due and the thread woke for it.
    pub(crate) fn arrival(&mut self, load: LoadId, due_ns: Nanos, woke_ns: Nanos) {
        let since_last = woke_ns.saturating_sub(self.issued_ns[usize::from(load)].max(due_ns));
        self.issued_ns[usize::from(load)] = woke_ns;
        let counts = &mut self.slab(due_ns).loads[usize::from(load)];
        counts.arrivals += 1;
        counts.wake_lateness.record(woke_ns.saturating_sub(due_ns));
        counts.send_gap_ns_max = counts.send_gap_ns_max.max(since_last);
        self.slab(woke_ns).loads[usize::from(load)].issue(woke_ns % SECOND_NS);
    }

    /// A user of `load` went on at `at_ns` after a pause.
    pub(crate) fn paused(&mut self, load: LoadId, at_ns: Nanos, took_ns: Nanos) {
        self.slab(at_ns).loads[usize::from(load)].paused_ns += took_ns;
    }

    /// An arrival of an operation found no user: it is charged to the first step it would have performed.
    pub(crate) fn dropped(&mut self, step: StepId, due_ns: Nanos) {
        let counts = &mut self.slab(due_ns).steps[usize::from(step)];
        counts.scheduled += 1;
        counts.dropped += 1;
        let books = &mut self.books[usize::from(step)];
        books.counts.scheduled += 1;
        books.counts.dropped += 1;
        books.outcomes[Outcome::Dropped.index()] += 1;
    }

    /// An operation became due and is handed to a session.
    pub(crate) fn begin(&mut self, step: StepId, due_ns: Nanos, at_ns: Nanos) {
        self.make_room(step);
        self.gauge.enter(at_ns);
        let counts = &mut self.slab(due_ns).steps[usize::from(step)];
        counts.scheduled += 1;
        counts.sent += 1;
        let books = &mut self.books[usize::from(step)].counts;
        books.scheduled += 1;
        books.sent += 1;
    }

    /// A begun operation has ended.
    pub(crate) fn finish(&mut self, observation: &Observation<'_>) {
        let Observation { begun, outcome, reply, .. } = *observation;
        self.gauge.leave(reply.done_ns);
        self.books[usize::from(begun.step)].outcomes[outcome.index()] += 1;
        let response = reply.done_ns.checked_sub(begun.due_ns);
        let service = reply.sent_ns.map(|sent| reply.done_ns.checked_sub(sent));
        self.negative_durations += u64::from(response.is_none()) + u64::from(service == Some(None));
        let cell = self.slab(begun.due_ns).cell(begun.step, outcome);
        cell.response.record(response.unwrap_or(0));
        if let Some(service) = service {
            cell.service.record(service.unwrap_or(0));
        }
        for (sum, phase) in cell.phases_ns.iter_mut().zip(reply.phases_ns) {
            *sum += phase;
        }
        cell.bytes_sent += reply.bytes_sent;
        cell.bytes_received += reply.bytes_received;
        cell.connects += u64::from(reply.connects);
        cell.extra_attempts += u64::from(reply.extra_attempts);
        cell.checked += u64::from(observation.checked);
        cell.count_shape(Shape::of(reply.status, reply.bytes_received), 1);
        if let Some(sampler) = &mut self.sampler {
            sampler.see(observation);
        }
        if outcome != Outcome::Ok {
            self.failure(observation);
        }
    }

    #[cold]
    fn failure(&mut self, observation: &Observation<'_>) {
        let own = observation.reply.failure.as_deref().map(|f| (f.class.as_ref(), f.message.as_str()));
        let Some((class, message)) = observation.failure.or(own) else { return };
        let (step, outcome, at_ns) = (observation.begun.step, observation.outcome, observation.reply.done_ns);
        let known = |e: &&mut ErrorCount| e.step == step && e.outcome == outcome && e.class == class;
        if let Some(error) = self.errors.iter_mut().find(known) {
            error.count += 1;
            error.last_ns = at_ns;
            return;
        }
        let class = if self.errors.len() < ERROR_CLASSES_MAX { class } else { "further classes" };
        let example = message.to_owned();
        let fresh = ErrorCount {
            step,
            outcome,
            class: class.to_owned(),
            count: 1,
            example,
            first_ns: at_ns,
            last_ns: at_ns,
        };
        plimsoll_model::record::merge_errors(&mut self.errors, &[fresh]);
    }

    /// A begun operation whose user was taken away at `at_ns`: censored at its age.
    pub(crate) fn in_flight_at_end(&mut self, begun: Begun, at_ns: Nanos) {
        self.gauge.leave(at_ns);
        self.books[usize::from(begun.step)].outcomes[Outcome::InFlight.index()] += 1;
        self.slab(begun.due_ns)
            .cell(begun.step, Outcome::InFlight)
            .response
            .record(at_ns.saturating_sub(begun.due_ns));
        if let Some(sampler) = &mut self.sampler {
            sampler.keep(Sample {
                due_ns: begun.due_ns,
                sent_ns: None,
                done_ns: at_ns,
                bytes_received: 0,
                step: begun.step,
                status: 0,
                outcome: Outcome::InFlight,
            });
        }
    }

    /// Operations kept one by one since the last call.
    pub(crate) fn take_samples(&mut self) -> Vec<Vec<Sample>> {
        self.sampler.as_mut().map(Sampler::take).unwrap_or_default()
    }

    /// The first operation of an arrival was sent at `sent_ns`, after the thread woke at `woke_ns`.
    pub(crate) fn queued(&mut self, load: LoadId, due_ns: Nanos, woke_ns: Nanos, sent_ns: Nanos) {
        self.slab(due_ns).loads[usize::from(load)].queue_lateness.record(sent_ns.saturating_sub(woke_ns));
    }

    /// A number for a step that is no operation of its own: how long a group took, what a part came to.
    pub(crate) fn number(&mut self, begun: Begun, outcome: Outcome, number: u64) {
        self.make_room(begun.step);
        self.slab(begun.due_ns).cell(begun.step, outcome).response.record(number);
    }

    /// The thread came round to a tick so late.
    pub(crate) fn lagged(&mut self, late_ns: Nanos) {
        self.lag.record(late_ns);
    }

    /// An iteration of `load` that was due at `due_ns` is over.
    pub(crate) fn iteration(&mut self, load: LoadId, due_ns: Nanos, complete: bool) {
        let counts = &mut self.slab(due_ns).loads[usize::from(load)];
        counts.iterations += u64::from(complete);
        counts.interrupted += u64::from(!complete);
    }

    /// Hands over everything recorded since the last call. `users` are the users running now and the integral of
    /// their number since the last call, by load.
    pub(crate) fn take(&mut self, now_ns: Nanos, users: &[(u64, u64)]) -> Vec<Window> {
        let in_flight = self.gauge.take(now_ns);
        // The gauge and the users belong to the second that has just passed, whatever was due in it.
        let slab = self.slab(now_ns.saturating_sub(1));
        for (counts, (users, users_ns)) in slab.loads.iter_mut().zip(users) {
            counts.users = *users;
            counts.users_ns += users_ns;
        }
        let current = slab.second;
        let mut windows: Vec<_> = self.slabs.iter_mut().map(Slab::drain).collect();
        if let Some(window) = windows.iter_mut().find(|w| w.second == current) {
            window.in_flight = in_flight;
            window.loop_lag = Compact::from(&self.lag);
            self.lag.clear();
            window.errors = std::mem::take(&mut self.errors);
            window.negative_durations = std::mem::take(&mut self.negative_durations);
        }
        self.retire_slabs(current);
        windows
    }

    /// Keeps the slabs of the present and the last second, and a few cleared ones.
    fn retire_slabs(&mut self, current: u32) {
        let (keep, retired): (Vec<_>, Vec<_>) = self.slabs.drain(..).partition(|s| s.second + 1 >= current);
        self.slabs = keep;
        self.spare.extend(retired);
        self.spare.truncate(SPARE_SLABS_MAX);
    }

    /// The books since the start of the run, which the windows must agree with.
    pub(crate) fn books(&self) -> &[StepBooks] {
        &self.books
    }
}
