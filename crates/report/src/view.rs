//! What there is to show of a run, computed once. Renderers only lay it out.

use plimsoll_audit::breakpoint::{Breakpoint, breakpoint};
use plimsoll_audit::select::Selected;
use plimsoll_audit::steadiness::Steadiness;
use plimsoll_audit::{Finding, Judgement, judge};
use plimsoll_metrics::expression::{Selector, Timing};
use plimsoll_metrics::quantile::{Quantile, Standing, estimate};
use plimsoll_metrics::window::PHASE_NAMES;
use plimsoll_metrics::{ErrorCount, Histogram, StepCounts};
use plimsoll_model::{Nanos, Outcome, PartUnit, Phase, Record, StepId, StepKind};

use crate::RunDirectory;
use crate::injected::{InjectedView, injected};
use crate::monitors::Monitors;
use crate::samples::{NAME, Worst, worst};
use crate::withhold::Withholding;

/// Quantiles every report shows.
pub const QUANTILES: [f64; 6] = [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999];

/// What there is to show of a run.
pub struct View {
    /// The run.
    pub record: Record,
    /// SHA-256 of the file it was read from, `sha256:...`; empty if it was not read from one.
    pub record_digest: String,
    /// What was judged.
    pub judgement: Judgement,
    /// Sums over all operation steps.
    pub totals: Totals,
    /// Steps in the plan's order.
    pub steps: Vec<StepView>,
    /// Quantiles of response time over all operations of all steps, failures as infinitely slow.
    pub overall: Vec<Quantile>,
    /// What operations counted, in the plan's order.
    pub counted: Vec<CountedView>,
    /// What became of data by what was wrong with it, step by step; empty if nothing was broken on purpose.
    pub injected: Vec<InjectedView>,
    /// Phases, if there are several.
    pub phases: Vec<PhaseView>,
    /// At which load claims broke, if the load rose in one ramp for that.
    pub breakpoint: Option<Breakpoint>,
    /// What monitors read, and what the run cost.
    pub monitors: Monitors,
    /// Failures, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// The worst operations one by one, if they were kept; a sentence if they cannot be read.
    pub samples: Option<Result<Worst, String>>,
}

/// Sums over all operation steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Scheduled, sent, dropped.
    pub counts: StepCounts,
    /// Succeeded.
    pub ok: u64,
    /// Refused, as the plan expected.
    pub rejected: u64,
    /// Everything else.
    pub failed: u64,
    /// Still in flight when the books were closed.
    pub in_flight: u64,
    /// Iterations completed and cut short.
    pub iterations: (u64, u64),
    /// Handed to sockets.
    pub bytes_sent: u64,
    /// Taken from sockets.
    pub bytes_received: u64,
    /// Connections opened.
    pub connects: u64,
    /// Attempts beyond the first.
    pub extra_attempts: u64,
    /// Mean number in flight.
    pub in_flight_mean: f64,
}

/// One step.
pub struct StepView {
    /// Its number in the plan.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// Its scenario's name.
    pub scenario: String,
    /// Operation, group or a time that is part of operations.
    pub kind: StepKind,
    /// Scheduled, sent, dropped.
    pub counts: StepCounts,
    /// Outcomes that occurred.
    pub outcomes: Vec<OutcomeView>,
    /// Quantiles of response time over all operations, failures as infinitely slow.
    pub overall: Vec<Quantile>,
    /// Mean time of each phase of a success, in nanoseconds, by name.
    pub phases_ns: Vec<(&'static str, f64)>,
}

/// Numbers or events that are parts of operations.
pub struct CountedView {
    /// Its name.
    pub name: String,
    /// Its scenario's name.
    pub scenario: String,
    /// Whether it is something that happens or does not.
    pub is_event: bool,
    /// Operations that have such a number, or to which it happened.
    pub count: u64,
    /// Operations that were due, dropped ones included.
    pub operations: u64,
    /// Sum of the numbers.
    pub sum: u64,
    /// Smallest number.
    pub min: Option<u64>,
    /// Mean number.
    pub mean: Option<f64>,
    /// Largest number.
    pub max: Option<u64>,
}

impl CountedView {
    /// The share of operations to which it happened; `None` for a number, or without operations.
    pub fn share(&self) -> Option<f64> {
        (self.is_event && self.operations > 0).then(|| self.count as f64 / self.operations as f64)
    }
}

impl StepView {
    /// Its name with what it is, unless it is an operation.
    pub fn label(&self) -> String {
        if self.kind == StepKind::Group { format!("{} (group)", self.name) } else { self.name.clone() }
    }

