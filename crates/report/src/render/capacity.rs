//! The load line in the terminal.

use plimsoll_audit::statistics::bracket::Reason;
use plimsoll_audit::statistics::knee::Growth;
use plimsoll_audit::statistics::scalability::{Interval, Intervals};

use crate::capacity::{Came, Capacity, Tried, Unit};
use crate::format::{count, rate, time};
use crate::render::table::{Lean, table};

/// Shares of the line that are worth planning with, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// Its name.
    pub name: String,
    /// The share of the line.
    pub share: f64,
}

/// Shares that are shown if nobody asks for others.
pub fn usual_margins() -> Vec<Margin> {
    let margins = [("recommended", 0.5), ("standard", 0.7), ("aggressive", 0.85), ("maximum", 1.0)];
    margins.map(|(name, share)| Margin { name: name.to_owned(), share }).to_vec()
}

/// A level in its unit.
pub fn level(unit: Unit, level: f64) -> String {
    match unit {
        Unit::Rate => rate(level),
        Unit::Users => format!("{} users", count(level.round() as u64)),
    }
}

/// What a level came to.
pub(crate) const fn word_of(tried: &Tried) -> &'static str {
    match (tried.came, tried.certain) {
        (Came::Held, true) => "held",
        (Came::Held, false) => "held, narrowly or on few samples",
        (Came::Failed, true) => "failed",
        (Came::Failed, false) => "failed, narrowly",
        (Came::GeneratorLimit, _) => "the generator gave out",
    }
}

/// A level that was tried, as one line while the search goes on.
pub fn line_of(unit: Unit, tried: &Tried) -> String {
    let word = word_of(tried);
    let p99 = tried.response_ns[2].map_or_else(|| "not known".to_owned(), |ns| time(ns as f64));
    let why = tried.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("{:>12}  p99 {p99:>9}  {word}{why}", level(unit, tried.level))
}

/// The result of a search.
pub fn capacity_text(found: &Capacity, margins: &[Margin], wanted: &[f64]) -> String {
    let mut text = format!("{}\n", headline(found));
    text.push_str(&format!("\nclaims: {}\n", found.claims.join(", ")));
    text.push_str(&curve(found));
    if let Some(held) = found.line().held.filter(|_| found.unit == Unit::Rate || !margins.is_empty()) {
        text.push_str(&planning(found, held, margins, wanted));
    }
    text.push_str(&scaling(found));
    text
}

pub(crate) fn headline(found: &Capacity) -> String {
    let line = found.line();
    let show = |l: f64| level(found.unit, l);
    let target = &found.target;
    let lost = line.failed.and_then(|failed| found.at(failed)?.why.clone());
    let lost = lost.map_or_else(String::new, |claim| format!("; {claim} breaks first"));
    if let Some(ended) = &found.ended {
        let far =
            line.held.map_or_else(|| "no level held".to_owned(), |held| format!("at least {}", show(held)));
        return format!("⦵ {target}: {far}; the search ended early: {ended}");
    }
    match (line.reason, line.held, line.failed) {
        (Reason::Bracketed, Some(held), Some(failed)) => {
            let doubt = match (found.at(held), found.at(failed)) {
                (Some(h), Some(f)) if h.certain && f.certain => "",
                _ => " (the ends look so; the evidence of a single look does not prove both)",
            };
            format!(
                "⦵ {target} carries {}: the line is between {} and {}{lost}{doubt}",
                show(held),
                show(held),
                show(failed)
            )
        }
        (Reason::Contradicted { held_above }, held, _) => format!(
            "⦵ {target}: no single line. {} held above a level that failed; below, {}. Something else changed, or the target remembers.",
            show(held_above),
            held.map_or_else(|| "none did".to_owned(), |held| format!("{} held", show(held)))
        ),
        (Reason::FailsAtLowest, ..) => format!(
            "⦵ {target}: claims fail even at {}{lost}",
            line.failed.map_or_else(|| show(found.search.lowest), show)
        ),
        (Reason::GeneratorLimit, Some(held), _) => format!(
            "⦵ {target} carries at least {}; the generator is the limit: use more workers or agents",
            show(held)
        ),
        (Reason::GeneratorLimit, None, _) => {
            format!(
                "⦵ {target}: nothing is known; the generator gave out at the lowest level. See why below."
            )
        }
        (Reason::HoldsAtHighest, Some(held), _) => {
            format!(
                "⦵ {target} carries at least {}: that was the highest level to be tried (--to)",
                show(held)
            )
        }
        (_, held, _) => format!(
            "⦵ {target}: {}; the search is not over",
            held.map_or_else(|| "no level held yet".to_owned(), |held| format!("at least {}", show(held)))
        ),
    }
}

