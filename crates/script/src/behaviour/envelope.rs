//! The envelope of a remote procedure call over NATS: Cliffracer's, in both of its versions.

use plimsoll_model::Operation;
use serde_json::{Map, Value};

use super::expect::Unexpected;

/// Headers that a caller names a call by.
const CORRELATIONS: [&str; 2] = ["x-correlation-id", "correlation_id"];

/// Why a reply is not that of a call that succeeded. Cliffracer's envelope, in both of its versions: a failure has the key
/// `error` (and from 1.0 on `success: false` and `details`), a success has `result`.
pub(super) fn failure(
    sent: &Operation,
    body: Option<&Value>,
    excerpt: impl FnOnce() -> String,
) -> Option<Unexpected> {
    let unexpected = |class: &str, message: String| Some(Unexpected { class: class.to_owned(), message });
    let Some(Value::Object(reply)) = body else {
        return unexpected("no envelope", format!("the reply is no JSON object: {}", excerpt()));
    };
    let error = reply.get("error").filter(|error| !error.is_null());
    let has_failed = error.is_some() || reply.get("success") == Some(&Value::Bool(false));
    if !has_failed {
        let is_reply = reply.contains_key("result") || reply.get("success") == Some(&Value::Bool(true));
        return if is_reply {
            strayed(sent, reply)
        } else {
            unexpected("no envelope", format!("the reply has neither `result` nor `error`: {}", excerpt()))
        };
    }
    let text = error.and_then(Value::as_str).unwrap_or("no reason given");
    let details = reply.get("details").map_or_else(String::new, |details| format!("; details: {details}"));
    // Few classes: what stands behind differs from call to call.
    let known = ["validation failed", "unknown method", "internal server error", "refused"];
    let lower = text.to_ascii_lowercase().replace("validation error", "validation failed");
    let class = known.into_iter().find(|known| lower.starts_with(known)).unwrap_or("rpc error");
    unexpected(class, format!("{text}{details}").chars().take(500).collect())
}

/// Why a reply is that of another call: it names one, and this one was named otherwise.
fn strayed(sent: &Operation, reply: &Map<String, Value>) -> Option<Unexpected> {
    let answered = reply.get("correlation_id")?.as_str()?;
    let asked = correlation(sent)?;
    (asked != answered).then(|| Unexpected {
        class: "wrong correlation".to_owned(),
        message: format!("the call is {asked}, the reply is of {answered}"),
    })
}

/// What the caller named a call by: a header, or a field of the body.
fn correlation(sent: &Operation) -> Option<String> {
    let Operation::Message(request) = sent else { return None };
    let is_it = |name: &str| CORRELATIONS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some((_, value)) = request.headers.iter().find(|(name, _)| is_it(name)) {
        return Some(value.clone());
    }
    let text = std::str::from_utf8(&request.payload).ok().filter(|text| text.contains("correlation_id"))?;
    let body: Value = serde_json::from_str(text).ok()?;
    Some(body.get("correlation_id")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::message::{MessageRequest, Until};
    use serde_json::json;

    use super::*;

    fn call(headers: &[(&str, &str)], payload: &str) -> Operation {
        Operation::Message(MessageRequest {
            server: "nats://h".into(),
            address: "calculator.rpc.add".to_owned(),
            key: None,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            payload: payload.as_bytes().into(),
            until: Until::Answered,
            timeout_ns: 1,
        })
    }

    fn class(reply: &Value) -> Option<String> {
        failure(&call(&[], ""), Some(reply), String::new).map(|unexpected| unexpected.class)
    }

    /// The replies that SYSTEMS 1.7 lists, of both versions.
    #[test]
    fn replies_of_calls_are_told_apart() {
        let meta = json!({ "timestamp": "2026-01-01T00:00:00", "correlation_id": "corr_0123456789abcdef" });
        let with = |mut reply: Value| {
            let fields = meta.as_object().unwrap().clone();
            reply.as_object_mut().unwrap().extend(fields);
            reply
        };
        assert_eq!(class(&with(json!({ "result": null }))), None);
        assert_eq!(class(&with(json!({ "success": true, "result": { "error": "inside" } }))), None);
        let failed = [
            (json!({ "error": "boom", "traceback": "..." }), "rpc error"),
            (json!({ "error": "Unknown method: nope" }), "unknown method"),
            (json!({ "error": "Validation error: quantity" }), "validation failed"),
            (
                json!({ "success": false, "error": "validation failed", "details": [{ "loc": ["n"] }] }),
                "validation failed",
            ),
            (
                json!({ "success": false, "error": "Internal server error (correlation_id: x)" }),
                "internal server error",
            ),
            (json!({ "success": false, "error": "refused: too many" }), "refused"),
            (json!({ "success": false }), "rpc error"),
            (json!({ "pong": true }), "no envelope"),
        ];
        for (reply, expected) in failed {
            assert_eq!(class(&with(reply.clone())).as_deref(), Some(expected), "{reply}");
        }
        assert_eq!(class(&json!([1])).as_deref(), Some("no envelope"));
    }

    #[test]
    fn a_reply_to_another_call_is_none() {
        let strayed = |sent: &Operation, reply: Value| {
            failure(sent, Some(&reply), String::new).map(|unexpected| unexpected.class)
        };
        let reply = |id: &str| json!({ "success": true, "result": 3, "correlation_id": id });
        let named = call(&[("X-Correlation-ID", "mine")], "{}");
        assert_eq!(strayed(&named, reply("mine")), None);
        assert_eq!(strayed(&named, reply("yours")).as_deref(), Some("wrong correlation"));
        assert_eq!(strayed(&named, json!({ "success": true, "result": 3 })), None);
        let inside = call(&[], r#"{"a": 1, "correlation_id": "mine"}"#);
        assert_eq!(strayed(&inside, reply("yours")).as_deref(), Some("wrong correlation"));
        // Who did not name it cannot tell.
        assert_eq!(strayed(&call(&[], "{}"), reply("yours")), None);
    }
}
