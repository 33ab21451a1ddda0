//! A server over streamable HTTP (specification 2025-06-18, transports).

use std::sync::Arc;

use plimsoll_model::http::{Body, HttpRequest, Keep};
use plimsoll_model::stream::Dialect;
use plimsoll_model::tool::{ToolRequest, ToolSettings};
use plimsoll_model::{Nanos, Operation, Outcome, Reply, Session};

use super::error::ToolError;

/// Names the session in both directions.
const SESSION: &str = "mcp-session-id";

/// One user's connection to a server.
pub(super) struct Remote {
    http: Box<dyn Session>,
    settings: Arc<ToolSettings>,
}

/// A session that has begun: what the server calls it, if it keeps any.
pub(super) type Begun = Option<String>;

impl Remote {
    pub(super) fn new(http: Box<dyn Session>, settings: Arc<ToolSettings>) -> Self {
        Self { http, settings }
    }

    /// Posts a message, and takes over into `reply` what it cost. The answer to `id` is the body afterwards.
    pub(super) async fn post(
        &mut self,
        request: &ToolRequest,
        (message, id): (String, Option<u64>),
        session: &mut Begun,
        timeout_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<(), ToolError> {
        let mut headers = self.settings.headers.clone();
        headers.push(("Accept".to_owned(), "application/json, text/event-stream".to_owned()));
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        headers.push(("MCP-Protocol-Version".to_owned(), self.settings.version.clone()));
        headers.extend(session.iter().map(|name| ("Mcp-Session-Id".to_owned(), name.clone())));
        let post = HttpRequest {
            headers,
            body: Body::Bytes(message.into_bytes().into()),
            timeout_ns,
            keep: Keep::Body,
            stream: id.map(Dialect::Answer),
            network: request.network,
            ..HttpRequest::new("POST", &request.server)
        };
        let answered = self.http.perform(&Arc::new(Operation::Http(post))).await;
        add(reply, &answered);
        if answered.outcome != Outcome::Ok {
            return Err(ToolError::of(&answered));
        }
        let view = self.http.response();
        match view.status {
            200..=299 => {}
            404 if session.is_some() => return Err(ToolError::SessionLost),
            status => {
                let body = String::from_utf8_lossy(&view.body[..view.body.len().min(200)]).into_owned();
                return Err(ToolError::Status(status, body));
            }
        }
        if let Some(name) = view.header(SESSION) {
            *session = Some(name.to_owned());
        }
        Ok(())
    }

    pub(super) fn body(&self) -> &[u8] {
        self.http.response().body
    }

    pub(super) fn begin_iteration(&mut self) {
        self.http.begin_iteration();
    }
}

/// Adds what one exchange cost to what the whole operation does.
fn add(reply: &mut Reply, part: &Reply) {
    reply.sent_ns = reply.sent_ns.or(part.sent_ns);
    reply.done_ns = part.done_ns;
    for (mine, theirs) in reply.phases_ns.iter_mut().zip(part.phases_ns) {
        *mine += theirs;
    }
    reply.bytes_sent += part.bytes_sent;
    reply.bytes_received += part.bytes_received;
    reply.connects += part.connects;
    reply.extra_attempts += part.extra_attempts;
    reply.status = part.status;
}
