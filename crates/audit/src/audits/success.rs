//! 8 — Are the successes really successes? What was looked at, and did a new kind of answer turn up?

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_metrics::window::Shape;
use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, count, percent};

/// Share of the successes whose content must have been looked at (docs/METHOD.md, section 16).
const CHECKED_MIN: f64 = 0.01;

/// Share of a step's successes at which a new shape matters.
const SHAPE_MIN: f64 = 0.01;

/// The first part of the run, as a share of its seconds, that shows which shapes are usual.
const USUAL: f64 = 0.10;

/// Fewest seconds that show what is usual.
const USUAL_SECONDS_MIN: usize = 5;

/// A shape that was not seen before, though it was there all along, may be missed with this chance.
const MISSED_MAX: f64 = 0.01;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let finding = |status, sentence: String| Finding::new("success", status, sentence);
    let ok = record.total(Outcome::Ok);
    if ok == 0 {
        return finding(Status::NotRun, "Nothing succeeded.".to_owned());
    }
    let checked: u64 =
        record.cells.iter().filter(|((_, o), _)| *o == Outcome::Ok).map(|(_, c)| c.checked).sum();
    let coverage = checked as f64 / ok as f64;
    let status_only = coverage < CHECKED_MIN;
    if let Some(new) = new_shape(record) {
        let (from, below) = new.shape.lengths();
        let sentence = format!(
            "{} of the successes of `{}` ({}) have a shape that was first seen {} s into the run: status {}, {} to {} bytes. Is it an error page? Expect something of the body.",
            percent(new.share),
            new.step,
            count(new.count),
            new.second,
            new.shape.status,
            count(from),
            count(below - 1)
        );
        return finding(Status::Limited, sentence).measured(new.share, SHAPE_MIN);
    }
    if status_only {
        let sentence = "Success means no more than an acceptable status: nothing of the content was looked at. Expect a text, a JSON path or a schema.";
        return finding(Status::Limited, sentence.to_owned()).measured(coverage, CHECKED_MIN);
    }
    finding(Status::Pass, format!("The content of {} of the successes was checked.", percent(coverage)))
        .measured(coverage, CHECKED_MIN)
}

struct NewShape {
    step: String,
    shape: Shape,
    second: u32,
    count: u64,
    share: f64,
}

/// What a step has shown so far.
#[derive(Default)]
struct Shown {
    /// The first window in which it succeeded, counted from the start.
    began: usize,
    successes: u64,
    shapes: BTreeSet<Shape>,
}

/// The most frequent shape that turned up only after the usual ones of its step were known. A step that begins late, such as the last
/// of a long conversation, is known late. Where something was expected of every answer's content, it may grow: no page passes for one.
fn new_shape(record: &Record) -> Option<NewShape> {
    let usual = (record.windows.len() as f64 * USUAL).ceil() as usize;
    let usual = usual.max(USUAL_SECONDS_MIN);
    let mut steps: BTreeMap<u16, Shown> = BTreeMap::new();
    let mut judged = Vec::new();
    for (index, window) in record.windows.values().enumerate() {
        for (step, _, cell) in window.cells.iter().filter(|(_, o, _)| *o == Outcome::Ok) {
            let shown = steps.entry(*step).or_insert_with(|| Shown { began: index, ..Shown::default() });
            let (is_known, before) = (index >= shown.began + usual, shown.successes);
            for (shape, count) in &cell.shapes {
                shown.successes += count;
                if shown.shapes.insert(*shape) && is_known {
                    judged.push((*step, *shape, window.second, before));
                }
            }
        }
    }
    let new = judged.into_iter().filter_map(|(step, shape, second, before)| {
        let cell = record.cells.get(&(step, Outcome::Ok))?;
        if cell.checked >= cell.response.count() {
            return None;
        }
        let count = cell.shapes.iter().find(|(s, _)| *s == shape).map_or(0, |(_, n)| *n);
        let share = count as f64 / cell.response.count() as f64;
        let step = record.started.plan.steps[usize::from(step)].name.clone();
        let by_chance = (1.0 - share).powf(before as f64);
        (share > SHAPE_MIN && by_chance < MISSED_MAX).then_some(NewShape {
            step,
            shape,
            second,
            count,
            share,
        })
    });
    new.max_by_key(|n| n.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn success_by_status_alone_is_flagged() {
        assert_flags(audit, Status::Limited, |record| record.cells.values_mut().for_each(|c| c.checked = 0));
    }

    /// What a step answers that begins late is not new.
    #[test]
    fn a_step_that_begins_late_is_left_alone() {
        let mut record = Synthetic::default().record();
        record.windows.values_mut().take(30).for_each(|window| window.cells.clear());
        let finding = audit(&record);
        assert_eq!(finding.status, Status::Pass, "{}", finding.sentence);
    }

    /// One success in forty is a page: not to have seen it among ten is nothing, not among six hundred is news.
    #[test]
    fn a_rare_shape_is_new_only_if_it_was_missed_for_long() {
        let (usual, page) = (Shape::of(200, 5_000), Shape::of(200, 90));
        for (each_second, expected) in [(1, Status::Pass), (60, Status::Limited)] {
            let mut record = Synthetic::default().record();
            for (n, window) in record.windows.values_mut().enumerate() {
                let shapes = match n {
                    0..10 => vec![(usual, each_second)],
                    50 => vec![(page, 300)],
                    _ => Vec::new(),
                };
                window.cells.iter_mut().for_each(|(_, _, c)| c.shapes = shapes.clone());
            }
            record.cells.values_mut().for_each(|c| {
                c.shapes = vec![(page, 300)];
                c.checked -= 1;
            });
            assert_eq!(audit(&record).status, expected);
        }
    }

    /// Answers that grow as the target learns, and of which something is expected, are no error pages.
    #[test]
    fn what_is_looked_at_may_grow() {
        let page = Shape::of(200, 90);
        let mut record = Synthetic::default().record();
        for window in record.windows.values_mut().skip(30) {
            window.cells.iter_mut().for_each(|(_, _, c)| c.shapes.push((page, 10)));
        }
        record.cells.values_mut().for_each(|c| c.shapes.push((page, 300)));
        assert_eq!(audit(&record).status, Status::Pass);
    }

    #[test]
    fn an_error_page_with_status_200_is_flagged() {
        let page = Shape::of(200, 90);
        assert_flags(audit, Status::Limited, |record| {
            for window in record.windows.values_mut().skip(30) {
                window.cells.iter_mut().for_each(|(_, _, c)| c.shapes.push((page, 10)));
            }
            record.cells.values_mut().for_each(|c| {
                c.shapes.push((page, 300));
                c.checked -= 1;
            });
        });
    }
}
