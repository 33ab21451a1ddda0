//! One operation and what became of it.

use std::borrow::Cow;

use plimsoll_metrics::window::PHASES;

use crate::command::CommandRequest;
use crate::dial::TlsSpoken;
use crate::exec::ExecRequest;
use crate::grpc::GrpcRequest;
use crate::http::HttpRequest;
use crate::message::{DeclareRequest, MessageRequest, ReceiveRequest};
use crate::own::OwnRequest;
use crate::query::QueryRequest;
use crate::talk::TalkRequest;
use crate::tool::ToolRequest;
use crate::{Nanos, Outcome};

/// One request/reply, publish, query, ... as a user hands it to a session. One variant per protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// An HTTP request.
    Http(HttpRequest),
    /// Commands to a store of keys and values.
    Command(CommandRequest),
    /// A program of the system.
    Exec(ExecRequest),
    /// Something that holds messages is made.
    Declare(DeclareRequest),
    /// A call by gRPC.
    Grpc(GrpcRequest),
    /// A message to a broker.
    Message(MessageRequest),
    /// A message from a broker.
    Receive(ReceiveRequest),
    /// An operation of a protocol that somebody else brings.
    Own(OwnRequest),
    /// Statements to a database.
    Query(QueryRequest),
    /// A step of a conversation.
    Talk(TalkRequest),
    /// A call of a tool.
    Tool(ToolRequest),
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A short, closed word or two: `refused`, `reset`, `dns`, `status 503`, ... Reports count by it.
    pub class: Cow<'static, str>,
    /// The whole story, for one example in the report.
    pub message: String,
}

impl Failure {
    /// A failure of a known class.
    pub fn new(class: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { class: class.into(), message: message.into() }
    }
}

/// What a session saw. Times are on the run's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// As far as transport and protocol can tell; the plan's expectations may still turn `ok` into `app_error`.
    pub outcome: Outcome,
    /// First byte handed to the socket; `None` if it never came to that.
    pub sent_ns: Option<Nanos>,
    /// Last byte of the reply taken from the socket, or the moment it was given up.
    pub done_ns: Nanos,
    /// Durations of the phases, in the order of [`plimsoll_metrics::window::PHASE_NAMES`].
    pub phases_ns: [u64; PHASES],
    /// Bytes handed to the socket.
    pub bytes_sent: u64,
    /// Bytes taken from the socket.
    pub bytes_received: u64,
    /// Connections opened for it.
    pub connects: u32,
    /// Attempts beyond the first: redirects followed, stale connections replaced.
    pub extra_attempts: u32,
    /// The protocol's status; 0 if none came.
    pub status: u16,
    /// Why it failed, if it did.
    pub failure: Option<Box<Failure>>,
}

impl Reply {
    /// A reply of which nothing is known yet.
    pub const fn new() -> Self {
        Self {
            outcome: Outcome::Ok,
            sent_ns: None,
            done_ns: 0,
            phases_ns: [0; PHASES],
            bytes_sent: 0,
            bytes_received: 0,
            connects: 0,
            extra_attempts: 0,
            status: 0,
            failure: None,
        }
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self::new()
    }
}

/// The last response of a session, as far as the operation asked for it to be kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseView<'a> {
    /// The protocol's status; 0 if none came.
    pub status: u16,
    /// Header fields in order of arrival, names as they came.
    pub headers: &'a [(String, String)],
    /// The decoded body.
    pub body: &'a [u8],
    /// Fields behind the body (gRPC).
    pub trailers: &'a [(String, String)],
    /// What the connection is encrypted with, if it is.
    pub tls: Option<TlsSpoken>,
}

impl<'a> ResponseView<'a> {
    /// The first header of that name, whatever its case; or the first field behind the body.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers
            .iter()
            .chain(self.trailers)
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }
}
