//! What can be managed: an index, and connectors by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::library;
use super::rpc::Problem;

/// The most connectors there may be: a load test that adds some is not to fill memory.
const CONNECTORS_MAX: usize = 1_000;

/// The index and the connectors.
#[derive(Debug, Default)]
pub(super) struct Desk {
    is_stopped: bool,
    /// How often the index was made anew.
    revision: u64,
    connectors: BTreeMap<String, String>,
}

impl Desk {
    pub(super) const INDEX_ACTIONS: [&str; 5] = ["start", "stop", "status", "force_reindex", "reindex_paths"];
    pub(super) const CONNECTOR_ACTIONS: [&str; 4] = ["list", "add", "update", "remove"];

    /// Looks after the index, and says how it is.
    pub(super) fn index(&mut self, arguments: &Value) -> Result<Value, Problem> {
        match arguments["action"].as_str().unwrap_or_default() {
            "status" => {}
            "start" => self.is_stopped = false,
            "stop" => self.is_stopped = true,
            "force_reindex" => self.revision += 1,
            "reindex_paths" if arguments["paths"].is_array() => self.revision += 1,
            "reindex_paths" => return Err(Problem::params("`reindex_paths` needs `paths`")),
            other => return Err(unknown(other, &Self::INDEX_ACTIONS)),
        }
        let state = if self.is_stopped { "stopped" } else { "running" };
        Ok(json!({ "status": state, "documents": library::list().len(), "revision": self.revision }))
    }

    /// Looks after connectors, and lists them.
    pub(super) fn connectors(&mut self, arguments: &Value) -> Result<Value, Problem> {
        let action = arguments["action"].as_str().unwrap_or_default();
        let name = || {
            let name = arguments["name"].as_str().filter(|name| !name.is_empty());
            name.map(str::to_owned).ok_or_else(|| Problem::params("`name` is needed"))
        };
        let kind = arguments["kind"].as_str().unwrap_or("file").to_owned();
        match action {
            "list" => {}
            "add" if self.connectors.len() >= CONNECTORS_MAX => {
                return Err(Problem::params(format!("there may be {CONNECTORS_MAX} connectors")));
            }
            "add" => drop(self.connectors.insert(name()?, kind)),
            "update" | "remove" => {
                let name = name()?;
                if self.connectors.remove(&name).is_none() {
                    return Err(Problem::params(format!("no connector is called `{name}`")));
                }
                if action == "update" {
                    self.connectors.insert(name, kind);
                }
            }
            other => return Err(unknown(other, &Self::CONNECTOR_ACTIONS)),
        }
        let listed = self.connectors.iter().map(|(name, kind)| json!({ "name": name, "kind": kind }));
        Ok(json!({ "connectors": listed.collect::<Vec<_>>() }))
    }
}

fn unknown(action: &str, known: &[&str]) -> Problem {
    Problem::params(format!("`action` is one of {}, not `{action}`", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_come_and_go() {
        let mut desk = Desk::default();
        let mut ask = |action: &str, name: &str| {
            let listed = desk.connectors(&json!({ "action": action, "name": name }));
            listed.ok().map(|listed| listed["connectors"].as_array().unwrap().len())
        };
        assert_eq!(ask("list", ""), Some(0));
        assert_eq!((ask("add", "a"), ask("add", "b"), ask("update", "b")), (Some(1), Some(2), Some(2)));
        assert_eq!((ask("remove", "c"), ask("add", ""), ask("drop", "a")), (None, None, None));
        assert_eq!(ask("remove", "a"), Some(1));
    }

    #[test]
    fn the_index_says_how_it_is() {
        let mut desk = Desk::default();
        let mut ask = |action: &str| desk.index(&json!({ "action": action })).ok();
        assert_eq!(ask("status").unwrap()["status"], "running");
        assert_eq!(ask("stop").unwrap()["status"], "stopped");
        assert_eq!(ask("force_reindex").unwrap()["revision"], 1);
        assert!(ask("reindex_paths").is_none() && ask("explode").is_none());
    }
}
