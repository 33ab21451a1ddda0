//! Arms of runs, in words: for the terminal, and as Markdown for a pull request.

use std::collections::BTreeSet;

use plimsoll_audit::Verdict;
use plimsoll_audit::compare::Compared;
use plimsoll_audit::statistics::change::{Change, RUNS_MIN, RUNS_MORE_MAX};

use crate::comparison::{Comparison, Difference, JudgedClaim, NOT_RECORDED, Pair, is_share};
use crate::format::{count, rate, share, time};
use crate::render::table::{Lean, table};

/// Heads of the columns of [`cells`]; arms stand in the second, the third and the fourth.
pub(crate) const HEAD: [&str; 8] = ["measure", "A", "B", "B / A", "95 % interval", "p", "counts from", ""];

/// What stands before measures that are not in all runs of both sides.
pub(crate) const MISSING: &str = "On one side only, or missing or withheld in some runs";

/// Letters of a circumstance's value that are shown.
const LETTERS_MAX: usize = 24;

/// The headline of a comparison: what it comes to, in one sentence.
pub fn headline(found: &Comparison) -> String {
    if !found.differences.is_empty() {
        let names: Vec<_> = found.differences.iter().map(|difference| difference.name).collect();
        return format!("⦵ no comparison: the sides differ in {} beside what was declared", names.join(", "));
    }
    let all = found.measures().count();
    let (worse, better) =
        (found.count(|c| matches!(c, Change::Regression)), found.count(|c| matches!(c, Change::Improvement)));
    let equal = found.count(|c| matches!(c, Change::Equivalent));
    let is_few = found.arms.iter().any(|arm| arm.runs.len() < RUNS_MIN);
    let words = if is_few && found.count(|c| matches!(c, Change::TooFew { .. })) == all {
        too_few(found)
    } else if all == 0 {
        "no comparison: there is no measure that runs of both sides have".to_owned()
    } else {
        format!(
            "of {all} measures {worse} got worse, {better} better, {equal} are equivalent, {} cannot be told",
            all - worse - better - equal
        )
    };
    let claims = claims_in_short(found);
    if claims.is_empty() { format!("⦵ {words}") } else { format!("⦵ {claims}; {words}") }
}

fn too_few(found: &Comparison) -> String {
    let counts: Vec<_> = found.arms.iter().map(|arm| arm.runs.len().to_string()).collect();
    let (last, others) = counts.split_last().expect("there are arms");
    let lacking = found.arms.iter().filter(|arm| arm.runs.len() < RUNS_MIN);
    let lacking: Vec<_> =
        lacking.map(|arm| format!("{} {} more", arm.name, RUNS_MIN - arm.runs.len())).collect();
    let what = if lacking.is_empty() { String::new() } else { format!(", {}", lacking.join(", ")) };
    format!("no word on {} and {last} runs: at least six a side are needed{what}", others.join(", "))
}

fn claims_in_short(found: &Comparison) -> String {
    let count = |wanted: Verdict| found.claims.iter().filter(|claim| claim.verdict == wanted).count();
    let (refuted, unproven) = (count(Verdict::Refuted), count(Verdict::Unproven));
    let all = found.claims.len();
    if all == 0 {
        return String::new();
    }
    let parts = [(refuted, "refuted"), (unproven, "unproven")].into_iter().filter(|(n, _)| *n > 0);
    let parts: String = parts.map(|(n, word)| format!(", {n} {word}")).collect();
    format!("{} of {all} claims verified{parts}", count(Verdict::Verified))
}

