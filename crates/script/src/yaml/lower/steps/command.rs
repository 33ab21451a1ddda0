//! Commands to Redis: which, and with what words.

use plimsoll_model::command::CommandRequest;
use serde_json::Value;

use super::super::super::read::Placed;
use super::super::super::types::CommandStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Scope, TIMEOUT};
use crate::behaviour::expect::StatusSet;
use crate::behaviour::program::{Call, CommandTemplate, RequestTemplate};
use crate::behaviour::template::{Form, Template};

impl Lowering<'_> {
    pub(super) fn command_call(
        &mut self,
        name: Option<&Placed<String>>,
        step: &CommandStep,
        scope: &mut Scope,
    ) -> Option<Call> {
        let written = words(&step.redis.value);
        let usual = written.as_ref().and_then(|all| all.first()?.first()).map_or("redis", String::as_str);
        let step_name =
            name.map(|n| n.value.clone()).or_else(|| step.name.clone()).unwrap_or_else(|| usual.to_owned());
        let id = self.operation(&step_name, &step.tags, scope);
        let saves = self.saves(&step.save, scope);
        let (mut expect, mut when_invalid) = self.expectations(step.expect.as_ref(), scope);
        // Replies have no status.
        for expect in [Some(&mut expect), when_invalid.as_mut()].into_iter().flatten() {
            expect.status = StatusSet::any();
        }
        let server = self.server(step.on.as_ref(), Speaks::Redis, &step.redis);
        let Some(written) = written else {
            self.diagnostics.error(
                &step.redis.place,
                "this is no command",
                "write `redis: GET user:7`, `redis: [SET, user:7, \"a text\"]`, or a list of such lists",
            );
            return None;
        };
        let timeout_ns = step.timeout.unwrap_or(TIMEOUT).0;
        self.timeout_ns_max = self.timeout_ns_max.max(timeout_ns);
        let mut commands = Vec::new();
        for words in written {
            let mut templates: Vec<Template> = Vec::new();
            for word in words {
                let word = Placed { value: word, place: step.redis.place.clone() };
                templates.push(self.template(&word, Form::Plain, &scope.names)?);
            }
            commands.push(templates);
        }
        let base = CommandRequest { server: server?.into(), commands: Vec::new(), timeout_ns };
        let request = RequestTemplate::Command(CommandTemplate { base, commands });
        Some(self.sent("redis", id, request, (expect, when_invalid), saves))
    }
}

/// Commands as lists of words.
fn words(written: &Value) -> Option<Vec<Vec<String>>> {
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    let line = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_are_written_as_text_words_or_several() {
        let of = |value: Value| words(&value).map(|all| all.iter().map(|w| w.join("|")).collect::<Vec<_>>());
        assert_eq!(of(json!("GET user:7")).unwrap(), ["GET|user:7"]);
        assert_eq!(of(json!(["SET", "k", "a b", "EX", 60])).unwrap(), ["SET|k|a b|EX|60"]);
        assert_eq!(of(json!([["SET", "k", 1], "GET k"])).unwrap(), ["SET|k|1", "GET|k"]);
        assert!(
            [json!(""), json!([]), json!([[]]), json!({}), json!(7)].into_iter().all(|v| of(v).is_none())
        );
    }
}
