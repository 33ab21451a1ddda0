//! The tools: what they take, and what they do.

use serde_json::{Value, json};

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
pub(super) fn call(params: &Value, number: u64) -> Result<Value, Problem> {
    let name = params["name"].as_str().ok_or_else(|| Problem::params("`name` is missing"))?;
    let arguments = &params["arguments"];
    match name {
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
