//! What a response must be to count as a success.

use std::ops::RangeInclusive;

use jsonschema::Validator;
use plimsoll_model::{Operation, ResponseView};
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::envelope;
use super::template::{Missing, Scope, Template};

/// Status codes that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet(pub Vec<RangeInclusive<u16>>);

impl Default for StatusSet {
    /// Anything below 400.
    fn default() -> Self {
        Self(vec![200..=399])
    }
}

impl StatusSet {
    /// Any status: for what has none.
    pub fn any() -> Self {
        Self(vec![0..=u16::MAX])
    }

    /// Whether the status is accepted.
    pub fn holds(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

/// How a value must be.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// A number, no smaller.
    AtLeast(f64),
    /// A number, no larger.
    AtMost(f64),
    /// A text or list that holds this.
    Contains(Value),
    /// The same value, once its holes are filled.
    Equals(Template),
    /// There, or not.
    Exists(bool),
    /// A text, list or mapping of this length.
    Length(u64),
    /// A text that matches.
    Matches(Regex),
}

impl Matcher {
    fn holds(&self, found: Option<&Value>, scope: &mut Scope<'_>) -> Result<bool, Missing> {
        let number = || found.and_then(Value::as_f64);
        Ok(match self {
            Self::AtLeast(bound) => number().is_some_and(|n| n >= *bound),
            Self::AtMost(bound) => number().is_some_and(|n| n <= *bound),
            Self::Contains(wanted) => match (found, wanted) {
                (Some(Value::String(text)), Value::String(part)) => text.contains(part),
                (Some(Value::Array(items)), wanted) => items.contains(wanted),
                _ => false,
            },
            Self::Equals(template) => {
                let wanted = template.render(scope)?;
                found.is_some_and(|found| {
                    serde_json::from_str::<Value>(&wanted).is_ok_and(|wanted| same(found, &wanted))
                })
            }
            Self::Exists(wanted) => found.is_some() == *wanted,
            Self::Length(wanted) => found.and_then(length).is_some_and(|l| l == *wanted),
            Self::Matches(pattern) => {
                found.and_then(Value::as_str).is_some_and(|text| pattern.is_match(text))
            }
        })
    }
}

/// Equal, with numbers compared as numbers: 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn length(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => Some(text.chars().count() as u64),
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(entries) => Some(entries.len() as u64),
        _ => None,
    }
}

/// One thing a response must satisfy.
#[derive(Debug)]
pub enum Check {
    /// A header.
    Header(String, Matcher),
    /// What a JSON path finds; its text is for messages.
    Json(JsonPath, String, Matcher),
    /// The body matches.
    Regex(Regex),
    /// The body is the reply of a remote procedure call that succeeded.
    Rpc,
    /// The body satisfies a JSON Schema.
    Schema(Box<Validator>),
    /// The body has so many bytes.
    Size(RangeInclusive<u64>),
    /// The body holds this text.
    Text(Template),
}

/// What a response must be.
#[derive(Debug, Default)]
pub struct Expect {
    /// The status.
    pub status: StatusSet,
    /// Everything else.
    pub checks: Vec<Check>,
    /// The protocol itself looks at what comes back: it waits for a certain message, or knows an error by its envelope.
    pub by_protocol: bool,
}

/// All that is expected of a response.
#[derive(Debug, Default)]
pub struct Expectations {
    /// Of a success.
    pub usual: Expect,
    /// Of a response to data that was made to be refused.
    pub when_invalid: Option<Expect>,
    /// Of a refusal that is no failure, whatever the data: sold out, declined.
    pub refused: Option<Expect>,
}

impl Expectations {
    /// Every one of them.
    pub fn all(&self) -> impl Iterator<Item = &Expect> {
        [Some(&self.usual), self.when_invalid.as_ref(), self.refused.as_ref()].into_iter().flatten()
    }

    /// Every one of them, to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Expect> {
        [Some(&mut self.usual), self.when_invalid.as_mut(), self.refused.as_mut()].into_iter().flatten()
    }

    /// Whether nothing but the status is of interest.
    pub const fn is_plain(&self) -> bool {
        !self.usual.looks_beyond_status() && self.when_invalid.is_none() && self.refused.is_none()
    }
}

/// Why a response is not what was expected: a class for counting and the whole story.
#[derive(Debug, PartialEq, Eq)]
pub struct Unexpected {
    /// Short, few different ones.
    pub class: String,
    /// The whole story.
    pub message: String,
}

