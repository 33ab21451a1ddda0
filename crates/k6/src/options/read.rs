//! Reading an object of options field by field, with everything that is wrong.

use std::collections::BTreeMap;

use plimsoll_model::Nanos;
use serde_json::{Map, Value};

/// Reads the fields of one object.
pub(super) struct Reader<'a> {
    path: String,
    object: &'a Map<String, Value>,
    known: Vec<String>,
    pub(super) problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &str, object: &'a Map<String, Value>) -> Self {
        Self { path: path.to_owned(), object, known: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn know(&mut self, key: &str) {
        self.known.push(key.to_owned());
    }

    pub(super) fn knows(&self, key: &str) -> bool {
        self.known.iter().any(|known| known == key)
    }

    /// Something is wrong with the object as a whole.
    pub(super) fn complain(&mut self, problem: &str) {
        self.problems.push(format!("{}: {problem}", self.path));
    }

    fn get(&mut self, key: &str) -> Option<&'a Value> {
        self.know(key);
        self.object.get(key).filter(|v| !v.is_null())
    }

    /// A field that `read` understands; otherwise it should have been `what`.
    pub(super) fn field<T>(
        &mut self,
        key: &str,
        what: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let found = read(value);
        if found.is_none() {
            self.problems.push(format!("{}.{key}: `{}` is no {what}", self.path, shown(value)));
        }
        found
    }

    pub(super) fn duration(&mut self, key: &str) -> Option<Nanos> {
        self.field(key, "duration such as 30s or 1m30s", duration_of)
    }

    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        self.field(key, "whole number from 0 up", whole)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.field(key, "text", |v| v.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        let truth = |v: &Value| v.as_bool().or_else(|| v.as_str().and_then(|s| s.parse().ok()));
        self.field(key, "true or false", truth).unwrap_or(false)
    }

    pub(super) fn strings(&mut self, key: &str) -> Option<Vec<String>> {
        self.field(key, "list of texts", |v| match v {
            Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            Value::String(text) => Some(text.split(',').map(|s| s.trim().to_owned()).collect()),
            _ => None,
        })
    }

    /// Names with texts; other values are written as they look.
    pub(super) fn texts(&mut self, key: &str) -> BTreeMap<String, String> {
        self.object(key).into_iter().map(|(name, value)| (name, shown(&value))).collect()
    }

    pub(super) fn object(&mut self, key: &str) -> Map<String, Value> {
        self.field(key, "object", |v| v.as_object().cloned()).unwrap_or_default()
    }

    pub(super) fn array(&mut self, key: &str) -> Option<Vec<Value>> {
        self.field(key, "list", |v| v.as_array().cloned())
    }

    /// Fields that nobody has asked for.
    pub(super) fn rest(&self) -> Vec<String> {
        self.object.keys().filter(|key| !self.knows(key)).cloned().collect()
    }
}

/// A text without its quotes, anything else as JSON.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn whole(value: &Value) -> Option<u64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)
}

/// A duration: a text such as `1m30s`, or a number of milliseconds.
pub(crate) fn duration_of(value: &Value) -> Option<Nanos> {
    match value {
        Value::Number(ms) => ms.as_f64().filter(|ms| *ms >= 0.0).map(|ms| (ms * 1e6).round() as Nanos),
        Value::String(text) => duration(text),
        _ => None,
    }
}

const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
];

/// A duration as Go writes it: numbers with units, one after another; a number alone is milliseconds.
pub(crate) fn duration(text: &str) -> Option<Nanos> {
    let text = text.trim();
    if let Ok(ms) = text.parse::<f64>() {
        return (ms >= 0.0).then_some((ms * 1e6).round() as Nanos);
    }
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c| !is_digit(c)).filter(|at| *at > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        let end = rest[digits..].find(is_digit).map_or(rest.len(), |n| digits + n);
        let (_, size) = UNITS.iter().find(|(unit, _)| *unit == &rest[digits..end])?;
        total += number * size;
        rest = &rest[end..];
    }
    (!text.is_empty()).then_some(total.round() as Nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let ms = |text: &str| duration(text).map(|ns| ns / 1_000_000);
        assert_eq!(
            (ms("1m30s"), ms("500ms"), ms("1.5h"), ms("250")),
            (Some(90_000), Some(500), Some(5_400_000), Some(250))
        );
        assert_eq!(
            (ms("2d"), ms(""), ms("soon"), ms("5x"), ms("-1s")),
            (Some(172_800_000), None, None, None, None)
        );
    }
}
