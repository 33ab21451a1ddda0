//! Replies as bytes that expectations can look at: a text as it is, everything else as JSON.

use redis::Value;
use serde_json::{Map, json};

/// The reply of one command as a body; nothing for a key that is not there.
pub(super) fn body(value: &Value) -> Vec<u8> {
    match value {
        Value::Nil => Vec::new(),
        Value::BulkString(bytes) => bytes.clone(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text.clone().into_bytes(),
        Value::Okay => b"OK".to_vec(),
        other => json_of(other).to_string().into_bytes(),
    }
}

/// Replies of several commands as a list.
pub(super) fn list(values: &[Value]) -> Vec<u8> {
    json!(values.iter().map(json_of).collect::<Vec<_>>()).to_string().into_bytes()
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Boolean(truth) => json!(truth),
        Value::Okay => json!("OK"),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => json!(text),
        Value::BulkString(bytes) | Value::BigNumber(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::Array(values) | Value::Set(values) | Value::Push { data: values, .. } => {
            json!(values.iter().map(json_of).collect::<Vec<_>>())
        }
        Value::Map(pairs) => {
            let pair = |(key, value): &(Value, Value)| {
                (String::from_utf8_lossy(&body(key)).into_owned(), json_of(value))
            };
            serde_json::Value::Object(pairs.iter().map(pair).collect::<Map<_, _>>())
        }
        Value::Attribute { data, .. } => json_of(data),
        Value::ServerError(error) => json!({ "error": error.to_string() }),
        // Nothing, and what no server has said yet.
        _ => json!(null),
    }
}

/// Bytes of a reply, without the protocol's framing.
pub(super) fn size(value: &Value) -> u64 {
    let all = |values: &[Value]| values.iter().map(size).sum();
    match value {
        Value::BulkString(bytes) | Value::BigNumber(bytes) => bytes.len() as u64,
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text.len() as u64,
        Value::Array(values) | Value::Set(values) | Value::Push { data: values, .. } => all(values),
        Value::Map(pairs) => pairs.iter().map(|(key, value)| size(key) + size(value)).sum(),
        Value::Attribute { data, .. } => size(data),
        // A number, or a word.
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_and_the_rest_is_json() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        assert_eq!(body(&text("{\"a\":1}")), b"{\"a\":1}");
        assert_eq!(
            (body(&Value::Nil), body(&Value::Okay), body(&Value::Int(7))),
            (vec![], b"OK".to_vec(), b"7".to_vec())
        );
        assert_eq!(body(&Value::Array(vec![text("a"), Value::Nil])), b"[\"a\",null]");
        assert_eq!(body(&Value::Map(vec![(text("k"), Value::Int(1))])), b"{\"k\":1}");
        assert_eq!(list(&[Value::Okay, Value::Int(2)]), b"[\"OK\",2]");
        assert_eq!(size(&Value::Array(vec![text("abc"), text("d")])), 4);
    }
}
