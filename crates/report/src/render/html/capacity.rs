//! The page of a search for the load line: one file, readable and drawn without scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use super::{STYLE, head, mark};
use crate::capacity::{Came, Capacity, Tried, Unit};
use crate::format::{rate, time};
use crate::render::capacity::{Margin, headline, level, planning, scaling, word_of};

/// Size of a chart, in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
/// Room for labels.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 36.0;

/// Height of a line of text.
const LABEL: f64 = 13.0;

/// Names and colours of quantiles, from light to dark.
const QUANTILES: [(&str, &str); 3] = [("p50", "--q1"), ("p95", "--q3"), ("p99", "--q4")];

/// A search on one page.
pub fn capacity_html(found: &Capacity, margins: &[Margin], wanted: &[f64]) -> String {
    let sentence = headline(found);
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{} · load line", found.plan), &[STYLE]))
            body {
                header {
                    p.name { (mark()) (found.plan) }
                    h1 { (sentence.trim_start_matches("⦵ ")) }
                    p.facts {
                        span { "claims: " (found.claims.join(", ")) }
                        span { (found.tried.len()) " levels" }
                        span { "seed " (found.seed) }
                    }
                }
                main {
                    (charts(found))
                    (levels(found))
                    (tables(found, margins, wanted))
                }
                footer { "Every level is a recorded run in " code { "levels/" } "; " code { "plimsoll verify" } " computes its numbers again." }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn tables(found: &Capacity, margins: &[Margin], wanted: &[f64]) -> Markup {
    let held = found.line().held;
    markup! {
        @if let Some(held) = held {
            section {
                h2 { "Planning" }
                pre { (planning(found, held, margins, wanted).trim_start_matches("\nPlanning\n")) }
            }
        }
        section {
            h2 { "Scalability" }
            pre { (scaling(found).trim()) }
        }
    }
}

fn levels(found: &Capacity) -> Markup {
    let mut all: Vec<&Tried> = found.tried.iter().collect();
    all.sort_by(|a, b| a.level.total_cmp(&b.level));
    let shown = |ns: Option<u64>| ns.map_or_else(|| "not known".to_owned(), |ns| time(ns as f64));
    markup! {
        section {
            h2 { "Levels" }
            div.scroll {
                table {
                    thead { tr {
                        th.number { "level" } th.number { "carried" } th.number { "in flight" }
                        @for (name, _) in QUANTILES { th.number { (name) } }
                        th { "came to" } th { "run" }
                    } }
                    tbody {
                        @for tried in all {
                            tr {
                                td.number { (level(found.unit, tried.level)) }
                                td.number { (rate(tried.throughput_per_s)) }
                                td.number { (format!("{:.1}", tried.in_flight)) }
                                @for ns in tried.response_ns { td.number { (shown(ns)) } }
                                td { span class=(class(tried)) { (word_of(tried)) } @if let Some(why) = &tried.why { " " small { (why) } } }
                                td { code { (tried.run.display()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn class(tried: &Tried) -> &'static str {
    match tried.came {
        Came::Held => "good",
        Came::Failed => "bad",
        Came::GeneratorLimit => "doubt",
    }
}

fn charts(found: &Capacity) -> Markup {
    let seen = found.seen();
    let Some(most) = seen.last().map(|t| t.level) else { return markup! {} };
    let x = |level: f64| LEFT + level / most * (WIDTH - LEFT - RIGHT);
    let line = found.line().held;
    markup! {
        section {
            h2 { "Carried against asked" }
            (PreEscaped(carried(found, &seen, &x, line)))
            h2 { "Response time of successes against load (logarithmic)" }
            (PreEscaped(times(found, &seen, &x, line)))
        }
    }
}

type Across<'a> = &'a dyn Fn(f64) -> f64;

fn carried(found: &Capacity, seen: &[&Tried], x: Across<'_>, line: Option<f64>) -> String {
    let asked = |t: &Tried| if found.unit == Unit::Rate { t.level } else { 0.0 };
    let most = seen.iter().map(|t| asked(t).max(t.throughput_per_s)).fold(1.0, f64::max);
    let y = |value: f64| HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
    let mut body = axes(found.unit, seen[seen.len() - 1].level, x);
    let (from, to) =
        ((x(0.0), y(0.0)), (x(seen[seen.len() - 1].level), y(seen[seen.len() - 1].level.min(most))));
    // Users are no rate: what they would carry is not known.
    let is_rate = found.unit == Unit::Rate;
    let diagonal = format!(
        "<line x1='{:.1}' y1='{:.1}' x2='{:.1}' y2='{:.1}' stroke='var(--line)'/>",
        from.0, from.1, to.0, to.1
    );
    if is_rate {
        body.push_str(&diagonal);
    }
    let points: Vec<_> = seen.iter().map(|t| (x(t.level), y(t.throughput_per_s))).collect();
    body.push_str(&polyline(&points, "--q3"));
    body.push_str(&marks(seen, &points));
    if let Some(held) = line.filter(|_| is_rate) {
        let at = y(held.min(most));
        body.push_str(&format!("<line x1='{LEFT}' y1='{at:.1}' x2='{:.1}' y2='{at:.1}' stroke='var(--ink)' stroke-width='1.5'/><text x='{:.1}' y='{:.1}' fill='var(--ink)'>load line {}</text>", WIDTH - RIGHT, WIDTH - RIGHT + 6.0, at + 4.0, level(found.unit, held)));
    }
    for share in [0.5, 1.0] {
        body.push_str(&text(LEFT - 6.0, y(most * share) + 4.0, "end", &rate(most * share)));
    }
    svg("Successes per second against the level asked for, with the load line", &body)
}

fn times(found: &Capacity, seen: &[&Tried], x: Across<'_>, line: Option<f64>) -> String {
    let all = || {
        seen.iter().flat_map(|t| t.response_ns).flatten().filter(|ns| *ns > 0).map(|ns| (ns as f64).log10())
    };
    let low = all().fold(f64::INFINITY, f64::min).floor();
    let high = all().fold(f64::NEG_INFINITY, f64::max).ceil();
    if !(low.is_finite() && high > low) {
        return String::new();
    }
    let y = |ns: f64| HEIGHT - BOTTOM - (ns.log10() - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
    let mut body = axes(found.unit, seen[seen.len() - 1].level, x);
    for decade in low as i32..=high as i32 {
        let at = y(10_f64.powi(decade));
        body.push_str(&format!(
            "<line x1='{LEFT}' y1='{at:.1}' x2='{:.1}' y2='{at:.1}' stroke='var(--line)'/>",
            WIDTH - RIGHT
        ));
        body.push_str(&text(LEFT - 6.0, at + 4.0, "end", &time(10_f64.powi(decade))));
    }
    let mut label_y = HEIGHT;
    for (index, (name, colour)) in QUANTILES.iter().enumerate() {
        let known = seen
            .iter()
            .filter_map(|t| Some((x(t.level), y(t.response_ns[index].filter(|ns| *ns > 0)? as f64))));
        let points: Vec<_> = known.collect();
        body.push_str(&polyline(&points, colour));
        if let Some((x, y)) = points.last() {
            // Higher quantiles stand above lower ones; their names keep their distance.
            label_y = y.min(label_y - LABEL);
            body.push_str(&text(x + 6.0, label_y + 4.0, "start", name));
        }
    }
    if let Some(held) = line {
        let at = x(held);
        body.push_str(&format!(
            "<line x1='{at:.1}' y1='{TOP}' x2='{at:.1}' y2='{:.1}' stroke='var(--ink)' stroke-width='1.5'/>",
            HEIGHT - BOTTOM
        ));
        body.push_str(&text(at - 6.0, TOP + 10.0, "end", &format!("load line {}", level(found.unit, held))));
    }
    svg("Quantiles of the response time against the level asked for, with the load line", &body)
}

fn axes(unit: Unit, most: f64, x: Across<'_>) -> String {
    let bottom = HEIGHT - BOTTOM;
    let mut body = format!(
        "<line x1='{LEFT}' y1='{bottom}' x2='{:.1}' y2='{bottom}' stroke='var(--line)'/>",
        WIDTH - RIGHT
    );
    for share in [0.25, 0.5, 0.75, 1.0] {
        body.push_str(&text(x(most * share), HEIGHT - BOTTOM + 18.0, "middle", &level(unit, most * share)));
    }
    body
}

fn marks(seen: &[&Tried], points: &[(f64, f64)]) -> String {
    let mark = |(tried, (x, y)): (&&Tried, &(f64, f64))| match tried.came {
        Came::Failed => format!(
            "<path d='M{:.1} {:.1}l8 8m0 -8l-8 8' stroke='var(--bad)' stroke-width='2' fill='none'/>",
            x - 4.0,
            y - 4.0
        ),
        _ => format!("<circle cx='{x:.1}' cy='{y:.1}' r='3.5' fill='var(--good)'/>"),
    };
    seen.iter().zip(points).map(mark).collect()
}

fn polyline(points: &[(f64, f64)], colour: &str) -> String {
    let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    format!("<polyline points='{}' fill='none' stroke='var({colour})' stroke-width='2'/>", points.join(" "))
}

fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    format!("<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' fill='var(--quiet)'>{words}</text>")
}

fn svg(label: &str, body: &str) -> String {
    format!(
        "<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{label}' style='width:100%;max-width:{WIDTH}px;font-size:12px'>{body}</svg>"
    )
}
