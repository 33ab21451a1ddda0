//! Claims, checked against the names of the plan.

use plimsoll_metrics::expression::{Dimension, Measure, Property, Selector, SeriesClaim, Statement, during};
use plimsoll_model::{Claim, PartUnit, Plan, StepKind, Unit};

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
            let claim = Claim { text: item.text.value.clone(), abort: item.abort };
            match plan.statement(&claim) {
                Ok(Statement::Measured(expression)) => {
                    self.check_measured(expression.measure, &expression.selector, &item.text, plan);
                }
                Ok(Statement::Ratio(ratio)) => {
                    self.check_measured(ratio.over.0, &ratio.over.1, &item.text, plan);
                    self.check_measured(ratio.under.0, &ratio.under.1, &item.text, plan);
                }
                Ok(Statement::Series(claim)) => self.check_series(&claim, &item.text, plan),
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
        match property {
            Property::NoLeak { series, .. } => {
                self.unit_of(series, written);
            }
            Property::BurnRate(burn) => self.check_names(&burn.selector, written, plan),
            _ => {}
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

    /// A series must be one of a monitor of the plan, and its bound in the unit it has.
    fn check_series(&mut self, claim: &SeriesClaim, written: &Placed<String>, plan: &Plan) {
        if let Some(phase) = &claim.phase {
            self.check_names(&Selector { phase: Some(phase.clone()), ..Selector::default() }, written, plan);
        }
        let Some(unit) = self.unit_of(&claim.series, written) else { return };
        let fits = claim.dimension == unit.dimension()
            // Who names a number of a document knows what it counts.
            || (unit == Unit::Count && claim.dimension == Dimension::Bytes && self.is_wanted(&claim.series))
            || (unit == Unit::Cores && claim.dimension == Dimension::Count);
        if !fits {
            self.diagnostics.error(
                &written.place,
                format!("this is not a bound for `{}`", claim.series),
                format!("write {}", example(unit)),
            );
        }
    }

    /// Whether a series is one that the plan itself names.
    fn is_wanted(&self, series: &str) -> bool {
        let (monitor, name) = series.split_once('.').unwrap_or((series, ""));
        self.sources.get(monitor).is_some_and(|source| source.wanted().iter().any(|w| w.name == name))
    }

    /// What a series counts, if that is known before the run; says so if there is no such series.
    fn unit_of(&mut self, series: &str, written: &Placed<String>) -> Option<Unit> {
        let (monitor, name) = series.split_once('.').unwrap_or((series, ""));
        if self.diagnostics.lost.contains(monitor) {
            return None;
        }
        let Some(source) = self.sources.get(monitor).cloned() else {
            let known: Vec<String> = self.sources.keys().cloned().collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let place = self.within(&written.place, monitor);
            if known.is_empty() {
                self.diagnostics.error(
                    &place,
                    format!("no monitor is called `{monitor}`"),
                    format!(
                        "say under `monitor:` where it is read, such as `{monitor}: {{ process: target }}`"
                    ),
                );
            } else {
                self.diagnostics.unknown(&place, "monitor", monitor, &known);
            }
            return None;
        };
        let known = source.known()?;
        match known.iter().find(|(known, _)| *known == name) {
            Some((_, unit)) => *unit,
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                let place = self.within(&written.place, series);
                self.diagnostics.unknown(&place, &format!("series of `{monitor}`"), name, &names);
                None
            }
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
            (measure, Some(PartUnit::Injected { .. })) if measure != Measure::Count => Some((
                "of data with a certain fault only the number can be claimed",
                "such as count(order.invalid_email, outcome=ok) == 0: none passed",
            )),
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

/// How a bound of this unit is written.
const fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "a number of bytes, such as 500MB",
        Unit::BytesPerSecond => "bytes by the second, such as 10MB/s",
        Unit::Cores => "a share of a core, such as 80%",
        Unit::Count => "a plain number",
        Unit::Nanos => "a time, such as 20ms",
        Unit::PerSecond => "a rate, such as 100/s",
        Unit::Share => "a share, such as 90%",
    }
}
