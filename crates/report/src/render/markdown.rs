//! The report in Markdown: the same sentences and tables as the summary, for pull requests and wikis.

use plimsoll_audit::{Status, Verdict};
use plimsoll_metrics::quantile::Quantile;
use plimsoll_model::Outcome;

use super::text::{headline, long, notes};
use super::{breakpoint, counted, matrix, monitors};
use crate::View;
use crate::format::{count, interval, rate, time, value};
use crate::monitors::CAVEAT;

/// Quantiles of the table of steps.
const SHOWN: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Renders the report.
pub fn markdown(view: &View) -> String {
    let mut text = format!("# {}\n\n{}\n", escape(&view.record.started.plan.name), headline(view).trim());
    let notes = notes(view);
    if !notes.is_empty() {
        text.push_str(&format!(
            "\n{}\n",
            notes.lines().map(|l| format!("- {}", escape(l.trim()))).collect::<Vec<_>>().join("\n")
        ));
    }
    claims(view, &mut text);
    ramp(view, &mut text);
    audits(view, &mut text, "What limits this run", &[Status::Invalid, Status::Limited]);
    steps(view, &mut text);
    counts(view, &mut text);
    injected(view, &mut text);
    watched(view, &mut text);
    errors(view, &mut text);
    audits(view, &mut text, "Audits passed or not run", &[Status::Pass, Status::NotRun]);
    facts(view, &mut text);
    text
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn head(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
    format!("{}{}", row(&names), row(&vec!["---".to_owned(); names.len()]))
}

fn claims(view: &View, text: &mut String) {
    if view.judgement.claims.is_empty() {
        return;
    }
    text.push_str(&format!("\n## Claims\n\n{}", head(&["verdict", "claim", "measured", "n", "why"])));
    let mut sorted: Vec<_> = view.judgement.claims.iter().collect();
    sorted.sort_by_key(|c| match c.verdict {
        Verdict::Refuted => 0,
        Verdict::Unproven => 1,
        Verdict::Verified => 2,
    });
    for claim in sorted {
        let measured = claim
            .value
            .map(|v| value(claim.dimension, v, claim.low, claim.high))
            .or_else(|| interval(claim.low, claim.high));
        text.push_str(&row(&[
            format!("**{}**", claim.verdict.name()),
            format!("`{}`", claim.text),
            measured.unwrap_or_else(|| "no value".to_owned()),
            count(claim.samples),
            escape(&claim.reason),
        ]));
    }
}

/// What a ramp says of the load line.
fn ramp(view: &View, text: &mut String) {
    let Some(found) = &view.breakpoint else { return };
    text.push_str("\n## Load line by one ramp\n\n");
    breakpoint::sentences(found)
        .iter()
        .for_each(|sentence| text.push_str(&format!("- {}\n", escape(sentence))));
    text.push_str(&format!("\n{}", head(&["claim", "on the ramp"])));
    for course in &found.claims {
        text.push_str(&row(&[format!("`{}`", course.claim), escape(&breakpoint::fate(found, &course.fate))]));
    }
}

fn audits(view: &View, text: &mut String, title: &str, which: &[Status]) {
    let mut shown: Vec<_> = view.judgement.findings.iter().filter(|f| which.contains(&f.status)).collect();
    if shown.is_empty() {
        return;
    }
    if which.contains(&Status::Invalid) {
        shown.sort_by_key(|f| std::cmp::Reverse(f.status));
    }
    text.push_str(&format!("\n## {title}\n\n{}", head(&["audit", "came out", "sentence"])));
    for finding in shown {
        text.push_str(&row(&[
            finding.id.to_owned(),
            finding.status.name().to_owned(),
            escape(&finding.sentence),
        ]));
    }
}

fn steps(view: &View, text: &mut String) {
    text.push_str("\n## Steps\n\nResponse time of successes, with 95 % intervals.\n\n");
    text.push_str(&head(&["step", "ok", "failed", "dropped", "ok/s", "p50", "p90", "p99", "p99.9", "max"]));
    for step in &view.steps {
        let ok = step.outcome(Outcome::Ok);
        let failed = step.failed();
        let mut cells = vec![
            escape(&step.label()),
            count(ok.map_or(0, |o| o.count)),
            count(failed),
            count(step.counts.dropped),
            rate(ok.map_or(0.0, |o| o.rate_per_s)),
        ];
        let quantile = |q: f64| -> Option<&Quantile> { ok?.response.quantiles.iter().find(|x| x.q == q) };
        cells.extend(SHOWN.iter().map(|q| quantile(*q).map_or_else(|| "no value".to_owned(), long)));
        cells.push(
            ok.and_then(|o| o.response.max_ns).map_or_else(|| "no value".to_owned(), |m| time(m as f64)),
        );
        text.push_str(&row(&cells));
    }
}

fn counts(view: &View, text: &mut String) {
    if view.counted.is_empty() {
        return;
    }
    text.push_str(&format!("\n## Counted along with operations\n\n{}", head(&counted::HEAD)));
    for cells in view.counted.iter().map(counted::cells) {
        text.push_str(&row(&cells.map(|cell| escape(&cell))));
    }
}

fn watched(view: &View, text: &mut String) {
    let all = &view.monitors;
    if all.monitors.is_empty() && all.cost.is_none() {
        return;
    }
    text.push_str("\n## Watched once a second\n\n");
    if all.series().next().is_some() {
        text.push_str(&head(&monitors::HEAD));
        all.series().for_each(|s| text.push_str(&row(&monitors::cells(s).map(|cell| escape(&cell)))));
        text.push('\n');
    }
    let gaps = all.monitors.iter().flat_map(monitors::gaps);
    let said = all.bottleneck.as_ref().map(|sentence| format!("{sentence} {CAVEAT}"));
    for sentence in gaps.chain(said).chain(all.cost.as_ref().map(crate::monitors::Cost::sentence)) {
        text.push_str(&format!("- {}\n", escape(&sentence)));
    }
}

fn injected(view: &View, text: &mut String) {
    if view.injected.is_empty() {
        return;
    }
    let sentence = escape(&matrix::sentence(&view.injected));
    text.push_str(&format!("\n## {}\n\n{sentence}\n\n{}", matrix::TITLE, head(&matrix::HEAD)));
    for cells in view.injected.iter().map(matrix::cells) {
        text.push_str(&row(&cells.map(|cell| escape(&cell))));
    }
}

fn errors(view: &View, text: &mut String) {
    if view.errors.is_empty() {
        return;
    }
    text.push_str(&format!("\n## Errors\n\n{}", head(&["count", "step", "outcome", "class", "example"])));
    for error in &view.errors {
        text.push_str(&row(&[
            count(error.count),
            escape(view.step_name(error.step)),
            error.outcome.name().to_owned(),
            escape(&error.class),
            escape(&error.example),
        ]));
    }
}

fn facts(view: &View, text: &mut String) {
    let started = &view.record.started;
    text.push_str(&format!("\n## Run\n\n{}", head(&["fact", "value"])));
    let own = [
        ("target", started.plan.target.clone()),
        ("started", started.started_at.clone()),
        ("seed", started.plan.seed.to_string()),
        ("plan", started.plan_digest.clone()),
        ("claims", started.claims_digest.clone()),
        ("record", view.record_digest.clone()),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    for (name, value) in own.chain(started.environment.iter().cloned()).filter(|(_, value)| !value.is_empty())
    {
        text.push_str(&row(&[name, escape(&value)]));
    }
}

/// Text as it is, in a table cell.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '|' | '*' | '_' | '<' | '>' | '[' | ']' | '#' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    #[test]
    fn tables_are_whole_whatever_the_texts() {
        let mut record = Synthetic { failed: 10, ..Synthetic::default() }.record();
        record.started.plan.steps[0].name = "a | b".to_owned();
        let text = markdown(&View::new(record));
        for table in text.split("\n\n").filter(|t| t.starts_with('|')) {
            let columns: Vec<_> = table.lines().map(|l| l.replace("\\|", "").matches('|').count()).collect();
            assert!(columns.iter().all(|n| *n == columns[0]), "{table}");
        }
    }
}
