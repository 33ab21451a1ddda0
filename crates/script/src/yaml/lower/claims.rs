//! Claims, checked against the names of the plan.

use plimsoll_metrics::expression::{
    Dimension, Measure, Property, Selector, Statement, during, parse_statement,
};
use plimsoll_model::{Claim, PartUnit, Plan, StepKind};

use super::super::diagnostics::Place;
use super::super::read::Placed;
use super::Lowering;

/// What is said of a share or a sum of nothing that could have one.
const PARTLESS: (&str, &str) = (
    "only what steps count has a share or a sum",
    "such as share(cart.hit) of a Redis look-up, or sum(chat.tokens_out) of a stream",
);

impl Lowering<'_> {
    /// The plan's claims; `phase` is what they are about, if they do not say.
    pub(super) fn claims(&mut self, plan: &Plan, phase: Option<&str>) -> Vec<Claim> {
        let file = self.file;
        for Placed { value: item, .. } in &file.claims {
            match parse_statement(&item.text.value) {
                Ok(Statement::Measured(expression)) => {
                    self.check_measured(expression.measure, &expression.selector, &item.text, plan);
                }
                Ok(Statement::Ratio(ratio)) => {
                    self.check_measured(ratio.over.0, &ratio.over.1, &item.text, plan);
                    self.check_measured(ratio.under.0, &ratio.under.1, &item.text, plan);
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
            .map(|item| {
                let text = &item.value.text.value;
                let text = phase.map_or_else(|| text.clone(), |phase| during(text, phase));
                Claim { text, abort: item.value.abort }
            })
            .collect()
    }

    /// A property that names a phase names one of the plan's, with or without its load.
    fn check_property(&mut self, property: &Property, written: &Placed<String>, plan: &Plan) {
        if matches!(property, Property::Delivered { .. }) && !self.has_delivers {
            self.diagnostics.error(
                &written.place,
                "no step writes anything with an identity",
                "add `delivers: ${id}` to the step that writes, and `delivered: $.rows[*].id` to one that reads back",
            );
        }
        let Property::RecoversWithin { after, .. } = property else { return };
        let name = after.as_deref().unwrap_or("spike");
        let known: Vec<_> = plan.phases.iter().map(|p| p.name.as_str()).collect();
        let short = |phase: &str| phase.rsplit('.').next() == Some(name);
        if !known.iter().any(|phase| *phase == name || short(phase)) {
            let place = self.within(&written.place, name);
            self.diagnostics.unknown(&place, "phase", name, &known);
        }
    }

    /// The names of a selection, and whether what it names can be measured so.
    fn check_measured(
        &mut self,
        measure: Measure,
        selector: &Selector,
        written: &Placed<String>,
        plan: &Plan,
    ) {
        self.check_names(selector, written, plan);
        let Some(name) = selector.step.as_deref() else {
            if matches!(measure, Measure::Share | Measure::Sum) {
                self.diagnostics.error(&written.place, PARTLESS.0, PARTLESS.1);
            }
            return;
        };
        let Some(step) = plan.steps.iter().find(|step| step.name == name) else { return };
        let unit = if let StepKind::Part(part) = step.kind { Some(part.unit) } else { None };
        let problem = match (measure, unit) {
            (Measure::Share, Some(PartUnit::Event)) | (Measure::Sum, Some(PartUnit::Number)) => None,
            (Measure::Share | Measure::Sum, _) => Some(PARTLESS),
            (Measure::Tokens, _) => {
                let counts = plan.steps.iter().any(|s| s.name == format!("{name}.tokens_out"));
                (!counts).then_some((
                    "this step counts no tokens",
                    "name a step with `stream: openai` or `stream: anthropic`",
                ))
            }
            (measure, Some(PartUnit::Event | PartUnit::Number)) if measure.dimension() == Dimension::Time => {
                Some(("this is no time", "ask for sum() of a number, or share() of something that happens"))
            }
            _ => None,
        };
        if let Some((message, hint)) = problem {
            let place = self.within(&written.place, name);
            self.diagnostics.error(&place, message, hint);
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
