//! Which message is waited for: what is asked of it, filled in each time.

use plimsoll_model::talk::Pattern;
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::super::super::read::Placed;
use super::super::Lowering;
use super::Scope;
use crate::behaviour::template::{Form, Template};

/// What is asked of a message; each but a pattern takes a filled hole.
#[derive(Clone)]
pub(super) enum Asked {
    Text,
    Matches(Regex),
    Json(JsonPath),
}

impl Lowering<'_> {
    /// What is asked of a message; what is to be filled in goes behind `holes`.
    pub(super) fn asked(
        &mut self,
        written: &Placed<Value>,
        scope: &Scope,
        holes: &mut Vec<Template>,
    ) -> Option<Vec<Asked>> {
        let Value::Object(all) = &written.value else {
            self.diagnostics.error(
                &written.place,
                "this is no description of a message",
                "write `{}` for any, `{ text: hello }`, or `{ $.type: reply }`",
            );
            return None;
        };
        let mut asked = Vec::new();
        for (key, value) in all {
            let text =
                Placed { value: value.as_str().unwrap_or_default().to_owned(), place: written.place.clone() };
            let problem = match key.as_str() {
                "text" => {
                    asked.push(Asked::Text);
                    holes.push(self.template(&text, Form::Plain, &scope.names)?);
                    continue;
                }
                "matches" => match Regex::new(&text.value) {
                    Ok(pattern) => {
                        asked.push(Asked::Matches(pattern));
                        continue;
                    }
                    Err(error) => format!("this is not a pattern: {error}"),
                },
                path => match JsonPath::parse(path) {
                    Ok(path) => {
                        asked.push(Asked::Json(path));
                        let value = Placed { value: value.clone(), place: written.place.clone() };
                        holes.push(self.json_template(&value, &scope.names)?);
                        continue;
                    }
                    Err(_) => format!("`{path}` is nothing that can be asked of a message"),
                },
            };
            self.diagnostics.error(
                &written.place,
                problem,
                "ask for text, matches, or a JSON path such as $.type",
            );
        }
        Some(asked)
    }
}

/// What a message is looked for by, filled in.
pub(super) fn pattern(asked: &[Asked], texts: &mut dyn Iterator<Item = String>) -> Pattern {
    let filled: Vec<(Asked, String)> = asked
        .iter()
        .map(|asked| {
            let needs_text = !matches!(asked, Asked::Matches(_));
            (asked.clone(), if needs_text { texts.next().unwrap_or_default() } else { String::new() })
        })
        .collect();
    let values: Vec<Value> =
        filled.iter().map(|(_, text)| serde_json::from_str(text).unwrap_or(Value::Null)).collect();
    Pattern::new(move |message| {
        let text = String::from_utf8_lossy(message);
        let mut json = None;
        filled.iter().zip(&values).all(|((asked, wanted), value)| match asked {
            Asked::Text => text.contains(wanted.as_str()),
            Asked::Matches(pattern) => pattern.is_match(&text),
            Asked::Json(path) => {
                let json = json.get_or_insert_with(|| serde_json::from_slice::<Value>(message).ok());
                json.as_ref().and_then(|json| path.query(json).first()) == Some(value)
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_looked_for_by_what_is_in_it() {
        let asked = [
            Asked::Text,
            Asked::Matches(Regex::new("n[0-9]+").unwrap()),
            Asked::Json(JsonPath::parse("$.type").unwrap()),
        ];
        let found = |asked: &[Asked], texts: &[&str], message: &str| {
            pattern(asked, &mut texts.iter().map(|t| (*t).to_owned())).is_met(message.as_bytes())
        };
        let all = ["hello", "\"reply\""];
        assert!(found(&asked, &all, "{\"type\": \"reply\", \"said\": \"hello n7\"}"));
        assert!(!found(&asked, &all, "{\"type\": \"other\", \"said\": \"hello n7\"}"));
        assert!(!found(&asked, &all, "hello n7"));
        assert!(found(&[], &[], "anything"));
    }
}