/// A response body as JSON, parsed at most once.
#[derive(Default)]
pub struct LazyJson {
    parsed: bool,
    value: Option<Value>,
}

impl LazyJson {
    /// The body as JSON, if it is.
    pub fn of(&mut self, view: &ResponseView<'_>) -> Option<&Value> {
        if !std::mem::replace(&mut self.parsed, true) {
            self.value = serde_json::from_slice(view.body).ok();
        }
        self.value.as_ref()
    }
}

impl Expect {
    /// Whether anything but the status is looked at.
    pub const fn looks_beyond_status(&self) -> bool {
        !self.checks.is_empty()
    }

    /// Whether the content of an answer is looked at, by whomever.
    pub const fn is_checked(&self) -> bool {
        self.by_protocol || self.looks_beyond_status()
    }

    /// Whether the body is needed.
    pub fn needs_body(&self) -> bool {
        self.checks.iter().any(|check| !matches!(check, Check::Header(..)))
    }

    /// Judges the response to what was sent.
    pub fn judge(
        &self,
        sent: &Operation,
        view: &ResponseView<'_>,
        json: &mut LazyJson,
        scope: &mut Scope<'_>,
    ) -> Result<(), Unexpected> {
        if !self.status.holds(view.status) {
            let body = String::from_utf8_lossy(&view.body[..view.body.len().min(120)]);
            let message = if body.is_empty() {
                format!("status {}", view.status)
            } else {
                format!("status {}: {body}", view.status)
            };
            return Err(Unexpected { class: format!("status {}", view.status), message });
        }
        for check in &self.checks {
            match check.failure(sent, view, json, scope) {
                Ok(None) => {}
                Ok(Some(unexpected)) => return Err(unexpected),
                Err(Missing(what)) => return Err(Unexpected { class: "no value".to_owned(), message: what }),
            }
        }
        Ok(())
    }
}

impl Check {
    fn failure(
        &self,
        sent: &Operation,
        view: &ResponseView<'_>,
        json: &mut LazyJson,
        scope: &mut Scope<'_>,
    ) -> Result<Option<Unexpected>, Missing> {
        let unexpected = |class: String, message: String| Some(Unexpected { class, message });
        Ok(match self {
            Self::Header(name, matcher) => {
                let found = view.header(name).map(|v| Value::String(v.to_owned()));
                let shown = found.as_ref().map_or("absent".to_owned(), ToString::to_string);
                if matcher.holds(found.as_ref(), scope)? {
                    None
                } else {
                    unexpected(format!("header {name}"), format!("header {name} is {shown}"))
                }
            }
            Self::Json(path, text, matcher) => {
                let Some(body) = json.of(view) else {
                    return Ok(unexpected(
                        "not json".to_owned(),
                        format!("the body is not JSON: {}", excerpt(view)),
                    ));
                };
                let found = path.query(body).first();
                if matcher.holds(found, scope)? {
                    return Ok(None);
                }
                let shown = found.map_or("absent".to_owned(), |v| v.to_string().chars().take(120).collect());
                unexpected(text.clone(), format!("{text} is {shown}"))
            }
            Self::Regex(pattern) => {
                if pattern.is_match(&String::from_utf8_lossy(view.body)) {
                    None
                } else {
                    unexpected(
                        "regex".to_owned(),
                        format!("the body does not match {pattern}: {}", excerpt(view)),
                    )
                }
            }
            Self::Rpc => envelope::failure(sent, json.of(view), || excerpt(view)),
            Self::Schema(validator) => {
                let Some(body) = json.of(view) else {
                    return Ok(unexpected(
                        "not json".to_owned(),
                        format!("the body is not JSON: {}", excerpt(view)),
                    ));
                };
                validator.validate(body).err().and_then(|e| {
                    unexpected("schema".to_owned(), format!("at {:?}: {e}", e.instance_path().to_string()))
                })
            }
            Self::Size(range) => {
                let size = view.body.len() as u64;
                if range.contains(&size) {
                    None
                } else {
                    unexpected("size".to_owned(), format!("the body has {size} bytes"))
                }
            }
            Self::Text(template) => {
                let wanted = template.render(scope)?;
                let body = String::from_utf8_lossy(view.body);
                if body.contains(&wanted) {
                    None
                } else {
                    unexpected(
                        "text".to_owned(),
                        format!("the body does not hold {wanted:?}: {}", excerpt(view)),
                    )
                }
            }
        })
    }
}

fn excerpt(view: &ResponseView<'_>) -> String {
    format!("{:?}", String::from_utf8_lossy(&view.body[..view.body.len().min(120)]))
}
