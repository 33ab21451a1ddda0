//! Who listens to what, and who is told.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::mpsc::UnboundedSender;

use super::calculator;
use super::orders::{Answer, Orders};
use super::wire::{Message, PAYLOAD_BYTES_MAX, Said};

/// Number of a client.
type ClientId = u64;

/// What a client that nobody listens to is told.
const NOBODY: &[u8] = b"NATS/1.0 503\r\n\r\n";

/// Clients and their subscriptions.
#[derive(Default)]
pub(super) struct Broker {
    clients: HashMap<ClientId, Client>,
    subscriptions: Vec<Subscription>,
    last: ClientId,
    /// How many messages went to a queue group: its members take turns.
    turns: usize,
    orders: Orders,
}

/// A message that is to be delivered later.
pub(super) struct Later {
    pub(super) after_ns: u64,
    pub(super) message: Message,
}

struct Client {
    out: UnboundedSender<Vec<u8>>,
    wants_notice: bool,
}

struct Subscription {
    client: ClientId,
    subject: String,
    queue: Option<String>,
    number: String,
    /// Messages until it ends by itself.
    left: Option<u64>,
}

impl Broker {
    /// A client comes, and is told whom it talks to.
    pub(super) fn enter(&mut self, out: UnboundedSender<Vec<u8>>) -> ClientId {
        self.last += 1;
        self.clients.insert(self.last, Client { out, wants_notice: false });
        let greeting = serde_json::json!({
            "server_id": "plimsoll", "server_name": "plimsoll", "version": "2.10.0", "proto": 1, "headers": true,
            "max_payload": PAYLOAD_BYTES_MAX, "client_id": self.last,
        });
        self.say(self.last, format!("INFO {greeting}\r\n").into_bytes());
        self.last
    }

    pub(super) fn leave(&mut self, client: ClientId) {
        self.clients.remove(&client);
        self.subscriptions.retain(|s| s.client != client);
    }

    pub(super) fn say(&self, client: ClientId, bytes: Vec<u8>) {
        if let Some(client) = self.clients.get(&client) {
            // A client that is gone is taken out when its reading ends.
            let _gone = client.out.send(bytes);
        }
    }

    /// Does what a client says; what is left is an answer that costs its time.
    pub(super) fn hear(&mut self, client: ClientId, said: Said) -> Option<Later> {
        match said {
            Said::Connect { wants_notice } => {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.wants_notice = wants_notice;
                }
            }
            Said::Ping => self.say(client, b"PONG\r\n".to_vec()),
            Said::Subscribe { subject, queue, number } => {
                self.subscriptions.push(Subscription { client, subject, queue, number, left: None });
            }
            Said::Unsubscribe { number, after } => {
                let is_it = |s: &Subscription| s.client == client && s.number == number;
                match after {
                    Some(after) => {
                        self.subscriptions.iter_mut().filter(|s| is_it(s)).for_each(|s| s.left = Some(after));
                    }
                    None => self.subscriptions.retain(|s| !is_it(s)),
                }
            }
            Said::Publish(message) => return self.publish(client, message),
            Said::Pong | Said::Nonsense(_) => {}
        }
        None
    }

    fn publish(&mut self, from: ClientId, message: Message) -> Option<Later> {
        let calculated = calculator::answer(&message).map(|payload| Answer { payload, after_ns: 0 });
        if let Some(Answer { payload, after_ns }) = calculated.or_else(|| self.orders.answer(&message)) {
            let answer = Message { subject: message.reply?, reply: None, headers: message.headers, payload };
            if after_ns > 0 {
                return Some(Later { after_ns, message: answer });
            }
            self.deliver(&answer);
            return None;
        }
        let has_listeners = self.deliver(&message);
        let wants_notice = self.clients.get(&from).is_some_and(|client| client.wants_notice);
        if let Some(reply) = message.reply.filter(|_| !has_listeners && wants_notice) {
            self.deliver(&Message {
                subject: reply,
                reply: None,
                headers: NOBODY.to_vec(),
                payload: Vec::new(),
            });
        }
        None
    }

    /// Tells everybody who listens, and one of every queue group; whether there is anybody.
    pub(super) fn deliver(&mut self, message: &Message) -> bool {
        let mut chosen = Vec::new();
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, one) in
            self.subscriptions.iter().enumerate().filter(|(_, s)| matches(&s.subject, &message.subject))
        {
            match &one.queue {
                Some(queue) => groups.entry(queue).or_default().push(at),
                None => chosen.push(at),
            }
        }
        for members in groups.into_values() {
            chosen.push(members[self.turns % members.len()]);
            self.turns += 1;
        }
        for &at in &chosen {
            let subscription = &mut self.subscriptions[at];
            subscription.left = subscription.left.map(|left| left.saturating_sub(1));
            let (client, bytes) = (subscription.client, written(message, &subscription.number));
            self.say(client, bytes);
        }
        self.subscriptions.retain(|s| s.left != Some(0));
        !chosen.is_empty()
    }
}

fn written(message: &Message, number: &str) -> Vec<u8> {
    let Message { subject, reply, headers, payload } = message;
    let reply = reply.as_ref().map_or_else(String::new, |reply| format!("{reply} "));
    let mut bytes = if headers.is_empty() {
        format!("MSG {subject} {number} {reply}{}\r\n", payload.len()).into_bytes()
    } else {
        format!("HMSG {subject} {number} {reply}{} {}\r\n", headers.len(), headers.len() + payload.len())
            .into_bytes()
    };
    bytes.extend_from_slice(headers);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Whether a subject is one of a pattern: `*` stands for one token, `>` for all that are left.
fn matches(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in pattern.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_subjects() {
        for (pattern, subject, holds) in [
            ("a.b", "a.b", true),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
            ("a.b", "a", false),
            ("*.b", "a.b", true),
        ] {
            assert_eq!(matches(pattern, subject), holds, "{pattern} {subject}");
        }
    }

    #[test]
    fn members_of_a_queue_group_take_turns_and_others_hear_all() {
        let mut broker = Broker::default();
        let mut ears = Vec::new();
        for (queue, number) in [(Some("q"), "1"), (Some("q"), "2"), (None, "3")] {
            let (out, ear) = tokio::sync::mpsc::unbounded_channel();
            let client = broker.enter(out);
            let queue = queue.map(str::to_owned);
            broker.hear(
                client,
                Said::Subscribe { subject: "work.*".to_owned(), queue, number: number.to_owned() },
            );
            ears.push(ear);
        }
        for _ in 0..4 {
            let message = Message {
                subject: "work.a".into(),
                reply: None,
                headers: Vec::new(),
                payload: b"x".to_vec(),
            };
            assert!(broker.deliver(&message));
        }
        let heard = |ear: &mut tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>| {
            std::iter::from_fn(|| ear.try_recv().ok()).filter(|line| line.starts_with(b"MSG")).count()
        };
        assert_eq!(ears.iter_mut().map(heard).collect::<Vec<_>>(), [2, 2, 4]);
    }
}