    /// Its results with one outcome, if it occurred.
    pub fn outcome(&self, outcome: Outcome) -> Option<&OutcomeView> {
        self.outcomes.iter().find(|o| o.outcome == outcome)
    }

    /// Operations with one outcome.
    pub fn counted(&self, outcome: Outcome) -> u64 {
        self.outcome(outcome).map_or(0, |o| o.count)
    }

    /// Operations that were sent and failed.
    pub fn failed(&self) -> u64 {
        let sent = self.outcomes.iter().filter(|o| o.outcome.is_failure() && o.outcome != Outcome::Dropped);
        sent.map(|o| o.count).sum()
    }
}

/// Operations of a step with one outcome.
pub struct OutcomeView {
    /// The outcome.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
    /// Per second of the time over which operations were due.
    pub rate_per_s: f64,
    /// Done − due.
    pub response: Times,
    /// Done − sent.
    pub service: Times,
}

/// A distribution of times.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Number of times.
    pub count: u64,
    /// Exact smallest, in nanoseconds.
    pub min_ns: Option<Nanos>,
    /// Exact mean, in nanoseconds.
    pub mean_ns: Option<f64>,
    /// Exact largest, in nanoseconds.
    pub max_ns: Option<Nanos>,
    /// [`QUANTILES`].
    pub quantiles: Vec<Quantile>,
}

/// One phase over all operation steps.
pub struct PhaseView {
    /// The phase.
    pub phase: Phase,
    /// Whole seconds in it.
    pub seconds: u64,
    /// Succeeded.
    pub ok: u64,
    /// Failed.
    pub failed: u64,
    /// Response times of the successes.
    pub response: Times,
}

impl View {
    /// Judges a record and computes everything there is to show.
    pub fn new(record: Record) -> Self {
        let judgement = judge(&record);
        let mut errors = record.errors.clone();
        let (mut steps, mut phases) = (steps(&record), phases(&record, judgement.steadiness.as_ref()));
        Withholding::of(&judgement.findings).apply(&mut steps, &mut phases);
        let overall = over_all_steps(&record, &judgement.findings, &steps);
        errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.class.cmp(&b.class)));
        Self {
            totals: totals(&record),
            record_digest: String::new(),
            steps,
            overall,
            counted: counted(&record),
            injected: injected(&record),
            phases,
            breakpoint: breakpoint(&record, &judgement.findings),
            monitors: Monitors::of(&record),
            errors,
            samples: None,
            judgement,
            record,
        }
    }

    /// The same, of a record that was read from the file with this digest.
    #[must_use]
    pub fn recorded_as(self, digest: String) -> Self {
        Self { record_digest: digest, ..self }
    }

    /// The same, with the operations that the directory keeps one by one.
    #[must_use]
    pub fn sampled(self, directory: &RunDirectory) -> Self {
        let path = directory.samples();
        let samples = path.exists().then(|| worst(&path).map_err(|e| format!("{NAME} cannot be read: {e}")));
        Self { samples, ..self }
    }

    /// Times shorter than this cannot be told apart, in nanoseconds.
    pub fn resolution_ns(&self) -> Nanos {
        Withholding::of(&self.judgement.findings).resolution()
    }

    /// A quantile over all steps, without what audits withhold.
    pub fn withheld(&self, mut quantile: Quantile) -> Quantile {
        Withholding::of(&self.judgement.findings).hide_quantile(None, &mut quantile);
        quantile
    }

    /// The finding of one audit.
    pub fn finding(&self, id: &str) -> Option<&Finding> {
        self.judgement.findings.iter().find(|f| f.id == id)
    }

    /// The step of an error.
    pub fn step_name(&self, step: StepId) -> &str {
        self.record.started.plan.steps.get(usize::from(step)).map_or("", |s| s.name.as_str())
    }
}

