//! The summary in plain aligned text: the answer, the worst news, the evidence, the means to doubt it.

use plimsoll_audit::breakpoint::Course;
use plimsoll_audit::{ClaimResult, Finding, RunVerdict, Status, Verdict};
use plimsoll_metrics::expression::percent as percentile;
use plimsoll_metrics::quantile::{Quantile, Standing};
use plimsoll_model::{Outcome, StepKind, StopReason};

use super::table::{Lean, table};
use super::{breakpoint, counted, matrix, monitors};
use crate::format::{bytes, count, duration, interval, percent, rate, time, time_with_interval, value};
use crate::monitors::CAVEAT;
use crate::view::{StepView, Times, View};

/// Stands where an audit has withheld a number.
const WITHHELD: &str = "withheld";

/// Errors listed before the rest is summed up.
const ERRORS_SHOWN: usize = 10;

/// Steps whose quantiles are shown in full.
const DETAILED_STEPS_MAX: usize = 6;

/// Renders the summary.
pub fn text(view: &View) -> String {
    let parts = [
        headline(view),
        notes(view),
        claims(&view.judgement.claims),
        ramp(view),
        attention(&view.judgement.findings),
        steps(view),
        counts(view),
        injected(view),
        quantiles(view),
        phases(view),
        watched(view),
        errors(view),
        facts(view),
        audits(&view.judgement.findings),
    ];
    let mut text = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n");
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The first line of every result.
pub fn headline(view: &View) -> String {
    let judgement = &view.judgement;
    let total = judgement.claims.len();
    let of = |verdict| judgement.claims_that_are(verdict);
    let claims = match (total, of(Verdict::Verified)) {
        (0, _) => "no claims were made".to_owned(),
        (n, verified) if n == verified => {
            format!("{} verified", if n == 1 { "the claim is".to_owned() } else { format!("all {n} claims") })
        }
        (n, verified) => {
            let rest = [(of(Verdict::Refuted), "refuted"), (of(Verdict::Unproven), "unproven")];
            let rest: Vec<_> =
                rest.into_iter().filter(|(k, _)| *k > 0).map(|(k, word)| format!("{k} {word}")).collect();
            format!("{verified} of {n} claims verified, {}", rest.join(", "))
        }
    };
    let run = match judgement.verdict {
        RunVerdict::Valid => "The run is valid.",
        RunVerdict::Limited => "The run is limited: some numbers are withheld or qualified.",
        RunVerdict::Invalid => "The run is invalid.",
    };
    format!("⦵ Plimsoll: {claims}. {run}\n")
}

pub(super) fn notes(view: &View) -> String {
    let mut lines = String::new();
    if let Some(scale) = view.record.started.plan.scale {
        lines.push_str(&format!(
            "  Scaled by {scale}: schedules were shortened, rates and users were not. What claims say of durations and totals is not shown by it.\n"
        ));
    }
    if view.totals.ok == 0 && view.totals.counts.scheduled > 0 {
        lines.push_str(&format!(
            "  No operation succeeded: {} were due, {} were sent.\n",
            count(view.totals.counts.scheduled),
            count(view.totals.counts.sent)
        ));
    }
    match view.record.finished.as_ref().map(|f| &f.reason) {
        Some(StopReason::Interrupted) => {
            lines.push_str("  The run was interrupted; what was measured until then is judged.\n");
        }
        Some(StopReason::ClaimLost(claim)) => {
            lines
                .push_str(&format!("  The run was stopped because this claim was certainly lost: {claim}\n"));
        }
        Some(StopReason::Asked(why)) => lines.push_str(&format!("  The run ended before its time: {why}\n")),
        None => lines.push_str("  The run was cut off; what had been recorded by then is judged.\n"),
        Some(StopReason::Completed) => {}
    }
    for (at_ns, note) in &view.record.notes {
        lines.push_str(&format!("  {}: {note}\n", duration(*at_ns)));
    }
    lines
}

fn claims(claims: &[ClaimResult]) -> String {
    if claims.is_empty() {
        return String::new();
    }
    // Worst news first.
    let mut sorted: Vec<_> = claims.iter().collect();
    sorted.sort_by_key(|c| match c.verdict {
        Verdict::Refuted => 0,
        Verdict::Unproven => 1,
        Verdict::Verified => 2,
    });
    let row = |claim: &&ClaimResult| {
        let measured = claim.value.map(|v| value(claim.dimension, v, claim.low, claim.high));
        let measured = measured.or_else(|| {
            if claim.dimension == plimsoll_metrics::expression::Dimension::Time {
                interval(claim.low, claim.high)
            } else {
                None
            }
        });
        vec![
            claim.verdict.name().to_owned(),
            claim.text.clone(),
            measured.unwrap_or_default(),
            format!("n {}", count(claim.samples)),
            claim.reason.clone(),
        ]
    };
    let rows: Vec<_> = sorted.iter().map(row).collect();
    format!("Claims\n{}", table(&[Lean::Left, Lean::Left, Lean::Left, Lean::Right, Lean::Left], &rows))
}

/// What a ramp says of the load line.
fn ramp(view: &View) -> String {
    let Some(found) = &view.breakpoint else { return String::new() };
    let mut text = "Load line by one ramp\n".to_owned();
    breakpoint::sentences(found).iter().for_each(|sentence| text.push_str(&format!("  {sentence}\n")));
    let row = |course: &Course| vec![course.claim.clone(), breakpoint::fate(found, &course.fate)];
    text.push_str(&table(&[Lean::Left, Lean::Left], &found.claims.iter().map(row).collect::<Vec<_>>()));
    text
}

fn attention(findings: &[Finding]) -> String {
    let mut bad: Vec<_> =
        findings.iter().filter(|f| matches!(f.status, Status::Invalid | Status::Limited)).collect();
    bad.sort_by_key(|f| std::cmp::Reverse(f.status));
    if bad.is_empty() {
        return String::new();
    }
    let lines: String =
        bad.iter().map(|f| format!("  {}  {}: {}\n", f.status.name(), f.id, f.sentence)).collect();
    format!("What limits this run\n{lines}")
}

fn steps(view: &View) -> String {
    let mut rows = vec![
        ["step", "ok", "failed", "dropped", "ok/s", "p50", "p95", "p99", "max"].map(str::to_owned).to_vec(),
    ];
    let show_rejected = view.totals.rejected > 0;
    if show_rejected {
        rows[0].insert(2, "refused".to_owned());
    }
    for step in &view.steps {
        rows.push(step_row(step, show_rejected));
    }
    let mut leans = vec![Lean::Left];
    leans.resize(rows[0].len(), Lean::Right);
    let what = if view.record.started.plan.has_open_load() {
        "response time of successes, from when they were due"
    } else {
        "response time of successes"
    };
    format!("Steps ({what})\n{}", table(&leans, &rows))
}

/// What operations counted, if they counted anything.
fn counts(view: &View) -> String {
    if view.counted.is_empty() {
        return String::new();
    }
    let rows = view.counted.iter().map(|c| counted::cells(c).to_vec());
    let rows: Vec<_> = std::iter::once(counted::HEAD.map(str::to_owned).to_vec()).chain(rows).collect();
    let mut leans = vec![Lean::Left];
    leans.resize(counted::HEAD.len(), Lean::Right);
    format!("Counted along with operations\n{}", table(&leans, &rows))
}

/// What monitors read, what gives out first, and what it cost.
fn watched(view: &View) -> String {
    let mut text = String::new();
    if view.monitors.series().next().is_some() {
        let rows = view.monitors.series().map(|s| monitors::cells(s).to_vec());
        let rows: Vec<_> = std::iter::once(monitors::HEAD.map(str::to_owned).to_vec()).chain(rows).collect();
        let mut leans = vec![Lean::Left];
        leans.resize(monitors::HEAD.len(), Lean::Right);
        text = format!(
            "Watched once a second (rank correlation with p95 of response time, and with throughput)\n{}",
            table(&leans, &rows)
        );
    } else if !view.monitors.monitors.is_empty() {
        text.push_str("Watched once a second\n");
    }
    for sentence in view.monitors.monitors.iter().flat_map(monitors::gaps) {
        text.push_str(&format!("  {sentence}\n"));
    }
    if let Some(sentence) = &view.monitors.bottleneck {
        text.push_str(&format!("  {sentence} {CAVEAT}\n"));
    }
    if let Some(cost) = &view.monitors.cost {
        text.push_str(&format!("  {}\n", cost.sentence()));
    }
    text
}

/// What became of data by what was wrong with it, if something was.
fn injected(view: &View) -> String {
    if view.injected.is_empty() {
        return String::new();
    }
    let rows = view.injected.iter().map(|row| matrix::cells(row).to_vec());
    let rows: Vec<_> = std::iter::once(matrix::HEAD.map(str::to_owned).to_vec()).chain(rows).collect();
    let mut leans = vec![Lean::Left; 2];
    leans.resize(matrix::HEAD.len(), Lean::Right);
    format!("{}\n{}  {}\n", matrix::TITLE, table(&leans, &rows), matrix::sentence(&view.injected))
}

fn step_row(step: &StepView, show_rejected: bool) -> Vec<String> {
    let failed = step.failed();
    let ok = step.outcome(Outcome::Ok);
    let mut row = vec![
        step.label(),
        count(step.counted(Outcome::Ok)),
        count(failed),
        count(step.counts.dropped),
        rate(ok.map_or(0.0, |o| o.rate_per_s)),
    ];
    if show_rejected {
        row.insert(2, count(step.counted(Outcome::Rejected)));
    }
    for q in [0.5, 0.95, 0.99] {
        row.push(
            ok.and_then(|o| o.response.quantiles.iter().find(|x| x.q == q))
                .map_or("no value".to_owned(), short),
        );
    }
    row.push(ok.map_or("no value".to_owned(), |o| {
        o.response.max_ns.map_or(WITHHELD.to_owned(), |m| time(m as f64))
    }));
    row
}

/// A quantile for a table cell: the value if it may be printed, otherwise what is known.
fn short(quantile: &Quantile) -> String {
    match (quantile.standing, quantile.value_ns) {
        (Standing::Published, Some(value)) => time(value as f64),
        (Standing::NotMeasurable, _) => "too few".to_owned(),
        (Standing::Withheld, _) => WITHHELD.to_owned(),
        (Standing::Below, _) => below(quantile),
        _ => interval(quantile.low_ns.map(|v| v as f64), quantile.high_ns.map(|v| v as f64))
            .unwrap_or_else(|| "too few".to_owned()),
    }
}

/// A time of which no more is known than that it is short.
fn below(quantile: &Quantile) -> String {
    quantile.high_ns.map_or(WITHHELD.to_owned(), |limit| format!("< {}", time(limit as f64)))
}

fn quantiles(view: &View) -> String {
    let measured: Vec<_> =
        view.steps.iter().filter(|s| s.kind == StepKind::Operation && !s.outcomes.is_empty()).collect();
    if measured.is_empty() || measured.len() > DETAILED_STEPS_MAX {
        return String::new();
    }
    let mut text =
        String::from("Quantiles (95 % intervals; failures count as infinitely slow under “all”)\n");
    for step in measured {
        let Some(ok) = step.outcome(Outcome::Ok) else { continue };
        let all_ok = step.outcomes.iter().all(|o| !o.outcome.is_failure());
        let mut head = vec![step.name.clone(), "response time".to_owned(), "service time".to_owned()];
        let mut rows = Vec::new();
        for (index, response) in ok.response.quantiles.iter().enumerate() {
            let mut row = vec![
                format!("p{}", percentile(response.q)),
                long(response),
                long(&ok.service.quantiles[index]),
            ];
            if !all_ok {
                row.push(long(&step.overall[index]));
            }
            rows.push(row);
            // What lies beyond a quantile that cannot be measured cannot be measured either.
            if response.standing == Standing::NotMeasurable {
                break;
            }
        }
        if !all_ok {
            head.push("all, response time".to_owned());
        }
        rows.push(vec!["mean".to_owned(), mean(&ok.response), mean(&ok.service)]);
        rows.insert(0, head);
        text.push_str(&table(&[Lean::Left, Lean::Left, Lean::Left, Lean::Left], &rows));
    }
    text
}

fn mean(times: &Times) -> String {
    times.mean_ns.map_or(if times.count > 0 { WITHHELD } else { "no value" }.to_owned(), time)
}

/// A quantile with its doubt in words.
pub(super) fn long(quantile: &Quantile) -> String {
    let as_f64 = |v: Option<u64>| v.map(|v| v as f64);
    match (quantile.standing, quantile.value_ns) {
        (Standing::Published, Some(value)) => {
            time_with_interval(value as f64, as_f64(quantile.low_ns), as_f64(quantile.high_ns))
        }
        (Standing::NotMeasurable, _) => format!(
            "not measurable: {} samples needed, {} effective",
            count(plimsoll_metrics::interval::samples_needed(quantile.q)),
            count(quantile.effective.round() as u64)
        ),
        (Standing::Withheld, _) => WITHHELD.to_owned(),
        (Standing::Below, _) => below(quantile),
        (Standing::Published, None) => "unbounded: too many failed".to_owned(),
        (Standing::IntervalOnly, _) => interval(as_f64(quantile.low_ns), as_f64(quantile.high_ns))
            .unwrap_or_else(|| "unbounded".to_owned()),
    }
}

fn phases(view: &View) -> String {
    if view.phases.is_empty() {
        return String::new();
    }
    let mut rows =
        vec![["phase", "from", "to", "ok", "failed", "ok/s", "p50", "p99"].map(str::to_owned).to_vec()];
    for phase in &view.phases {
        let quantile =
            |q: f64| phase.response.quantiles.iter().find(|x| x.q == q).map_or_else(String::new, short);
        rows.push(vec![
            phase.phase.name.clone(),
            duration(phase.phase.start_ns),
            duration(phase.phase.end_ns),
            count(phase.ok),
            count(phase.failed),
            rate(phase.ok as f64 / phase.seconds.max(1) as f64),
            quantile(0.5),
            quantile(0.99),
        ]);
    }
    let mut leans = vec![Lean::Left];
    leans.resize(8, Lean::Right);
    format!("Phases (whole seconds inside them)\n{}", table(&leans, &rows))
}

fn errors(view: &View) -> String {
    if view.errors.is_empty() {
        return String::new();
    }
    let row = |e: &plimsoll_metrics::ErrorCount| {
        let seen = format!("{}–{}", duration(e.first_ns), duration(e.last_ns));
        let example: String = e.example.replace('\n', " ").chars().take(120).collect();
        vec![
            count(e.count),
            view.step_name(e.step).to_owned(),
            e.outcome.name().to_owned(),
            e.class.clone(),
            seen,
            example,
        ]
    };
    let rows: Vec<_> = view.errors.iter().take(ERRORS_SHOWN).map(row).collect();
    let mut text = format!(
        "Errors (count, step, outcome, class, first–last seen, example)\n{}",
        table(&[Lean::Right, Lean::Left, Lean::Left, Lean::Left, Lean::Left, Lean::Left], &rows)
    );
    if let Some(rest) = view.errors.get(ERRORS_SHOWN..).filter(|r| !r.is_empty()) {
        text.push_str(&format!(
            "  and {} in {} further classes\n",
            count(rest.iter().map(|e| e.count).sum()),
            rest.len()
        ));
    }
    text
}

fn facts(view: &View) -> String {
    let totals = &view.totals;
    let record = &view.record;
    let span = record.span_ns();
    let mut lines = vec![
        format!(
            "{} scheduled, {} sent, {} in {}",
            count(totals.counts.scheduled),
            count(totals.counts.sent),
            count(totals.iterations.0) + " iterations",
            duration(span)
        ),
        format!(
            "in flight: {:.2} on average; {} sent, {} received; {} connections opened",
            totals.in_flight_mean,
            bytes(totals.bytes_sent),
            bytes(totals.bytes_received),
            count(totals.connects)
        ),
    ];
    if totals.iterations.1 > 0 {
        lines.push(format!("{} iterations were cut short", count(totals.iterations.1)));
    }
    if totals.extra_attempts > 0 {
        lines.push(format!(
            "{} attempts beyond the first (redirects, stale connections), inside the times above",
            count(totals.extra_attempts)
        ));
    }
    if let Some(finished) = &record.finished {
        let cpu = finished.cpu_ns as f64 / finished.closed_ns.max(1) as f64;
        let per_operation = finished.cpu_ns as f64 / totals.counts.sent.max(1) as f64;
        let memory = finished
            .memory_bytes_max
            .map_or_else(String::new, |m| format!(", at most {} of memory", bytes(m)));
        lines.push(format!(
            "generator: {} of a core on average, {} of CPU an operation{memory}",
            percent(cpu),
            time(per_operation)
        ));
    }
    lines.push(format!(
        "seed {}, plan {}",
        record.started.plan.seed,
        record.started.plan_digest.get(..23).unwrap_or_default()
    ));
    let body: String = lines.into_iter().map(|l| format!("  {l}\n")).collect();
    format!("Run\n{body}")
}

fn audits(findings: &[Finding]) -> String {
    let rows: Vec<_> = findings
        .iter()
        .filter(|f| matches!(f.status, Status::Pass | Status::NotRun))
        .map(|f| vec![f.status.name().to_owned(), f.id.to_owned(), f.sentence.clone()])
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("Audits\n{}", table(&[Lean::Left, Lean::Left, Lean::Left], &rows))
}
