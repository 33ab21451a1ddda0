//! A service called `calculator`, in the envelope of Cliffracer 1.0: `add(a, b)`, `divide(a, b)`, `mean(numbers)`, and
//! `echo(value)`.

use serde_json::{Map, Value, json};

use super::envelope::{self, Kind, Method, Style};
use super::wire::Message;

const NAME: &str = "calculator";

const METHODS: [Method; 4] = [
    Method { name: "add", parameters: &[("a", Kind::Number), ("b", Kind::Number)], returns: "number" },
    Method { name: "divide", parameters: &[("a", Kind::Number), ("b", Kind::Number)], returns: "number" },
    Method { name: "echo", parameters: &[("value", Kind::Any)], returns: "any" },
    Method { name: "mean", parameters: &[("numbers", Kind::Numbers)], returns: "number" },
];

/// The answer to a message, if it is for this service.
pub(super) fn answer(message: &Message) -> Option<Vec<u8>> {
    let rest = message.subject.strip_prefix(NAME)?.strip_prefix('.')?;
    if rest == "describe" {
        return Some(envelope::description(NAME, &METHODS));
    }
    let method = rest.strip_prefix("rpc.")?;
    Some(envelope::answer(Style::One, &METHODS, (method, message), result))
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
