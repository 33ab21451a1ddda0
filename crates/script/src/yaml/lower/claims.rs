//! Claims, checked against the names of the plan.

use plimsoll_metrics::expression::{Expression, parse};
use plimsoll_model::{Claim, Plan};

use super::super::diagnostics::Place;
use super::super::read::Placed;
use super::Lowering;

impl Lowering<'_> {
    pub(super) fn claims(&mut self, plan: &Plan) -> Vec<Claim> {
        let file = self.file;
        for Placed { value: item, .. } in &file.claims {
            match parse(&item.text.value) {
                Ok(expression) => self.check_names(&expression, &item.text, plan),
                Err(error) => {
                    let part =
                        item.text.value.get(error.offset..error.offset + error.length).unwrap_or_default();
                    let place = self.within(&item.text.place, part);
                    self.diagnostics.error(&place, error.message, error.hint);
                }
            }
        }
        file.claims
            .iter()
            .map(|item| Claim { text: item.value.text.value.clone(), abort: item.value.abort })
            .collect()
    }

    fn check_names(&mut self, expression: &Expression, written: &Placed<String>, plan: &Plan) {
        let selector = &expression.selector;
        let steps: Vec<_> = plan.steps.iter().map(|s| s.name.as_str()).collect();
        let scenarios: Vec<_> = plan.scenarios.iter().map(|s| s.name.as_str()).collect();
        // The judgement finds the steady part of a run by itself.
        let phases: Vec<_> = plan.phases.iter().map(|p| p.name.as_str()).chain(["steady"]).collect();
        let named = [
            ("step", &selector.step, steps),
            ("scenario", &selector.scenario, scenarios),
            ("phase", &selector.phase, phases),
        ];
        for (what, name, known) in named {
            if let Some(name) = name
                && !known.contains(&name.as_str())
            {
                let place: Place = self.within(&written.place, name);
                self.diagnostics.unknown(&place, what, name, &known);
            }
        }
        for (key, value) in &selector.tags {
            let lost = self.diagnostics.lost.contains(key);
            if !lost && !plan.steps.iter().any(|s| s.tags.get(key) == Some(value)) {
                let place = self.within(&written.place, key);
                self.diagnostics.error(
                    &place,
                    format!("no step has the tag {key}={value}"),
                    "tags stand under `tags:` of a step or of the plan",
                );
            }
        }
    }
}
