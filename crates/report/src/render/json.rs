//! `run.json`: the machine-readable result. Base units throughout (ns, bytes, per second); what is absent is
//! `null`, never 0.

use std::collections::BTreeMap;

use plimsoll_audit::breakpoint::{Course, Fate};
use plimsoll_metrics::quantile::{Quantile, Standing};
use plimsoll_model::{Outcome, StepKind, StopReason};
use schemars::JsonSchema;
use serde::Serialize;

use self::watched::{breakpoint, cost, injected, monitor};
use crate::view::{CountedView, OutcomeView, StepView, Times, View};

mod watched;

/// Name and version of the format.
pub const SCHEMA: &str = "plimsoll.run/1";

/// The result of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Plimsoll run")]
pub struct Run {
    /// Name and version of the format.
    pub schema: String,
    /// What the run is called.
    pub name: String,
    /// VALID, LIMITED or INVALID.
    pub verdict: String,
    /// The first line of the report.
    pub sentence: String,
    /// Wall clock, RFC 3339.
    pub started_at: String,
    /// The time over which operations were due.
    pub duration_ns: u64,
    /// Why the run ended: completed, interrupted, claim_lost, asked, or null if it was cut off.
    pub ended: Option<String>,
    /// The share of their durations to which all schedules were shortened; null if the run is as long as it was meant to be.
    pub scale: Option<f64>,
    /// The seed of everything random.
    pub seed: u64,
    /// Digest of the plan as executed.
    pub plan_digest: String,
    /// Digest of the claims, fixed before the run.
    pub claims_digest: String,
    /// Digest of the recorded events that everything here is computed from; null if they were not kept.
    pub record_digest: Option<String>,
    /// What was tested.
    pub target: String,
    /// Sums over all steps.
    pub totals: Totals,
    /// Steps, over the whole run.
    pub steps: Vec<Step>,
    /// Quantiles of response time over all operations of all steps, failures as infinitely slow.
    pub all_response_time_quantiles: Vec<QuantileValue>,
    /// What operations counted besides: tokens, hits.
    pub counted: Vec<Counted>,
    /// What became of data by what was wrong with it, for steps that send data with faults on purpose.
    pub injected: Vec<Injected>,
    /// Phases of the load, if there are several.
    pub phases: Vec<Phase>,
    /// At which load claims broke, by one ramp; null without a stage `breakpoint`.
    pub breakpoint: Option<Breakpoint>,
    /// Accounts of writes that carried an identity; null if there were none.
    pub deliveries: Option<Deliveries>,
    /// What was watched besides.
    pub monitors: Vec<Monitor>,
    /// What gives out first, in a sentence; null if nothing with a limit was watched.
    pub bottleneck: Option<String>,
    /// What the run cost; null without a price.
    pub cost: Option<Cost>,
    /// Claims with their verdicts.
    pub claims: Vec<Claim>,
    /// Audits with their findings.
    pub audits: Vec<Audit>,
    /// Failures by class, most frequent first.
    pub errors: Vec<Error>,
    /// Operations kept one by one, if any.
    pub samples: Option<Samples>,
    /// The generator itself.
    pub generator: Generator,
    /// Machine, kernel, tool.
    pub environment: BTreeMap<String, String>,
}

/// Sums over all steps.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Totals {
    /// Operations that became due.
    pub scheduled: u64,
    /// Operations handed to a session.
    pub sent: u64,
    /// Operations that succeeded.
    pub ok: u64,
    /// Operations refused as the plan expected.
    pub rejected: u64,
    /// Operations that failed, dropped ones included.
    pub failed: u64,
    /// Operations due that could not be sent.
    pub dropped: u64,
    /// Operations still unanswered when the books were closed.
    pub in_flight: u64,
    /// Iterations completed.
    pub iterations: u64,
    /// Bytes handed to sockets.
    pub bytes_sent: u64,
    /// Bytes taken from sockets.
    pub bytes_received: u64,
    /// Connections opened.
    pub connections: u64,
}

