//! Everything on the page that is text.

use maud::{Markup, html as markup};
use plimsoll_audit::{Finding, Status, Verdict};
use plimsoll_metrics::quantile::{Quantile, Standing};
use plimsoll_model::{Outcome, StepKind};

use super::super::{breakpoint, counted, matrix, text::long};
use super::{status_class, verdict_class};
use crate::View;
use crate::format::{count, duration, interval, rate, time, value};
use crate::injected::InjectedView;
use crate::view::{CountedView, StepView};

/// Quantiles of the table of steps.
const SHOWN: [(f64, &str); 5] = [(0.5, "p50"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99"), (0.999, "p99.9")];

pub(super) fn claims(view: &View) -> Markup {
    let mut sorted: Vec<_> = view.judgement.claims.iter().collect();
    sorted.sort_by_key(|c| match c.verdict {
        Verdict::Refuted => 0,
        Verdict::Unproven => 1,
        Verdict::Verified => 2,
    });
    markup! {
        section aria-labelledby="claims" {
            h2 id="claims" { "Claims" }
            @if sorted.is_empty() {
                p { "No claims were made. A plan states them under " code { "claims:" } "; " code { "plimsoll hit" } " takes " code { "--claim" } "." }
            } @else {
                div.scroll { table {
                    thead { tr { th scope="col" { "verdict" } th scope="col" { "claim" } th scope="col" { "measured" } th.number scope="col" { "n" } th scope="col" { "why" } } }
                    tbody {
                        @for claim in sorted {
                            tr {
                                td { span class=(verdict_class(claim.verdict)) { (claim.verdict.name()) } }
                                th scope="row" { code { (claim.text) } }
                                td.value { (claim.value.map(|v| value(claim.dimension, v, claim.low, claim.high)).or_else(|| interval(claim.low, claim.high)).unwrap_or_else(|| "no value".to_owned())) }
                                td.number { (count(claim.samples)) }
                                td.words { (claim.reason) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// What a ramp says of the load line.
pub(super) fn ramp(view: &View) -> Markup {
    let Some(found) = &view.breakpoint else { return markup! {} };
    let sentences = breakpoint::sentences(found);
    markup! {
        section aria-labelledby="ramp" {
            h2 id="ramp" { "Load line by one ramp" }
            @for sentence in &sentences { p { (sentence) } }
            div.scroll { table {
                thead { tr { th scope="col" { "claim" } th scope="col" { "on the ramp" } } }
                tbody {
                    @for course in &found.claims {
                        tr { th scope="row" { code { (course.claim) } } td.words { (breakpoint::fate(found, &course.fate)) } }
                    }
                }
            } }
        }
    }
}

pub(super) fn limits(view: &View) -> Markup {
    let mut bad: Vec<_> = view.judgement.findings.iter().filter(|f| f.status >= Status::Limited).collect();
    bad.sort_by_key(|f| std::cmp::Reverse(f.status));
    markup! {
        @if !bad.is_empty() {
            section aria-labelledby="limits" {
                h2 id="limits" { "What limits this run" }
                ul.findings {
                    @for finding in bad {
                        li id={ "audit-" (finding.id) } { span class=(status_class(finding.status)) { (finding.status.name()) } " " b { (finding.id) } " " (finding.sentence) }
                    }
                }
            }
        }
    }
}

pub(super) fn steps(view: &View) -> Markup {
    let what = if view.record.started.plan.has_open_load() {
        "Response time of successes, from when they were due, with 95 % intervals."
    } else {
        "Response time of successes, with 95 % intervals."
    };
    markup! {
        section aria-labelledby="steps" {
            h2 id="steps" { "Steps" }
            p { (what) }
            div.scroll { table.sortable data-name="steps" {
                thead { tr {
                    th scope="col" { "step" } th.number scope="col" { "ok" }
                    @if view.totals.rejected > 0 { th.number scope="col" { "refused" } }
                    th.number scope="col" { "failed" } th.number scope="col" { "dropped" } th.number scope="col" { "ok/s" }
                    @for (_, name) in SHOWN { th.number scope="col" { (name) } }
                    th.number scope="col" { "max" }
                } }
                tbody { @for step in &view.steps { (step_row(view, step)) } }
            } }
            @for step in view.steps.iter().filter(|s| s.kind == StepKind::Operation && !s.outcomes.is_empty()) { (outcomes(view, step)) }
        }
    }
}

/// What operations counted, if they counted anything.
pub(super) fn counts(view: &View) -> Markup {
    if view.counted.is_empty() {
        return Markup::default();
    }
    let [name, numbers @ ..] = counted::HEAD;
    markup! {
        section aria-labelledby="counted" {
            h2 id="counted" { "Counted along with operations" }
            div.scroll { table data-name="counted" {
                thead { tr { th scope="col" { (name) } @for name in numbers { th.number scope="col" { (name) } } } }
                tbody { @for counted in &view.counted { (counted_row(counted)) } }
            } }
        }
    }
}

fn counted_row(counted: &CountedView) -> Markup {
    let [name, numbers @ ..] = counted::cells(counted);
    markup! { tr { th scope="row" { (name) } @for cell in numbers { td.number { (cell) } } } }
}

/// What became of data by what was wrong with it, if something was.
pub(super) fn injected(view: &View) -> Markup {
    if view.injected.is_empty() {
        return Markup::default();
    }
    let [step, data, numbers @ ..] = matrix::HEAD;
    markup! {
        section aria-labelledby="injected" {
            h2 id="injected" { (matrix::TITLE) }
            p { (matrix::sentence(&view.injected)) }
            div.scroll { table data-name="injected" {
                thead { tr { th scope="col" { (step) } th scope="col" { (data) } @for name in numbers { th.number scope="col" { (name) } } } }
                tbody { @for row in &view.injected { (injected_row(row)) } }
            } }
        }
    }
}

/// What was taken for what it is not stands out.
fn injected_row(row: &InjectedView) -> Markup {
    let [step, data, planned, sent, share, passed, refused, otherwise, unanswered] = matrix::cells(row);
    let is_bad = |broken: bool| row.mistaken() > 0 && row.fault.is_some() == broken;
    let cell = |text: &str, is_bad: bool| {
        markup! { td.number { @if is_bad { span.bad { (text) } } @else { (text) } } }
    };
    markup! {
        tr {
            th scope="row" { (step) }
            td { (data) }
            @for text in [planned, sent, share] { td.number { (text) } }
            (cell(&passed, is_bad(true)))
            (cell(&refused, is_bad(false)))
            @for text in [otherwise, unanswered] { td.number { (text) } }
        }
    }
}

fn number(n: u64) -> Markup {
    markup! { td.number data-value=(n) { (count(n)) } }
}

fn step_row(view: &View, step: &StepView) -> Markup {
    let ok = step.outcome(Outcome::Ok);
    let failed = step.failed();
    let per_s = ok.map_or(0.0, |o| o.rate_per_s);
    markup! {
        tr {
            th scope="row" { (step.label()) }
            (number(ok.map_or(0, |o| o.count)))
            @if view.totals.rejected > 0 { (number(step.counted(Outcome::Rejected))) }
            (number(failed))
            (number(step.counts.dropped))
            td.number data-value=(per_s) { (rate(per_s)) }
            @for (q, _) in SHOWN { (quantile(ok.and_then(|o| o.response.quantiles.iter().find(|x| x.q == q)))) }
            (largest(ok.and_then(|o| o.response.max_ns)))
        }
    }
}

fn largest(max_ns: Option<u64>) -> Markup {
    markup! {
        @match max_ns {
            Some(max) => td.number data-value=(max) { (time(max as f64)) },
            None => td.number.quiet { "no value" },
        }
    }
}

/// A quantile with its doubt; how it came about is behind it.
fn quantile(found: Option<&Quantile>) -> Markup {
    let Some(found) = found else { return markup! { td.number.quiet { "no value" } } };
    let sortable = found.value_ns.or(found.low_ns).or(found.high_ns).unwrap_or(u64::MAX);
    let from = format!(
        "{} operations worth {} independent ones; nearest rank over the recorded windows",
        count(found.samples),
        count(found.effective.round() as u64)
    );
    markup! {
        @if let (Standing::Published, Some(value)) = (found.standing, found.value_ns) {
            td.number data-value=(sortable) title=(from) {
                (time(value as f64))
                @if let Some(bounds) = interval(found.low_ns.map(|v| v as f64), found.high_ns.map(|v| v as f64)) { " " small { (bounds) } }
            }
        } @else {
            td.number.quiet data-value=(sortable) title=(from) { (brief(found)) }
        }
    }
}

fn brief(found: &Quantile) -> String {
    match found.standing {
        Standing::NotMeasurable => "too few".to_owned(),
        _ => long(found),
    }
}

/// Outcomes of one step, with where the time of its successes went.
fn outcomes(view: &View, step: &StepView) -> Markup {
    let whole: f64 = step.phases_ns.iter().map(|(_, ns)| ns).sum();
    markup! {
        details {
            summary { (step.name) ": outcomes, service time, where the time went" }
            div.scroll { table {
                thead { tr { th scope="col" { "outcome" } th.number scope="col" { "count" } th.number scope="col" { "response p50" } th.number scope="col" { "response p99" } th.number scope="col" { "service p50" } th.number scope="col" { "service p99" } } }
                tbody {
                    @for outcome in &step.outcomes {
                        @let at = |q: f64, of: &crate::view::Times| of.quantiles.iter().find(|x| x.q == q).copied();
                        tr {
                            th scope="row" { (outcome.outcome.name()) }
                            (number(outcome.count))
                            (quantile(at(0.5, &outcome.response).as_ref())) (quantile(at(0.99, &outcome.response).as_ref()))
                            (quantile(at(0.5, &outcome.service).as_ref())) (quantile(at(0.99, &outcome.service).as_ref()))
                        }
                    }
                }
            } }
            @if whole > 0.0 {
                p { "On average a success spent "
                    @for (index, (name, ns)) in step.phases_ns.iter().filter(|(_, ns)| *ns > 0.0).enumerate() {
                        @if index > 0 { ", " } (time(*ns)) " in " (name)
                    }
                    "."
                }
            }
            p { "Of all " (count(step.counts.scheduled)) " operations (failures as infinitely slow): "
                @for (index, quantile) in step.overall.iter().take(4).enumerate() {
                    @if index > 0 { ", " } "p" (plimsoll_metrics::expression::percent(quantile.q)) " " (long(quantile))
                }
                "."
            }
            @let cell = view.record.cells.get(&(step.id, Outcome::Ok));
            @if let Some(cell) = cell { p { (count(cell.connects)) " connections were opened, " (crate::format::bytes(cell.bytes_sent)) " sent, " (crate::format::bytes(cell.bytes_received)) " received." } }
        }
    }
}

pub(super) fn errors(view: &View) -> Markup {
    markup! {
        @if !view.errors.is_empty() {
            section aria-labelledby="errors" {
                h2 id="errors" { "Errors" }
                div.scroll { table.sortable data-name="errors" {
                    thead { tr { th.number scope="col" { "count" } th scope="col" { "step" } th scope="col" { "outcome" } th scope="col" { "class" } th.number scope="col" { "first" } th.number scope="col" { "last" } th scope="col" { "example" } } }
                    tbody {
                        @for error in &view.errors {
                            tr {
                                (number(error.count))
                                th scope="row" { (view.step_name(error.step)) }
                                td { (error.outcome.name()) }
                                td { (error.class) }
                                td.number data-value=(error.first_ns) { (duration(error.first_ns)) }
                                td.number data-value=(error.last_ns) { (duration(error.last_ns)) }
                                td.example { (error.example) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

pub(super) fn phases(view: &View) -> Markup {
    markup! {
        @if !view.phases.is_empty() {
            section aria-labelledby="phases" {
                h2 id="phases" { "Phases" }
                p { "Whole seconds inside them. " code { "steady" } " is the longest constant load without its warm-up." }
                div.scroll { table.sortable data-name="phases" {
                    thead { tr { th scope="col" { "phase" } th.number scope="col" { "from" } th.number scope="col" { "to" } th.number scope="col" { "ok" } th.number scope="col" { "failed" } th.number scope="col" { "ok/s" } th.number scope="col" { "p50" } th.number scope="col" { "p95" } th.number scope="col" { "p99" } } }
                    tbody {
                        @for phase in &view.phases {
                            @let per_s = phase.ok as f64 / phase.seconds.max(1) as f64;
                            tr {
                                th scope="row" { (phase.phase.name) }
                                td.number data-value=(phase.phase.start_ns) { (duration(phase.phase.start_ns)) }
                                td.number data-value=(phase.phase.end_ns) { (duration(phase.phase.end_ns)) }
                                (number(phase.ok)) (number(phase.failed))
                                td.number data-value=(per_s) { (rate(per_s)) }
                                @for q in [0.5, 0.95, 0.99] { (quantile(phase.response.quantiles.iter().find(|x| x.q == q))) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

pub(super) fn audits(view: &View) -> Markup {
    let row = |finding: &Finding| {
        markup! {
            tr {
                th scope="row" { (finding.id) }
                td { span class=(status_class(finding.status)) { (finding.status.name()) } }
                td.words { (finding.sentence) }
                td.number { @match (finding.value, finding.threshold) { (Some(v), Some(t)) => { (figure(v)) " of " (figure(t)) }, _ => { "" } } }
            }
        }
    };
    markup! {
        section aria-labelledby="audits" {
            h2 id="audits" { "Audits" }
            div.scroll { table.sortable data-name="audits" {
                thead { tr { th scope="col" { "audit" } th scope="col" { "came out" } th scope="col" { "what was seen" } th.number scope="col" { "measured, threshold" } } }
                tbody { @for finding in &view.judgement.findings { (row(finding)) } }
            } }
        }
    }
}

/// A bare figure, short.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v >= 1e5 => format!("{value:.3e}"),
        v if v >= 10.0 => format!("{value:.0}"),
        v if v >= 0.01 => format!("{value:.3}"),
        _ => format!("{value:.1e}"),
    }
}

pub(super) fn circumstances(view: &View) -> Markup {
    let started = &view.record.started;
    let totals = &view.totals;
    let finished = view.record.finished.as_ref();
    let own = [
        ("plan", started.plan_digest.clone()),
        ("claims", started.claims_digest.clone()),
        ("record", view.record_digest.clone()),
        ("load threads", format!("{} ({})", started.workers, format!("{:?}", started.idle).to_lowercase())),
        ("connections opened", count(totals.connects)),
        (
            "sent, received",
            format!(
                "{}, {}",
                crate::format::bytes(totals.bytes_sent),
                crate::format::bytes(totals.bytes_received)
            ),
        ),
        ("in flight on average", format!("{:.2}", totals.in_flight_mean)),
        ("CPU time of the generator", finished.map_or_else(String::new, |f| time(f.cpu_ns as f64))),
        (
            "memory of the generator",
            finished.and_then(|f| f.memory_bytes_max).map_or_else(String::new, crate::format::bytes),
        ),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    markup! {
        section aria-labelledby="circumstances" {
            h2 id="circumstances" { "Circumstances" }
            div.scroll { table {
                tbody {
                    @for (name, value) in own.chain(started.environment.iter().cloned()).filter(|(_, value)| !value.is_empty()) {
                        tr { th scope="row" { (name.replace('_', " ")) } td { (value) } }
                    }
                }
            } }
            details {
                summary { "Load as executed" }
                div.scroll { table {
                    thead { tr { th scope="col" { "load" } th scope="col" { "stage" } th.number scope="col" { "from" } th.number scope="col" { "to" } th.number scope="col" { "for" } } }
                    tbody {
                        @for load in &started.plan.loads { @for stage in load.schedule.stages() {
                            tr { th scope="row" { (load.name) } td { (stage.name) } td.number { (stage.from) } td.number { (stage.to) } td.number { (duration(stage.duration_ns)) } }
                        } }
                    }
                } }
            }
        }
    }
}
