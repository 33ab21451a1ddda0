//! One user's calls.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::grpc::{FIRST, GrpcRequest, MESSAGES};
use plimsoll_model::{Operation, Reading, Reply, ResponseView, Session};
use prost_reflect::MethodDescriptor;

use super::Shared;
use super::channel::{Answered, Call, Channel};
use super::error::CallError;
use super::schema::{Style, decoded, encoded, parts};
use crate::trouble::{Trouble, not_ours, put_down, within};

/// One user's calls.
pub(super) struct GrpcSession {
    shared: Rc<Shared>,
    channels: Vec<(Arc<str>, Channel)>,
    /// The last operation that is the same for all users, as it travels.
    fixed: Option<(Arc<Operation>, MethodDescriptor, Vec<Vec<u8>>)>,
    status: u16,
    headers: Vec<(String, String)>,
    trailers: Vec<(String, String)>,
    body: Vec<u8>,
    readings: Vec<Reading>,
}

impl GrpcSession {
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        Self {
            shared,
            channels: Vec::new(),
            fixed: None,
            status: 0,
            headers: Vec::new(),
            trailers: Vec::new(),
            body: Vec::new(),
            readings: Vec::new(),
        }
    }

    async fn channel(&mut self, server: &Arc<str>, reply: &mut Reply) -> Result<Channel, CallError> {
        if let Some(channel) = self.shared.channels.shared(server) {
            return Ok(channel);
        }
        self.channels.retain(|(_, channel)| channel.is_open());
        if let Some((_, channel)) = self.channels.iter().find(|(known, _)| known == server) {
            return Ok(channel.clone());
        }
        let channel = Box::pin(self.shared.channels.to(server, reply)).await?;
        if self.shared.channels.are_shared() {
            return Ok(channel);
        }
        self.channels.push((server.clone(), channel.clone()));
        Ok(channel)
    }

    /// Messages as they travel.
    async fn prepared(
        &mut self,
        operation: &Arc<Operation>,
        request: &GrpcRequest,
        channel: &Channel,
        reply: &mut Reply,
    ) -> Result<(MethodDescriptor, Vec<Vec<u8>>), CallError> {
        if let Some((known, method, messages)) = &self.fixed
            && Arc::ptr_eq(known, operation)
        {
            return Ok((method.clone(), messages.clone()));
        }
        let method = self
            .shared
            .method(&request.server, &request.method, (channel, request.timeout_ns), reply)
            .await?;
        let several = request.messages.len() > 1;
        if several && !method.is_client_streaming() {
            let why = format!("{} takes one message", request.method);
            return Err(CallError::Request("no stream", why));
        }
        let messages: Vec<_> =
            request.messages.iter().map(|json| encoded(&method.input(), json)).collect::<Result<_, _>>()?;
        // Somebody else holds it: it will come again.
        if Arc::strong_count(operation) > 1 {
            self.fixed = Some((operation.clone(), method.clone(), messages.clone()));
        }
        Ok((method, messages))
    }

    async fn attempt(
        &mut self,
        operation: &Arc<Operation>,
        request: &GrpcRequest,
        reply: &mut Reply,
    ) -> Result<(), CallError> {
        let channel = self.channel(&request.server, reply).await?;
        let (method, messages) = self.prepared(operation, request, &channel, reply).await?;
        let (service, name) = parts(&request.method)?;
        let path = format!("/{service}/{name}");
        let call = Call { path, metadata: &request.metadata, messages, timeout_ns: request.timeout_ns };
        let clock = self.shared.clock.clone();
        let mut answered = Answered::default();
        let called = channel.call(clock.as_ref(), &call, &mut answered, reply).await;
        // Metadata is there whatever the server says.
        self.headers = std::mem::take(&mut answered.headers);
        self.trailers = std::mem::take(&mut answered.trailers);
        if request.json_names && matches!(called, Err(CallError::Status(..))) && !method.is_server_streaming()
        {
            // k6 shows a message without anything in it.
            let style = Style { json_names: true, defaults: true };
            self.body = decoded(&method.output(), &[], style)?.into_bytes();
        }
        called?;
        self.take(request, &method, &answered, reply)
    }

    fn take(
        &mut self,
        request: &GrpcRequest,
        method: &MethodDescriptor,
        answered: &Answered,
        reply: &Reply,
    ) -> Result<(), CallError> {
        let (kind, style) = (method.output(), Style { json_names: request.json_names, defaults: true });
        let mut json = Vec::with_capacity(answered.messages.len());
        for message in &answered.messages {
            json.push(decoded(&kind, message, style)?);
        }
        if method.is_server_streaming() {
            let begun_ns = reply.sent_ns.unwrap_or_default();
            self.readings.extend(answered.first_ns.map(|first| Reading::took(FIRST, first - begun_ns)));
            self.readings.push(Reading::number(MESSAGES, json.len() as u64));
            self.body = format!("[{}]", json.join(",")).into_bytes();
            return Ok(());
        }
        match json.pop() {
            Some(only) if json.is_empty() => self.body = only.into_bytes(),
            _ => {
                let why = format!("{} messages came where one was to come", answered.messages.len());
                return Err(CallError::Protocol("bad message", why));
            }
        }
        Ok(())
    }
}

impl Session for GrpcSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Grpc(request) = operation.as_ref() else {
                return not_ours("calls by gRPC", self.shared.clock.now());
            };
            self.status = 0;
            self.headers.clear();
            self.trailers.clear();
            self.body.clear();
            self.readings.clear();
            let mut reply = Reply::new();
            let attempt = self.attempt(operation, request, &mut reply);
            if let Err(error) = within(request.timeout_ns, attempt).await {
                self.status = error.status();
                put_down(&mut reply, &error, self.shared.clock.now());
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView {
            status: self.status,
            headers: &self.headers,
            body: &self.body,
            trailers: &self.trailers,
            tls: None,
        }
    }

    fn parts(&self) -> &[Reading] {
        &self.readings
    }

    fn begin_iteration(&mut self) {}
}
