//! What is said of searches whose course is known, in the terminal and on the page.

use super::*;
use crate::capacity::Walk;
use crate::capacity::tests::{searched, up_to};
use crate::instances::{Sweep, Swept};
use crate::render::html::capacity::capacity_html;
use crate::render::html::instances::instances_html;
use crate::render::instances::instances_text;

fn text(found: &Capacity) -> String {
    capacity_text(found, &usual_margins(), &[])
}

/// A search with a walk whose looks come out as told.
fn walked(came: impl Fn(usize, f64) -> Came) -> Capacity {
    let mut found = searched(Unit::Rate, 100.0, 2.0, up_to(1_000.0, Came::Failed));
    let levels = found.walk_levels().unwrap();
    let model = found.tried[0].clone();
    found.walk = Some(Walk { levels, tried: Vec::new() });
    while let plimsoll_audit::statistics::walk::Step::Probe(level) = found.walk.as_ref().unwrap().next() {
        let walk = found.walk.as_mut().unwrap();
        let came = came(walk.tried.len(), level);
        walk.tried.push(Tried { level, came, throughput_per_s: level.min(1_000.0), ..model.clone() });
    }
    found
}

#[test]
fn a_line_is_told_with_the_interval_of_all_looks() {
    let found = searched(Unit::Rate, 100.0, 2.0, up_to(730.0, Came::Failed));
    let text = text(&found);
    assert!(text.starts_with("⦵ t carries 726/s: the line is between 726/s and 734/s"), "{text}");
    assert!(text.contains("looks near the line together put it between 7"), "{text}");
    assert!(!text.contains("Up and down") && !text.contains("Throughput falls"), "{text}");
}

#[test]
fn a_limit_of_the_plan_is_told_as_such() {
    let mut found = searched(Unit::Rate, 100.0, 2.0, up_to(730.0, Came::PlanLimit));
    let why = "the plan's max_users 5 broke, not the target";
    found.tried.iter_mut().filter(|t| t.came == Came::PlanLimit).for_each(|t| t.why = Some(why.to_owned()));
    let text = text(&found);
    assert!(text.starts_with("⦵ t carries at least 7"), "{text}");
    assert!(text.lines().next().unwrap().ends_with(why), "{text}");
    assert!(!text.contains("the generator is the limit"), "{text}");
    let generators = searched(Unit::Rate, 100.0, 2.0, up_to(730.0, Came::GeneratorLimit));
    assert!(headline(&generators).contains("the generator is the limit: use more workers"));
}

#[test]
fn a_target_that_remembers_has_two_lines_in_words_and_on_the_page() {
    let remembers = walked(|number, level| {
        let line = if number < 6 { 1_000.0 } else { 750.0 };
        if level <= line { Came::Held } else { Came::Failed }
    });
    let said = text(&remembers);
    assert!(said.contains("The target remembers overload: 9"), "{said}");
    assert!(said.contains("Up and down again, without a rest") && said.contains("down"), "{said}");
    let page = capacity_html(&remembers, &usual_margins(), &[]);
    assert!([">load line ", ">up ", ">down "].iter().all(|line| page.contains(line)), "three lines");
    assert!(page.contains("stroke-dasharray") && page.contains("The target remembers overload"));

    let forgets = walked(|_, level| up_to(1_000.0, Came::Failed)(level));
    let said = text(&forgets);
    assert!(said.contains("The target does not remember overload."), "{said}");
    assert!(!capacity_html(&forgets, &usual_margins(), &[]).contains(">way down<"));
    let gave_out = walked(|_, level| if level > 1_000.0 { Came::GeneratorLimit } else { Came::Held });
    assert!(text(&gave_out).contains("The walk up and down says nothing"));
}

#[test]
fn shares_are_refused_where_no_line_was_found() {
    let found = searched(Unit::Rate, 100.0, 2.0, up_to(730.0, Came::Failed));
    let said = text(&found);
    assert!(
        said.contains("recommended") && said.contains("in flight") && !said.contains("Refused"),
        "{said}"
    );
    assert!(said.contains("Knee: none"), "all of it was carried: {said}");
    assert!(capacity_html(&found, &usual_margins(), &[]).contains(">load line 7"));
    for came in [Came::GeneratorLimit, Came::PlanLimit] {
        let floor = searched(Unit::Rate, 100.0, 2.0, up_to(730.0, came));
        let said = text(&floor);
        assert!(said.contains("Refused: the target's line was not found"), "{said}");
        let page = capacity_html(&floor, &usual_margins(), &[]);
        assert!(page.contains(">at least 7") && !page.contains(">load line 7"), "a floor is no line");
    }
    let never = searched(Unit::Rate, 100.0, 2.0, |_| Came::Held);
    assert!(text(&never).contains("Refused"));
}

#[test]
fn a_bend_is_told_as_a_knee() {
    let mut found = searched(Unit::Rate, 100.0, 1.3, up_to(3_000.0, Came::Failed));
    found.tried.iter_mut().for_each(|tried| tried.throughput_per_s = tried.level.min(1_000.0));
    assert!(text(&found).contains("Knee: throughput bends at 1"), "{}", text(&found));
}

#[test]
fn a_target_that_never_answers_is_told_apart_from_a_slow_one() {
    let mut found = searched(Unit::Rate, 100.0, 2.0, |_| Came::Failed);
    assert!(headline(&found).contains("claims fail even at"));
    found.tried.iter_mut().for_each(|tried| tried.throughput_per_s = 0.0);
    assert!(headline(&found).contains("nothing succeeded at any level"));
}

#[test]
fn throughput_that_falls_is_told() {
    let mut found = searched(Unit::Rate, 100.0, 2.0, up_to(1_000.0, Came::Failed));
    for tried in found.tried.iter_mut().filter(|tried| tried.level > 1_000.0) {
        tried.throughput_per_s = 2_000.0 - tried.level;
    }
    let said = text(&found);
    assert!(said.contains("Throughput falls with load: ") && said.contains("retrograde"), "{said}");
}

fn swept(counts: &[(u32, f64)]) -> Sweep {
    let mut sweep = Sweep::new("shop", "d");
    for (instances, line) in counts {
        let found = searched(Unit::Rate, 100.0, 2.0, up_to(*line, Came::Failed));
        sweep.swept.push(Swept::new(*instances, &found, format!("instances-{instances}").into()));
    }
    sweep
}

#[test]
fn instances_are_measured_interpolated_projected_or_not_known() {
    let whole = [Margin { name: "maximum".to_owned(), share: 1.0 }];
    let three = swept(&[(1, 1_000.0), (2, 1_900.0), (4, 3_400.0)]);
    let said = instances_text(&three, &whole, &[900.0, 2_300.0, 3_900.0, 9_000.0]);
    for words in
        ["3, interpolated", "5, projected", "more than 6, as far as is projected", "USL over instances"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let page = instances_html(&three, &whole, &[900.0]);
    assert!(page.contains(">projected<") && page.contains("instances-4/report.html"));
    let two = swept(&[(1, 1_000.0), (2, 1_900.0)]);
    let said = instances_text(&two, &whole, &[3_000.0]);
    assert!(said.contains("not known"), "{said}");
    assert!(
        said.contains("2 lines found, three are needed to project, and a straight line is refused"),
        "{said}"
    );
    assert!(!instances_html(&two, &whole, &[]).contains(">projected<"));
}
