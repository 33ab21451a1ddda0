//! Conversations step by step: what is said, and what is waited for.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::conversation::Message;
use plimsoll_model::talk::{self, Act, Cut, TalkRequest, Wanted};
use serde_json::Value;

use super::super::super::read::Placed;
use super::super::super::types::TalkStep;
use super::super::Lowering;
use super::server::Speaks;
use super::wanted::pattern;
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::{Form, Template};

/// What a step does, without what is filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Connect,
    Say,
    SayBytes,
    Hear,
    Ping,
    Close,
}

impl Lowering<'_> {
    pub(super) fn talk_sent(&mut self, step: &TalkStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        draft.without_status();
        let does = self.does(step)?;
        let waits = step.wanted.is_some() || step.until.is_some() || step.bytes.is_some();
        if !waits && (draft.expect.usual.looks_beyond_status() || !draft.saves.is_empty()) {
            self.diagnostics.error(
                &step.place,
                "this step waits for no message that could be looked at",
                "add `await: {}` for the next one, or say which: `await: { $.type: reply }`",
            );
        }
        let problem = match (does, &step.until, step.bytes) {
            (Does::Connect | Does::Ping | Does::Close, ..) if waits => {
                Some("only `send` and `await` wait for a message")
            }
            (_, Some(end), _) if end.is_empty() => Some("a message cannot end with nothing"),
            (_, _, Some(0)) => Some("a message of no bytes is none"),
            (_, Some(_), Some(_)) => Some("a message ends in one way"),
            _ => None,
        };
        if let Some(problem) = problem {
            self.diagnostics.error(
                &step.place,
                problem,
                "make a step of each, with `until` or `bytes` for TCP",
            );
            return None;
        }
        let place = Placed { value: String::new(), place: step.place.clone() };
        let server = self.server(step.on.as_ref(), Speaks::Talk, &place)?;
        if does == Does::Ping && !server.starts_with("ws") && !server.starts_with("http") {
            self.diagnostics.error(
                &step.place,
                "only WebSocket knows pings",
                "send what the other side answers",
            );
        }
        let server = self.address(&server, step)?;
        let cut = match (&step.until, step.bytes) {
            (Some(end), _) => Cut::Until(end.clone().into_bytes()),
            (None, Some(count)) => Cut::Bytes(usize::try_from(count).unwrap_or(usize::MAX)),
            (None, None) => Cut::Any,
        };
        let mut holes = vec![self.said(step, scope)?];
        let mut names = Vec::new();
        for (name, value) in step.headers.iter() {
            names.push(name.value.clone());
            holes.push(self.template(value, Form::Plain, &scope.names)?);
        }
        let asked = match &step.wanted {
            Some(wanted) => self.asked(wanted, scope, &mut holes)?,
            None => Vec::new(),
        };
        draft.expect.usual.by_protocol = !asked.is_empty();
        let timeout_ns = self.timeout(step.timeout);
        let request = Filled::new(holes, move |texts| {
            let said = texts.next().unwrap_or_default();
            let headers = names.iter().map(|name| (name.clone(), texts.next().unwrap_or_default())).collect();
            let mut wanted = || Wanted { cut: cut.clone(), pattern: pattern(&asked, texts) };
            let act = match does {
                Does::Connect => Act::Connect,
                Does::Ping => Act::Ping,
                Does::Close => Act::Close,
                Does::Hear => Act::Hear(wanted()),
                Does::Say => Act::Say(Message::Text(said), waits.then(wanted)),
                Does::SayBytes => Act::Say(Message::Binary(bytes(&said)), waits.then(wanted)),
            };
            Operation::Talk(TalkRequest { server: server.clone(), headers, act, timeout_ns })
        });
        let parts = if waits { &talk::PARTS[..] } else { &[] };
        Some(Sent { protocol: "talk", request: RequestTemplate::Other(request), parts, good: None })
    }

    fn does(&mut self, step: &TalkStep) -> Option<Does> {
        let given = [
            (Does::Connect, step.connect.is_some()),
            (Does::Say, step.send.is_some()),
            (Does::SayBytes, step.send_hex.is_some()),
            (Does::Ping, step.ping == Some(true)),
            (Does::Close, step.close == Some(true)),
        ];
        let given: Vec<_> =
            given.into_iter().filter(|(_, is_given)| *is_given).map(|(does, _)| does).collect();
        match given.as_slice() {
            [one] => Some(*one),
            [] if step.wanted.is_some() => Some(Does::Hear),
            _ => {
                self.diagnostics.error(
                    &step.place,
                    "this step does not do one thing",
                    "write one of connect, send, send_hex, ping or close; only `send` and `await` go together",
                );
                None
            }
        }
    }

    /// Where the conversation is held: a path of `connect` replaces that of the target.
    fn address(&mut self, server: &str, step: &TalkStep) -> Option<Arc<str>> {
        // WebSocket begins as HTTP.
        let server =
            &server.strip_prefix("http").map_or_else(|| server.to_owned(), |rest| format!("ws{rest}"));
        let path = match &step.connect {
            Some(path) => self.known_before_the_run(path)?,
            None => String::new(),
        };
        if path.is_empty() {
            return Some(self.talks.get(server).cloned().unwrap_or_else(|| server.as_str().into()));
        }
        let after = server.find("://").map_or(0, |at| at + 3);
        let end = server[after..].find('/').map_or(server.len(), |at| after + at);
        let address: Arc<str> = format!("{}{path}", &server[..end]).into();
        // Later steps go on with the conversation that was begun here.
        self.talks.insert(server.clone(), address.clone());
        Some(address)
    }

    fn said(&mut self, step: &TalkStep, scope: &Scope) -> Option<Template> {
        if let Some(hex) = &step.send_hex {
            if hex.value.len() % 2 != 0 || !hex.value.bytes().all(|b| b.is_ascii_hexdigit()) {
                self.diagnostics.error(
                    &hex.place,
                    "these are no bytes",
                    "write two digits a byte, such as 00ff",
                );
            }
            return Some(Template::fixed(&hex.value));
        }
        match &step.send {
            None => Some(Template::default()),
            Some(Placed { value: Value::String(text), place }) => {
                let text = Placed { value: text.clone(), place: place.clone() };
                self.template(&text, Form::Plain, &scope.names)
            }
            Some(json) => self.json_template(json, &scope.names),
        }
    }
}

/// Bytes by their digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..hex.len()).step_by(2).filter_map(digits).collect()
}

/// What it does.
pub(super) fn usual_name(step: &TalkStep) -> &'static str {
    match () {
        () if step.connect.is_some() => "connect",
        () if step.send.is_some() || step.send_hex.is_some() => "send",
        () if step.ping.is_some() => "ping",
        () if step.close.is_some() => "close",
        () => "await",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_by_their_digits() {
        assert_eq!(bytes("00ff7f"), [0, 255, 127]);
    }
}
