//! Messages to brokers: where to, what, and when they are done.

use std::sync::Arc;

use plimsoll_model::message::{MessageRequest, Until};
use plimsoll_model::{Operation, message};
use serde_json::Value;

use super::super::super::read::Placed;
use super::super::super::types::MessageStep;
use super::super::Lowering;
use super::broker::Broker;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::expect::Check;
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::{Form, Template};

/// What a step does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Publish,
    Request,
    Rpc,
    Describe,
    Receive,
    Subscribe,
    Declare,
}

impl Verb {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Request => "request",
            Self::Rpc => "rpc",
            Self::Describe => "describe",
            Self::Receive => "receive",
            Self::Subscribe => "subscribe",
            Self::Declare => "declare",
        }
    }

    const fn sends(self) -> bool {
        matches!(self, Self::Publish | Self::Request | Self::Rpc | Self::Describe)
    }

    const fn is_answered(self) -> bool {
        matches!(self, Self::Request | Self::Rpc | Self::Describe | Self::Receive)
    }
}

/// A step with what is known of it before anything is looked at closely.
#[derive(Clone)]
pub(super) struct Errand<'s> {
    pub(super) verb: Verb,
    pub(super) to: &'s Placed<String>,
    pub(super) broker: Broker,
    pub(super) server: Arc<str>,
    pub(super) timeout_ns: u64,
}

