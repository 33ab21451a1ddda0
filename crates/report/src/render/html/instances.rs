//! The page of the load lines of several numbers of instances.

use maud::{DOCTYPE, Markup, html as markup};
use plimsoll_audit::statistics::instances::law;
use plimsoll_audit::statistics::scalability::PREDICTION_FACTOR;

use super::plot::{Axis, Plot, Stroke};
use super::{STYLE, head, mark};
use crate::instances::Sweep;
use crate::render::capacity::{Margin, level};
use crate::render::instances::{headline, planning, row, scaling};

/// Pieces of the projected curve.
const PIECES: u32 = 24;

/// Room above the highest point for its label.
const HEADROOM: f64 = 1.1;

/// A sweep on one page.
pub fn instances_html(sweep: &Sweep, margins: &[Margin], wanted: &[f64]) -> String {
    let sentence = headline(sweep);
    let planned = planning(sweep, margins, wanted);
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{} · load lines by instances", sweep.plan), &[STYLE]))
            body {
                header {
                    p.name { (mark()) (sweep.plan) }
                    h1 { (sentence.trim_start_matches("⦵ ")) }
                }
                main {
                    section { h2 { "Load line against instances" } (chart(sweep)) }
                    (table(sweep))
                    @if !planned.is_empty() { section { h2 { "Planning" } pre { (planned.trim_start_matches("\nPlanning: instances\n")) } } }
                    section { h2 { "Scalability" } pre { (scaling(sweep).trim()) } }
                }
                footer { "Every number of instances has a search of its own in " code { "instances-N/" } "." }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn table(sweep: &Sweep) -> Markup {
    markup! {
        section {
            h2 { "Measured" }
            div.scroll {
                table {
                    thead { tr {
                        @for name in ["instances", "carry", "each", "of the smallest"] { th.number { (name) } }
                        th { "target" } th { "what the search says" } th { "search" }
                    } }
                    tbody {
                        @for swept in &sweep.swept {
                            @let [instances, carry, each, share, target, sentence] = row(sweep, swept);
                            tr {
                                @for cell in [instances, carry, each, share] { td.number { (cell) } }
                                td { (target) }
                                td { (sentence) }
                                td { a href={ (swept.search.display()) "/report.html" } { (swept.search.display()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lines that were measured, and with a dash what the law makes of more.
fn chart(sweep: &Sweep) -> Markup {
    let carried = sweep.carried(1.0);
    let Some(last) = carried.last() else { return markup! {} };
    let measured = f64::from(last.instances);
    let law = law(&carried);
    let farthest = if law.is_some() { measured * PREDICTION_FACTOR } else { measured };
    let projected: Vec<(f64, Option<f64>)> = law.map_or_else(Vec::new, |law| {
        let at = |piece: u32| measured + (farthest - measured) * f64::from(piece) / f64::from(PIECES);
        (0..=PIECES).map(at).map(|n| (n, Some(law.throughput(n)))).collect()
    });
    let all = carried.iter().map(|c| c.line).chain(projected.iter().filter_map(|(_, line)| *line));
    let most = all.fold(1.0, f64::max) * HEADROOM;
    let mut plot = Plot::new(Axis::even(0.0, farthest), Axis::even(0.0, most));
    let points: Vec<_> = carried.iter().map(|c| (f64::from(c.instances), Some(c.line))).collect();
    plot.line(&points, Stroke::plain("--q3"), "");
    for c in &carried {
        let at = f64::from(c.instances);
        plot.dot(at, c.line);
        plot.tick_across(at, &c.instances.to_string());
        let at_least = if c.is_at_least { "at least " } else { "" };
        plot.note(at, c.line, &format!("{at_least}{}", level(sweep.unit(), c.line)));
    }
    plot.line(&projected, Stroke { colour: "--q1", dash: "5 4" }, "projected");
    plot.svg("Load line against the number of instances; measured, and projected with a dash")
}
