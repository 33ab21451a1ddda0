//! What several numbers of instances carry, in the terminal.

use plimsoll_audit::statistics::instances::{Needed, law, needed};
use plimsoll_audit::statistics::scalability::Law;

use crate::format::{percent, rate};
use crate::instances::{Sweep, Swept};
use crate::render::capacity::{Margin, level};
use crate::render::table::{Lean, table};

/// The result of a sweep.
pub fn instances_text(sweep: &Sweep, margins: &[Margin], wanted: &[f64]) -> String {
    [headline(sweep) + "\n", measured(sweep), planning(sweep, margins, wanted), scaling(sweep)].concat()
}

pub(crate) fn headline(sweep: &Sweep) -> String {
    let of = |swept: &Swept| {
        let carried = match (swept.held, swept.at_least) {
            (Some(held), false) => level(swept.unit, held),
            (Some(held), true) => format!("at least {}", level(swept.unit, held)),
            (None, _) => "nothing".to_owned(),
        };
        format!("{} {carried}", swept.instances)
    };
    let all: Vec<_> = sweep.swept.iter().map(of).collect();
    format!("⦵ {} by instances carries: {}", sweep.plan, all.join(", "))
}

/// What was measured, a line each.
fn measured(sweep: &Sweep) -> String {
    let head = ["instances", "carry", "each", "of the smallest", "target"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(sweep.swept.iter().map(|swept| row(sweep, swept)[..head.len()].to_vec()));
    let leans = [Lean::Right, Lean::Right, Lean::Right, Lean::Right, Lean::Left];
    // Why a number stands for more than it says.
    let open = sweep.swept.iter().filter(|swept| swept.at_least);
    let why: String = open.map(|swept| format!("  {}: {}\n", swept.instances, swept.sentence)).collect();
    format!("\nMeasured\n{}{why}", table(&leans, &rows))
}

/// A number of instances: what they carry, what each of them does, and that as a share of what each of the smallest number does.
pub(crate) fn row(sweep: &Sweep, swept: &Swept) -> [String; 6] {
    let each = |swept: &Swept| Some(swept.held? / f64::from(swept.instances));
    let smallest = sweep.swept.first().filter(|first| !first.at_least).and_then(each);
    let unknown = || "not known".to_owned();
    let carried = swept.held.map_or_else(unknown, |held| level(swept.unit, held));
    let share =
        each(swept).zip(smallest).filter(|_| !swept.at_least).map(|(own, first)| percent(own / first));
    [
        swept.instances.to_string(),
        if swept.at_least { format!("at least {carried}") } else { carried },
        each(swept).map_or_else(unknown, |each| level(swept.unit, each)),
        share.unwrap_or_else(unknown),
        swept.target.clone(),
        swept.sentence.clone(),
    ]
}

pub(crate) fn planning(sweep: &Sweep, margins: &[Margin], wanted: &[f64]) -> String {
    if wanted.is_empty() {
        return String::new();
    }
    let mut head = vec![String::new(), "share of the line".to_owned()];
    head.extend(wanted.iter().map(|load| format!("for {}", level(sweep.unit(), *load))));
    let mut rows = vec![head];
    let mut unknown = None;
    for margin in margins {
        let carried = sweep.carried(margin.share);
        let mut row = vec![margin.name.clone(), format!("{:.0} %", margin.share * 100.0)];
        for load in wanted {
            let needed = needed(&carried, *load);
            if let Needed::FewerThanThree(lines) = needed {
                unknown = Some(lines);
            }
            row.push(words(needed));
        }
        rows.push(row);
    }
    let leans = [[Lean::Left, Lean::Right].as_slice(), &vec![Lean::Right; wanted.len()]].concat();
    let why = unknown.map_or_else(String::new, |lines| {
        let noun = if lines == 1 { "line" } else { "lines" };
        format!(
            "  Beyond what was measured nothing is known: {lines} {noun} found, three are needed to project, and a straight line is refused.\n"
        )
    });
    format!("\nPlanning: instances\n{}{why}", table(&leans, &rows))
}

fn words(needed: Needed) -> String {
    match needed {
        Needed::FewerThanThree(_) => "not known".to_owned(),
        Needed::Interpolated(n) => format!("{n}, interpolated"),
        Needed::Measured(n) => n.to_string(),
        Needed::MoreThan(n) => format!("more than {n}, as far as is projected"),
        Needed::Projected(n) => format!("{n}, projected"),
    }
}

pub(crate) fn scaling(sweep: &Sweep) -> String {
    let Some(law) = law(&sweep.carried(1.0)) else {
        return "\nScalability (USL over instances): not fitted: it needs three numbers of instances whose lines were found\n"
            .to_owned();
    };
    format!(
        "\nScalability (USL over instances)\n  contention {:.3}, coherency {:.5}{}\n",
        law.contention,
        law.coherency,
        peak(&law)
    )
}

fn peak(law: &Law) -> String {
    let at = law.peak_load().zip(law.peak_throughput());
    at.map_or_else(String::new, |(load, most)| {
        format!(", peak {} at {load:.1} instances, projected", rate(most))
    })
}
