//! Two sets of runs, in words: for the terminal, and as Markdown for a pull request.

use plimsoll_audit::compare::Compared;
use plimsoll_audit::statistics::change::Change;

use crate::comparison::Comparison;
use crate::format::{rate, share, time};
use crate::render::table::{Lean, table};

/// The headline of a comparison: what it comes to, in one sentence.
pub fn headline(found: &Comparison) -> String {
    let count = |wanted: fn(&Change) -> bool| found.measures.iter().filter(|m| wanted(&m.change)).count();
    let (worse, better) =
        (count(|c| matches!(c, Change::Regression)), count(|c| matches!(c, Change::Improvement)));
    let equal = count(|c| matches!(c, Change::Equivalent));
    let all = found.measures.len();
    if !found.differences.is_empty() {
        let names: Vec<_> = found.differences.iter().map(|(name, ..)| *name).collect();
        return format!("⦵ no comparison: the sides differ in {} beside what was declared", names.join(", "));
    }
    if all == 0 {
        return "⦵ no comparison: there is no measure that runs of both sides have".to_owned();
    }
    let few = found.measures.iter().map(|m| m.change).min_by_key(|change| match change {
        Change::TooFew { missing_a, missing_b } => missing_a + missing_b,
        _ => 0,
    });
    if let Some(Change::TooFew { missing_a, missing_b }) = few {
        return format!(
            "⦵ no word on {} and {} runs: at least six a side are needed, {missing_a} and {missing_b} more",
            found.a.len(),
            found.b.len()
        );
    }
    format!(
        "⦵ of {all} measures {worse} got worse, {better} better, {equal} are equivalent, {} cannot be told",
        all - worse - better - equal
    )
}

/// For the terminal.
pub fn comparison_text(found: &Comparison) -> String {
    let mut text = format!("{}\n", headline(found));
    for (name, a, b) in &found.differences {
        text.push_str(&format!("  {name}: {} | {}\n", short(a), short(b)));
    }
    if !found.differences.is_empty() {
        text.push_str("  Say `--factor NAME` of the one that is meant to differ.\n");
    }
    for path in &found.left_out {
        text.push_str(&format!("  left out, INVALID: {}\n", path.display()));
    }
    let head = ["measure", "A", "B", "B / A", "95 % interval", "p", "counts from", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(found.measures.iter().map(|measure| cells(measure, found.differences.is_empty()).to_vec()));
    let leans = [[Lean::Left].as_slice(), &[Lean::Right; 6], &[Lean::Left]].concat();
    text.push_str(&format!(
        "\nMedians of {} and {} runs, worst first\n{}",
        found.a.len(),
        found.b.len(),
        table(&leans, &rows)
    ));
    if !found.missing.is_empty() {
        text.push_str(&format!("\nOn one side only, or withheld: {}\n", found.missing.join(", ")));
    }
    text
}

/// For a pull request.
pub fn comparison_markdown(found: &Comparison) -> String {
    let mut text = format!("### {}\n\n", headline(found));
    for (name, a, b) in &found.differences {
        text.push_str(&format!("- {name}: {} | {}\n", short(a), short(b)));
    }
    text.push_str("| measure | A | B | B / A | 95 % interval | p | counts from | |\n|---|--:|--:|--:|--:|--:|--:|---|\n");
    for measure in &found.measures {
        text.push_str(&format!("| {} |\n", cells(measure, found.differences.is_empty()).join(" | ")));
    }
    text.push_str(&format!("\n{} and {} runs.\n", found.a.len(), found.b.len()));
    text
}

fn short(values: &std::collections::BTreeSet<String>) -> String {
    let cut = |value: &String| value.chars().take(24).collect::<String>();
    values.iter().map(cut).collect::<Vec<_>>().join(", ")
}

fn cells(of: &Compared, has_word: bool) -> [String; 8] {
    let none = || "-".to_owned();
    let show = |value: Option<f64>| value.map_or_else(none, |value| shown(&of.measure, value));
    let word = match of.change {
        _ if !has_word => String::new(),
        Change::Inconclusive { runs_more } => format!("INCONCLUSIVE, some {runs_more} runs more a side"),
        other => other.name().to_owned(),
    };
    // A value that is missing in some run is missed here.
    let runs =
        if of.runs.0 == of.runs.1 { String::new() } else { format!(" ({}, {} runs)", of.runs.0, of.runs.1) };
    [
        format!("{}{runs}", of.measure),
        show(of.medians.0),
        show(of.medians.1),
        of.ratio.map_or_else(none, |ratio| format!("{:+.1} %", (ratio.estimate - 1.0) * 100.0)),
        of.ratio.map_or_else(none, |r| {
            format!("{:+.1} to {:+.1} %", (r.low - 1.0) * 100.0, (r.high - 1.0) * 100.0)
        }),
        of.p.map_or_else(none, |p| if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }),
        format!("{:.1} %", of.delta * 100.0),
        word,
    ]
}

pub(crate) fn shown(measure: &str, value: f64) -> String {
    match measure.split('(').next() {
        Some("throughput") => rate(value),
        Some("ok_rate") => share(value),
        _ => time(value),
    }
}
