//! A service called `calculator`, in the envelope of Cliffracer 1.0: `add(a, b)`, `divide(a, b)`, `mean(numbers)`, and
//! `echo(value)`. What it is given is checked completely, and what goes wrong is said as Cliffracer says it.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::wire::Message;

const NAME: &str = "calculator";

/// A parameter's name and type.
type Parameter = (&'static str, &'static str);

/// Methods with their parameters, and what they return.
const METHODS: [(&str, &[Parameter], &str); 4] = [
    ("add", &[("a", "number"), ("b", "number")], "number"),
    ("divide", &[("a", "number"), ("b", "number")], "number"),
    ("echo", &[("value", "any")], "any"),
    ("mean", &[("numbers", "list")], "number"),
];

/// The answer to a message, if it is for this service.
pub(super) fn answer(message: &Message) -> Option<Vec<u8>> {
    let rest = message.subject.strip_prefix(NAME)?.strip_prefix('.')?;
    if rest == "describe" {
        return Some(description().to_string().into_bytes());
    }
    let method = rest.strip_prefix("rpc.")?;
    let text = String::from_utf8_lossy(&message.headers);
    let given = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-correlation-id").then(|| value.trim().to_owned())
    });
    let (mut reply, correlation) = called(method, &message.payload, given);
    #[expect(
        clippy::disallowed_methods,
        reason = "the envelope tells when it was answered, and nothing depends on it"
    )]
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
    reply["timestamp"] = json!(now.to_string());
    reply["correlation_id"] = json!(correlation);
    Some(reply.to_string().into_bytes())
}

fn called(method: &str, payload: &[u8], given: Option<String>) -> (Value, Option<String>) {
    let Some((_, parameters, _)) = METHODS.iter().find(|(name, ..)| *name == method) else {
        return (json!({ "success": false, "error": format!("Unknown method: {method}") }), None);
    };
    let text = if payload.is_empty() { b"{}" } else { payload };
    let Ok(Value::Object(mut arguments)) = serde_json::from_slice(text) else {
        let detail =
            json!({ "type": "payload_invalid", "loc": ["__root__"], "msg": "the payload is no JSON object" });
        return (invalid(&[detail]), None);
    };
    let named = arguments.remove("correlation_id").and_then(|id| id.as_str().map(str::to_owned));
    let correlation = given.or(named).or_else(|| Some(format!("corr_{:016x}", rand::random::<u64>())));
    let problems = problems(parameters, &arguments);
    if !problems.is_empty() {
        return (invalid(&problems), correlation);
    }
    let reply = match result(method, &arguments) {
        Some(result) => json!({ "success": true, "result": result }),
        None => {
            let id = correlation.as_deref().unwrap_or_default();
            json!({ "success": false, "error": format!("Internal server error (correlation_id: {id})") })
        }
    };
    (reply, correlation)
}

fn invalid(details: &[Value]) -> Value {
    json!({ "success": false, "error": "validation failed", "details": details })
}

fn problems(parameters: &[Parameter], arguments: &Map<String, Value>) -> Vec<Value> {
    let missing = parameters.iter().filter(|(name, _)| !arguments.contains_key(*name));
    let missing = missing.map(
        |(name, _)| json!({ "type": "missing", "loc": [name], "msg": "Field required", "input": arguments }),
    );
    let surplus = arguments.iter().filter(|(name, _)| !parameters.iter().any(|(known, _)| known == name));
    let surplus = surplus.map(|(name, value)| {
        json!({ "type": "extra_forbidden", "loc": [name], "msg": "Extra inputs are not permitted", "input": value })
    });
    let wrong = parameters.iter().filter_map(|(name, kind)| {
        let value = arguments.get(*name)?;
        let fits = match *kind {
            "number" => value.is_number(),
            "list" => value.as_array().is_some_and(|list| list.iter().all(Value::is_number)),
            _ => true,
        };
        (!fits).then(|| json!({ "type": format!("{kind}_type"), "loc": [name], "msg": format!("Input should be a valid {kind}"), "input": value }))
    });
    missing.chain(surplus).chain(wrong).collect()
}

/// What a method comes to; nothing where it fails.
fn result(method: &str, arguments: &Map<String, Value>) -> Option<Value> {
    let number = |name: &str| arguments[name].as_f64().unwrap_or_default();
    Some(match method {
        "add" => json!(number("a") + number("b")),
        "divide" if number("b") == 0.0 => return None,
        "divide" => json!(number("a") / number("b")),
        "mean" => {
            let list: Vec<f64> = arguments["numbers"].as_array()?.iter().filter_map(Value::as_f64).collect();
            if list.is_empty() {
                return None;
            }
            json!(list.iter().sum::<f64>() / list.len() as f64)
        }
        _ => arguments["value"].clone(),
    })
}

fn description() -> Value {
    let methods = METHODS.iter().map(|(name, parameters, returns)| {
        let params: Vec<_> =
            parameters.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
        json!({ "name": name, "params": params, "returns": returns })
    });
    json!({ "service": NAME, "methods": methods.collect::<Vec<_>>(), "listeners": [] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, arguments: &str) -> Value {
        let headers = b"NATS/1.0\r\nX-Correlation-ID: corr_1\r\n\r\n".to_vec();
        let subject = format!("calculator.rpc.{method}");
        let message = Message { subject, reply: None, headers, payload: arguments.as_bytes().to_vec() };
        serde_json::from_slice(&answer(&message).unwrap()).unwrap()
    }

    #[test]
    fn calls_come_to_what_cliffracer_would_answer() {
        let sum = call("add", r#"{"a": 1, "b": 2.5}"#);
        assert_eq!(
            (&sum["success"], &sum["result"], &sum["correlation_id"]),
            (&json!(true), &json!(3.5), &json!("corr_1"))
        );
        assert_eq!(call("mean", r#"{"numbers": [1, 2, 6]}"#)["result"], json!(3.0));
        let missing = call("add", r#"{"a": 1, "c": 2}"#);
        assert_eq!(missing["error"], json!("validation failed"));
        let kinds: Vec<_> =
            missing["details"].as_array().unwrap().iter().map(|d| d["type"].clone()).collect();
        assert_eq!(kinds, ["missing", "extra_forbidden"]);
        assert_eq!(
            call("divide", r#"{"a": 1, "b": 0}"#)["error"],
            json!("Internal server error (correlation_id: corr_1)")
        );
        assert_eq!(call("nope", "{}")["error"], json!("Unknown method: nope"));
        assert_eq!(call("add", "[")["details"][0]["type"], json!("payload_invalid"));
    }

    #[test]
    fn other_subjects_are_not_its_own() {
        let message = |subject: &str| Message {
            subject: subject.to_owned(),
            reply: None,
            headers: Vec::new(),
            payload: Vec::new(),
        };
        assert!(
            answer(&message("calculators.rpc.add")).is_none()
                && answer(&message("calculator.async.add")).is_none()
        );
        assert!(answer(&message("calculator.describe")).is_some());
    }
}
