//! Messages from brokers: what is subscribed to, which message is waited for, and what has to be there for it.

use plimsoll_model::Operation;
use plimsoll_model::message::{DeclareRequest, ReceiveRequest, Source};
use serde_json::Value;

use super::super::super::types::{CallItem, MessageStep};
use super::super::Lowering;
use super::broker::Broker;
use super::message::{Errand, Verb};
use super::wanted::pattern;
use super::{Draft, Scope};
use crate::behaviour::program::{Filled, Reads};
use crate::behaviour::template::Form;

impl Lowering<'_> {
    /// A subscription, and with `receive` a message of it.
    pub(super) fn received(
        &mut self,
        step: &MessageStep,
        errand: &Errand<'_>,
        draft: &mut Draft,
        scope: &Scope,
    ) -> Option<Filled> {
        self.refuse_a_message(step, errand);
        let stored = self.reads_what_is_stored(step, errand)?;
        let from_beginning = match step.from.as_ref().map(|from| (from.value.as_str(), from)) {
            None | Some(("new", _)) => false,
            Some(("beginning", _)) => true,
            Some((_, from)) => {
                self.diagnostics.error(
                    &from.place,
                    "messages are read from no such place",
                    "write `new` or `beginning`",
                );
                return None;
            }
        };
        let mut holes = vec![self.template(errand.to, Form::Plain, &scope.names)?];
        if let Some(group) = &step.group {
            holes.push(self.template(group, Form::Plain, &scope.names)?);
        }
        let has_group = step.group.is_some();
        let asked = match &step.wanted {
            Some(wanted) => self.asked(wanted, scope, &mut holes)?,
            None => Vec::new(),
        };
        draft.expect.usual.by_protocol |= !asked.is_empty();
        let (takes, or_nothing) = (errand.verb == Verb::Receive, step.or_nothing == Some(true));
        let (server, timeout_ns) = (errand.server.clone(), errand.timeout_ns);
        Some(Filled::new(holes, move |texts| {
            let address = texts.next().unwrap_or_default();
            let group = has_group.then(|| texts.next().unwrap_or_default());
            let source = Source { address, group, stored, from_beginning };
            let wanted = takes.then(|| pattern(&asked, texts));
            let server = server.clone();
            Operation::Receive(ReceiveRequest { server, source, wanted, or_nothing, timeout_ns })
        }))
    }

    /// Whether what is received is read from a store: `ack` says so to NATS, Kafka has nothing else.
    fn reads_what_is_stored(&mut self, step: &MessageStep, errand: &Errand<'_>) -> Option<bool> {
        match (step.ack.as_ref().map(|ack| (&ack.value, ack)), errand.broker) {
            (None, broker) => Some(broker == Broker::Kafka),
            (Some((Value::Bool(stored), _)), Broker::Nats) => Some(*stored),
            (Some((_, written)), broker) => {
                self.diagnostics.error(
                    &written.place,
                    format!(
                        "how messages are acknowledged is not for `{}` at {} to say",
                        errand.verb.name(),
                        broker.title()
                    ),
                    "leave it out: AMQP, MQTT and Kafka acknowledge what was taken; `ack: true` is for JetStream",
                );
                None
            }
        }
    }

    fn refuse_a_message(&mut self, step: &MessageStep, errand: &Errand<'_>) {
        if step.json.is_some() || step.body.is_some() || step.args.is_some() {
            self.diagnostics.error(
                &step.place,
                format!("`{}` sends no message", errand.verb.name()),
                "leave out json, body and args; `where` says which message is waited for",
            );
        }
    }

    /// What holds messages.
    pub(super) fn declared(
        &mut self,
        step: &MessageStep,
        errand: &Errand<'_>,
        scope: &Scope,
    ) -> Option<Filled> {
        self.refuse_a_message(step, errand);
        let mut holes = vec![self.template(errand.to, Form::Plain, &scope.names)?];
        let mut names = Vec::new();
        for (name, value) in step.settings.iter() {
            names.push(name.value.clone());
            holes.push(self.template(value, Form::Plain, &scope.names)?);
        }
        let (server, timeout_ns) = (errand.server.clone(), errand.timeout_ns);
        Some(Filled::new(holes, move |texts| {
            let address = texts.next().unwrap_or_default();
            let settings = names.iter().map(|name| (name.clone(), texts.next().unwrap_or_default()));
            let settings = settings.collect();
            Operation::Declare(DeclareRequest { server: server.clone(), address, settings, timeout_ns })
        }))
    }

    /// Whose it is that a step reads back. Members of a group share what comes, and so do those who take from a queue of AMQP;
    /// of all else that is received, and of what is heard in conversations, every user has a copy.
    pub(super) fn reads(&self, item: &CallItem) -> Reads {
        let step = match item {
            CallItem::Message(step) => step,
            CallItem::Talk(_) => return Reads::Copies,
            _ => return Reads::All,
        };
        let Some(from) = &step.receive else { return Reads::All };
        let server = self.targets.get(step.on.as_ref().map_or("", |on| on.value.as_str()));
        let is_queue =
            server.is_some_and(|server| Broker::of(server) == Broker::Amqp) && !from.value.contains('/');
        if step.group.is_some() || is_queue { Reads::Shared } else { Reads::Copies }
    }
}
