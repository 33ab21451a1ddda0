//! Who waits for which packet, and who has subscribed to what.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rumqttc::mqttbytes::matches;
use rumqttc::{AsyncClient, Event, Incoming, Outgoing, Publish, SubscribeReasonCode};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::broker::{BrokerError, Letter};

/// Tells one who waits.
type Tell = oneshot::Sender<Result<(), BrokerError>>;

/// Until when somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Until the packet has been handed to the socket.
    Sent,
    /// Until the broker has acknowledged it.
    Acknowledged,
}

/// What happens on a connection.
#[derive(Default)]
pub(super) struct Post(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// Messages on their way to the socket, in order.
    leaving: VecDeque<(Waits, Tell)>,
    /// Subscriptions on their way to the socket, in order.
    asking: VecDeque<Tell>,
    /// Who waits for an acknowledgement, by its number: of messages and of subscriptions.
    sent: HashMap<u16, Tell>,
    asked: HashMap<u16, Tell>,
    boxes: Vec<Subscribed>,
    numbered: u64,
    /// Whose turn it is of those who share.
    turn: usize,
    /// Why the connection ended.
    closed: Option<String>,
}

struct Subscribed {
    number: u64,
    filter: String,
    /// Of those who share, one gets each message.
    group: Option<String>,
    into: UnboundedSender<Arrived>,
}

/// A message that came, and what is to be acknowledged once it is taken.
pub(super) type Arrived = (Letter, Option<Publish>);

impl Post {
    /// Somebody hands over a message by `hand`, and waits. What is handed over leaves in the same order.
    pub(super) fn leaving(
        &self,
        waits: Waits,
        hand: impl FnOnce() -> Result<(), BrokerError>,
    ) -> Result<oneshot::Receiver<Result<(), BrokerError>>, BrokerError> {
        let (tell, told) = oneshot::channel();
        let mut inside = self.open()?;
        hand()?;
        inside.leaving.push_back((waits, tell));
        Ok(told)
    }

    /// Somebody asks for a subscription by `hand`, and waits.
    pub(super) fn asking(
        &self,
        hand: impl FnOnce() -> Result<(), BrokerError>,
    ) -> Result<oneshot::Receiver<Result<(), BrokerError>>, BrokerError> {
        let (tell, told) = oneshot::channel();
        let mut inside = self.open()?;
        hand()?;
        inside.asking.push_back(tell);
        Ok(told)
    }

    /// What comes for this filter goes there from now on. The number is for [`Post::forget`].
    ///
    /// # Errors
    ///
    /// A broker sends what fits two subscriptions of one connection once or twice, as it likes, and says not for which.
    pub(super) fn subscribed(
        &self,
        filter: &str,
        group: Option<&String>,
        into: UnboundedSender<Arrived>,
    ) -> Result<u64, BrokerError> {
        let mut inside = self.open()?;
        let overlaps = |other: &&Subscribed| {
            let is_same = other.filter == filter && other.group.as_ref() == group;
            !is_same && (matches(&other.filter, filter) || matches(filter, &other.filter))
        };
        if let Some(other) = inside.boxes.iter().find(overlaps) {
            let why = format!(
                "{filter} and {} overlap: on one connection nobody can tell what came for which; give each user its own",
                other.filter
            );
            return Err(BrokerError::Request("overlap", why));
        }
        inside.numbered += 1;
        let number = inside.numbered;
        inside.boxes.push(Subscribed { number, filter: filter.to_owned(), group: group.cloned(), into });
        Ok(number)
    }

    /// Somebody is there no more; whether that was the last who had this subscription.
    pub(super) fn forget(&self, number: u64) -> bool {
        let mut inside = held(&self.0);
        let Some(at) = inside.boxes.iter().position(|subscribed| subscribed.number == number) else {
            return false;
        };
        let gone = inside.boxes.swap_remove(at);
        !inside.boxes.iter().any(|other| other.filter == gone.filter && other.group == gone.group)
    }

    /// Something happened.
    pub(super) fn deliver(&self, client: &AsyncClient, event: Event) {
        let mut inside = held(&self.0);
        match event {
            Event::Outgoing(Outgoing::Publish(number)) => {
                let Some((waits, tell)) = inside.leaving.pop_front() else { return };
                if waits == Waits::Sent {
                    // Who waited may have given up; so below.
                    let _unheard = tell.send(Ok(()));
                } else {
                    inside.sent.insert(number, tell);
                }
            }
            Event::Outgoing(Outgoing::Subscribe(number)) => {
                if let Some(tell) = inside.asking.pop_front() {
                    inside.asked.insert(number, tell);
                }
            }
            Event::Incoming(Incoming::PubAck(ack)) => tell(inside.sent.remove(&ack.pkid), Ok(())),
            Event::Incoming(Incoming::PubComp(ack)) => tell(inside.sent.remove(&ack.pkid), Ok(())),
            Event::Incoming(Incoming::SubAck(ack)) => {
                let refused = ack.return_codes.contains(&SubscribeReasonCode::Failure);
                let answer = if refused {
                    Err(BrokerError::Refused("not allowed".into(), "the broker refuses it".to_owned(), 128))
                } else {
                    Ok(())
                };
                tell(inside.asked.remove(&ack.pkid), answer);
            }
            Event::Incoming(Incoming::Publish(message)) => inside.pass_on(client, &message),
            _ => {}
        }
    }

    /// The connection ended: nobody waits any more.
    pub(super) fn close(&self, why: &str) {
        let mut inside = held(&self.0);
        *inside = Inside { closed: Some(why.to_owned()), ..Inside::default() };
    }

    /// Why the connection ended.
    pub(super) fn ended(&self) -> BrokerError {
        let why = held(&self.0).closed.clone();
        BrokerError::Lost(why.unwrap_or_else(|| "the connection is gone".to_owned()))
    }

    fn open(&self) -> Result<MutexGuard<'_, Inside>, BrokerError> {
        let inside = held(&self.0);
        match &inside.closed {
            Some(why) => Err(BrokerError::Lost(why.clone())),
            None => Ok(inside),
        }
    }
}

impl Inside {
    /// Everybody who subscribed to it gets a copy; of those who share, one. A message that one user gets is acknowledged when
    /// that user takes it, all others at once.
    fn pass_on(&mut self, client: &AsyncClient, message: &Publish) {
        let fits: Vec<_> = self.boxes.iter().filter(|s| matches(&message.topic, &s.filter)).collect();
        let chosen = match fits.as_slice() {
            [first, ..] if first.group.is_some() => {
                self.turn += 1;
                let at = self.turn % fits.len();
                &fits[at..=at]
            }
            all => all,
        };
        let letter = || Letter {
            payload: message.payload.clone(),
            headers: vec![("topic".to_owned(), message.topic.clone())],
            ..Letter::default()
        };
        if let [only] = chosen {
            let letter = letter();
            if only.into.send((letter, Some(message.clone()))).is_ok() {
                return;
            }
        }
        for subscribed in chosen {
            // Whoever goes says so; it has not come to that yet.
            let _unheard = subscribed.into.send((letter(), None));
        }
        // What ends the connection is told by it.
        let _ended = client.try_ack(message);
    }
}

fn tell(who: Option<Tell>, what: Result<(), BrokerError>) {
    // Who waited may have given up.
    let _unheard = who.map(|tell| tell.send(what));
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
