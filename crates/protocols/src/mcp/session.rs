//! One user's side of the Model Context Protocol.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::tool::{INITIALIZE, SPAWN, ToolRequest, ToolSessions, ToolSettings};
use plimsoll_model::{Clock, Nanos, Operation, Reading, Reply, ResponseView, Session};
use serde_json::Value;

use super::error::ToolError;
use super::message;
use super::program::{Program, Programs, Slot};
use super::remote::{Begun, Remote};
use crate::phases::{BLOCKED, CONNECT, SEND, WAIT};
use crate::trouble::{not_ours, put_down, within};

/// One user's side of the Model Context Protocol.
pub(crate) struct McpSession {
    clock: Rc<dyn Clock>,
    settings: Arc<ToolSettings>,
    remote: Remote,
    /// Sessions that have begun, by server.
    begun: Vec<(Arc<str>, Begun)>,
    programs: Rc<Programs>,
    slots: Vec<(Arc<str>, Slot)>,
    next_id: u64,
    parts: Vec<Reading>,
    /// The result of the last operation, as JSON.
    body: Vec<u8>,
}

impl McpSession {
    pub(crate) fn new(
        clock: Rc<dyn Clock>,
        settings: Arc<ToolSettings>,
        http: Box<dyn Session>,
        programs: Rc<Programs>,
    ) -> Self {
        Self {
            clock,
            remote: Remote::new(http, settings.clone()),
            settings,
            begun: Vec::new(),
            programs,
            slots: Vec::new(),
            next_id: 0,
            parts: Vec::new(),
            body: Vec::new(),
        }
    }

    async fn attempt(&mut self, request: &ToolRequest, reply: &mut Reply) -> Result<(), ToolError> {
        self.body.clear();
        self.parts.clear();
        let result = if request.server.starts_with("stdio:") {
            self.by_program(request, reply).await?
        } else {
            self.by_http(request, reply).await?
        };
        self.body = result.to_string().into_bytes();
        Ok(())
    }

    async fn by_http(&mut self, request: &ToolRequest, reply: &mut Reply) -> Result<Value, ToolError> {
        let until_ns = self.clock.now() + request.timeout_ns;
        let asks_to_begin = &*request.method == "initialize";
        let at = self.begun.iter().position(|(server, _)| *server == request.server);
        // It is taken out: one that is lost, or given up on its way, is begun anew by the next operation.
        let known = at.map(|at| self.begun.swap_remove(at).1);
        let is_needed = known.is_none() && self.settings.sessions != ToolSessions::Stateless;
        let mut session = known.unwrap_or_default();
        if asks_to_begin || is_needed {
            let began = self.begin(request, &mut session, until_ns, reply).await?;
            if asks_to_begin {
                self.begun.push((request.server.clone(), session));
                return Ok(began);
            }
        }
        let id = self.take_id();
        let written = message::request(id, &request.method, &request.params);
        let left_ns = self.left_ns(until_ns)?;
        let posted = self.remote.post(request, (written, Some(id)), &mut session, left_ns, reply).await;
        if !matches!(posted, Err(ToolError::SessionLost)) {
            self.begun.push((request.server.clone(), session));
        }
        posted?;
        message::result(self.remote.body(), id)
    }

    /// Begins a session: what it takes is part of connecting.
    async fn begin(
        &mut self,
        request: &ToolRequest,
        session: &mut Begun,
        until_ns: Nanos,
        reply: &mut Reply,
    ) -> Result<Value, ToolError> {
        *session = None;
        let began_ns = self.clock.now();
        let mut own = Reply::new();
        let begun = self.greeted(request, session, until_ns, &mut own).await;
        take_over(reply, &own);
        let took_ns = self.clock.now() - began_ns;
        reply.phases_ns[CONNECT] += took_ns;
        let result = begun?;
        self.parts.push(Reading::took(INITIALIZE, took_ns));
        Ok(result)
    }

    async fn greeted(
        &mut self,
        request: &ToolRequest,
        session: &mut Begun,
        until_ns: Nanos,
        own: &mut Reply,
    ) -> Result<Value, ToolError> {
        let id = self.take_id();
        let written = message::initialize(id, &self.settings);
        let left_ns = self.left_ns(until_ns)?;
        self.remote.post(request, (written, Some(id)), session, left_ns, own).await?;
        let result = message::result(self.remote.body(), id)?;
        let left_ns = self.left_ns(until_ns)?;
        self.remote.post(request, (message::initialized(), None), session, left_ns, own).await?;
        Ok(result)
    }

