//! Who waits for which packet, and who has subscribed to what.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rumqttc::mqttbytes::matches;
use rumqttc::{Event, Incoming, Outgoing, Publish, SubscribeReasonCode};
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
    shares: bool,
    into: UnboundedSender<Letter>,
}

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
    pub(super) fn subscribed(&self, filter: &str, shares: bool, into: UnboundedSender<Letter>) -> u64 {
        let mut inside = held(&self.0);
        inside.numbered += 1;
        let number = inside.numbered;
        inside.boxes.push(Subscribed { number, filter: filter.to_owned(), shares, into });
        number
    }

    /// Nobody is there any more.
    pub(super) fn forget(&self, number: u64) {
        held(&self.0).boxes.retain(|subscribed| subscribed.number != number);
    }

    /// Something happened.
    pub(super) fn deliver(&self, event: Event) {
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
            Event::Incoming(Incoming::Publish(message)) => inside.pass_on(&message),
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
    /// Everybody whose filter fits gets a copy; of those who share, one after the other.
    fn pass_on(&mut self, message: &Publish) {
        let fits = |subscribed: &&Subscribed| matches(&message.topic, &subscribed.filter);
        let letter = || Letter {
            payload: message.payload.clone(),
            headers: vec![("topic".to_owned(), message.topic.clone())],
            ..Letter::default()
        };
        for subscribed in self.boxes.iter().filter(|subscribed| !subscribed.shares).filter(fits) {
            // Whoever goes says so; it has not come to that yet. So below.
            let _unheard = subscribed.into.send(letter());
        }
        let sharing: Vec<_> = self.boxes.iter().filter(|subscribed| subscribed.shares).filter(fits).collect();
        if !sharing.is_empty() {
            let _unheard = sharing[self.turn % sharing.len()].into.send(letter());
            self.turn += 1;
        }
    }
}

fn tell(who: Option<Tell>, what: Result<(), BrokerError>) {
    // Who waited may have given up.
    let _unheard = who.map(|tell| tell.send(what));
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