/// One step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its scenario.
    pub scenario: String,
    /// The phase these numbers are of; null for the whole run.
    pub phase: Option<String>,
    /// operation, group, or part: a time that operations measured besides.
    pub kind: String,
    /// Operations that became due.
    pub scheduled: u64,
    /// Operations handed to a session.
    pub sent: u64,
    /// Operations due that could not be sent.
    pub dropped: u64,
    /// Numbers by outcome.
    pub outcomes: BTreeMap<String, Outcomes>,
    /// Quantiles of response time over all operations, failures as infinitely slow.
    pub all_response_time_quantiles: Vec<QuantileValue>,
    /// Mean time of each phase of a successful operation, in nanoseconds.
    pub phases_ns: BTreeMap<String, f64>,
}

/// At which load claims broke, by one ramp: a quick answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Breakpoint {
    /// rate (arrivals per second) or users: what levels are counted in.
    pub unit: String,
    /// In a sentence.
    pub sentence: String,
    /// The level at the end of the ramp, as far as the run got.
    pub reached: f64,
    /// By how much the level rises within one look.
    pub resolution: f64,
    /// The highest level that kept all claims; null if none broke, or none was kept.
    pub kept: Option<f64>,
    /// The level at which arrivals first found no free user; null if all found one.
    pub without_user: Option<f64>,
    /// What an audit says of the generator if it gave out; null otherwise.
    pub generator: Option<String>,
    /// Claims in the plan's order.
    pub claims: Vec<ClaimOnRamp>,
}

/// How a claim fared on a ramp.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClaimOnRamp {
    /// As the plan states it.
    pub claim: String,
    /// broke, kept or not_judged.
    pub fate: String,
    /// The highest level that kept it before it broke; null if it was broken from the first look on, or did not break.
    pub kept: Option<f64>,
    /// Lower end of where it broke.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Why it was not judged.
    pub reason: Option<String>,
}

/// Accounts of writes that carried an identity.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deliveries {
    /// Different identities that were written.
    pub attempted: u64,
    /// Of these, acknowledged.
    pub acknowledged: u64,
    /// Of these, certainly refused.
    pub refused: u64,
    /// Different identities that were read back; null, and all that follows, if nobody looked.
    pub found: Option<u64>,
    /// Acknowledged and not found.
    pub lost: Option<u64>,
    /// Found more than once.
    pub duplicated: Option<u64>,
    /// Found and never written.
    pub unexpected: Option<u64>,
    /// Found although never acknowledged.
    pub recovered: Option<u64>,
}

/// What operations counted: tokens, hits.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Counted {
    /// Its name: the step's, a point, and what is counted.
    pub name: String,
    /// Its scenario.
    pub scenario: String,
    /// number, or event: something that happens to an operation or does not.
    pub kind: String,
    /// Operations that have such a number, or to which it happened.
    pub count: u64,
    /// Operations that were due, dropped ones included.
    pub operations: u64,
    /// Sum of the numbers.
    pub sum: u64,
    /// Smallest number; null for events.
    pub min: Option<u64>,
    /// Mean number; null for events.
    pub mean: Option<f64>,
    /// Largest number; null for events.
    pub max: Option<u64>,
    /// Share of operations to which it happened; null for numbers.
    pub share: Option<f64>,
}

/// Data of one kind at one step: injected against observed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Injected {
    /// The step that sent it.
    pub step: String,
    /// Its scenario.
    pub scenario: String,
    /// What is wrong with it; null if nothing is.
    pub fault: Option<String>,
    /// The share of the data that is of this kind.
    pub planned_share: f64,
    /// Operations with such data.
    pub sent: u64,
    /// Their share of the step's operations; null without any.
    pub share: Option<f64>,
    /// Not refused as invalid: a success, or refused for another reason that the plan knows.
    pub passed: u64,
    /// Refused as invalid.
    pub refused: u64,
    /// Answered in another way.
    pub otherwise: u64,
    /// Not answered.
    pub unanswered: u64,
}

/// Operations of a step with one outcome.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outcomes {
    /// How many.
    pub count: u64,
    /// Per second.
    pub rate_per_s: f64,
    /// Done − due.
    pub response_time_ns: Option<TimesValue>,
    /// Done − sent.
    pub service_time_ns: Option<TimesValue>,
}

/// A distribution of times.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimesValue {
    /// Number of times.
    pub count: u64,
    /// Exact smallest.
    pub min: Option<u64>,
    /// Exact mean.
    pub mean: Option<f64>,
    /// Exact largest.
    pub max: Option<u64>,
    /// Quantiles by nearest rank, with 95 % intervals.
    pub quantiles: Vec<QuantileValue>,
}

