//! Redis: any command, and several in one go; and its channels. The client is the crate `redis`.
//!
//! A connection belongs to a user. One that was lost is made again by the next operation, which tells of it. Times:
//! `connect` is the connection with name, TLS and greeting; `wait` until the last reply is there. What was sent and received
//! counts words and values, not the protocol's framing.

mod channels;
mod error;
mod session;
mod value;

use std::rc::Rc;

use plimsoll_model::{Clock, Driver, Protocol, Session};

pub use channels::RedisChannels;
use session::RedisSession;

/// Redis, for a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redis;

impl Protocol for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(RedisDriver { clock })
    }
}

struct RedisDriver {
    clock: Rc<dyn Clock>,
}

impl Driver for RedisDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(RedisSession::new(self.clock.clone()))
    }
}
