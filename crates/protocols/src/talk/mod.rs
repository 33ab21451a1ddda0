//! Conversations step by step: WebSocket, and bytes over TCP and UDP.
//!
//! A conversation belongs to a user and lasts until a step closes it, over iterations. It is begun by the first step that needs
//! it: its connection counts as `connect`. What comes is read while a step waits for it; in between somebody looks after
//! conversations over WebSocket, so that pings are answered. `wait` is from saying something until the message that was waited for
//! is there; those before it are counted (`skipped`). Handshakes of WebSocket are those of the HTTP protocol, handed in by whoever
//! wires the run; names, TLS and addresses to dial from are as its settings say.

mod attendant;
mod conversation;
mod ends;
mod error;
mod session;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::http::HttpSettings;
use plimsoll_model::{Clock, Driver, Protocol, Session};

use crate::net::{Dialer, TlsConfigs, TlsError};
use attendant::Attendant;
use session::TalkSession;

/// Conversations, for a run.
pub struct Talk {
    http: Arc<dyn Protocol>,
    settings: Arc<HttpSettings>,
    tls: Arc<TlsConfigs>,
}

impl Talk {
    /// With handshakes by this HTTP, and its settings for whatever else is dialled.
    ///
    /// # Errors
    ///
    /// If a certificate that `settings` name cannot be used.
    pub fn new(http: Arc<dyn Protocol>, settings: HttpSettings) -> Result<Self, TlsError> {
        let tls = Arc::new(TlsConfigs::new(&settings)?);
        Ok(Self { http, settings: Arc::new(settings), tls })
    }
}

impl Protocol for Talk {
    fn name(&self) -> &'static str {
        "talk"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(TalkThread(Rc::new(TalkDriver {
            http: Rc::from(self.http.driver(clock.clone())),
            dialer: Dialer::new(clock.clone(), self.tls.clone(), &self.settings),
            attendant: Rc::default(),
            clock,
        })))
    }
}

/// What the users of a load thread share.
struct TalkDriver {
    clock: Rc<dyn Clock>,
    http: Rc<dyn Driver>,
    dialer: Dialer,
    attendant: Rc<Attendant>,
}

struct TalkThread(Rc<TalkDriver>);

impl Driver for TalkThread {
    fn session(&self) -> Box<dyn Session> {
        Box::new(TalkSession::new(self.0.clone()))
    }
}