fn totals(record: &Record) -> Totals {
    let operations: Vec<_> = record.started.plan.operations().map(|(id, _)| id).collect();
    let failed = Outcome::ALL.into_iter().filter(|o| o.is_failure() && *o != Outcome::InFlight);
    let mut totals = Totals {
        counts: record.totals(),
        ok: record.total(Outcome::Ok),
        rejected: record.total(Outcome::Rejected),
        failed: failed.map(|o| record.total(o)).sum(),
        in_flight: record.total(Outcome::InFlight),
        iterations: record
            .loads
            .values()
            .fold((0, 0), |(done, cut), l| (done + l.iterations, cut + l.interrupted)),
        in_flight_mean: record.in_flight.integral_ns as f64
            / (record.finished.as_ref().map_or(record.span_ns(), |f| f.closed_ns)).max(1) as f64,
        ..Totals::default()
    };
    for cell in record.cells.iter().filter(|((step, _), _)| operations.contains(step)).map(|(_, c)| c) {
        totals.bytes_sent += cell.bytes_sent;
        totals.bytes_received += cell.bytes_received;
        totals.connects += cell.connects;
        totals.extra_attempts += cell.extra_attempts;
    }
    totals
}

fn steps(record: &Record) -> Vec<StepView> {
    let plan = &record.started.plan;
    let view = |(id, step): (StepId, &plimsoll_model::Step)| {
        let present = Outcome::ALL.into_iter().filter(|o| record.count(id, *o) > 0);
        let outcomes: Vec<_> = present.map(|outcome| outcome_view(record, id, outcome)).collect();
        StepView {
            id,
            name: step.name.clone(),
            scenario: plan.scenarios[usize::from(step.scenario)].name.clone(),
            kind: step.kind,
            counts: record.counts.get(&id).copied().unwrap_or_default(),
            overall: overall(record, id, &outcomes),
            outcomes,
            phases_ns: phase_means(record, id),
        }
    };
    let has_times = |kind: StepKind| match kind {
        StepKind::Group | StepKind::Operation => true,
        StepKind::Part(part) => part.unit.is_time(),
        StepKind::Solo => false,
    };
    // A part that was never read has nothing to show: not every operation begins a session.
    let is_shown = |step: &StepView| !matches!(step.kind, StepKind::Part(_)) || !step.outcomes.is_empty();
    (0..).zip(&plan.steps).filter(|(_, s)| has_times(s.kind)).map(view).filter(is_shown).collect()
}

fn counted(record: &Record) -> Vec<CountedView> {
    let plan = &record.started.plan;
    let view = |(id, step): (StepId, &plimsoll_model::Step)| {
        let is_counted = |unit: &PartUnit| matches!(unit, PartUnit::Event | PartUnit::Number);
        let unit = plan.part(id).map(|part| part.unit).filter(is_counted)?;
        let selected = Selected::step(record, id, Timing::Response);
        let is_event = unit == PartUnit::Event;
        let numbers = if is_event { Histogram::new() } else { record.histogram(id) };
        Some(CountedView {
            name: step.name.clone(),
            scenario: plan.scenarios[usize::from(step.scenario)].name.clone(),
            is_event,
            count: if is_event { selected.count() } else { selected.numbers() },
            operations: selected.whole().counts().judged(),
            sum: selected.sum(),
            min: numbers.min_ns(),
            mean: numbers.mean_ns(),
            max: numbers.max_ns(),
        })
    };
    (0..).zip(&plan.steps).filter_map(view).collect()
}

