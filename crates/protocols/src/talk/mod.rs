//! Conversations step by step: WebSocket, and bytes over TCP and UDP.
//!
//! A conversation belongs to a user and lasts until a step closes it, over iterations. It is begun by the first step that needs
//! it: its connection counts as `connect`. What comes is read while a step waits for it; pings are answered then. `wait` is
//! from saying something until the message that was waited for is there; those before it are counted (`skipped`). Handshakes
//! of WebSocket are those of the HTTP protocol, handed in by whoever wires the run.

mod ends;
mod error;
mod session;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::{Clock, Driver, Protocol, Session};

use session::TalkSession;

/// Conversations, for a run.
pub struct Talk {
    http: Arc<dyn Protocol>,
}

impl Talk {
    /// With handshakes by this HTTP.
    pub fn new(http: Arc<dyn Protocol>) -> Self {
        Self { http }
    }
}

impl Protocol for Talk {
    fn name(&self) -> &'static str {
        "talk"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(TalkDriver { http: Rc::from(self.http.driver(clock.clone())), clock })
    }
}

struct TalkDriver {
    clock: Rc<dyn Clock>,
    http: Rc<dyn Driver>,
}

impl Driver for TalkDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(TalkSession::new(self.clock.clone(), self.http.clone()))
    }
}