/// A quantile.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QuantileValue {
    /// In 0..1.
    pub q: f64,
    /// In nanoseconds; null if it may not be printed.
    pub value: Option<u64>,
    /// Lower end of the interval.
    pub low: Option<u64>,
    /// Upper end of the interval; null if it does not exist.
    pub high: Option<u64>,
    /// Whether the value may be printed.
    pub measurable: bool,
    /// What the samples are worth as independent ones.
    pub effective_samples: f64,
}

/// A phase over all steps.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// From the start of the run.
    pub start_ns: u64,
    /// From the start of the run.
    pub end_ns: u64,
    /// Operations that succeeded, due in the whole seconds inside.
    pub ok: u64,
    /// Operations that failed.
    pub failed: u64,
    /// Response times of the successes.
    pub response_time_ns: Option<TimesValue>,
}

/// A claim with its verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Claim {
    /// As the plan states it.
    pub text: String,
    /// VERIFIED, REFUTED or UNPROVEN.
    pub verdict: String,
    /// In `unit`; null if there is none.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// What value and interval are counted in: bytes, bytes_per_second, count, nanoseconds, per_second, share (in [0, 1]).
    pub unit: String,
    /// Operations it rests on.
    pub samples: u64,
    /// Why.
    pub reason: String,
}

/// An audit with its finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Audit {
    /// Its name.
    pub id: String,
    /// PASS, LIMITED, INVALID or NOT-RUN.
    pub status: String,
    /// What was measured.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// What was seen, what that spoils, what to do.
    pub sentence: String,
}

/// Failures of one class.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Error {
    /// The step.
    pub step: String,
    /// The outcome.
    pub outcome: String,
    /// The class.
    pub class: String,
    /// How many.
    pub count: u64,
    /// The first message.
    pub example: String,
    /// When the first ended, from the start of the run.
    pub first_ns: u64,
    /// When the last ended.
    pub last_ns: u64,
}

/// Operations kept one by one, in `samples.parquet`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Samples {
    /// How many.
    pub count: u64,
    /// Which share of the operations was kept, 0 to 1.
    pub share: f64,
    /// Digest of the file.
    pub digest: String,
}

/// The generator itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Generator {
    /// Load threads.
    pub workers: u32,
    /// How they waited: hybrid, sleep or spin.
    pub idle: String,
    /// CPU time used; null if the run was cut off.
    pub cpu_ns: Option<u64>,
    /// Peak resident memory; null where the system does not tell.
    pub memory_bytes_max: Option<u64>,
    /// Mean number of operations in flight.
    pub in_flight_mean: f64,
}

/// A monitor.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Monitor {
    /// Its name.
    pub name: String,
    /// What it reads, in words.
    pub source: String,
    /// What it read.
    pub series: Vec<Series>,
    /// What it could not read, most often first.
    pub gaps: Vec<Gap>,
}

/// A series over the run, one reading a second.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Series {
    /// The monitor's name, a point, and its own.
    pub name: String,
    /// bytes, bytes_per_s, cores, count, ns, per_s or share.
    pub unit: String,
    /// What there is of it at most; null if that is not known.
    pub limit: Option<f64>,
    /// Readings.
    pub count: u64,
    /// Whole seconds of the run.
    pub seconds: u64,
    /// Those of them in which it was read.
    pub seconds_read: u64,
    /// Smallest reading.
    pub min: f64,
    /// Mean of the readings.
    pub mean: f64,
    /// 95th percentile of the readings, by nearest rank.
    pub p95: f64,
    /// Largest reading.
    pub max: f64,
    /// Last reading.
    pub last: f64,
    /// p95 as a share of the limit; null without one.
    pub used: Option<f64>,
    /// Spearman's rank correlation with p95 of response time from second to second; null if it is not known.
    pub correlation_with_response_time: Option<f64>,
    /// The same with successes per second.
    pub correlation_with_throughput: Option<f64>,
}

/// What a monitor could not read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Gap {
    /// Why.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// When first, from the start of the run.
    pub first_ns: u64,
    /// When last.
    pub last_ns: u64,
}

