//! The Model Context Protocol: tools and resources, over streamable HTTP and over the standard streams of a program.
//!
//! Messages are JSON-RPC, which is little enough to write down here (`message.rs`); what carries them is HTTP, handed in by
//! whoever wires the run, or a program (`program.rs`). A session is begun by the first operation that needs one, within its
//! time: it counts as `connect` and is the part `initialize`. A status of 200 says nothing: an error object, `isError`, an
//! answer to another request or none are failures, each of its class.

mod error;
mod listing;
mod message;
mod program;
mod remote;
mod session;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::tool::ToolSettings;
use plimsoll_model::{Clock, Driver, Protocol, Session};

use program::Programs;
use session::McpSession;

/// The Model Context Protocol, for a run.
pub struct Mcp {
    http: Arc<dyn Protocol>,
    settings: Arc<ToolSettings>,
}

impl Mcp {
    /// Over this HTTP, with these settings.
    pub fn new(http: Arc<dyn Protocol>, settings: ToolSettings) -> Self {
        Self { http, settings: Arc::new(settings) }
    }
}

impl Protocol for Mcp {
    fn name(&self) -> &'static str {
        "mcp"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        Box::new(McpDriver {
            http: self.http.driver(clock.clone()),
            programs: Rc::new(Programs::new(self.settings.programs)),
            settings: self.settings.clone(),
            clock,
        })
    }
}

struct McpDriver {
    clock: Rc<dyn Clock>,
    settings: Arc<ToolSettings>,
    http: Box<dyn Driver>,
    programs: Rc<Programs>,
}

impl Driver for McpDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(McpSession::new(
            self.clock.clone(),
            self.settings.clone(),
            self.http.session(),
            self.programs.clone(),
        ))
    }
}