/// What has to be known to read a comparison: runs that are not counted or should not be, steps that some arms lack.
pub(crate) fn remarks(found: &Comparison) -> Vec<String> {
    let mut all = Vec::new();
    if !found.differences.is_empty() {
        all.push("Say `--factor NAME` of the one that is meant to differ.".to_owned());
    }
    all.extend(found.left_out.iter().map(|(path, why)| format!("left out, {why}: {}", path.display())));
    all.extend(found.marked.iter().map(|(path, why)| format!("counted although {why}: {}", path.display())));
    all.extend(found.only.iter().map(|(step, arms)| format!("only {} has the step {step}", arms.join(", "))));
    all.extend(found.pairs.iter().filter_map(|pair| open_shares(found, pair)));
    let is_old = |d: &Difference| d.name == "env" && d.values.iter().any(|v| v.contains(NOT_RECORDED));
    if found.differences.iter().any(is_old) {
        let remark = "some runs were made before values of -e were recorded: say `--factor env` if these were the same";
        all.push(remark.to_owned());
    }
    if found.is_env_unknown {
        all.push(
            "values of -e were not recorded in these runs: where only they differ it is not noticed"
                .to_owned(),
        );
    }
    all
}

/// Shares of successes that are neither told apart nor called equal: then nobody knows that both do the same work.
fn open_shares(found: &Comparison, pair: &Pair) -> Option<String> {
    let is_open = |of: &&Compared| is_share(&of.measure) && matches!(of.change, Change::Inconclusive { .. });
    let open: Vec<_> = pair.measures.iter().filter(is_open).map(|of| of.measure.as_str()).collect();
    let (base, other) = (&found.arms[pair.base].name, &found.arms[pair.other].name);
    (!open.is_empty()).then(|| {
        format!("that {other} does the same work as {base} is not shown: {} cannot be told", open.join(", "))
    })
}

/// For the terminal.
pub fn comparison_text(found: &Comparison) -> String {
    let mut text = format!("{}\n", headline(found));
    for difference in &found.differences {
        text.push_str(&format!("  {}: {}\n", difference.name, short(difference).join(" | ")));
    }
    remarks(found).iter().for_each(|remark| text.push_str(&format!("  {remark}\n")));
    if !found.claims.is_empty() {
        text.push_str(&format!("\nClaims\n{}", claims_table(found)));
    }
    found.pairs.iter().for_each(|pair| text.push_str(&pair_text(found, pair)));
    text
}

fn claims_table(found: &Comparison) -> String {
    let row = |claim: &JudgedClaim| {
        vec![claim.verdict.name().to_owned(), claim.text.clone(), ratio_of(claim), claim.reason.clone()]
    };
    let rows: Vec<_> = found.claims.iter().map(row).collect();
    table(&[Lean::Left, Lean::Left, Lean::Right, Lean::Left], &rows)
}

/// The ratio that a claim is about, with its interval.
pub(crate) fn ratio_of(claim: &JudgedClaim) -> String {
    claim
        .ratio
        .map_or_else(|| "no ratio".to_owned(), |r| format!("{:.3} ({:.3}–{:.3})", r.estimate, r.low, r.high))
}

fn pair_text(found: &Comparison, pair: &Pair) -> String {
    let (a, b) = (&found.arms[pair.base], &found.arms[pair.other]);
    let mut rows = vec![head(&a.name, &b.name)];
    rows.extend(pair.measures.iter().map(|measure| cells(measure, found.differences.is_empty()).to_vec()));
    let leans = [[Lean::Left].as_slice(), &[Lean::Right; 6], &[Lean::Left]].concat();
    let turns = if pair.in_turn { ", made in turn" } else { "" };
    let mut text = format!(
        "\n{} against {}: medians of {} and {} runs{turns}, worst first\n{}",
        b.name,
        a.name,
        a.runs.len(),
        b.runs.len(),
        table(&leans, &rows)
    );
    if !pair.unequal.is_empty() {
        text.push_str(&format!(
            "Not compared in speed: {} differs, so they did not do the same work\n",
            pair.unequal.join(", ")
        ));
    }
    if !pair.missing.is_empty() {
        text.push_str(&format!("{MISSING}: {}\n", pair.missing.join(", ")));
    }
    text
}

fn head(base: &str, other: &str) -> Vec<String> {
    let mut head = HEAD.map(str::to_owned).to_vec();
    (head[1], head[2], head[3]) = (base.to_owned(), other.to_owned(), format!("{other} / {base}"));
    head
}

