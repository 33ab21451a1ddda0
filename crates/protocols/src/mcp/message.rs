//! Messages of JSON-RPC 2.0, and what the Model Context Protocol makes of an answer.

use plimsoll_model::tool::ToolSettings;
use serde_json::{Value, json};

use super::error::ToolError;

/// A request; `params` is JSON, or empty.
pub(super) fn request(id: u64, method: &str, params: &str) -> String {
    let params = if params.is_empty() { "{}" } else { params };
    let method = Value::from(method);
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{method},\"params\":{params}}}")
}

/// What a client says of itself first.
pub(super) fn initialize(id: u64, settings: &ToolSettings) -> String {
    let client = json!({ "name": "plimsoll", "version": env!("CARGO_PKG_VERSION") });
    let params = json!({ "protocolVersion": settings.version, "capabilities": {}, "clientInfo": client });
    request(id, "initialize", &params.to_string())
}

/// What it says when it has understood the server.
pub(super) fn initialized() -> String {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string()
}

/// Whether a message answers the request of this number, or says that a request could not be read: then it cannot be named.
pub(super) fn settles(message: &Value, id: u64) -> bool {
    let is_unread = message["id"].is_null() && message.get("error").is_some_and(|error| !error.is_null());
    answers(message, id) || is_unread
}

/// Whether a message answers the request of this number.
fn answers(message: &Value, id: u64) -> bool {
    message["id"].as_u64() == Some(id) && message.get("method").is_none()
}

/// The result of an answer, or why there is none. `text` is the whole body.
pub(super) fn result(text: &[u8], id: u64) -> Result<Value, ToolError> {
    let excerpt = || String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
    let Ok(mut message) = serde_json::from_slice::<Value>(text) else {
        return Err(ToolError::Nonsense("not json-rpc", format!("the answer is no JSON: {}", excerpt())));
    };
    if message["jsonrpc"] != "2.0" {
        return Err(ToolError::Nonsense("not json-rpc", format!("the answer is no JSON-RPC: {}", excerpt())));
    }
    let error = message.get("error").filter(|error| !error.is_null());
    if !settles(&message, id) {
        let came = &message["id"];
        return Err(ToolError::Nonsense("wrong id", format!("request {id} was answered with id {came}")));
    }
    if let Some(error) = error {
        let words = error["message"].as_str().unwrap_or("no reason given");
        let data = error.get("data").map_or_else(String::new, |data| format!("; {data}"));
        let words = format!("{words}{data}").chars().take(500).collect();
        return Err(ToolError::Refused(error["code"].as_i64().unwrap_or(0), words));
    }
    let Some(result) = message.get_mut("result").map(Value::take) else {
        let problem = format!("the answer has neither `result` nor `error`: {}", excerpt());
        return Err(ToolError::Nonsense("not json-rpc", problem));
    };
    if result["isError"] == true {
        let words = result["content"][0]["text"].as_str().unwrap_or("no reason given");
        return Err(ToolError::Tool(words.chars().take(500).collect()));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::garbled::garbled;
    use crate::trouble::Trouble;

    fn class(answer: &Value) -> String {
        match result(answer.to_string().as_bytes(), 7) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.failure().class.into_owned(),
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let table = [
            (json!({ "jsonrpc": "2.0", "id": 7, "result": { "content": [] } }), "ok"),
            (json!({ "jsonrpc": "2.0", "id": 7, "result": { "isError": false } }), "ok"),
            (json!({ "jsonrpc": "2.0", "id": 7, "result": { "isError": true } }), "tool error"),
            (json!({ "jsonrpc": "2.0", "id": 8, "result": {} }), "wrong id"),
            (json!({ "jsonrpc": "2.0", "result": {} }), "wrong id"),
            (json!({ "jsonrpc": "2.0", "id": 7 }), "not json-rpc"),
            (json!({ "id": 7, "result": {} }), "not json-rpc"),
            (
                json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -32602, "message": "m" } }),
                "invalid params",
            ),
            (
                json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32700, "message": "m" } }),
                "parse error",
            ),
            (json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -32000 } }), "server error"),
        ];
        for (answer, expected) in table {
            assert_eq!(class(&answer), expected, "{answer}");
        }
        assert!(result(b"<html>", 7).is_err());
    }

    #[test]
    fn requests_are_what_the_specification_asks_for() {
        let written: Value = serde_json::from_str(&request(3, "tools/list", "")).unwrap();
        assert_eq!(written, json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": {} }));
        let first: Value = serde_json::from_str(&initialize(0, &ToolSettings::default())).unwrap();
        assert_eq!(first["params"]["clientInfo"]["name"], "plimsoll");
    }

    const ANSWERS: &[&[u8]] = &[
        br#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"x"}],"isError":false}}"#,
        br#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no such method"}}"#,
    ];

    proptest! {
        /// Whatever comes is an answer or is said to be none.
        #[test]
        fn whatever_comes_is_told_apart(bytes in garbled(ANSWERS)) {
            if let Ok(found) = result(&bytes, 7) {
                let text: Value = serde_json::from_slice(&bytes).unwrap();
                prop_assert_eq!(&text["result"], &found);
            }
        }
    }
}
