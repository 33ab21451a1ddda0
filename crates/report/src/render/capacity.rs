//! The load line in the terminal.

use plimsoll_audit::statistics::bracket::{COVERAGE, Reason};
use plimsoll_audit::statistics::knee::{Growth, Knee, POINTS_MIN};
use plimsoll_audit::statistics::scalability::{Interval, Intervals};
use plimsoll_audit::statistics::walk::Nothing;

use crate::capacity::{Came, Capacity, Tried, Unit};
use crate::format::{count, percent, rate, time};
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
        (Came::PlanLimit, _) => "the plan's own limit",
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
    if let Some(scale) = found.scale {
        text.push_str(&format!(
            "  Scaled by {scale}: levels were held for a shorter time than they were meant to be.\n"
        ));
    }
    text.push_str(&format!("\nclaims: {}\n", found.claims.join(", ")));
    interval(found).iter().chain(&remarks(found)).for_each(|remark| text.push_str(&format!("{remark}\n")));
    text.push_str(&curve(found));
    text.push_str(&walk(found));
    text.push_str(&planning(found, margins, wanted));
    text.push_str(&scaling(found));
    text
}

/// The headline of a search: what was found, in one sentence.
pub fn headline(found: &Capacity) -> String {
    let line = found.line();
    let show = |l: f64| level(found.unit, l);
    let target = &found.target;
    let lost = line.failed.and_then(|failed| found.broke_near(failed)?.why.clone());
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
        (Reason::Pooled { middle }, Some(held), Some(failed)) => format!(
            "⦵ {target} carries about {}: looks near the line disagree, and {} of them together put it between {} and {} ({:.0} %){lost}",
            show(middle),
            found.together().map_or(0, |together| together.looks),
            show(held),
            show(failed),
            COVERAGE * 100.0,
        ),
        (Reason::Contradicted { held_above }, held, _) => format!(
            "⦵ {target}: no single line. {} held above a level that failed; below, {}. Something else changed, or the target remembers.",
            show(held_above),
            held.map_or_else(|| "none did".to_owned(), |held| format!("{} held", show(held)))
        ),
        (Reason::FailsAtLowest, ..) if found.is_silent() => {
            format!(
                "⦵ {target}: nothing succeeded at any level; is it there, and does the plan ask it for the right thing?"
            )
        }
        (Reason::FailsAtLowest, ..) => format!(
            "⦵ {target}: claims fail even at {}{lost}",
            line.failed.map_or_else(|| show(found.search.lowest), show)
        ),
        (Reason::GeneratorLimit, held, _) => at_least(found, held),
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

/// The answer where it was not the target that gave out.
fn at_least(found: &Capacity, held: Option<f64>) -> String {
    let target = &found.target;
    let plans = found.gave_out().filter(|tried| tried.came == Came::PlanLimit);
    let at = |tried: &Tried| level(found.unit, tried.level);
    match (held.map(|held| level(found.unit, held)), plans) {
        (Some(held), Some(tried)) => {
            let why = tried.why.as_deref().unwrap_or_default();
            format!("⦵ {target} carries at least {held}; at {} {why}", at(tried))
        }
        (None, Some(tried)) => {
            let why = tried.why.as_deref().unwrap_or_default();
            format!("⦵ {target}: nothing is known; at {}, the lowest level, {why}", at(tried))
        }
        (Some(held), None) => format!(
            "⦵ {target} carries at least {held}; the generator is the limit: use more workers or agents"
        ),
        (None, None) => format!(
            "⦵ {target}: nothing is known; the generator gave out at the lowest level. See why below."
        ),
    }
}

/// Where all looks near the line put it together, unless that is the answer already; and whether it is as narrow as asked for.
pub(crate) fn interval(found: &Capacity) -> Option<String> {
    let together = found.together()?;
    let show = |l: f64| level(found.unit, l);
    match found.line().reason {
        Reason::Bracketed => Some(format!(
            "All {} looks near the line together put it between {} and {} ({:.0} %).",
            together.looks,
            show(together.low),
            show(together.high),
            COVERAGE * 100.0
        )),
        Reason::Pooled { .. } if together.high / together.low - 1.0 > found.search.resolution => {
            Some(format!(
                "The interval is wider than the {} asked for: looks of this length miss the line by more. A longer --hold narrows it.",
                percent(found.search.resolution)
            ))
        }
        _ => None,
    }
}

/// What else is to be said of the target, a sentence each.
pub(crate) fn remarks(found: &Capacity) -> Vec<String> {
    let show = |l: f64| level(found.unit, l);
    let mut said = Vec::new();
    if let Some((peak, least)) = found.retrograde() {
        said.push(format!(
            "Throughput falls with load: {} were carried at {}, and {} at {}.",
            rate(peak.throughput_per_s),
            show(peak.level),
            rate(least.throughput_per_s),
            show(least.level)
        ));
    }
    said.extend(walk_sentence(found));
    said
}

/// What the walk came to, if there was one.
pub(crate) fn walk_sentence(found: &Capacity) -> Option<String> {
    let walk = found.walk.as_ref()?;
    let show = |line: Option<f64>| line.map_or_else(|| "no level".to_owned(), |l| level(found.unit, l));
    let Some(walked) = walk.walked() else { return Some("The walk up and down is not over.".to_owned()) };
    Some(match walked.nothing {
        Some(Nothing::GeneratorLimit) => {
            "The walk up and down says nothing: at one of its levels it was not the target that gave out."
                .to_owned()
        }
        Some(Nothing::NothingFailed) => {
            "The walk up and down says nothing: no level failed on the way up.".to_owned()
        }
        Some(Nothing::NothingHeld) => {
            "The walk up and down says nothing: the lowest level failed on the way up.".to_owned()
        }
        None if walked.remembers() => format!(
            "The target remembers overload: {} held on the way up, and {} on the way down{}.",
            show(walked.up),
            show(walked.down),
            if walked.lost == 1 { " (one level, which may be chance)" } else { "" }
        ),
        None => format!(
            "Up and down again: {} held on the way up, and {} on the way down. The target does not remember overload.",
            show(walked.up),
            show(walked.down)
        ),
    })
}

/// The looks of the walk, in their order.
fn walk(found: &Capacity) -> String {
    let Some(walk) = &found.walk else { return String::new() };
    let (up, down) = walk.ways();
    let mut rows = vec![["way", "level", "carried", "in flight", "p99", ""].map(str::to_owned).to_vec()];
    for (way, tried) in up.iter().map(|t| ("up", t)).chain(down.iter().map(|t| ("down", t))) {
        rows.push(vec![
            way.to_owned(),
            level(found.unit, tried.level),
            rate(tried.throughput_per_s),
            format!("{:.1}", tried.in_flight),
            tried.response_ns[2].map_or_else(|| "not known".to_owned(), |ns| time(ns as f64)),
            word_of(tried).to_owned(),
        ]);
    }
    let leans = [Lean::Left, Lean::Right, Lean::Right, Lean::Right, Lean::Right, Lean::Left];
    format!("\nUp and down again, without a rest\n{}", table(&leans, &rows))
}

fn curve(found: &Capacity) -> String {
    let head = ["level", "carried", "in flight", "p50", "p95", "p99", "", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut all: Vec<&Tried> = found.tried.iter().collect();
    all.sort_by(|a, b| a.level.total_cmp(&b.level));
    let growth = found.elasticities();
    // The line may lie between levels: the mark stands at the last that is no higher.
    let below = |tried: &&&Tried| found.line().held.is_some_and(|held| tried.level <= held * (1.0 + 1e-9));
    let held = all.iter().filter(below).filter(|t| t.came == Came::Held).map(|t| t.level).next_back();
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
            Came::PlanLimit => "plan",
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

/// What shares of the line mean; nothing, if no line of the target was found.
pub(crate) fn planning(found: &Capacity, margins: &[Margin], wanted: &[f64]) -> String {
    let Some(held) = found.line().held.filter(|_| found.is_found()) else {
        return "\nPlanning\n  Refused: the target's line was not found, and a share of what happened to hold is a share of nothing.\n"
            .to_owned();
    };
    let other = if found.unit == Unit::Rate { "in flight" } else { "carried" };
    let mut head = ["share of the line", "", "level", other].map(str::to_owned).to_vec();
    head.extend(wanted.iter().map(|load| format!("for {}", level(found.unit, *load))));
    let mut rows = vec![head];
    for margin in margins {
        let one = held * margin.share;
        let share = format!("{:.0} %", margin.share * 100.0);
        let mut row = vec![margin.name.clone(), share, level(found.unit, one), beside(found, one)];
        row.extend(wanted.iter().map(|load| instances(*load, one)));
        rows.push(row);
    }
    let leans =
        [[Lean::Left, Lean::Right, Lean::Right, Lean::Right].as_slice(), &vec![Lean::Right; wanted.len()]]
            .concat();
    format!("\nPlanning\n{}", table(&leans, &rows))
}

/// What goes with a level, between those that were measured: operations in flight with a rate, successes with users.
fn beside(found: &Capacity, level: f64) -> String {
    match (found.between(level), found.unit) {
        (None, _) => "not tested".to_owned(),
        (Some((_, in_flight)), Unit::Rate) => format!("{in_flight:.1}"),
        (Some((carried, _)), Unit::Users) => rate(carried),
    }
}

/// How many instances a load takes. One was measured; more are projected, as nobody has seen them share anything.
fn instances(load: f64, one: f64) -> String {
    let needed = (load / one).ceil().max(1.0);
    if needed > 1.0 { format!("{needed:.0}, projected") } else { "1".to_owned() }
}

pub(crate) fn scaling(found: &Capacity) -> String {
    format!("{}{}", knee_sentence(found), law(found))
}

/// Where throughput bends, if two straight lines tell it better than one.
fn knee_sentence(found: &Capacity) -> String {
    match found.knee() {
        Knee::At { point, bend } => format!(
            "\nKnee: throughput bends at {} (two straight lines tell it better than one: F {:.1}, p {:.4})\n",
            level(found.unit, point.x),
            bend.f,
            bend.p
        ),
        Knee::None => {
            "\nKnee: none; one straight line tells throughput as well as two, or it bends no way\n".to_owned()
        }
        Knee::TooFew => format!("\nKnee: not told of fewer than {POINTS_MIN} levels\n"),
    }
}

/// The Universal Scalability Law through what was seen.
fn law(found: &Capacity) -> String {
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
    text.push_str(&format!(
        "  one in flight carries {}{}; residuals ± {}\n",
        rate(fit.law.unit_throughput),
        around(|i| i.unit_throughput, 1),
        rate(fit.sigma)
    ));
    if let (Some(limit), Some(load)) = (fit.law.limit(), fit.law.optimal_load()) {
        text.push_str(&format!(
            "  limit {} by contention alone, from about {load:.0} in flight on\n",
            rate(limit)
        ));
    }
    if let (Some(load), Some(peak)) = (fit.law.peak_load(), fit.law.peak_throughput()) {
        let seen = if fit.reaches(load) { "" } else { ", projected: no level was near" };
        text.push_str(&format!("  peak {} at {load:.0} in flight{seen}\n", rate(peak)));
    }
    text
}

#[cfg(test)]
mod tests;
