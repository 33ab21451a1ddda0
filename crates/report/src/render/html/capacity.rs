//! The page of a search for the load line: one file, readable and drawn without scripts.

use maud::{DOCTYPE, Markup, html as markup};
use plimsoll_audit::statistics::walk::Walked;

use super::plot::{Axis, Plot, Stroke};
use super::{STYLE, head, mark};
use crate::capacity::{Came, Capacity, Tried, Unit, Walk};
use crate::format::{rate, time};
use crate::render::capacity::{Margin, headline, interval, level, planning, remarks, scaling, word_of};

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
                    @if let Some(interval) = interval(found) { p { (interval) } }
                    @for remark in remarks(found) { p.note { (remark) } }
                    @if let Some(scale) = found.scale { p.note { "Scaled by " (scale) ": levels were held for a shorter time than they were meant to be." } }
                }
                main {
                    (charts(found))
                    (levels(found))
                    (walked(found))
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
    markup! {
        section {
            h2 { "Planning" }
            pre { (planning(found, margins, wanted).trim_start_matches("\nPlanning\n")) }
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
    looks(found, "Levels", &all)
}

/// The walk up and down, if there was one.
fn walked(found: &Capacity) -> Markup {
    let Some(walk) = &found.walk else { return markup! {} };
    looks(found, "Up and down again, without a rest", &walk.tried.iter().collect::<Vec<_>>())
}

fn looks(found: &Capacity, title: &str, all: &[&Tried]) -> Markup {
    let shown = |ns: Option<u64>| ns.map_or_else(|| "not known".to_owned(), |ns| time(ns as f64));
    markup! {
        section {
            h2 { (title) }
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
        Came::GeneratorLimit | Came::PlanLimit => "doubt",
    }
}

fn charts(found: &Capacity) -> Markup {
    let seen = found.seen();
    let walked = found.walk.iter().flat_map(|walk| &walk.tried).map(|t| t.level).fold(0.0, f64::max);
    let Some(most) = seen.last().map(|t| t.level.max(walked)) else { return markup! {} };
    let line = found.line().held;
    let across = || Axis::even(0.0, most);
    markup! {
        section {
            h2 { "Carried against asked" }
            (carried(found, &seen, across(), line))
            h2 { "Response time of successes against load (logarithmic)" }
            (times(found, &seen, across(), line))
        }
    }
}

fn carried(found: &Capacity, seen: &[&Tried], across: Axis, line: Option<f64>) -> Markup {
    let highest = seen[seen.len() - 1].level;
    // Users are no rate: what they would carry is not known.
    let is_rate = found.unit == Unit::Rate;
    let asked = |t: &Tried| if is_rate { t.level } else { 0.0 };
    let most = seen.iter().map(|t| asked(t).max(t.throughput_per_s)).fold(1.0, f64::max);
    let mut plot = Plot::new(across, Axis::even(0.0, most));
    levels_across(&mut plot, found.unit, highest);
    if is_rate {
        plot.guide((0.0, 0.0), (highest, highest.min(most)));
    }
    let points: Vec<_> = seen.iter().map(|t| (t.level, Some(t.throughput_per_s))).collect();
    plot.line(&points, Stroke::plain("--q3"), "");
    for tried in seen {
        match tried.came {
            Came::Failed => plot.cross(tried.level, tried.throughput_per_s),
            _ => plot.dot(tried.level, tried.throughput_per_s),
        }
    }
    ways(&mut plot, found);
    if is_rate {
        load_lines(&mut plot, found, line, most);
    } else if let Some(held) = line {
        plot.mark_across(held, &named(found, held));
    }
    for share in [0.5, 1.0] {
        plot.tick_up(most * share, &rate(most * share));
    }
    plot.svg("Successes per second against the level asked for, with the load line")
}

/// What was carried on both ways of a walk; the way down with a dash.
fn ways(plot: &mut Plot, found: &Capacity) {
    let Some(walk) = &found.walk else { return };
    let points = |way: &mut dyn Iterator<Item = &Tried>| -> Vec<(f64, Option<f64>)> {
        way.filter(|tried| tried.is_seen()).map(|tried| (tried.level, Some(tried.throughput_per_s))).collect()
    };
    let (up, down) = walk.ways();
    plot.line(&points(&mut up.iter()), Stroke::plain("--q1"), "");
    // The way down begins where the way up ended.
    let down = points(&mut up.last().into_iter().chain(down));
    plot.line(&down, Stroke { colour: "--q1", dash: "5 4" }, "");
}

/// The load line, and beside it those of both ways of a walk if the target remembers.
fn load_lines(plot: &mut Plot, found: &Capacity, line: Option<f64>, most: f64) {
    let walked = found.walk.as_ref().and_then(Walk::walked).filter(Walked::remembers).unwrap_or_default();
    let lines = [(line, name_of(found), ""), (walked.up, "up", "1 4"), (walked.down, "down", "6 4")];
    for (at, name, dash) in lines {
        if let Some(at) = at {
            plot.mark_up(at.min(most), dash, &format!("{name} {}", level(found.unit, at)));
        }
    }
}

fn times(found: &Capacity, seen: &[&Tried], across: Axis, line: Option<f64>) -> Markup {
    let all = seen.iter().flat_map(|t| t.response_ns).flatten().map(|ns| ns as f64);
    let Some(up) = Axis::magnitudes(all) else { return markup! {} };
    let mut plot = Plot::new(across, up);
    levels_across(&mut plot, found.unit, seen[seen.len() - 1].level);
    plot.grid_magnitudes(time);
    for (index, (name, colour)) in QUANTILES.into_iter().enumerate() {
        let known = |t: &&Tried| Some((t.level, Some(t.response_ns[index].filter(|ns| *ns > 0)? as f64)));
        let points: Vec<_> = seen.iter().filter_map(known).collect();
        plot.line(&points, Stroke::plain(colour), name);
    }
    if let Some(held) = line {
        plot.mark_across(held, &named(found, held));
    }
    plot.svg("Quantiles of the response time against the level asked for, with the load line")
}

/// What the highest level that held is: the target's line, or as much as could be shown.
fn name_of(found: &Capacity) -> &'static str {
    if found.is_found() { "load line" } else { "at least" }
}

fn named(found: &Capacity, held: f64) -> String {
    format!("{} {}", name_of(found), level(found.unit, held))
}

fn levels_across(plot: &mut Plot, unit: Unit, most: f64) {
    for share in [0.25, 0.5, 0.75, 1.0] {
        plot.tick_across(most * share, &level(unit, most * share));
    }
}
