//! Redis: any command, and several in one go; and its channels. The client is the crate `redis`.
//!
//! A connection belongs to a user; with a cluster it is one to each of its servers, commands find theirs by their keys, and
//! how often a server sends one on is not told by the client. A connection that was lost is made again by the next
//! operation, which tells of it. Times: `connect` is the connection with name, TLS and greeting; `wait` until the last reply
//! is there. What was sent and received counts words and values, not the protocol's framing.

mod channels;
mod connection;
mod error;
mod session;
mod value;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::MessageSettings;
use plimsoll_model::{Clock, Driver, Protocol, Session};

pub use channels::RedisChannels;
pub use connection::RedisSettingsError;

use connection::Access;
use session::RedisSession;

/// Redis, for a run.
pub struct Redis {
    access: Arc<Access>,
}

impl Redis {
    /// With these settings.
    ///
    /// # Errors
    ///
    /// Certificates that cannot be read.
    pub fn new(settings: &MessageSettings) -> Result<Self, RedisSettingsError> {
        Ok(Self { access: Arc::new(Access::new(settings)?) })
    }
}

impl Protocol for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(RedisDriver { clock, access: self.access.clone() })
    }
}

struct RedisDriver {
    clock: Rc<dyn Clock>,
    access: Arc<Access>,
}

impl Driver for RedisDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(RedisSession::new(self.clock.clone(), self.access.clone()))
    }
}
