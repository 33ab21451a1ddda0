//! Events as they stand in a request: read where they lie, without a tree of values in between.

use std::borrow::Cow;
use std::fmt;

use axum::http::StatusCode;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::event::{Checked, Event};
use super::{BATCH_MAX, plain};

/// A text: where it lies in the request, or a copy if characters had to be put in for others.
#[derive(Clone, Debug)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Where it lies.
    pub(super) const fn lying(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Borrowing)
    }
}

/// Why a request is not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
    /// How many events that are not taken with it.
    pub(super) count: u64,
}

impl Refusal {
    fn of(error: &serde_json::Error, body: &[u8]) -> Self {
        let status = match error.classify() {
            serde_json::error::Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        let listed = serde_json::from_slice::<Value>(body).ok();
        let listed = listed.as_ref().map(|body| body.get("events").unwrap_or(body));
        let count = listed.and_then(Value::as_array).map_or(1, Vec::len) as u64;
        Self { status, why: error.to_string(), count }
    }
}

/// The event of a request.
pub(super) fn single(body: &[u8]) -> Result<Vec<Checked<'_>>, Refusal> {
    let event: Event<'_> = serde_json::from_slice(body).map_err(|error| Refusal::of(&error, body))?;
    let refused = |why| Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, why, count: 1 };
    event.checked().map(|checked| vec![checked]).map_err(refused)
}

/// The events of a batch: a list of them, or a mapping with `events`.
pub(super) fn batch(body: &[u8]) -> Result<Vec<Checked<'_>>, Refusal> {
    let listed = match plain::listed(body) {
        Some(listed) => listed,
        None => serde_json::from_slice(body).map_err(|error| Refusal::of(&error, body))?,
    };
    let count = listed.count;
    if count == 0 || count > BATCH_MAX {
        let why = format!("a batch holds 1 to {BATCH_MAX} events");
        return Err(Refusal { status: StatusCode::BAD_REQUEST, why, count: 0 });
    }
    match listed.problem {
        None => Ok(listed.events),
        Some(why) => Err(Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, why, count: count as u64 }),
    }
}

/// Events that were read, up to the first with which something is wrong.
#[derive(Default)]
pub(super) struct Listed<'a> {
    events: Vec<Checked<'a>>,
    count: usize,
    problem: Option<String>,
}

impl<'a> Listed<'a> {
    /// None yet.
    pub(super) fn with_room() -> Self {
        Self { events: Vec::with_capacity(BATCH_MAX), ..Self::default() }
    }

    /// The next.
    pub(super) fn push(&mut self, event: Event<'a>) {
        self.count += 1;
        match event.checked() {
            Ok(checked) => self.events.push(checked),
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
    }

    /// How many there were.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    #[cfg(test)]
    pub(super) fn events(&self) -> &[Checked<'a>] {
        &self.events
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Listed<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Listing)
    }
}

struct Listing;

impl<'de> Visitor<'de> for Listing {
    type Value = Listed<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events, or a mapping with `events`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Listed<'de>, A::Error> {
        let mut listed = Listed::with_room();
        while let Some(event) = events.next_element::<Event<'de>>()? {
            listed.push(event);
        }
        Ok(listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Listed<'de>, A::Error> {
        let mut listed = None;
        while let Some(key) = entries.next_key::<Text<'de>>()? {
            if key.as_str() == "events" {
                listed = Some(entries.next_value::<Listed<'de>>()?);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        listed.ok_or_else(|| de::Error::missing_field("events"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"event_id":"1","event_type":"click","source":"web"}"#;

    fn refused(body: &str) -> (u16, u64) {
        let refusal = batch(body.as_bytes()).unwrap_err();
        (refusal.status.as_u16(), refusal.count)
    }

    #[test]
    fn a_batch_is_a_list_or_holds_one() {
        let both = [format!("[{GOOD},{GOOD}]"), format!(r#"{{"sent":{{"by":1}},"events":[{GOOD},{GOOD}]}}"#)];
        assert!(both.iter().all(|body| batch(body.as_bytes()).unwrap().len() == 2));
        assert_eq!(refused("[]"), (400, 0));
        assert_eq!(refused(&format!("[{}]", vec![GOOD; 1_001].join(","))), (400, 0));
        assert_eq!(refused(&format!("[{GOOD},{{}}]")), (422, 2));
        assert_eq!(refused(&format!(r#"[{GOOD},{{"event_id":7}}]"#)), (422, 2));
        assert_eq!(refused("{}").0, 422);
        assert_eq!(refused("[{").0, 400);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let app = r#"{"event_id":"1","event_type":"click","app_id":"a","platform":"iOS","timestamp":7}"#;
        assert_eq!(single(app.as_bytes()).unwrap()[0].at_ms, 7);
        let why = |from: &str, to: &str| single(app.replace(from, to).as_bytes()).unwrap_err().why;
        assert!(why("iOS", "vms").contains("platform must be one of android, ios, web"));
        assert!(why(r#""timestamp":7"#, r#""timestamp":"today""#).contains("timestamp must be"));
        assert!(why(r#""event_id":"1","#, "").contains("event_id must be"));
        assert!(why("click", &"x".repeat(101)).contains("event_type must be"));
        // Characters that are written in other words are those that they stand for.
        let escaped = app.replace("click", "cl\\u0069ck");
        assert_eq!(single(escaped.as_bytes()).unwrap()[0].kind.as_str(), "click");
    }
}
