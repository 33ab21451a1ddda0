//! The page of a comparison: one file, readable and drawn without scripts.

use maud::{DOCTYPE, Markup, html as markup};
use plimsoll_audit::Verdict;
use plimsoll_audit::compare::Compared;
use plimsoll_audit::statistics::change::Change;

use super::plot::{Axis, Plot, Stroke};
use super::{STYLE, head, mark, verdict_class};
use crate::comparison::traces::{Column, CurvePoint, Shift, Trace, shared, shifts};
use crate::comparison::{Arm, Comparison, Pair};
use crate::format::{rate, time};
use crate::render::comparison::{HEAD, MISSING, cells, headline, ratio_of, remarks, short};

/// How arms are drawn: none looks like another without colour. More than these begin again.
const STROKES: [Stroke; 5] = [
    Stroke { colour: "--a1", dash: "" },
    Stroke { colour: "--a2", dash: "7 4" },
    Stroke { colour: "--a3", dash: "2 3" },
    Stroke { colour: "--a4", dash: "9 3 2 3" },
    Stroke { colour: "--a5", dash: "14 5" },
];

/// What is drawn over time beside times.
struct What {
    name: &'static str,
    of: fn(&Column) -> f64,
    words: fn(f64) -> String,
}

const WHAT: [What; 4] = [
    What { name: "Successes per second", of: |column| column.ok_per_s, words: rate },
    What { name: "Failures per second", of: |column| column.failed_per_s, words: rate },
    What { name: "Sent per second", of: |column| column.sent_per_s, words: rate },
    What { name: "Operations in flight", of: |column| column.in_flight, words: |n| format!("{n:.1}") },
];

/// Quantiles that are drawn over time.
const OVER_TIME: [&str; 3] = ["p50", "p95", "p99"];