fn curve(found: &Capacity) -> String {
    let head = ["level", "carried", "in flight", "p50", "p95", "p99", "", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut all: Vec<&Tried> = found.tried.iter().collect();
    all.sort_by(|a, b| a.level.total_cmp(&b.level));
    let growth = found.elasticities();
    let held = found.line().held;
    for tried in all {
        let times =
            tried.response_ns.map(|ns| ns.map_or_else(|| "not known".to_owned(), |ns| time(ns as f64)));
        let [p50, p95, p99] = times;
        let bend = growth.iter().find(|e| (e.to - tried.level).abs() < 1e-9).map_or("", |e| word(e.growth));
        let came = match tried.came {
            Came::Held if held == Some(tried.level) => "⦵ held",
            Came::Held => "held",
            Came::Failed => "failed",
            Came::GeneratorLimit => "generator",
        };
        rows.push(vec![
            level(found.unit, tried.level),
            rate(tried.throughput_per_s),
            format!("{:.1}", tried.in_flight),
            p50,
            p95,
            p99,
            came.to_owned(),
            bend.to_owned(),
        ]);
    }
    let leans = [[Lean::Right; 6].as_slice(), &[Lean::Left; 2]].concat();
    format!("\nLevels (response times of successes)\n{}", table(&leans, &rows))
}

/// What throughput does as load grows.
const fn word(growth: Growth) -> &'static str {
    match growth {
        Growth::Linear => "",
        Growth::Sublinear => "sublinear",
        Growth::Saturated => "saturated",
        Growth::Retrograde => "retrograde",
    }
}

pub(crate) fn planning(found: &Capacity, held: f64, margins: &[Margin], wanted: &[f64]) -> String {
    let mut head = vec!["share of the line".to_owned(), String::new(), "level".to_owned()];
    head.extend(wanted.iter().map(|load| format!("for {}", level(found.unit, *load))));
    let mut rows = vec![head];
    for margin in margins {
        let one = held * margin.share;
        let mut row =
            vec![margin.name.clone(), format!("{:.0} %", margin.share * 100.0), level(found.unit, one)];
        row.extend(wanted.iter().map(|load| instances(*load, one)));
        rows.push(row);
    }
    let leans =
        [[Lean::Left, Lean::Right, Lean::Right].as_slice(), &vec![Lean::Right; wanted.len()]].concat();
    format!("\nPlanning\n{}", table(&leans, &rows))
}

/// How many instances a load takes. One was measured; more are projected, as nobody has seen them share anything.
fn instances(load: f64, one: f64) -> String {
    let needed = (load / one).ceil().max(1.0);
    if needed > 1.0 { format!("{needed:.0}, projected") } else { "1".to_owned() }
}

pub(crate) fn scaling(found: &Capacity) -> String {
    let (fit, intervals) = match found.scalability() {
        Ok(fitted) => fitted,
        Err(why) => return format!("\nScalability (USL): not fitted: {why}\n"),
    };
    let around = |of: fn(&Intervals) -> Interval, digits: usize| {
        let Some(Interval { low, high }) = intervals.as_ref().map(of) else { return String::new() };
        let end = |end: Option<f64>| end.map_or_else(|| "∞".to_owned(), |end| format!("{end:.digits$}"));
        format!(" ({}–{})", end(low), end(high))
    };
    let mut text = format!(
        "\nScalability (USL over operations in flight, 95 % bootstrap intervals)\n  contention {:.3}{}, coherency {:.5}{}\n",
        fit.law.contention,
        around(|i| i.contention, 3),
        fit.law.coherency,
        around(|i| i.coherency, 5),
    );
    if let (Some(load), Some(peak)) = (fit.law.peak_load(), fit.law.peak_throughput()) {
        let seen = if fit.reaches(load) { "" } else { ", projected: no level was near" };
        text.push_str(&format!("  peak {} at {load:.0} in flight{seen}\n", rate(peak)));
    }
    text
}
