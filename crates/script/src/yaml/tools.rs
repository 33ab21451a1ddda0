//! What a plan passes to tools, held against what their server says of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::Diagnostics;
use super::diagnostics::{Place, SourceFile, suggest};

/// All calls of tools in a plan, with the files they stand in.
#[derive(Clone, Debug, Default)]
pub struct ToolCalls {
    pub(super) files: Vec<SourceFile>,
    pub(super) calls: Vec<ToolCall>,
}

/// A tool that a step calls.
#[derive(Clone, Debug)]
pub(super) struct ToolCall {
    pub(super) server: Arc<str>,
    pub(super) tool: String,
    /// As they stand in the plan: `${...}` is still to be filled in.
    pub(super) arguments: Value,
    pub(super) tool_place: Place,
    pub(super) arguments_place: Place,
}

impl ToolCalls {
    /// The servers that are called, each once.
    pub fn servers(&self) -> BTreeSet<Arc<str>> {
        self.calls.iter().map(|call| call.server.clone()).collect()
    }

    /// What is wrong with the calls of `server`, whose `tools/list` brought `listed`: a tool that is not there, and arguments
    /// that its `inputSchema` does not allow. What `${...}` will come to is not known yet, and allowed to be anything.
    pub fn against(&self, server: &str, listed: &[Value]) -> Diagnostics {
        let mut found = Diagnostics::default();
        found.files.clone_from(&self.files);
        let names: Vec<&str> = listed.iter().filter_map(|tool| tool["name"].as_str()).collect();
        for call in self.calls.iter().filter(|call| *call.server == *server) {
            match listed.iter().find(|tool| tool["name"] == *call.tool) {
                Some(tool) => call.judge(&tool["inputSchema"], &mut found),
                None => found.error(
                    &call.tool_place,
                    format!("the server has no tool called `{}`", call.tool),
                    suggest(&call.tool, names.iter().copied()),
                ),
            }
        }
        found
    }
}

impl ToolCall {
    fn judge(&self, schema: &Value, found: &mut Diagnostics) {
        // A server that describes its tools badly is no mistake of the plan.
        let Ok(validator) = jsonschema::validator_for(schema) else { return };
        if is_open(&self.arguments) && self.arguments.is_string() {
            return;
        }
        for error in validator.iter_errors(&self.arguments).filter(is_certain) {
            let at = error.instance_path().to_string();
            let place = if at.is_empty() { String::new() } else { format!(" at {at}") };
            found.error(
                &self.arguments_place,
                format!("the arguments of `{}` are not what its schema allows{place}: {error}", self.tool),
                "what is allowed stands in `inputSchema` of the server's `tools/list`",
            );
        }
    }
}

/// Whether it stays wrong, whatever `${...}` comes to.
fn is_certain(error: &ValidationError<'_>) -> bool {
    use ValidationErrorKind::{AdditionalProperties, Required};
    matches!(error.kind(), Required { .. } | AdditionalProperties { .. }) || !is_open(error.instance())
}

/// Whether something in it is still to be filled in.
fn is_open(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(is_open),
        Value::Object(fields) => fields.values().any(is_open),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(arguments: &Value) -> Vec<String> {
        let place = Place::default();
        let call = ToolCall {
            server: "http://h/mcp".into(),
            tool: "search".to_owned(),
            arguments: arguments.clone(),
            tool_place: place.clone(),
            arguments_place: place,
        };
        let calls = ToolCalls { files: Vec::new(), calls: vec![call] };
        let schema = json!({
            "type": "object",
            "properties": { "query": { "type": "string" }, "top_k": { "type": "integer", "minimum": 1 } },
            "required": ["query"],
            "additionalProperties": false,
        });
        let listed = [json!({ "name": "search", "inputSchema": schema }), json!({ "name": "read" })];
        calls.against("http://h/mcp", &listed).found.into_iter().map(|d| d.message).collect()
    }

    #[test]
    fn arguments_are_held_against_the_schema() {
        assert!(judged(&json!({ "query": "cats", "top_k": 3 })).is_empty());
        assert!(judged(&json!({ "query": "cats", "top_k": 0 }))[0].contains("/top_k"));
        assert!(judged(&json!({ "top_k": 1 }))[0].contains("\"query\" is a required property"));
        assert!(judged(&json!({ "query": "cats", "limit": 1 }))[0].contains("limit"));
    }

    #[test]
    fn what_is_filled_in_later_may_be_anything_but_must_have_its_place() {
        assert!(judged(&json!("${all}")).is_empty());
        assert!(judged(&json!({ "query": "${q}", "top_k": "${k}" })).is_empty());
        assert_eq!(judged(&json!({ "top_k": "${k}" })).len(), 1);
    }

    #[test]
    fn a_tool_that_is_not_there_is_named() {
        let place = Place::default();
        let call = ToolCall {
            server: "s".into(),
            tool: "serch".to_owned(),
            arguments: json!({}),
            tool_place: place.clone(),
            arguments_place: place,
        };
        let calls = ToolCalls { files: Vec::new(), calls: vec![call] };
        let found = calls.against("s", &[json!({ "name": "search" })]).found;
        assert!(found[0].message.contains("`serch`") && found[0].hint.contains("search"), "{found:?}");
        assert!(calls.against("other", &[]).found.is_empty());
    }
}
