//! A script as a YAML plan that does the same, where the script is simple enough; what is not, by line.
//!
//! Options are taken as they were evaluated; functions are read, never run. Whatever has no counterpart in a plan is
//! refused with its place: a plan that does something else than the script would be worse than none.

mod load;
mod steps;
mod syntax;
mod values;

use serde_json::{Map, Value, json};

use crate::script::Script;
use crate::sources::ScriptError;
use steps::Steps;
use syntax::Refusal;

/// What of a script has no counterpart in a plan, by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconvertible(pub Vec<String>);

impl Script {
    /// The script as a plan (YAML).
    ///
    /// # Errors
    /// Every construct that a plan cannot say, with its line.
    pub fn as_plan(&self) -> Result<Result<String, Unconvertible>, ScriptError> {
        let options = &self.run.options;
        let source = syntax::Source::read(&self.run.sources.entry).map_err(ScriptError::Broken)?;
        let mut refusals = Vec::new();
        let mut scenarios = Map::new();
        let mut steps = Steps::new(&source, &self.run.environment);
        for scenario in &options.scenarios {
            match source.function(&scenario.exec) {
                Some(body) => {
                    let list = steps.of_body(body, &mut refusals);
                    scenarios.insert(scenario.name.clone(), Value::Array(list));
                }
                None => refusals.push(Refusal {
                    line: 0,
                    what: format!(
                        "the function `{}` is not written out in the script's own file",
                        scenario.exec
                    ),
                }),
            }
        }
        for name in ["setup", "teardown", "handleSummary"] {
            let Some(body) = source.function(name) else { continue };
            let what = format!("{name}() has no counterpart that could be derived from it");
            refusals.push(Refusal { line: source.line(body), what });
        }
        let (claims, lost) = load::claims(options);
        refusals.extend(lost);
        if steps.target.is_none() {
            refusals.push(Refusal { line: 0, what: "no request is sent".to_owned() });
        }
        if !refusals.is_empty() {
            refusals.sort_by_key(|r| r.line);
            return Ok(Err(Unconvertible(refusals.iter().map(Refusal::said).collect())));
        }
        let mut plan = vec![("name", json!(self.plan.name)), ("target", json!(steps.target))];
        if !claims.is_empty() {
            plan.push(("claims", json!(claims)));
        }
        if !steps.environment.is_empty() {
            plan.push(("env", json!(steps.environment)));
        }
        plan.push(("load", load::load(options)));
        plan.push(("scenarios", Value::Object(scenarios)));
        Ok(Ok(written(&plan)))
    }
}

/// The plan as YAML: sections and their entries on lines of their own, what is in them in one line each.
fn written(plan: &[(&str, Value)]) -> String {
    let mut text = String::new();
    for (key, value) in plan {
        match value {
            Value::Object(entries) => {
                text.push_str(&format!("{key}:\n"));
                for (name, value) in entries {
                    match value {
                        Value::Array(list) => {
                            text.push_str(&format!("  {}:\n", flow(&json!(name))));
                            list.iter().for_each(|one| text.push_str(&format!("    - {}\n", flow(one))));
                        }
                        value => text.push_str(&format!("  {}: {}\n", flow(&json!(name)), flow(value))),
                    }
                }
            }
            Value::Array(list) => {
                text.push_str(&format!("{key}:\n"));
                list.iter().for_each(|one| text.push_str(&format!("  - {}\n", flow(one))));
            }
            value => text.push_str(&format!("{key}: {}\n", flow(value))),
        }
    }
    text
}

/// A value in one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let pairs: Vec<_> =
                fields.iter().map(|(k, v)| format!("{}: {}", flow(&json!(k)), flow(v))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether YAML reads it as this very text without quotes.
fn is_plain(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '$');
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-$ <>=%()".contains(c));
    let is_word = text.contains(|c: char| c.is_ascii_alphabetic()) && !text.ends_with(' ');
    let is_number = text.parse::<f64>().is_ok() || text.starts_with("0x");
    let means_more =
        ["true", "false", "null", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    first && rest && is_word && !is_number && !means_more
}
