//! One user's side of Redis.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::command::{CommandRequest, HIT, MISS};
use plimsoll_model::{Clock, Operation, Reading, Reply, ResponseView, Session};
use redis::Value;

use super::connection::{Access, Connection};
use super::error::CommandError;
use super::value;
use crate::phases::{CONNECT, WAIT};
use crate::trouble::{not_ours, put_down, within};

/// One user's side of Redis.
pub(super) struct RedisSession {
    clock: Rc<dyn Clock>,
    access: Arc<Access>,
    current: Option<(Arc<str>, Connection)>,
    body: Vec<u8>,
    /// Whether what was looked for was there.
    found: Option<Reading>,
}

impl RedisSession {
    pub(super) fn new(clock: Rc<dyn Clock>, access: Arc<Access>) -> Self {
        Self { clock, access, current: None, body: Vec::new(), found: None }
    }

    /// The connection to a server, made if there is none. It is taken out: an operation that is given up on its way never
    /// puts it back, so that its reply is not taken for another's.
    async fn connection(
        &mut self,
        request: &CommandRequest,
        reply: &mut Reply,
    ) -> Result<Connection, CommandError> {
        if let Some((_, connection)) = self.current.take().filter(|(server, _)| *server == request.server) {
            return Ok(connection);
        }
        let before = self.clock.now();
        let made = Box::pin(self.access.connect(&request.server)).await;
        reply.phases_ns[CONNECT] += self.clock.now() - before;
        reply.connects += u32::from(!matches!(made, Err(CommandError::Request(..))));
        made
    }

    async fn attempt(&mut self, request: &CommandRequest, reply: &mut Reply) -> Result<(), CommandError> {
        self.body.clear();
        self.found = None;
        let mut connection = self.connection(request, reply).await?;
        let sent_ns = self.clock.now();
        reply.sent_ns = Some(sent_ns);
        reply.bytes_sent += request.commands.iter().flatten().map(|word| word.len() as u64).sum::<u64>();
        let replied = connection.ask(&request.commands).await;
        reply.phases_ns[WAIT] += self.clock.now() - sent_ns;
        reply.done_ns = self.clock.now();
        let replied = replied.map_err(CommandError::of);
        if !replied.as_ref().is_err_and(CommandError::ends_connection) {
            self.current = Some((request.server.clone(), connection));
        }
        let values = replied?;
        reply.bytes_received += values.iter().map(value::size).sum::<u64>();
        let is_missing = matches!(values.as_slice(), [Value::Nil]);
        self.found = Some(Reading::event(if is_missing { MISS } else { HIT }));
        self.body = match values.as_slice() {
            [one] => value::body(one),
            many => value::list(many),
        };
        let refused = values.iter().find_map(|value| match value {
            Value::ServerError(error) => Some((error.code().to_owned(), error.to_string())),
            _ => None,
        });
        refused.map_or(Ok(()), |(code, text)| Err(CommandError::Refused(code, text)))
    }
}

impl Session for RedisSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Command(request) = operation.as_ref() else {
                return not_ours("commands", self.clock.now());
            };
            let mut reply = Reply::new();
            if let Err(error) = within(request.timeout_ns, self.attempt(request, &mut reply)).await {
                put_down(&mut reply, &error, self.clock.now());
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView { body: &self.body, ..ResponseView::default() }
    }

    fn parts(&self) -> &[Reading] {
        self.found.as_slice()
    }

    fn begin_iteration(&mut self) {}
}