/// A comparison on one page, with what is drawn of each arm, in their order.
pub fn comparison_html(found: &Comparison, traces: &[Trace]) -> String {
    let sentence = headline(found);
    let names: Vec<_> = found.arms.iter().map(|arm| arm.name.as_str()).collect();
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            (head(&names.join(", "), &[STYLE]))
            body {
                header {
                    p.name { (mark()) (names.join(" · ")) }
                    h1 { (sentence.trim_start_matches("⦵ ")) }
                    p.facts { @for arm in &found.arms { span { (arm.name) ": " (arm.runs.len()) " runs" } } }
                    @for remark in remarks(found) { p.note { (remark) } }
                }
                main {
                    (claims(found))
                    (differences(found))
                    @for pair in &found.pairs { (measures(found, pair)) }
                    (over_time(found, traces))
                    (percentiles(found, traces))
                    @for pair in &found.pairs { (shift_of_pair(found, pair, traces)) }
                    (runs(found, traces))
                }
                footer { "The unit is the run. Every number is computed from recorded runs; " code { "plimsoll verify RUN" } " computes those of a run again." }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn claims(found: &Comparison) -> Markup {
    let mut sorted: Vec<_> = found.claims.iter().collect();
    sorted.sort_by_key(|claim| match claim.verdict {
        Verdict::Refuted => 0,
        Verdict::Unproven => 1,
        Verdict::Verified => 2,
    });
    markup! {
        @if !sorted.is_empty() {
            section aria-labelledby="claims" {
                h2 id="claims" { "Claims" }
                div.scroll { table {
                    thead { tr { th scope="col" { "verdict" } th scope="col" { "claim" } th.number scope="col" { "ratio, 95 % interval" } th scope="col" { "why" } } }
                    tbody { @for claim in sorted { tr {
                        td { span class=(verdict_class(claim.verdict)) { (claim.verdict.name()) } }
                        th scope="row" { code { (claim.text) } }
                        td.number { (ratio_of(claim)) }
                        td.words { (claim.reason) }
                    } } }
                } }
            }
        }
    }
}

fn differences(found: &Comparison) -> Markup {
    markup! {
        @if !found.differences.is_empty() {
            section aria-labelledby="differences" {
                h2 id="differences" { "What differs beside what was declared" }
                div.scroll { table {
                    thead { tr { th scope="col" { "circumstance" } @for arm in &found.arms { th scope="col" { (arm.name) } } } }
                    tbody { @for difference in &found.differences { tr {
                        th scope="row" { (difference.name) }
                        @for shown in short(difference) { td { (shown) } }
                    } } }
                } }
            }
        }
    }
}

fn names<'a>(found: &'a Comparison, pair: &Pair) -> (&'a str, &'a str) {
    (&found.arms[pair.base].name, &found.arms[pair.other].name)
}

fn measures(found: &Comparison, pair: &Pair) -> Markup {
    let (base, other) = names(found, pair);
    markup! {
        section {
            h2 { (other) " against " (base) }
            p { "Medians of runs, worst first. " @if pair.in_turn { "Runs were made in turn: the ratio is that of pairs." } @else { "Runs were not made in turn: what drifted between the arms is part of the ratio." } }
            @if !pair.unequal.is_empty() { p.note { "Not compared in speed: " (pair.unequal.join(", ")) " differs, so they did not do the same work." } }
            div.scroll { table {
                thead { tr { @for (at, cell) in HEAD.iter().enumerate() { th.number[(1..7).contains(&at)] scope="col" { @match at { 1 => (base), 2 => (other), 3 => { (other) " / " (base) }, _ => (cell) } } } } }
                tbody { @for measure in &pair.measures { (measure_row(measure, found.differences.is_empty())) } }
            } }
            @if !pair.missing.is_empty() { p.quiet { (MISSING) ": " (pair.missing.join(", ")) } }
        }
    }
}

fn measure_row(measure: &Compared, has_word: bool) -> Markup {
    let [name, numbers @ .., word] = cells(measure, has_word);
    let class = match measure.change {
        Change::Regression => "bad",
        Change::Improvement | Change::Equivalent => "good",
        Change::Inconclusive { .. } | Change::TooFew { .. } => "doubt",
    };
    markup! {
        tr {
            th scope="row" { (name) }
            @for cell in numbers { td.number { (cell) } }
            td { span class=(class) { (word) } }
        }
    }
}

/// How an arm is drawn.
fn stroke(arm: usize) -> Stroke {
    STROKES[arm % STROKES.len()]
}

fn over_time(found: &Comparison, traces: &[Trace]) -> Markup {
    let end = traces.iter().flat_map(|trace| &trace.columns).map(|column| column.at_s).fold(0.0, f64::max);
    markup! {
        @if end > 0.0 {
            section aria-labelledby="time" {
                h2 id="time" { "Over time" }
                p { "Counts are means of the runs; percentiles are those of the successes of all runs together, on a logarithmic axis." }
                div.halves {
                    @for what in WHAT {
                        div { h3 { (what.name) } (counted(found, traces, end, &what)) }
                    }
                    @for (at, name) in OVER_TIME.iter().enumerate() {
                        div { h3 { (name) " of the response time" } (response(found, traces, end, at, name)) }
                    }
                }
            }
        }
    }
}

fn counted(found: &Comparison, traces: &[Trace], end: f64, what: &What) -> Markup {
    let all = traces.iter().flat_map(|trace| &trace.columns).map(what.of);
    let most = all.fold(0.0, f64::max);
    if most <= 0.0 {
        return markup! { p { "Nothing in any run." } };
    }
    let mut plot = Plot::half(Axis::even(0.0, end), Axis::even(0.0, most * 1.05));
    seconds_across(&mut plot, end);
    for share in [0.5, 1.0] {
        plot.grid_up(most * share, &(what.words)(most * share));
    }
    plot.tick_up(0.0, "0");
    lines(&mut plot, found, traces, |column| Some((what.of)(column)));
    plot.svg(&format!("{} of every arm, over time", what.name))
}

fn response(found: &Comparison, traces: &[Trace], end: f64, at: usize, name: &str) -> Markup {
    let all = traces.iter().flat_map(|trace| &trace.columns).filter_map(|column| column.response_ns[at]);
    let Some(up) = Axis::magnitudes(all) else { return markup! { p { "No success was measured." } } };
    let mut plot = Plot::half(Axis::even(0.0, end), up);
    seconds_across(&mut plot, end);
    plot.grid_magnitudes(time);
    lines(&mut plot, found, traces, |column| column.response_ns[at]);
    plot.svg(&format!("{name} of the response time of every arm, over time"))
}

fn lines(plot: &mut Plot, found: &Comparison, traces: &[Trace], value: impl Fn(&Column) -> Option<f64>) {
    for (arm, trace) in traces.iter().enumerate().filter(|(_, trace)| !trace.columns.is_empty()) {
        let points: Vec<_> = trace.columns.iter().map(|column| (column.at_s, value(column))).collect();
        plot.line(&points, stroke(arm), &found.arms[arm].name);
    }
}

fn seconds_across(plot: &mut Plot, end: f64) {
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = end * share;
        plot.tick_across(at, &format!("{at:.0} s"));
    }
}

