//! Claims, checked against the names of the plan.

use plimsoll_metrics::expression::{Property, Selector, Statement, parse_statement};
use plimsoll_model::{Claim, Plan};

use super::super::diagnostics::Place;
use super::super::read::Placed;
use super::Lowering;

impl Lowering<'_> {
    pub(super) fn claims(&mut self, plan: &Plan) -> Vec<Claim> {
        let file = self.file;
        for Placed { value: item, .. } in &file.claims {
            match parse_statement(&item.text.value) {
                Ok(Statement::Measured(expression)) => {
                    self.check_names(&expression.selector, &item.text, plan);
                }
                Ok(Statement::Ratio(ratio)) => {
                    self.check_names(&ratio.over.1, &item.text, plan);
                    self.check_names(&ratio.under.1, &item.text, plan);
                }
                Ok(Statement::Property(property)) => self.check_property(&property, &item.text, plan),
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

    /// A property that names a phase names one of the plan's, with or without its load.
    fn check_property(&mut self, property: &Property, written: &Placed<String>, plan: &Plan) {
        let Property::RecoversWithin { after, .. } = property else { return };
        let name = after.as_deref().unwrap_or("spike");
        let known: Vec<_> = plan.phases.iter().map(|p| p.name.as_str()).collect();
        let short = |phase: &str| phase.rsplit('.').next() == Some(name);
        if !known.iter().any(|phase| *phase == name || short(phase)) {
            let place = self.within(&written.place, name);
            self.diagnostics.unknown(&place, "phase", name, &known);
        }
    }

    fn check_names(&mut self, selector: &Selector, written: &Placed<String>, plan: &Plan) {
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