/// What a run cost, derived from the price that the plan gives.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cost {
    /// As the plan gives it.
    pub per_hour: f64,
    /// As the plan gives it.
    pub currency: String,
    /// Events that a success carries, as the plan gives it.
    pub events_per_success: f64,
    /// Events by the second of this run.
    pub events_per_s: f64,
    /// For a million events; null if nothing succeeded.
    pub per_million_events: Option<f64>,
}

/// Renders `run.json`.
pub fn json(view: &View) -> String {
    let mut text =
        serde_json::to_string_pretty(&run(view)).expect("the run's own types can always be written");
    text.push('\n');
    text
}

/// The schema of `run.json`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Run);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema can always be written");
    text.push('\n');
    text
}

/// The run as it stands in `run.json`.
pub fn run(view: &View) -> Run {
    let record = &view.record;
    let started = &record.started;
    Run {
        schema: SCHEMA.to_owned(),
        name: started.plan.name.clone(),
        verdict: view.judgement.verdict.name().to_owned(),
        sentence: super::text::headline(view).trim().trim_start_matches("⦵ ").to_owned(),
        started_at: started.started_at.clone(),
        duration_ns: record.span_ns(),
        ended: record.finished.as_ref().map(|f| ended(&f.reason).to_owned()),
        scale: started.plan.scale,
        seed: started.plan.seed,
        plan_digest: started.plan_digest.clone(),
        claims_digest: started.claims_digest.clone(),
        record_digest: Some(view.record_digest.clone()).filter(|d| !d.is_empty()),
        target: started.plan.target.clone(),
        totals: totals(view),
        steps: view.steps.iter().map(step).collect(),
        all_response_time_quantiles: view.overall.iter().map(quantile).collect(),
        counted: view.counted.iter().map(counted).collect(),
        injected: view.injected.iter().map(injected).collect(),
        breakpoint: view.breakpoint.as_ref().map(breakpoint),
        deliveries: view.record.deliveries.as_ref().map(deliveries),
        monitors: view.monitors.monitors.iter().map(monitor).collect(),
        bottleneck: view.monitors.bottleneck.clone(),
        cost: view.monitors.cost.as_ref().map(cost),
        phases: view.phases.iter().map(phase).collect(),
        claims: view.judgement.claims.iter().map(claim).collect(),
        audits: view.judgement.findings.iter().map(audit).collect(),
        errors: view.errors.iter().map(|e| error(view, e)).collect(),
        samples: view.samples.as_ref().and_then(|s| s.as_ref().ok()).map(|worst| Samples {
            count: worst.rows,
            share: worst.share,
            digest: worst.digest.clone(),
        }),
        generator: Generator {
            workers: started.workers,
            idle: format!("{:?}", started.idle).to_lowercase(),
            cpu_ns: record.finished.as_ref().map(|f| f.cpu_ns),
            memory_bytes_max: record.finished.as_ref().and_then(|f| f.memory_bytes_max),
            in_flight_mean: view.totals.in_flight_mean,
        },
        environment: started.environment.iter().cloned().collect(),
    }
}

fn ended(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::Completed => "completed",
        StopReason::Interrupted => "interrupted",
        StopReason::ClaimLost(_) => "claim_lost",
        StopReason::Asked(_) => "asked",
    }
}

fn totals(view: &View) -> Totals {
    let totals = &view.totals;
    Totals {
        scheduled: totals.counts.scheduled,
        sent: totals.counts.sent,
        ok: totals.ok,
        rejected: totals.rejected,
        failed: totals.failed,
        dropped: totals.counts.dropped,
        in_flight: totals.in_flight,
        iterations: totals.iterations.0,
        bytes_sent: totals.bytes_sent,
        bytes_received: totals.bytes_received,
        connections: totals.connects,
    }
}

fn step(step: &StepView) -> Step {
    Step {
        name: step.name.clone(),
        scenario: step.scenario.clone(),
        phase: None,
        kind: kind(step.kind).to_owned(),
        scheduled: step.counts.scheduled,
        sent: step.counts.sent,
        dropped: step.counts.dropped,
        outcomes: step.outcomes.iter().map(|o| (o.outcome.name().to_owned(), outcome(o))).collect(),
        all_response_time_quantiles: step.overall.iter().map(quantile).collect(),
        phases_ns: step.phases_ns.iter().map(|(name, ns)| ((*name).to_owned(), *ns)).collect(),
    }
}

