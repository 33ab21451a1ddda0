//! The tools: what they take, and what they do.

use serde_json::{Value, json};

use super::desk::Desk;
use super::library;
use super::rpc::Problem;

/// Most results of one search.
const RESULTS_MAX: u64 = 100;

pub(super) fn list() -> Vec<Value> {
    vec![
        tool(
            "context.search",
            "Finds pages of the library by their words.",
            &json!({
                "query": { "type": "string", "minLength": 1 },
                "top_k": { "type": "integer", "minimum": 1, "maximum": RESULTS_MAX },
                "offset": { "type": "integer", "minimum": 0 },
            }),
            &["query"],
        ),
        tool(
            "context.get_related_info",
            "Finds pages that have to do with a file or a ticket.",
            &json!({
                "file_path": { "type": "string", "minLength": 1 },
                "ticket_id": { "type": "string", "minLength": 1 },
            }),
            &[],
        ),
        tool(
            "context.index_control",
            "Looks after the index.",
            &json!({
                "action": { "enum": Desk::INDEX_ACTIONS },
                "paths": { "type": "array", "items": { "type": "string" } },
            }),
            &["action"],
        ),
        tool(
            "context.connector_management",
            "Looks after connectors.",
            &json!({
                "action": { "enum": Desk::CONNECTOR_ACTIONS },
                "name": { "type": "string", "minLength": 1 },
                "kind": { "type": "string" },
            }),
            &["action"],
        ),
        tool(
            "math.sum",
            "Adds numbers.",
            &json!({ "numbers": { "type": "array", "items": { "type": "number" } } }),
            &["numbers"],
        ),
        tool(
            "demo.flaky",
            "Fails every so many requests of the server, with a result that says so.",
            &json!({ "every": { "type": "integer", "minimum": 1 } }),
            &["every"],
        ),
    ]
}

fn tool(name: &str, about: &str, properties: &Value, required: &[&str]) -> Value {
    let schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    json!({ "name": name, "description": about, "inputSchema": schema })
}

/// Calls a tool. Arguments that are not its own are an error of the protocol, a failure of the tool a result.
pub(super) fn call(params: &Value, number: u64, desk: &mut Desk) -> Result<Value, Problem> {
    let name = params["name"].as_str().ok_or_else(|| Problem::params("`name` is missing"))?;
    let arguments = &params["arguments"];
    refuse_unknown(name, arguments)?;
    match name {
        "context.get_related_info" => related(arguments),
        "context.index_control" => desk.index(arguments).map(|what| told(&what)),
        "context.connector_management" => desk.connectors(arguments).map(|what| told(&what)),
        "context.search" => search(arguments),
        "math.sum" => sum(arguments),
        "demo.flaky" => {
            let every = arguments["every"].as_u64().filter(|every| *every > 0);
            let every = every.ok_or_else(|| Problem::params("`every` is a number of at least 1"))?;
            let failed = number.is_multiple_of(every);
            Ok(said(if failed { "this one fails" } else { "this one does not" }, None, failed))
        }
        unknown => Err(Problem::params(format!("no tool is called `{unknown}`"))),
    }
}

/// Arguments that a tool does not take are a mistake of whoever calls.
fn refuse_unknown(name: &str, arguments: &Value) -> Result<(), Problem> {
    let tools = list();
    let Some(tool) = tools.iter().find(|tool| tool["name"] == name) else { return Ok(()) };
    let known = &tool["inputSchema"]["properties"];
    let given = arguments.as_object().into_iter().flat_map(|given| given.keys());
    match given.into_iter().find(|key| known.get(key.as_str()).is_none()) {
        Some(unknown) => Err(Problem::params(format!("`{name}` takes no `{unknown}`"))),
        None => Ok(()),
    }
}

fn told(what: &Value) -> Value {
    said(&what.to_string(), Some(what), false)
}

/// Pages whose words stand in a path or a ticket's name.
fn related(arguments: &Value) -> Result<Value, Problem> {
    let given = ["file_path", "ticket_id"].map(|key| arguments[key].as_str().unwrap_or_default());
    let words = given.join(" ").replace(|c: char| !c.is_alphanumeric(), " ");
    if words.trim().is_empty() {
        return Err(Problem::params("one of `file_path` and `ticket_id` is needed"));
    }
    let results = library::search(&words, RESULTS_MAX as usize);
    Ok(told(&json!({ "results": results, "total": results.len() })))
}

fn search(arguments: &Value) -> Result<Value, Problem> {
    let query = arguments["query"].as_str().filter(|query| !query.is_empty());
    let query = query.ok_or_else(|| Problem::params("`query` is a text"))?;
    let most =
        arguments.get("top_k").map_or(Some(20), Value::as_u64).filter(|n| (1..=RESULTS_MAX).contains(n));
    let most = most.ok_or_else(|| Problem::params("`top_k` lies between 1 and 100"))?;
    let results = library::search(query, most as usize);
    let found = json!({ "results": results, "total": results.len() });
    Ok(said(&found.to_string(), Some(&found), false))
}

fn sum(arguments: &Value) -> Result<Value, Problem> {
    let numbers = arguments["numbers"].as_array().ok_or_else(|| Problem::params("`numbers` is a list"))?;
    let numbers: Option<Vec<f64>> = numbers.iter().map(Value::as_f64).collect();
    let sum: f64 = numbers.ok_or_else(|| Problem::params("`numbers` is a list of numbers"))?.iter().sum();
    Ok(said(&sum.to_string(), Some(&json!({ "sum": sum })), false))
}

fn said(text: &str, structured: Option<&Value>, failed: bool) -> Value {
    let mut result = json!({ "content": [{ "type": "text", "text": text }], "isError": failed });
    if let Some(structured) = structured {
        result["structuredContent"] = structured.clone();
    }
    result
}