/// Quantiles over all operations of a step: those of the successes, if nothing failed.
fn overall(record: &Record, step: StepId, outcomes: &[OutcomeView]) -> Vec<Quantile> {
    let all = Selected::step(record, step, Timing::Response);
    let infinite = all.infinite();
    let ok = outcomes.iter().find(|o| o.outcome == Outcome::Ok);
    if let Some(ok) = ok.filter(|_| infinite == 0) {
        return ok.response.quantiles.clone();
    }
    let finite = record.cells.get(&(step, Outcome::Ok)).map(|c| c.response.clone()).unwrap_or_default();
    let windows = all.prepared();
    QUANTILES.iter().map(|q| estimate(&finite, infinite, *q, &windows)).collect()
}

/// Quantiles over all operations; what is withheld of any step is withheld of them all.
fn over_all_steps(record: &Record, findings: &[Finding], steps: &[StepView]) -> Vec<Quantile> {
    let operations: Vec<_> = steps.iter().filter(|step| step.kind == StepKind::Operation).collect();
    if let [only] = operations[..] {
        return only.overall.clone();
    }
    let all = Selected::new(record, &Selector::default());
    let (finite, infinite, windows) = (all.finite(), all.infinite(), all.prepared());
    let withholding = Withholding::of(findings);
    let of_all = |(at, q): (usize, &f64)| {
        let mut found = estimate(&finite, infinite, *q, &windows);
        withholding.hide_quantile(None, &mut found);
        let is_withheld = |step: &&StepView| step.overall[at].standing == Standing::Withheld;
        if operations.iter().any(is_withheld) {
            (found.value_ns, found.low_ns, found.high_ns) = (None, None, None);
            found.standing = Standing::Withheld;
        }
        found
    };
    QUANTILES.iter().enumerate().map(of_all).collect()
}

fn phase_means(record: &Record, step: StepId) -> Vec<(&'static str, f64)> {
    let Some(cell) = record.cells.get(&(step, Outcome::Ok)) else { return Vec::new() };
    let n = cell.response.count().max(1) as f64;
    PHASE_NAMES.into_iter().zip(cell.phases_ns).map(|(name, sum)| (name, sum as f64 / n)).collect()
}

fn outcome_view(record: &Record, step: StepId, outcome: Outcome) -> OutcomeView {
    let times = |timing| {
        // Merged already when the record was put together.
        let merged = record.cells.get(&(step, outcome)).map(|c| match timing {
            Timing::Response => &c.response,
            Timing::Service => &c.service,
        });
        times_of(merged.unwrap_or(&Histogram::new()), &Selected::step(record, step, timing).only(outcome))
    };
    let count = record.count(step, outcome);
    OutcomeView {
        outcome,
        count,
        rate_per_s: count as f64 / (record.span_ns() as f64 / 1e9).max(f64::MIN_POSITIVE),
        response: times(Timing::Response),
        service: times(Timing::Service),
    }
}

fn times_of(histogram: &Histogram, selected: &Selected<'_>) -> Times {
    let windows = selected.prepared();
    Times {
        count: histogram.count(),
        min_ns: histogram.min_ns(),
        mean_ns: histogram.mean_ns(),
        max_ns: histogram.max_ns(),
        quantiles: QUANTILES.iter().map(|q| estimate(histogram, 0, *q, &windows)).collect(),
    }
}

/// The plan's phases, if there are several, and the steady part of the run, if warm-up was found.
fn phases(record: &Record, steadiness: Option<&Steadiness>) -> Vec<PhaseView> {
    let plan = &record.started.plan;
    let planned = if plan.phases.len() < 2 { &[][..] } else { &plan.phases };
    let steady = steadiness.filter(|s| s.warm_up_ns() > 0).and_then(Steadiness::steady);
    let view = |phase: &Phase| {
        let selector = Selector { phase: Some(phase.name.clone()), ..Default::default() };
        let all = Selected::new(record, &selector);
        let counts = all.counts();
        let ok = Selected::new(record, &selector).only(Outcome::Ok);
        PhaseView {
            phase: phase.clone(),
            seconds: record.windows_in(Some(phase)).count() as u64,
            ok: counts.ok,
            failed: counts.failed,
            response: times_of(&ok.finite(), &ok),
        }
    };
    planned.iter().chain(&steady).map(view).collect()
}