/// For a pull request.
pub fn comparison_markdown(found: &Comparison) -> String {
    let mut text = format!("### {}\n\n", headline(found));
    for difference in &found.differences {
        text.push_str(&format!("- {}: {}\n", difference.name, short(difference).join(" \\| ")));
    }
    remarks(found).iter().for_each(|remark| text.push_str(&format!("- {remark}\n")));
    if !found.claims.is_empty() {
        text.push_str("\n| verdict | claim | ratio, 95 % interval | why |\n|---|---|--:|---|\n");
        for claim in &found.claims {
            let cells = [claim.verdict.name(), &format!("`{}`", claim.text), &ratio_of(claim), &claim.reason];
            text.push_str(&row(cells.map(cell)));
        }
    }
    for pair in &found.pairs {
        let (a, b) = (&found.arms[pair.base], &found.arms[pair.other]);
        let lines = "|---|--:|--:|--:|--:|--:|--:|---|";
        text.push_str(&format!("\n{}{lines}\n", row(head(&a.name, &b.name).iter().map(|name| cell(name)))));
        for measure in &pair.measures {
            let cells = cells(measure, found.differences.is_empty());
            text.push_str(&row(cells.iter().map(|of| cell(of))));
        }
        if !pair.unequal.is_empty() {
            text.push_str(&format!("\nNot compared in speed: {} differs.\n", pair.unequal.join(", ")));
        }
        if !pair.missing.is_empty() {
            text.push_str(&format!("\n{MISSING}: {}.\n", pair.missing.join(", ")));
        }
    }
    let counts: Vec<_> = found.arms.iter().map(|arm| format!("{} {}", arm.name, arm.runs.len())).collect();
    text.push_str(&format!("\nRuns: {}.\n", counts.join(", ")));
    text
}

/// A row of a table in Markdown.
fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

/// Without what would end a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The values of each arm, as far as they help to tell what differs.
pub(crate) fn short(difference: &Difference) -> Vec<String> {
    if difference.name == "env" {
        return variables(&difference.values);
    }
    let cut = |value: &String| value.chars().take(LETTERS_MAX).collect::<String>();
    let of_arm = |values: &BTreeSet<String>| values.iter().map(cut).collect::<Vec<_>>().join(", ");
    difference.values.iter().map(of_arm).collect()
}

/// Variables by which arms differ; those that are equal in all runs are left out.
fn variables(arms: &[BTreeSet<String>]) -> Vec<String> {
    let parts = |value: &String| value.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
    let all: Vec<_> = arms.iter().flatten().map(parts).collect();
    let is_everywhere = |part: &String| all.iter().all(|known| known.contains(part));
    let of_run = |value: &String| {
        let own: Vec<_> = parts(value).into_iter().filter(|part| !is_everywhere(part)).collect();
        if own.is_empty() { "none of these".to_owned() } else { own.join(", ") }
    };
    let of_arm = |values: &BTreeSet<String>| match values.len() {
        0 => NOT_RECORDED.to_owned(),
        _ => values.iter().map(of_run).collect::<Vec<_>>().join(" or "),
    };
    arms.iter().map(of_arm).collect()
}

/// A row of the table of measures.
pub(crate) fn cells(of: &Compared, has_word: bool) -> [String; 8] {
    let none = || "no value".to_owned();
    let show = |value: Option<f64>| value.map_or_else(none, |value| shown(&of.measure, value));
    let word = match of.change {
        _ if !has_word => String::new(),
        Change::Inconclusive { runs_more } if runs_more >= RUNS_MORE_MAX => {
            format!("INCONCLUSIVE, {} runs more a side or more", count(RUNS_MORE_MAX as u64))
        }
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
        of.ratio.map_or_else(
            || "no ratio".to_owned(),
            |ratio| format!("{:+.1} %", (ratio.estimate - 1.0) * 100.0),
        ),
        of.ratio.map_or_else(String::new, |r| {
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