    fn left_ns(&self, until_ns: Nanos) -> Result<Nanos, ToolError> {
        until_ns.checked_sub(self.clock.now()).filter(|left| *left > 0).ok_or(ToolError::TimedOut)
    }

    fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    async fn by_program(&mut self, request: &ToolRequest, reply: &mut Reply) -> Result<Value, ToolError> {
        let known = self.slots.iter().find(|(server, _)| *server == request.server);
        let slot = known.map_or_else(|| self.programs.slot(&request.server), |(_, slot)| slot.clone());
        if known.is_none() {
            self.slots.push((request.server.clone(), slot.clone()));
        }
        let before_ns = self.clock.now();
        let mut place = slot.lock().await;
        reply.phases_ns[BLOCKED] += self.clock.now() - before_ns;
        if !place.as_ref().is_some_and(Program::is_sound) {
            *place = None;
            *place = Some(self.spawned(request, reply).await?);
        }
        let Some(program) = place.as_mut() else { return Err(ToolError::TimedOut) };
        // What is given up on its way leaves the program where it is: its answer is passed over by whoever comes next.
        let said = self.said(program, request, reply).await;
        if matches!(said, Err(ToolError::Program(..) | ToolError::Nonsense(..))) {
            *place = None;
        }
        let (answer, id) = said?;
        message::result(&answer, id)
    }

    /// A program that has been started and greeted.
    async fn spawned(&mut self, request: &ToolRequest, reply: &mut Reply) -> Result<Program, ToolError> {
        let began_ns = self.clock.now();
        let mut program = Program::start(&request.server)?;
        reply.connects += 1;
        let spawned_ns = self.clock.now();
        self.parts.push(Reading::took(SPAWN, spawned_ns - began_ns));
        let id = program.next_id;
        program.next_id += 1;
        program.write(&message::initialize(id, &self.settings)).await?;
        let answer = program.answer(id).await?;
        message::result(&answer, id)?;
        program.write(&message::initialized()).await?;
        let done_ns = self.clock.now();
        self.parts.push(Reading::took(INITIALIZE, done_ns - spawned_ns));
        reply.phases_ns[CONNECT] += done_ns - began_ns;
        Ok(program)
    }

    async fn said(
        &self,
        program: &mut Program,
        request: &ToolRequest,
        reply: &mut Reply,
    ) -> Result<(Vec<u8>, u64), ToolError> {
        let id = program.next_id;
        program.next_id += 1;
        let written = message::request(id, &request.method, &request.params);
        let sent_ns = self.clock.now();
        reply.sent_ns = Some(sent_ns);
        reply.bytes_sent += written.len() as u64 + 1;
        program.write(&written).await?;
        let all_sent_ns = self.clock.now();
        reply.phases_ns[SEND] += all_sent_ns - sent_ns;
        let answer = program.answer(id).await?;
        reply.done_ns = self.clock.now();
        reply.phases_ns[WAIT] += reply.done_ns - all_sent_ns;
        reply.bytes_received += answer.len() as u64;
        Ok((answer, id))
    }
}

/// What beginning a session cost, without its phases: they are `connect` as a whole.
fn take_over(reply: &mut Reply, own: &Reply) {
    reply.sent_ns = reply.sent_ns.or(own.sent_ns);
    reply.bytes_sent += own.bytes_sent;
    reply.bytes_received += own.bytes_received;
    reply.connects += own.connects;
}

impl Session for McpSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Tool(request) = operation.as_ref() else {
                return not_ours("calls of tools", self.clock.now());
            };
            let mut reply = Reply::new();
            if let Err(error) = within(request.timeout_ns, self.attempt(request, &mut reply)).await {
                put_down(&mut reply, &error, self.clock.now());
            }
            if reply.done_ns == 0 {
                reply.done_ns = self.clock.now();
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

    fn begin_iteration(&mut self) {
        self.remote.begin_iteration();
        if self.settings.sessions == ToolSessions::PerIteration {
            self.begun.clear();
        }
    }
}
