//! What a user asks of brokers, whichever they are.

use plimsoll_model::message::{DeclareRequest, MessageRequest, ReceiveRequest, Source, Until};
use plimsoll_model::talk::Pattern;
use plimsoll_model::{Operation, SECOND_NS};

use crate::client::{Answer, Client};

/// A message, without headers.
pub(crate) fn message(server: &str, to: &str, payload: &str, until: Until) -> MessageRequest {
    MessageRequest {
        server: server.into(),
        address: to.to_owned(),
        key: None,
        headers: Vec::new(),
        payload: payload.as_bytes().into(),
        until,
        timeout_ns: 10 * SECOND_NS,
    }
}

/// Sends one.
pub(crate) fn send(client: &mut Client, server: &str, to: &str, payload: &str, until: Until) -> Answer {
    client.perform(Operation::Message(message(server, to, payload, until)))
}

/// What comes from this address to nobody but this user, from now on.
pub(crate) fn source(from: &str) -> Source {
    Source { address: from.to_owned(), group: None, stored: false, from_beginning: false }
}

/// Takes a message within a second; without a pattern, only the subscription is begun.
pub(crate) fn take(client: &mut Client, server: &str, source: Source, wanted: Option<Pattern>) -> Answer {
    let timeout_ns = SECOND_NS;
    client.perform(Operation::Receive(ReceiveRequest {
        server: server.into(),
        source,
        wanted,
        or_nothing: false,
        timeout_ns,
    }))
}

/// Takes a message from an address.
pub(crate) fn receive(client: &mut Client, server: &str, from: &str, wanted: Option<Pattern>) -> Answer {
    take(client, server, source(from), wanted)
}

/// Makes what holds messages.
pub(crate) fn declare(client: &mut Client, server: &str, name: &str, settings: &[(&str, &str)]) -> Answer {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (server, address, timeout_ns) = (server.into(), name.to_owned(), 10 * SECOND_NS);
    client.perform(Operation::Declare(DeclareRequest { server, address, settings, timeout_ns }))
}

/// The message with this payload.
pub(crate) fn holding(text: &'static str) -> Pattern {
    Pattern::new(move |payload| payload == text.as_bytes())
}
