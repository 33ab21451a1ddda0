//! What became of data by what was wrong with it: injected against observed, a confusion matrix for each step that sends data
//! with faults on purpose.

use plimsoll_model::{Outcome, PartUnit, Record, Step, StepId};

/// Data of one kind at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct InjectedView {
    /// The step that sent it.
    pub step: String,
    /// Its scenario's name.
    pub scenario: String,
    /// What is wrong with it; `None` if nothing is.
    pub fault: Option<String>,
    /// The share of the data that is of this kind.
    pub planned: f64,
    /// Operations with such data.
    pub sent: u64,
    /// Operations of the step with any data.
    pub whole: u64,
    /// Not refused as invalid: a success, or refused for another reason that the plan knows.
    pub passed: u64,
    /// Refused as invalid.
    pub refused: u64,
    /// Answered in another way.
    pub otherwise: u64,
    /// Not answered.
    pub unanswered: u64,
}

impl InjectedView {
    /// Operations whose data was taken for what it is not: valid and refused, or broken and passed.
    pub const fn mistaken(&self) -> u64 {
        if self.fault.is_none() { self.refused } else { self.passed }
    }

    /// The share of operations that had such data; nothing without operations.
    pub fn share(&self) -> Option<f64> {
        (self.whole > 0).then(|| self.sent as f64 / self.whole as f64)
    }
}

/// The rows of all matrices, step by step: valid data first.
pub fn injected(record: &Record) -> Vec<InjectedView> {
    let plan = &record.started.plan;
    let view = |(id, step): (StepId, &Step)| {
        let part = plan.part(id)?;
        let PartUnit::Injected { planned_ppm } = part.unit else { return None };
        let of = &plan.steps[usize::from(part.of)];
        let kind = step.name.strip_prefix(&of.name).unwrap_or(&step.name).trim_start_matches('.');
        let seen = |outcome: Outcome| record.count(id, outcome);
        let sent: u64 = Outcome::ALL.into_iter().map(seen).sum();
        let (passed, refused, otherwise) =
            (seen(Outcome::Ok), seen(Outcome::Rejected), seen(Outcome::AppError));
        Some((
            part.of,
            InjectedView {
                step: of.name.clone(),
                scenario: plan.scenarios[usize::from(of.scenario)].name.clone(),
                fault: Some(kind.to_owned()).filter(|kind| kind != "valid"),
                planned: f64::from(planned_ppm) / 1e6,
                sent,
                whole: 0,
                passed,
                refused,
                otherwise,
                unanswered: sent - passed - refused - otherwise,
            },
        ))
    };
    let rows: Vec<_> = (0..).zip(&plan.steps).filter_map(view).collect();
    let whole = |of: StepId| rows.iter().filter(|(other, _)| *other == of).map(|(_, row)| row.sent).sum();
    rows.iter().map(|(of, row)| InjectedView { whole: whole(*of), ..row.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_metrics::{Cell, Histogram};
    use plimsoll_model::{Part, StepKind};

    use super::*;
    use crate::render::{html::html, json::json, markdown::markdown, text::text};
    use crate::view::View;

    /// A run whose first step sent 90 valid and 10 broken orders, of which it refused one and passed two.
    fn record() -> Record {
        let mut record = Synthetic::default().record();
        let kinds = [
            ("valid", 900_000, [(Outcome::Ok, 88), (Outcome::Rejected, 1), (Outcome::Timeout, 1)]),
            ("bad_total", 100_000, [(Outcome::Ok, 2), (Outcome::Rejected, 7), (Outcome::AppError, 1)]),
        ];
        for (name, planned_ppm, counts) in kinds {
            let id = record.started.plan.steps.len() as StepId;
            let of = record.started.plan.steps[0].clone();
            record.started.plan.steps.push(Step {
                name: format!("{}.{name}", of.name),
                kind: StepKind::Part(Part { of: 0, unit: PartUnit::Injected { planned_ppm } }),
                ..of
            });
            for (outcome, count) in counts {
                let mut response = Histogram::new();
                (0..count).for_each(|_| response.record(1));
                let cell = Cell { response, ..Cell::default() };
                record.windows.get_mut(&0).expect("the run has a first second").cells.push((
                    id,
                    outcome,
                    cell.stored(),
                ));
                record.cells.insert((id, outcome), cell);
            }
        }
        record
    }

    #[test]
    fn rows_tell_what_became_of_data_by_what_was_wrong_with_it() {
        let rows = injected(&record());
        let numbers = |row: &InjectedView| (row.sent, row.passed, row.refused, row.otherwise, row.unanswered);
        assert_eq!(rows.iter().map(numbers).collect::<Vec<_>>(), [(90, 88, 1, 0, 1), (10, 2, 7, 1, 0)]);
        assert_eq!(rows.iter().map(InjectedView::mistaken).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((rows[0].fault.as_deref(), rows[1].fault.as_deref()), (None, Some("bad_total")));
        assert_eq!((rows[1].planned, rows[1].share()), (0.1, Some(0.1)));
        assert_eq!(injected(&Synthetic::default().record()), []);
    }

    #[test]
    fn every_format_shows_them() {
        let view = View::new(record());
        for shown in [text(&view), markdown(&view), html(&view), json(&view)] {
            assert!(shown.contains("bad_total") || shown.contains(r"bad\_total"), "{shown}");
        }
        assert!(text(&view).contains("1 valid refused as invalid, 2 broken passed."), "{}", text(&view));
    }
}
