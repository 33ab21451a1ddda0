//! Which operations a selector means, and their numbers.

use plimsoll_metrics::expression::{Selector, Timing};
use plimsoll_metrics::interval::Slice;
use plimsoll_metrics::quantile::{Prepared, Sliced};
use plimsoll_metrics::{Compact, Histogram, Window};
use plimsoll_model::{Nanos, Outcome, PartUnit, Phase, Record, SECOND_NS, StepId, StepKind};

/// What a claim calls the part of the run in which results stood still.
pub const STEADY: &str = "steady";

/// The operations a selector means.
pub struct Selected<'a> {
    record: &'a Record,
    phase: Option<Phase>,
    accepted: Vec<StepId>,
    /// Steps whose dropped operations count: the accepted ones, and those that an accepted time is a part of.
    due: Vec<StepId>,
    timing: Timing,
    outcome: Option<Outcome>,
}

/// Counts of operations, failures in whatever way included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Succeeded.
    pub ok: u64,
    /// Refused, as the plan expected.
    pub rejected: u64,
    /// Everything else that was due.
    pub failed: u64,
}

impl Counts {
    /// What a share of successes is a share of: expected refusals stand apart.
    pub const fn judged(self) -> u64 {
        self.ok + self.failed
    }
}

impl<'a> Selected<'a> {
    /// What `selector` means in `record`. A phase must exist; plans are checked for that.
    pub fn new(record: &'a Record, selector: &Selector) -> Self {
        let plan = &record.started.plan;
        let in_scenario = |step: &plimsoll_model::Step| {
            let scenario = &plan.scenarios[usize::from(step.scenario)].name;
            selector.scenario.as_ref().is_none_or(|name| name == scenario)
        };
        let is_named = |name: &str| plan.steps.iter().find(|s| s.name == name && in_scenario(s));
        let named = selector.step.as_deref().and_then(is_named);
        let wanted = named.map_or(StepKind::Operation, |s| s.kind);
        let is_wanted = |kind: StepKind| match wanted {
            StepKind::Group => kind == StepKind::Group,
            StepKind::Part(_) => matches!(kind, StepKind::Part(_)),
            StepKind::Operation | StepKind::Solo => kind == StepKind::Operation,
        };
        let accepts = |step: &plimsoll_model::Step| {
            is_wanted(step.kind)
                && selector.step.as_ref().is_none_or(|name| *name == step.name)
                && selector
                    .scenario
                    .as_ref()
                    .is_none_or(|name| *name == plan.scenarios[usize::from(step.scenario)].name)
                && selector.tags.iter().all(|(key, value)| step.tags.get(key) == Some(value))
        };
        let accepted = (0..).zip(&plan.steps).filter(|(_, s)| accepts(s)).map(|(id, _)| id).collect();
        Self {
            phase: selector.phase.as_deref().map(|name| phase(record, name)),
            timing: selector.timing,
            outcome: selector.outcome,
            ..Self::of(record, accepted)
        }
    }

    /// All numbers of these steps.
    fn of(record: &'a Record, accepted: Vec<StepId>) -> Self {
        let plan = &record.started.plan;
        let whole = |step: &StepId| match plan.part(*step) {
            Some(part) if part.unit == PartUnit::Time => part.of,
            _ => *step,
        };
        let due = accepted.iter().map(whole).collect();
        Self { record, phase: None, accepted, due, timing: Timing::Response, outcome: None }
    }

    /// What the accepted steps are parts of.
    #[must_use]
    pub fn whole(&self) -> Self {
        let plan = &self.record.started.plan;
        let of = self.accepted.iter().filter_map(|step| Some(plan.part(*step)?.of)).collect();
        Self { phase: self.phase.clone(), ..Self::of(self.record, of) }
    }

    /// The parts of the accepted steps with one of these names.
    #[must_use]
    pub fn parts(&self, names: &[&str]) -> Self {
        let plan = &self.record.started.plan;
        let is_meant = |(id, step): &(StepId, &plimsoll_model::Step)| {
            let name = step.name.rsplit('.').next().unwrap_or_default();
            plan.part(*id).is_some_and(|part| self.accepted.contains(&part.of)) && names.contains(&name)
        };
        let parts = (0..).zip(&plan.steps).filter(is_meant).map(|(id, _)| id).collect();
        Self { phase: self.phase.clone(), ..Self::of(self.record, parts) }
    }