fn percentiles(found: &Comparison, traces: &[Trace]) -> Markup {
    let points = || traces.iter().flat_map(|trace| &trace.curve);
    let deepest = points().map(|point| point.q).fold(0.0, f64::max);
    let values = points().flat_map(|p| {
        let (low, high) = p.interval_ns.unwrap_or((p.value_ns, p.value_ns));
        [low, p.value_ns, high]
    });
    let up = Axis::magnitudes(values);
    markup! {
        section aria-labelledby="percentiles" {
            h2 id="percentiles" { "Percentiles" }
            p { "Response time over all operations, failures as infinitely slow: the median of the runs, with its 95 % interval from six runs on. A curve ends where a run cannot measure it any more." }
            @match up {
                Some(up) => (curves(found, traces, up, deepest)),
                None => p { "No percentile could be measured in all runs of an arm." },
            }
        }
    }
}

/// 1/(1 − q), by which percentiles lie along an axis.
fn depth(q: f64) -> f64 {
    1.0 / (1.0 - q)
}

fn curves(found: &Comparison, traces: &[Trace], up: Axis, deepest: f64) -> Markup {
    let mut plot = Plot::new(Axis::log(1.0, depth(deepest)), up);
    plot.grid_magnitudes(time);
    for (q, name) in
        [(0.0, "0 %"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %")]
    {
        if q <= deepest + 1e-9 {
            plot.tick_across(depth(q), name);
        }
    }
    for (arm, trace) in traces.iter().enumerate().filter(|(_, trace)| !trace.curve.is_empty()) {
        let band = |p: &CurvePoint| Some((depth(p.q), p.interval_ns?.0, p.interval_ns?.1));
        let bands: Vec<_> = trace.curve.iter().filter_map(band).collect();
        if !bands.is_empty() {
            plot.band(&bands, stroke(arm).colour);
        }
        let points: Vec<_> = trace.curve.iter().map(|p| (depth(p.q), Some(p.value_ns))).collect();
        plot.line(&points, stroke(arm), &found.arms[arm].name);
    }
    plot.svg("Percentiles of the response time of every arm")
}

fn shift_of_pair(found: &Comparison, pair: &Pair, traces: &[Trace]) -> Markup {
    let (base, other) = names(found, pair);
    let steps = shared(pair, traces);
    let is_compared = pair.unequal.is_empty() && found.differences.is_empty();
    markup! {
        section {
            h2 { "How " (other) " shifts the response times of " (base) }
            @if is_compared && !steps.is_empty() {
                p { "Quantile by quantile, " (other) " less " (base) ", with 95 % intervals (Hodges-Lehmann, the run as unit). Each interval holds by itself: of twelve that are all zero, one may stand apart." }
                (shift(found, pair, traces, ""))
                @for step in steps.iter().filter(|step| !step.is_empty()) {
                    details { summary { (step) } (shift(found, pair, traces, step)) }
                }
            } @else if is_compared {
                p { "No records of both could be read." }
            } @else {
                p { "Not compared: see above." }
            }
        }
    }
}

/// The plot, and the same as a table, worst first.
fn shift(found: &Comparison, pair: &Pair, traces: &[Trace], step: &str) -> Markup {
    let (base, other) = names(found, pair);
    let mut all = shifts(found, pair, traces, step);
    if all.is_empty() {
        return markup! { p { "No quantile was measured in more than half of the runs of both." } };
    }
    let plot = shift_plot(&all, &if step.is_empty() { "all operations".to_owned() } else { step.to_owned() });
    all.sort_by(|a, b| b.difference_ns.estimate.total_cmp(&a.difference_ns.estimate));
    markup! {
        (plot)
        div.scroll { table {
            thead { tr { th scope="col" { "quantile" } th.number scope="col" { (base) } th.number scope="col" { (other) } th.number scope="col" { "difference" } th.number scope="col" { "95 % interval" } th scope="col" { "" } } }
            tbody { @for shift in &all { tr {
                th scope="row" { (percentile(shift.q)) }
                td.number { (time(shift.medians_ns.0)) } td.number { (time(shift.medians_ns.1)) }
                td.number { (signed(shift.difference_ns.estimate)) }
                td.number { (signed(shift.difference_ns.low)) " to " (signed(shift.difference_ns.high)) }
                td { span class=(told(shift).1) { (told(shift).0) } }
            } } }
        } }
    }
}

fn told(shift: &Shift) -> (&'static str, &'static str) {
    match (shift.is_told(), shift.difference_ns.estimate > 0.0) {
        (true, true) => ("slower", "bad"),
        (true, false) => ("faster", "good"),
        (false, _) => ("not told apart", "none"),
    }
}

fn percentile(q: f64) -> String {
    format!("p{}", plimsoll_metrics::expression::percent(q))
}

/// A difference of times, with its sign.
fn signed(ns: f64) -> String {
    match ns {
        0.0 => "0".to_owned(),
        n if n < 0.0 => format!("−{}", time(-n)),
        n => format!("+{}", time(n)),
    }
}

/// Quantiles stand side by side, whatever lies between them: the tail would have no room on an even axis.
fn shift_plot(all: &[Shift], what: &str) -> Markup {
    let low = all.iter().map(|s| s.difference_ns.low).fold(0.0, f64::min);
    let high = all.iter().map(|s| s.difference_ns.high).fold(0.0, f64::max);
    let mut plot = Plot::new(Axis::even(-0.5, all.len() as f64 - 0.5), Axis::even(low, high));
    for value in [low, high].into_iter().filter(|value| *value != 0.0) {
        plot.grid_up(value, &signed(value));
    }
    plot.mark_up(0.0, "", "no difference");
    for (at, shift) in all.iter().enumerate() {
        let at = at as f64;
        let colour = match told(shift).1 {
            "bad" => "--bad",
            "good" => "--good",
            _ => "--quiet",
        };
        let found = shift.difference_ns;
        let words = format!(
            "{}: {} ({} to {}), {}",
            percentile(shift.q),
            signed(found.estimate),
            signed(found.low),
            signed(found.high),
            told(shift).0
        );
        plot.whisker(at, (found.low, found.estimate, found.high), colour, &words);
        plot.tick_across(at, &percentile(shift.q));
    }
    plot.svg(&format!("Differences of quantiles of the response time of {what}, with intervals"))
}

fn runs(found: &Comparison, traces: &[Trace]) -> Markup {
    let row = |arm: &Arm| {
        markup! {
            @for run in &arm.runs { tr {
                th scope="row" { (arm.name) }
                td { code { (run.path.display()) } }
                td { (run.started_at) }
                td { (run.verdict) }
            } }
        }
    };
    let unread: Vec<_> = traces.iter().flat_map(|trace| &trace.unread).collect();
    markup! {
        section aria-labelledby="runs" {
            h2 id="runs" { "Runs" }
            @if !unread.is_empty() {
                p.note { (unread.len()) " records could not be read, and are in no chart: " (unread[0]) @if unread.len() > 1 { ", ..." } }
            }
            details { summary { "All runs, in the order in which they began" }
                div.scroll { table {
                    thead { tr { th scope="col" { "arm" } th scope="col" { "run" } th scope="col" { "began" } th scope="col" { "came to" } } }
                    tbody { @for arm in &found.arms { (row(arm)) } }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests;
