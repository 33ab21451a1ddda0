//! Commands to Redis: which, and with what words.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::command::{self, CommandRequest};
use serde_json::Value;

use super::super::super::read::Placed;
use super::super::super::types::CommandStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::{Form, Template};

impl Lowering<'_> {
    pub(super) fn command_sent(
        &mut self,
        step: &CommandStep,
        draft: &mut Draft,
        scope: &Scope,
    ) -> Option<Sent> {
        draft.without_status();
        let server = self.server(step.on.as_ref(), Speaks::Redis, &step.redis);
        let Some(written) = words(&step.redis.value) else {
            self.diagnostics.error(
                &step.redis.place,
                "this is no command",
                "write `redis: GET user:7`, `redis: [SET, user:7, \"a text\"]`, or a list of such lists",
            );
            return None;
        };
        let section = self.file.redis.as_ref().and_then(|section| section.timeout);
        let timeout_ns = self.timeout(step.timeout.or(section));
        let parts = if looks_up(&written) { &command::PARTS[..] } else { &[] };
        let lengths: Vec<_> = written.iter().map(Vec::len).collect();
        let mut holes: Vec<Template> = Vec::new();
        for word in written.into_iter().flatten() {
            let word = Placed { value: word, place: step.redis.place.clone() };
            holes.push(self.template(&word, Form::Plain, &scope.names)?);
        }
        let server: Arc<str> = server?.into();
        let request = Filled::new(holes, move |texts| {
            let mut commands = Vec::with_capacity(lengths.len());
            for length in &lengths {
                commands.push(texts.take(*length).map(String::into_bytes).collect());
            }
            Operation::Command(CommandRequest { server: server.clone(), commands, timeout_ns })
        });
        Some(Sent { protocol: "redis", request: RequestTemplate::Other(request), parts, good: None })
    }
}

/// Commands that look for one thing, and answer with nothing if it is not there.
const LOOK_UPS: [&str; 9] =
    ["GET", "GETDEL", "GETEX", "HGET", "JSON.GET", "LINDEX", "LPOP", "RPOP", "ZSCORE"];

/// Whether a step looks for one thing, which is found or not.
fn looks_up(commands: &[Vec<String>]) -> bool {
    let is_one = |name: &String| LOOK_UPS.iter().any(|known| known.eq_ignore_ascii_case(name));
    matches!(commands, [words] if words.first().is_some_and(is_one))
}

/// The name of the first command.
pub(super) fn usual_name(step: &CommandStep) -> String {
    let written = words(&step.redis.value);
    written.as_ref().and_then(|all| all.first()?.first()).map_or_else(|| "redis".to_owned(), Clone::clone)
}

/// Commands as lists of words.
fn words(written: &Value) -> Option<Vec<Vec<String>>> {
    let all = match written {
        Value::String(text) => vec![line(text)],
        Value::Array(list) if list.iter().any(Value::is_array) => {
            let command = |one: &Value| match one {
                Value::Array(words) => words.iter().map(word).collect(),
                Value::String(text) => Some(line(text)),
                _ => None,
            };
            list.iter().map(command).collect::<Option<Vec<_>>>()?
        }
        Value::Array(list) => vec![list.iter().map(word).collect::<Option<Vec<_>>>()?],
        _ => return None,
    };
    (!all.is_empty() && all.iter().all(|words| !words.is_empty())).then_some(all)
}

/// A word as it was written.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The words of a line: what stands in quotes, or in a template, is not taken apart.
pub(super) fn line(text: &str) -> Vec<String> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let (mut quote, mut depth) = (None, 0_u32);
    for c in text.chars() {
        match c {
            _ if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() && depth == 0 => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            _ if c.is_whitespace() && quote.is_none() && depth == 0 => words.extend(word.take()),
            _ => {
                let so_far = word.get_or_insert_default();
                depth += u32::from(c == '{' && so_far.ends_with('$'));
                depth = depth.saturating_sub(u32::from(c == '}'));
                so_far.push(c);
            }
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_are_written_as_text_words_or_several() {
        let of = |value: Value| words(&value).map(|all| all.iter().map(|w| w.join("|")).collect::<Vec<_>>());
        assert_eq!(of(json!("GET user:7")).unwrap(), ["GET|user:7"]);
        assert_eq!(of(json!("SET k:${int(1, 9)} 'a text' \"\"")).unwrap(), ["SET|k:${int(1, 9)}|a text|"]);
        assert_eq!(of(json!(["SET", "k", "a b", "EX", 60])).unwrap(), ["SET|k|a b|EX|60"]);
        assert_eq!(of(json!([["SET", "k", 1], "GET k"])).unwrap(), ["SET|k|1", "GET|k"]);
        assert!(
            [json!(""), json!([]), json!([[]]), json!({}), json!(7)].into_iter().all(|v| of(v).is_none())
        );
    }
}