    /// All operations of a stretch of the run.
    pub fn during(record: &'a Record, phase: Phase) -> Self {
        let steps = record.started.plan.operations().map(|(id, _)| id).collect();
        Self { phase: Some(phase), ..Self::of(record, steps) }
    }

    /// The same operations, those of a stretch of the run only.
    #[must_use]
    pub fn within(&self, phase: &Phase) -> Self {
        Self {
            phase: Some(phase.clone()),
            record: self.record,
            accepted: self.accepted.clone(),
            due: self.due.clone(),
            timing: self.timing,
            outcome: self.outcome,
        }
    }

    /// All operations of one step over the whole run.
    pub fn step(record: &'a Record, step: StepId, timing: Timing) -> Self {
        Self { timing, ..Self::of(record, vec![step]) }
    }

    /// The same operations, those with one outcome only.
    #[must_use]
    pub fn only(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Whether operations of `step` are among them.
    pub fn includes(&self, step: StepId) -> bool {
        self.accepted.contains(&step)
    }

    fn windows(&self) -> impl Iterator<Item = &Window> {
        self.record.windows_in(self.phase.as_ref())
    }

    fn time<'c>(&self, cell: &'c plimsoll_metrics::Cell) -> &'c Compact {
        match self.timing {
            Timing::Response => &cell.response,
            Timing::Service => &cell.service,
        }
    }

    /// Times of the operations that have one: the successes, or those of the outcome asked for.
    pub fn finite(&self) -> Histogram {
        let mut all = Histogram::new();
        let wanted = self.outcome.unwrap_or(Outcome::Ok);
        if self.phase.is_none() {
            return self.merged(wanted);
        }
        for window in self.windows() {
            self.cells(window, wanted).for_each(|cell| all.merge_compact(self.time(cell)));
        }
        all
    }

    /// Over the whole run the record has merged them already.
    fn merged(&self, outcome: Outcome) -> Histogram {
        let mut all = Histogram::new();
        for cell in self.accepted.iter().filter_map(|step| self.record.cells.get(&(*step, outcome))) {
            all.merge(match self.timing {
                Timing::Response => &cell.response,
                Timing::Service => &cell.service,
            });
        }
        all
    }

    /// The windows made ready for many quantiles.
    pub fn prepared(&self) -> Prepared {
        let wanted = self.outcome.unwrap_or(Outcome::Ok);
        Prepared::new(self.windows().map(|window| {
            let infinite = if self.outcome.is_some() { 0 } else { self.window_counts(window).failed };
            (self.cells(window, wanted).map(|c| self.time(c)).collect::<Vec<_>>(), infinite)
        }))
    }

    fn cells<'w>(
        &'w self,
        window: &'w Window,
        outcome: Outcome,
    ) -> impl Iterator<Item = &'w plimsoll_metrics::Cell> {
        window
            .cells
            .iter()
            .filter(move |(step, o, _)| *o == outcome && self.accepted.contains(step))
            .map(|(_, _, cell)| cell)
    }

    /// Operations that count as infinitely slow: everything due that neither succeeded nor was to be refused.
    /// None if an outcome was asked for: then nothing else is spoken of.
    pub fn infinite(&self) -> u64 {
        if self.outcome.is_some() { 0 } else { self.counts().failed }
    }

    /// Counts over all windows.
    pub fn counts(&self) -> Counts {
        self.windows().map(|w| self.window_counts(w)).fold(Counts::default(), |a, b| Counts {
            ok: a.ok + b.ok,
            rejected: a.rejected + b.rejected,
            failed: a.failed + b.failed,
        })
    }

    /// Operations with the outcome asked for (successes, if none was).
    pub fn count(&self) -> u64 {
        match self.outcome {
            Some(Outcome::Dropped) => self
                .windows()
                .flat_map(|w| &w.steps)
                .filter(|(s, _)| self.due.contains(s))
                .map(|(_, c)| c.dropped)
                .sum(),
            outcome => self
                .windows()
                .flat_map(|w| self.cells(w, outcome.unwrap_or(Outcome::Ok)))
                .map(|c| c.response.count())
                .sum(),
        }
    }

    fn window_counts(&self, window: &Window) -> Counts {
        let mut counts = Counts::default();
        for (step, outcome, cell) in &window.cells {
            if !self.accepted.contains(step) {
                continue;
            }
            let n = cell.response.count();
            match outcome {
                Outcome::Ok => counts.ok += n,
                Outcome::Rejected => counts.rejected += n,
                _ => counts.failed += n,
            }
        }
        counts.failed +=
            window.steps.iter().filter(|(s, _)| self.due.contains(s)).map(|(_, c)| c.dropped).sum::<u64>();
        counts
    }

    /// How many numbers there are, whatever became of their operations.
    pub fn numbers(&self) -> u64 {
        let cells = self.windows().flat_map(|w| &w.cells).filter(|(step, ..)| self.accepted.contains(step));
        cells.map(|(_, _, cell)| cell.response.count()).sum()
    }

    /// The sum of the numbers, whatever became of their operations.
    pub fn sum(&self) -> u64 {
        let cells = self.windows().flat_map(|w| &w.cells).filter(|(step, ..)| self.accepted.contains(step));
        cells.map(|(_, _, cell)| u64::try_from(cell.response.exact().sum_ns).unwrap_or(u64::MAX)).sum()
    }

    /// Something that happened to operations, and all operations it may happen to, by window in time order.
    pub fn event_slices(&self) -> Vec<Slice> {
        let whole = self.whole();
        let slice = |window: &Window| {
            let happened = self.cells(window, Outcome::Ok).map(|c| c.response.count()).sum::<u64>();
            Slice { below: happened, total: whole.window_counts(window).judged() }
        };
        self.windows().map(slice).collect()
    }

    /// Success and failure by window, in time order.
    pub fn success_slices(&self) -> Vec<Slice> {
        let slice = |counts: Counts| Slice { below: counts.ok, total: counts.judged() };
        self.windows().map(|w| slice(self.window_counts(w))).collect()
    }

    /// Mean time and number of operations by window, in time order.
    pub fn window_means(&self) -> Vec<(f64, u64)> {
        let wanted = self.outcome.unwrap_or(Outcome::Ok);
        let mean = |window: &Window| {
            let exact = self.cells(window, wanted).map(|c| self.time(c).exact());
            let (sum, n) = exact.fold((0u128, 0u64), |(sum, n), e| (sum + e.sum_ns, n + e.count));
            (n > 0).then(|| (sum as f64 / n as f64, n))
        };
        self.windows().filter_map(mean).collect()
    }

    /// The time over which the operations were due, in seconds.
    pub fn span_s(&self) -> f64 {
        let whole = self.record.span_ns();
        let span: Nanos = match &self.phase {
            // Only whole seconds inside the phase count, for operations and for time alike.
            Some(_) => self.windows().count() as Nanos * SECOND_NS,
            None => whole,
        };
        span as f64 / SECOND_NS as f64
    }
}

/// The phase of a name: the plan's, or `steady`, the part of the longest constant load after its warm-up. One that
/// did not come about holds nothing.
pub(crate) fn phase(record: &Record, name: &str) -> Phase {
    let planned = record.phase(name).cloned();
    let steady = || crate::audits::steady::analysed(record).and_then(|s| s.steady());
    let found = planned.or_else(|| if name == STEADY { steady() } else { None });
    found.unwrap_or_else(|| Phase { name: name.to_owned(), start_ns: 0, end_ns: 0 })
}

impl Sliced for Selected<'_> {
    fn slices(&self, at_or_below_ns: Nanos) -> Vec<Slice> {
        let wanted = self.outcome.unwrap_or(Outcome::Ok);
        let slice = |window: &Window| {
            let cells = self.cells(window, wanted).map(|c| self.time(c));
            let (below, finite) =
                cells.fold((0, 0), |(b, n), c| (b + c.count_at_or_below(at_or_below_ns), n + c.count()));
            let infinite = if self.outcome.is_some() { 0 } else { self.window_counts(window).failed };
            Slice { below, total: finite + infinite }
        };
        self.windows().map(slice).collect()
    }
}
