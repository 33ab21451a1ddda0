//! One user's side of a database.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use plimsoll_model::query::{POOL_WAIT, QueryRequest, QuerySettings, ROWS, Scalar, Statement};
use plimsoll_model::{Clock, Operation, Reading, Reply, ResponseView, Session};
use serde_json::Value;
use tokio::sync::SemaphorePermit;

use super::connection::{Connection, Done, Opener};
use super::error::SqlError;
use super::pool::Pool;
use crate::phases::{BLOCKED, CONNECT, WAIT};
use crate::trouble::{not_ours, put_down, within};

/// One user's side of a database.
pub(crate) struct SqlSession {
    clock: Rc<dyn Clock>,
    opener: Arc<Opener>,
    pool: Option<Arc<Pool>>,
    settings: Arc<QuerySettings>,
    /// The user's own connections.
    own: Vec<(Arc<str>, Connection)>,
    parts: Vec<Reading>,
    body: Vec<u8>,
}

impl SqlSession {
    pub(crate) fn new(
        clock: Rc<dyn Clock>,
        opener: Arc<Opener>,
        pool: Option<Arc<Pool>>,
        settings: Arc<QuerySettings>,
    ) -> Self {
        Self { clock, opener, pool, settings, own: Vec::new(), parts: Vec::new(), body: Vec::new() }
    }

    async fn attempt(&mut self, request: &QueryRequest, reply: &mut Reply) -> Result<(), SqlError> {
        self.body.clear();
        self.parts.clear();
        let pool = self.pool.clone();
        let _permit = match &pool {
            Some(pool) => Some(self.permit(pool, reply).await?),
            None => None,
        };
        // It is taken out: what is given up on its way never puts it back, so that no answer is taken for another's.
        let idle = match &pool {
            Some(pool) => pool.take(&request.server),
            None => {
                let at = self.own.iter().position(|(server, _)| *server == request.server);
                at.map(|at| self.own.swap_remove(at).1)
            }
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => Box::pin(self.opened(request, reply)).await?,
        };
        let sent_ns = self.clock.now();
        reply.sent_ns = Some(sent_ns);
        reply.bytes_sent += request.statements.iter().map(size).sum::<u64>();
        let done = connection.run(request).await;
        reply.done_ns = self.clock.now();
        reply.phases_ns[WAIT] += reply.done_ns - sent_ns;
        if !done.as_ref().is_err_and(SqlError::ends_connection) {
            match &pool {
                Some(pool) => pool.put(request.server.clone(), connection),
                None => self.own.push((request.server.clone(), connection)),
            }
        }
        self.take(&done?, request.keep, reply);
        Ok(())
    }

    async fn permit<'p>(
        &mut self,
        pool: &'p Arc<Pool>,
        reply: &mut Reply,
    ) -> Result<SemaphorePermit<'p>, SqlError> {
        let before_ns = self.clock.now();
        let patience = Duration::from_nanos(self.settings.pool_wait_ns);
        let permit = tokio::time::timeout(patience, pool.permit()).await;
        let waited_ns = self.clock.now() - before_ns;
        reply.phases_ns[BLOCKED] += waited_ns;
        self.parts.push(Reading::took(POOL_WAIT, waited_ns));
        permit.map_err(|_elapsed| SqlError::Exhausted(pool.size))
    }

    async fn opened(&self, request: &QueryRequest, reply: &mut Reply) -> Result<Connection, SqlError> {
        let before_ns = self.clock.now();
        let opened = match &self.pool {
            Some(pool) => pool.open(&self.opener, &request.server).await,
            None => Box::pin(self.opener.open(&request.server)).await,
        };
        reply.phases_ns[CONNECT] += self.clock.now() - before_ns;
        reply.connects += 1;
        opened
    }

    fn take(&mut self, done: &[Done], keep: bool, reply: &mut Reply) {
        reply.bytes_received += done.iter().map(|d| d.bytes).sum::<u64>();
        self.parts.push(Reading::number(ROWS, done.iter().map(|d| d.rows).sum()));
        if keep {
            let body = match done {
                [one] => one.body(),
                many => Value::Array(many.iter().map(Done::body).collect()),
            };
            self.body = body.to_string().into_bytes();
        }
    }
}

/// Bytes of a statement and of its parameters as text.
fn size(statement: &Statement) -> u64 {
    let parameter = |scalar: &Scalar| match scalar {
        Scalar::Null => 0,
        Scalar::Bool(_) => 1,
        Scalar::Int(_) | Scalar::Float(_) => 8,
        Scalar::Text(text) => text.len() as u64,
    };
    statement.text.len() as u64 + statement.parameters.iter().map(parameter).sum::<u64>()
}

impl Session for SqlSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Query(request) = operation.as_ref() else {
                return not_ours("statements", self.clock.now());
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
        &self.parts
    }

    fn begin_iteration(&mut self) {}
}
