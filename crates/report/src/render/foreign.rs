//! What is thought of another tool's result, in plain aligned text and as JSON.

use plimsoll_audit::foreign::{Foreign, ForeignJudgement, Row};
use plimsoll_audit::{Finding, RunVerdict, Status};
use plimsoll_metrics::expression::percent as percentile;
use serde_json::json;

use super::table::{Lean, table};
use crate::format::{count, rate, time};

/// Rows shown before the rest is summed up.
const ROWS_SHOWN: usize = 20;

/// Renders the judgement.
pub fn foreign_text(foreign: &Foreign, judged: &ForeignJudgement) -> String {
    let word = match judged.verdict {
        RunVerdict::Valid => "this result is valid.",
        RunVerdict::Limited => "this result is limited: it is not contradicted, and it cannot be confirmed.",
        RunVerdict::Invalid => "this result is invalid: it proves nothing.",
    };
    let mut text = format!("⦵ Plimsoll: {word}\n  {}\n", foreign.source);
    foreign.unread.iter().for_each(|note| text.push_str(&format!("  {note}\n")));
    if !foreign.claims.is_empty() {
        text.push_str("\nClaims\n");
        let why = reason(judged);
        let rows: Vec<_> = foreign
            .claims
            .iter()
            .map(|claim| vec!["UNPROVEN".to_owned(), claim.clone(), why.clone()])
            .collect();
        text.push_str(&table(&[Lean::Left, Lean::Left, Lean::Left], &rows));
    }
    let listed = |title: &str, statuses: &[Status]| {
        let mut found: Vec<&Finding> =
            judged.findings.iter().filter(|f| statuses.contains(&f.status)).collect();
        found.sort_by_key(|f| std::cmp::Reverse(f.status));
        let lines: String =
            found.iter().map(|f| format!("  {:<8} {}: {}\n", f.status.name(), f.id, f.sentence)).collect();
        if lines.is_empty() { lines } else { format!("\n{title}\n{lines}") }
    };
    text.push_str(&listed("What is wrong with it", &[Status::Invalid, Status::Limited]));
    text.push_str(&rows(foreign));
    text.push_str(&listed("Audits that found nothing wrong", &[Status::Pass]));
    text.push_str(&listed("Audits that could not look", &[Status::NotRun]));
    text
}

/// Why a claim of it is not proven.
fn reason(judged: &ForeignJudgement) -> String {
    let invalid: Vec<_> =
        judged.findings.iter().filter(|f| f.status == Status::Invalid).map(|f| f.id).collect();
    if invalid.is_empty() {
        "stated, and not measured here".to_owned()
    } else {
        format!("refused by {}", invalid.join(", "))
    }
}

fn rows(foreign: &Foreign) -> String {
    let mut quantiles: Vec<f64> =
        foreign.rows.iter().flat_map(|r| r.quantiles.iter().map(|(q, _)| *q)).collect();
    quantiles.sort_by(f64::total_cmp);
    quantiles.dedup();
    let mut head = ["", "requests", "failed", "per second", "users", "mean"].map(str::to_owned).to_vec();
    head.extend(quantiles.iter().map(|q| format!("p{}", percentile(*q))));
    head.push("max".to_owned());
    let row = |r: &Row| {
        let ms = |v: Option<f64>| v.map_or("not told".to_owned(), |v| time(v * 1e6));
        let n = |v: Option<f64>| v.map_or("not told".to_owned(), |v| count(v.round() as u64));
        let mut cells = vec![
            r.name.clone(),
            n(r.requests),
            n(r.failed),
            r.rate_per_s.map_or("not told".to_owned(), rate),
            n(r.users),
            ms(r.mean_ms),
        ];
        cells.extend(quantiles.iter().map(|q| ms(r.quantile_ms(*q))));
        cells.push(ms(r.max_ms));
        cells
    };
    let mut lines = vec![head];
    lines.extend(foreign.rows.iter().take(ROWS_SHOWN).chain(&foreign.total).map(row));
    let mut leans = vec![Lean::Left];
    leans.resize(lines[0].len(), Lean::Right);
    let more = foreign.rows.len().saturating_sub(ROWS_SHOWN);
    let more = if more > 0 { format!("  and {more} further rows\n") } else { String::new() };
    format!("\nWhat it says\n{}{more}", table(&leans, &lines))
}

/// Renders the judgement as JSON.
pub fn foreign_json(foreign: &Foreign, judged: &ForeignJudgement) -> String {
    let audits: Vec<_> = judged
        .findings
        .iter()
        .map(|f| json!({ "id": f.id, "status": f.status.name(), "value": f.value, "threshold": f.threshold, "sentence": f.sentence }))
        .collect();
    let claims: Vec<_> = foreign
        .claims
        .iter()
        .map(|text| json!({ "text": text, "verdict": "UNPROVEN", "reason": reason(judged) }))
        .collect();
    let rows: Vec<_> = foreign
        .rows
        .iter()
        .map(|r| {
            let quantiles: Vec<_> = r.quantiles.iter().map(|(q, ms)| json!({ "q": q, "value": ms * 1e6 })).collect();
            json!({ "name": r.name, "requests": r.requests, "failed": r.failed, "rate_per_s": r.rate_per_s, "users": r.users, "mean_ns": r.mean_ms.map(|ms| ms * 1e6), "quantiles_ns": quantiles })
        })
        .collect();
    let value = json!({ "schema": "plimsoll.foreign/1", "source": foreign.source, "verdict": judged.verdict.name(), "claims": claims, "audits": audits, "rows": rows, "unread": foreign.unread });
    format!("{value:#}\n")
}
