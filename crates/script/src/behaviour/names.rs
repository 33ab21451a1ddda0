//! What the names inside `${...}` mean, resolved once, before the run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::template::{Function, Origin, Path};

/// Everything a template of one routine may name.
#[derive(Debug, Default)]
pub struct Names {
    /// Saved by this routine's steps, with their slots.
    pub slots: BTreeMap<String, usize>,
    /// Saved by setup.
    pub globals: BTreeSet<String>,
    /// Data sets with their numbers.
    pub data: BTreeMap<String, usize>,
    /// Those of them that are batches.
    pub batches: BTreeSet<usize>,
    /// Fixed values.
    pub constants: BTreeMap<String, Value>,
    /// Environment variables the plan may see.
    pub environment: BTreeMap<String, String>,
    /// Names in parts of the plan that could not be read: they mean something, nobody knows what.
    pub lost: BTreeSet<String>,
    /// Names that were used: what never is, is a mistake.
    pub used: RefCell<BTreeSet<String>>,
}

impl Names {
    /// What `expression` means; otherwise what is wrong, and what to write.
    pub fn resolve(&self, expression: &str) -> Result<(Origin, Path), (String, String)> {
        let expression = expression.trim();
        if let Some(call) = expression.strip_suffix(')') {
            return Function::parse(call).map(|function| (Origin::Call(function), Vec::new()));
        }
        let mut parts = expression.split('.').map(str::to_owned);
        let name = parts.next().unwrap_or_default();
        let path: Path = parts.collect();
        self.used.borrow_mut().insert(name.clone());
        let origin = match name.as_str() {
            "env" => return self.environment_value(&path),
            "iteration" => Origin::Iteration,
            "user" => Origin::User,
            name => {
                if let Some(slot) = self.slots.get(name) {
                    Origin::Slot(*slot)
                } else if let Some(set) = self.data.get(name) {
                    if self.batches.contains(set) && !path.is_empty() {
                        return Err((
                            format!("`{name}` is sent in batches, so that no row of it stands alone"),
                            format!("write `${{{name}}}` for a whole batch, or remove `batch`"),
                        ));
                    }
                    Origin::Data(*set)
                } else if let Some(value) = self.constants.get(name) {
                    Origin::Constant(value.clone())
                } else if self.globals.contains(name) {
                    Origin::Global(name.to_owned())
                } else if self.lost.contains(name) {
                    Origin::Constant(Value::Null)
                } else {
                    return Err((format!("nothing is called `{name}`"), self.known(name)));
                }
            }
        };
        Ok((origin, path))
    }

    fn environment_value(&self, path: &Path) -> Result<(Origin, Path), (String, String)> {
        let name = path.join(".");
        match self.environment.get(&name) {
            Some(value) => Ok((Origin::Constant(Value::String(value.clone())), Vec::new())),
            None if self.lost.contains(&name) => Ok((Origin::Constant(Value::Null), Vec::new())),
            None => Err((
                format!("the environment variable `{name}` is not set"),
                format!("set it with `-e {name}=VALUE`, or give it a default under `env:`"),
            )),
        }
    }

    fn known(&self, name: &str) -> String {
        let fixed = ["env", "iteration", "user"];
        let all: BTreeSet<&str> =
            (self.slots.keys().chain(self.data.keys()).chain(self.constants.keys()).chain(&self.globals))
                .map(String::as_str)
                .chain(fixed)
                .collect();
        let hint = crate::yaml::diagnostics::suggest(name, all.iter().copied());
        format!("{hint}; functions are {}", Function::NAMES)
    }
}