impl Lowering<'_> {
    pub(super) fn message_sent(
        &mut self,
        step: &MessageStep,
        draft: &mut Draft,
        scope: &Scope,
    ) -> Option<Sent> {
        let errand = self.errand(step)?;
        if !errand.verb.is_answered() && draft.looks() {
            self.diagnostics.error(
                &step.place,
                "this step brings nothing back that could be looked at",
                "use `request` for a message that is answered, and `receive` for one that comes",
            );
        }
        draft.without_status();
        self.refuse_others_keys(step, &errand);
        let request = match errand.verb {
            Verb::Receive | Verb::Subscribe => self.received(step, &errand, draft, scope),
            Verb::Declare => self.declared(step, &errand, scope),
            _ => {
                if errand.verb == Verb::Rpc {
                    draft.expect.usual.checks.insert(0, Check::Rpc);
                }
                self.message(step, &errand, scope)
            }
        };
        let parts = match errand.verb {
            // Only where messages are stored it is told how many more there are.
            Verb::Receive if errand.broker == Broker::Kafka || step.ack.is_some() => &message::PARTS[..],
            Verb::Receive => &message::PARTS[..1],
            _ => &[],
        };
        let (protocol, request) = (errand.broker.protocol(), RequestTemplate::Other(request?));
        Some(Sent { protocol, request, parts, good: None })
    }

    /// What a step does, where to, and at which broker.
    fn errand<'s>(&mut self, step: &'s MessageStep) -> Option<Errand<'s>> {
        let given = verbs(step);
        let [(verb, to)] = *given.as_slice() else {
            self.diagnostics.error(
                &step.place,
                "this step does several things at once",
                "make a step of each: one of publish, receive, subscribe, declare, request, rpc, describe",
            );
            return None;
        };
        let server = self.server(step.on.as_ref(), Speaks::Messages, to)?;
        let broker = Broker::of(&server);
        if !broker.can(verb) {
            self.diagnostics.error(
                &to.place,
                format!("{} knows no `{}`", broker.title(), verb.name()),
                match verb {
                    Verb::Request => {
                        "publish the question, and receive the answer `where` its id is the question's"
                    }
                    _ => "see docs/PLANS.md for what each broker does",
                },
            );
            return None;
        }
        let section = self.section_of(broker).and_then(|section| section.timeout);
        let timeout_ns = self.timeout(step.timeout.or(section));
        Some(Errand { verb, to, broker, server: server.into(), timeout_ns })
    }

    /// Keys that mean something in other steps of messages only.
    fn refuse_others_keys(&mut self, step: &MessageStep, errand: &Errand<'_>) {
        let takes = matches!(errand.verb, Verb::Receive | Verb::Subscribe);
        let acks = step.ack.as_ref().is_some_and(|ack| ack.value == Value::Bool(true));
        let reads_store = errand.broker == Broker::Nats && acks;
        let wrong = [
            ("where", step.wanted.is_some() && errand.verb != Verb::Receive),
            ("or_nothing", step.or_nothing.is_some() && errand.verb != Verb::Receive),
            ("group", step.group.is_some() && !(takes && errand.broker.has_groups())),
            ("ack", step.ack.is_some() && !takes && errand.verb != Verb::Publish),
            ("from", step.from.is_some() && !(takes && (errand.broker == Broker::Kafka || reads_store))),
            ("settings", step.settings.iter().next().is_some() && errand.verb != Verb::Declare),
            ("key", step.key.is_some() && !(errand.verb == Verb::Publish && errand.broker == Broker::Kafka)),
            (
                "headers",
                step.headers.iter().next().is_some() && !(errand.verb.sends() && errand.broker.has_headers()),
            ),
        ];
        for (name, _) in wrong.into_iter().filter(|(_, is_wrong)| *is_wrong) {
            self.diagnostics.error(
                &step.place,
                format!("`{name}` means nothing to `{}` at {}", errand.verb.name(), errand.broker.title()),
                "leave it out; docs/PLANS.md says what each broker does",
            );
        }
    }

    fn message(&mut self, step: &MessageStep, errand: &Errand<'_>, scope: &Scope) -> Option<Filled> {
        let subject = Placed { value: self.subject(errand.verb, errand.to)?, place: errand.to.place.clone() };
        let address = self.template(&subject, Form::Plain, &scope.names);
        let mut headers = Vec::new();
        for (name, value) in step.headers.iter() {
            headers.extend(self.template(value, Form::Plain, &scope.names).map(|t| (name.value.clone(), t)));
        }
        let payload = self.payload(step, errand.verb, scope);
        let key = match &step.key {
            Some(key) => vec![self.template(key, Form::Plain, &scope.names)?],
            None => Vec::new(),
        };
        let until =
            if errand.verb == Verb::Publish { self.until(step, errand.broker)? } else { Until::Answered };
        let (names, values): (Vec<_>, Vec<_>) = headers.into_iter().unzip();
        let has_key = !key.is_empty();
        let holes = [address?, payload?].into_iter().chain(key).chain(values).collect();
        let (server, timeout_ns) = (errand.server.clone(), errand.timeout_ns);
        Some(Filled::new(holes, move |texts| {
            let mut text = || texts.next().unwrap_or_default();
            let (address, payload) = (text(), text().into_bytes().into());
            let key = has_key.then(&mut text);
            let headers = names.iter().map(|name| (name.clone(), text())).collect();
            let server = server.clone();
            Operation::Message(MessageRequest { server, address, key, headers, payload, until, timeout_ns })
        }))
    }

    /// When publishing is done.
    fn until(&mut self, step: &MessageStep, broker: Broker) -> Option<Until> {
        let Some(written) = &step.ack else { return Some(Until::Sent) };
        let until = match (&written.value, broker) {
            (Value::Bool(false), _) => Until::Sent,
            (Value::Bool(true), Broker::Amqp | Broker::Kafka | Broker::Mqtt | Broker::Nats) => Until::Stored,
            (Value::String(text), Broker::Kafka) if text == "leader" => Until::Leader,
            (Value::String(text), Broker::Mqtt) if text == "once" => Until::Once,
            _ => {
                self.diagnostics.error(
                    &written.place,
                    format!("{} gives no such acknowledgement", broker.title()),
                    "write `ack: true`, `ack: leader` for Kafka, `ack: once` for MQTT; channels of Redis have none",
                );
                return None;
            }
        };
        Some(until)
    }

    /// The subject of a step. A call of `service.method` goes to `service.rpc.method`.
    fn subject(&mut self, verb: Verb, to: &Placed<String>) -> Option<String> {
        match verb {
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
            _ => Some(to.value.clone()),
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
        (Verb::Receive, &step.receive),
        (Verb::Subscribe, &step.subscribe),
        (Verb::Declare, &step.declare),
    ];
    all.into_iter().filter_map(|(verb, to)| Some((verb, to.as_ref()?))).collect()
}

/// What is done, and where to.
pub(super) fn usual_name(step: &MessageStep) -> String {
    verbs(step).first().map_or_else(String::new, |(verb, to)| format!("{} {}", verb.name(), to.value))
}
