//! `test.ping`, `test.echo` and `test.compute`: what the simple test of the original asked for, without an envelope.

use serde_json::{Value, json};

use super::costs::Cost;
use crate::rpc::envelope::now;

/// The answer, and its cost; none to what nobody listens to.
pub(super) fn answer(method: &str, payload: &[u8]) -> Option<(Vec<u8>, Cost)> {
    let given: Value = serde_json::from_slice(payload).unwrap_or_default();
    let id = format!("req_{:016x}", rand::random::<u64>());
    let mut reply = match method {
        "ping" => json!({ "pong": true }),
        "echo" => json!({ "echo": given }),
        "compute" => {
            let numbers = given["numbers"].as_array().map_or(&[][..], Vec::as_slice);
            let squares: f64 = numbers.iter().filter_map(Value::as_f64).map(|n| n * n).sum();
            json!({ "result": squares, "count": numbers.len() })
        }
        _ => return None,
    };
    reply["timestamp"] = json!(now());
    reply["request_id"] = json!(id);
    Some((reply.to_string().into_bytes(), Cost::PLAIN))
}