fn on_ramp(course: &Course) -> ClaimOnRamp {
    let (fate, at, reason) = match &course.fate {
        Fate::Broke(at) => ("broke", Some(*at), None),
        Fate::Kept => ("kept", None, None),
        Fate::NotJudged(why) => ("not_judged", None, Some((*why).to_owned())),
    };
    ClaimOnRamp {
        claim: course.claim.clone(),
        fate: fate.to_owned(),
        kept: at.and_then(|at| at.kept),
        low: at.map(|at| at.low),
        high: at.map(|at| at.high),
        reason,
    }
}

fn deliveries(all: &plimsoll_model::delivery::Deliveries) -> Deliveries {
    Deliveries {
        attempted: all.attempted,
        acknowledged: all.acknowledged,
        refused: all.refused,
        found: all.read.map(|read| read.found),
        lost: all.read.map(|read| read.lost),
        duplicated: all.read.map(|read| read.duplicated),
        unexpected: all.read.map(|read| read.unexpected),
        recovered: all.read.map(|read| read.recovered),
    }
}

fn counted(view: &CountedView) -> Counted {
    Counted {
        name: view.name.clone(),
        scenario: view.scenario.clone(),
        kind: if view.is_event { "event" } else { "number" }.to_owned(),
        count: view.count,
        operations: view.operations,
        sum: view.sum,
        min: view.min,
        mean: view.mean,
        max: view.max,
        share: view.share(),
    }
}

const fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Group => "group",
        StepKind::Part(_) => "part",
        StepKind::Operation | StepKind::Solo => "operation",
    }
}

fn outcome(view: &OutcomeView) -> Outcomes {
    let finite = view.outcome != Outcome::Dropped;
    Outcomes {
        count: view.count,
        rate_per_s: view.rate_per_s,
        response_time_ns: if finite { times(&view.response) } else { None },
        service_time_ns: times(&view.service),
    }
}

fn times(view: &Times) -> Option<TimesValue> {
    (view.count > 0).then(|| TimesValue {
        count: view.count,
        min: view.min_ns,
        mean: view.mean_ns,
        max: view.max_ns,
        quantiles: view.quantiles.iter().map(quantile).collect(),
    })
}

fn quantile(view: &Quantile) -> QuantileValue {
    let known = matches!(view.standing, Standing::Published | Standing::IntervalOnly | Standing::Below);
    QuantileValue {
        q: view.q,
        value: view.value_ns.filter(|_| view.standing == Standing::Published),
        low: view.low_ns.filter(|_| known),
        high: view.high_ns.filter(|_| known),
        measurable: view.standing == Standing::Published && view.value_ns.is_some(),
        effective_samples: view.effective,
    }
}

fn phase(view: &crate::view::PhaseView) -> Phase {
    Phase {
        name: view.phase.name.clone(),
        start_ns: view.phase.start_ns,
        end_ns: view.phase.end_ns,
        ok: view.ok,
        failed: view.failed,
        response_time_ns: times(&view.response),
    }
}

fn claim(claim: &plimsoll_audit::ClaimResult) -> Claim {
    Claim {
        text: claim.text.clone(),
        verdict: claim.verdict.name().to_owned(),
        value: claim.value,
        low: claim.low,
        high: claim.high,
        unit: claim.dimension.unit().to_owned(),
        samples: claim.samples,
        reason: claim.reason.clone(),
    }
}

fn audit(finding: &plimsoll_audit::Finding) -> Audit {
    Audit {
        id: finding.id.to_owned(),
        status: finding.status.name().to_owned(),
        value: finding.value,
        threshold: finding.threshold,
        sentence: finding.sentence.clone(),
    }
}

fn error(view: &View, error: &plimsoll_metrics::ErrorCount) -> Error {
    Error {
        step: view.step_name(error.step).to_owned(),
        outcome: error.outcome.name().to_owned(),
        class: error.class.clone(),
        count: error.count,
        example: error.example.clone(),
        first_ns: error.first_ns,
        last_ns: error.last_ns,
    }
}
