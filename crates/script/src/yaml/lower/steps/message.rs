//! Messages: where to, what, and when they are done.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::message::{MessageRequest, Until};

use super::super::super::read::Placed;
use super::super::super::types::MessageStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::expect::Check;
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::{Form, Template};

/// What a step does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Publish,
    Request,
    Rpc,
    Describe,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Request => "request",
            Self::Rpc => "rpc",
            Self::Describe => "describe",
        }
    }
}

impl Lowering<'_> {
    pub(super) fn message_sent(
        &mut self,
        step: &MessageStep,
        draft: &mut Draft,
        scope: &Scope,
    ) -> Option<Sent> {
        let (verb, to) = self.verb(step)?;
        if verb == Verb::Publish && (draft.expect.looks_beyond_status() || !draft.saves.is_empty()) {
            self.diagnostics.error(
                &step.place,
                "what is published has no answer that could be looked at",
                "use `request` for a message that is answered",
            );
        }
        draft.without_status();
        if verb == Verb::Rpc {
            draft.expect.checks.insert(0, Check::Rpc);
        }
        let request = RequestTemplate::Other(self.message(step, verb, to, scope)?);
        Some(Sent { protocol: "nats", request, parts: &[], good: None })
    }

    /// What a step does, and where to.
    fn verb<'s>(&mut self, step: &'s MessageStep) -> Option<(Verb, &'s Placed<String>)> {
        let given = verbs(step);
        let [one] = given.as_slice() else {
            self.diagnostics.error(
                &step.place,
                "this step sends several messages at once",
                "make a step of each",
            );
            return None;
        };
        Some(*one)
    }

    fn message(
        &mut self,
        step: &MessageStep,
        verb: Verb,
        to: &Placed<String>,
        scope: &Scope,
    ) -> Option<Filled> {
        let subject = Placed { value: self.subject(verb, to)?, place: to.place.clone() };
        let address = self.template(&subject, Form::Plain, &scope.names);
        let mut headers = Vec::new();
        for (name, value) in step.headers.iter() {
            headers.extend(self.template(value, Form::Plain, &scope.names).map(|t| (name.value.clone(), t)));
        }
        let payload = self.payload(step, verb, scope);
        let server = self.server(step.on.as_ref(), Speaks::Messages, to)?;
        let section = self.file.nats.as_ref().and_then(|section| section.timeout);
        let timeout_ns = self.timeout(step.timeout.or(section));
        let until = match verb {
            Verb::Publish if step.ack == Some(true) => Until::Stored,
            Verb::Publish => Until::Sent,
            _ => Until::Answered,
        };
        let server: Arc<str> = server.into();
        let (names, values): (Vec<_>, Vec<_>) = headers.into_iter().unzip();
        let holes = [address?, payload?].into_iter().chain(values).collect();
        Some(Filled::new(holes, move |texts| {
            let mut text = || texts.next().unwrap_or_default();
            let (address, payload) = (text(), text().into_bytes().into());
            let headers = names.iter().map(|name| (name.clone(), text())).collect();
            let server = server.clone();
            Operation::Message(MessageRequest { server, address, headers, payload, until, timeout_ns })
        }))
    }

    /// The subject of a step. A call of `service.method` goes to `service.rpc.method`.
    fn subject(&mut self, verb: Verb, to: &Placed<String>) -> Option<String> {
        match verb {
            Verb::Publish | Verb::Request => Some(to.value.clone()),
            Verb::Describe => Some(format!("{}.describe", to.value)),
            Verb::Rpc => {
                let Some((service, method)) = to.value.rsplit_once('.') else {
                    self.diagnostics.error(
                        &to.place,
                        format!("`{}` names no method", to.value),
                        "write `service.method`, such as `rpc: orders.process_order`",
                    );
                    return None;
                };
                Some(format!("{service}.rpc.{method}"))
            }
        }
    }

    fn payload(&mut self, step: &MessageStep, verb: Verb, scope: &Scope) -> Option<Template> {
        let given =
            [("json", step.json.is_some()), ("body", step.body.is_some()), ("args", step.args.is_some())];
        let given: Vec<_> =
            given.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect();
        let problem = match (given.as_slice(), verb) {
            ([_, _, ..], _) => Some("this step has several messages"),
            (["args"], Verb::Publish | Verb::Request) => Some("`args` are those of `rpc`"),
            (["json" | "body"], Verb::Rpc | Verb::Describe) => Some("a call takes its arguments from `args`"),
            _ => None,
        };
        if let Some(problem) = problem {
            self.diagnostics.error(&step.place, problem, "keep one of json and body, or args for `rpc`");
            return None;
        }
        match (&step.json, &step.args, &step.body) {
            (Some(json), ..) => self.json_template(json, &scope.names),
            (_, Some(args), _) => {
                if !args.value.is_object() && !args.value.is_string() {
                    self.diagnostics.error(
                        &args.place,
                        "`args` is a mapping of names to values",
                        "such as `args: { id: 7 }`",
                    );
                }
                self.json_template(args, &scope.names)
            }
            (.., Some(body)) => self.template(body, Form::Plain, &scope.names),
            _ if verb == Verb::Rpc => Some(Template::fixed("{}")),
            _ => Some(Template::default()),
        }
    }
}

/// What a step names to be done, and where to.
fn verbs(step: &MessageStep) -> Vec<(Verb, &Placed<String>)> {
    let all = [
        (Verb::Publish, &step.publish),
        (Verb::Request, &step.request),
        (Verb::Rpc, &step.rpc),
        (Verb::Describe, &step.describe),
    ];
    all.into_iter().filter_map(|(verb, to)| Some((verb, to.as_ref()?))).collect()
}

/// What is done, and where to.
pub(super) fn usual_name(step: &MessageStep) -> String {
    verbs(step).first().map_or_else(String::new, |(verb, to)| format!("{} {}", verb.name(), to.value))
}
