//! NATS: publish, request and reply, JetStream's stored messages. The client is async-nats, the project's own.
//!
//! Times: `connect` is the connection with its handshake, TLS and name included; `send` is until the message has been
//! written; `wait` until the answer or the acknowledgement is there. What was sent and received counts payloads and
//! headers, not the protocol's lines around them.

mod connection;
mod error;
mod session;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::MessageSettings;
use plimsoll_model::{Clock, Driver, Protocol, Session};

use connection::Connections;
use session::NatsSession;

/// NATS, configured for a run.
pub struct Nats {
    settings: Arc<MessageSettings>,
}

impl Nats {
    /// With these settings.
    pub fn new(settings: MessageSettings) -> Self {
        Self { settings: Arc::new(settings) }
    }
}

impl Protocol for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(NatsDriver { clock, connections: Rc::new(Connections::new(self.settings.clone())) })
    }
}

struct NatsDriver {
    clock: Rc<dyn Clock>,
    connections: Rc<Connections>,
}

impl Driver for NatsDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(NatsSession::new(self.clock.clone(), self.connections.clone()))
    }
}
