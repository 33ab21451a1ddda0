//! 8 — Are the successes really successes? What was looked at, and did a new kind of answer turn up?

use std::collections::BTreeMap;

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

/// The most frequent shape that turned up only after the usual ones were known.
fn new_shape(record: &Record) -> Option<NewShape> {
    let usual = (record.windows.len() as f64 * USUAL).ceil() as usize;
    let usual = usual.max(USUAL_SECONDS_MIN);
    let mut first: BTreeMap<(u16, Shape), (usize, u32)> = BTreeMap::new();
    for (index, window) in record.windows.values().enumerate() {
        for (step, _, cell) in window.cells.iter().filter(|(_, o, _)| *o == Outcome::Ok) {
            for (shape, _) in &cell.shapes {
                first.entry((*step, *shape)).or_insert((index, window.second));
            }
        }
    }
    let judged = first.into_iter().filter(|(_, (index, _))| *index >= usual);
    let new = judged.filter_map(|((step, shape), (_, second))| {
        let cell = record.cells.get(&(step, Outcome::Ok))?;
        let count = cell.shapes.iter().find(|(s, _)| *s == shape).map_or(0, |(_, n)| *n);
        let share = count as f64 / cell.response.count() as f64;
        let step = record.started.plan.steps[usize::from(step)].name.clone();
        (share > SHAPE_MIN).then_some(NewShape { step, shape, second, count, share })
    });
    new.max_by_key(|n| n.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_flags;

    #[test]
    fn success_by_status_alone_is_flagged() {
        assert_flags(audit, Status::Limited, |record| record.cells.values_mut().for_each(|c| c.checked = 0));
    }

    #[test]
    fn an_error_page_with_status_200_is_flagged() {
        let page = Shape::of(200, 90);
        assert_flags(audit, Status::Limited, |record| {
            for window in record.windows.values_mut().skip(30) {
                window.cells.iter_mut().for_each(|(_, _, c)| c.shapes.push((page, 10)));
            }
            record.cells.values_mut().for_each(|c| c.shapes.push((page, 300)));
        });
    }
}
