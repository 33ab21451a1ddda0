//! What is the same for all brokers of messages: connections of users or of a load thread, lines that a user holds, what is
//! subscribed to and stays subscribed from step to step, and how a reply tells of all that. What differs is a
//! [`Broker`] with its [`Line`].
//!
//! Times: `connect` is the connection with its handshake, TLS and name included; `send` is until a message has been written;
//! `wait` until the answer, the acknowledgement or the message that was waited for is there. What was sent and received
//! counts payloads and headers, not the protocol's framing around them.

mod error;
mod session;

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use plimsoll_model::http::Connections as Whose;
use plimsoll_model::message::{DeclareRequest, MessageRequest, MessageSettings, Source};
use plimsoll_model::{Clock, Driver, Session};
use tokio::sync::Mutex;

pub(crate) use error::{BrokerError, chain};
use session::BrokerSession;

/// What a client of a kind of broker offers.
pub(crate) trait Broker: 'static {
    /// A connection, which many may hold.
    type Connection: Clone + 'static;
    /// What one user has of a connection.
    type Line: Line;

    /// Connects to a server, within the time that the settings give for it.
    fn connect(
        server: &str,
        settings: &MessageSettings,
    ) -> impl Future<Output = Result<Self::Connection, BrokerError>>;

    /// A line for one user.
    fn line(connection: &Self::Connection) -> impl Future<Output = Result<Self::Line, BrokerError>>;

    /// Whether there is any use in a connection.
    fn is_open(connection: &Self::Connection) -> bool;

    /// How often the client made a connection again by itself since this was asked last, by whomever.
    fn made_again(_connection: &Self::Connection) -> u32 {
        0
    }
}

/// What one user has of a connection.
pub(crate) trait Line: 'static {
    /// Something subscribed to.
    type Inbox: 'static;

    /// Whether there is any use in it.
    fn is_open(&self) -> bool;

    /// Sends a message, until what the request says; an answer, if that is what it waits for.
    fn send(&mut self, request: &MessageRequest)
    -> impl Future<Output = Result<Option<Letter>, BrokerError>>;

    /// Begins a subscription: what comes after this is there for [`Line::next`].
    fn subscribe(&mut self, source: &Source) -> impl Future<Output = Result<Self::Inbox, BrokerError>>;

    /// Waits until the subscription has begun, if that takes longer; giving up on it loses nothing.
    fn ready(&mut self, _inbox: &mut Self::Inbox) -> impl Future<Output = Result<(), BrokerError>> {
        async { Ok(()) }
    }

    /// Whether silence means that nothing was sent: not if the broker cannot be heard.
    fn hears(&self, _inbox: &Self::Inbox) -> bool {
        true
    }

    /// The next message, acknowledged where that is the custom. Giving up on it loses nothing.
    fn next(&mut self, inbox: &mut Self::Inbox) -> impl Future<Output = Result<Letter, BrokerError>>;

    /// Makes what holds messages, if it is not there.
    fn declare(&mut self, request: &DeclareRequest) -> impl Future<Output = Result<(), BrokerError>>;
}

/// A message that came.
#[derive(Debug, Default)]
pub(crate) struct Letter {
    pub(crate) payload: Bytes,
    pub(crate) headers: Vec<(String, String)>,
    /// The protocol's; 0 without.
    pub(crate) status: u16,
    /// Messages behind it, where the broker says how many.
    pub(crate) lag: Option<u64>,
}

impl Letter {
    /// What it counts for, in bytes.
    fn size(&self) -> u64 {
        size_of(&self.headers) + self.payload.len() as u64
    }
}

/// What headers count for.
pub(crate) fn size_of(headers: &[(String, String)]) -> u64 {
    headers.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum()
}

/// How connections are made on a load thread, and those that are shared.
pub(crate) struct Connections<B: Broker> {
    settings: Arc<MessageSettings>,
    shared: RefCell<HashMap<Arc<str>, B::Connection>>,
    /// Of users who come at the same time, one makes the connection that all of them share.
    making: Mutex<()>,
}

impl<B: Broker> Connections<B> {
    /// A connection for whoever has none of its own, and whether it was made for this.
    async fn get(&self, server: &Arc<str>) -> (Result<B::Connection, BrokerError>, bool) {
        if !matches!(self.settings.connections, Whose::Shared(_)) {
            return (self.make(server).await, true);
        }
        let _alone = self.making.lock().await;
        if let Some(connection) = self.at_hand(server) {
            return (Ok(connection), false);
        }
        let made = self.make(server).await;
        if let Ok(connection) = &made {
            self.shared.borrow_mut().insert(server.clone(), connection.clone());
        }
        (made, true)
    }

    fn at_hand(&self, server: &str) -> Option<B::Connection> {
        self.shared.borrow().get(server).filter(|connection| B::is_open(connection)).cloned()
    }

    async fn make(&self, server: &Arc<str>) -> Result<B::Connection, BrokerError> {
        let patience = Duration::from_nanos(self.settings.connect_timeout_ns);
        let made = tokio::time::timeout(patience, B::connect(server, &self.settings)).await;
        made.map_err(|_elapsed| BrokerError::TimedOut("connect timeout"))?
    }
}

/// What a load thread needs to speak with brokers of a kind.
pub(crate) struct BrokerDriver<B: Broker> {
    clock: Rc<dyn Clock>,
    connections: Rc<Connections<B>>,
}

impl<B: Broker> BrokerDriver<B> {
    pub(crate) fn new(clock: Rc<dyn Clock>, settings: Arc<MessageSettings>) -> Self {
        Self {
            clock,
            connections: Rc::new(Connections {
                settings,
                shared: RefCell::default(),
                making: Mutex::default(),
            }),
        }
    }
}

impl<B: Broker> Driver for BrokerDriver<B> {
    fn session(&self) -> Box<dyn Session> {
        Box::new(BrokerSession::<B>::new(self.clock.clone(), self.connections.clone()))
    }
}
