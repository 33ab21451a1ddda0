//! JSON-RPC 2.0, and the methods of the protocol.

use serde_json::{Value, json};

use super::desk::Desk;
use super::{library, tools};

/// An error of JSON-RPC.
pub(super) struct Problem {
    code: i64,
    message: String,
}

impl Problem {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Parameters that are not what the method takes.
    pub(super) fn params(message: impl Into<String>) -> Self {
        Self::new(-32_602, message)
    }
}

pub(super) fn result(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

pub(super) fn error(id: &Value, problem: &Problem) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": problem.code, "message": problem.message } })
}

/// Answers a request; `number` counts the requests of the server.
pub(super) fn answer(message: &Value, number: u64, desk: &mut Desk) -> Value {
    let params = &message["params"];
    let done = match message["method"].as_str() {
        Some("ping") => Ok(json!({})),
        Some("tools/list") => Ok(json!({ "tools": tools::list() })),
        Some("tools/call") => tools::call(params, number, desk),
        Some("resources/list") => Ok(json!({ "resources": library::list() })),
        Some("resources/read") => library::read(params),
        Some(unknown) => Err(Problem::new(-32_601, format!("unknown method `{unknown}`"))),
        None => Err(Problem::new(-32_600, "`method` is missing")),
    };
    done.map_or_else(|problem| error(&message["id"], &problem), |done| result(&message["id"], &done))
}
