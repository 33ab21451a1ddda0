//! What a protocol must offer to be driven.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;

use crate::conversation::Opened;
use crate::grpc::GrpcSettings;
use crate::http::{HttpRequest, HttpSettings};
use crate::message::MessageSettings;
use crate::query::QuerySettings;
use crate::tool::ToolSettings;
use crate::{Clock, Failure, Operation, Outcome, Reading, Reply, ResponseView};

/// How every protocol is configured for a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProtocolSettings {
    /// How connections are made.
    pub http: HttpSettings,
    /// How brokers of messages are connected to.
    pub brokers: BrokerSettings,
    /// How services are called by gRPC.
    pub grpc: GrpcSettings,
    /// How databases are connected to.
    pub queries: QuerySettings,
    /// How servers of tools are spoken with.
    pub tools: ToolSettings,
}

/// How brokers of each kind are connected to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerSettings {
    /// RabbitMQ and others.
    pub amqp: MessageSettings,
    /// Kafka and what speaks like it.
    pub kafka: MessageSettings,
    /// MQTT.
    pub mqtt: MessageSettings,
    /// NATS.
    pub nats: MessageSettings,
    /// Redis, its commands included.
    pub redis: MessageSettings,
}

/// A protocol, configured for a run. Shared by all load threads.
pub trait Protocol: Send + Sync {
    /// Its name in plans and reports.
    fn name(&self) -> &'static str;

    /// What one load thread needs: connection pool, name cache.
    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver>;
}

/// A protocol on one load thread.
pub trait Driver {
    /// A session for one user.
    fn session(&self) -> Box<dyn Session>;

    /// Begins a conversation; a protocol that has none says so.
    fn converse(&self, request: HttpRequest) -> LocalBoxFuture<'static, Opened> {
        let failure = Failure::new("no conversation", format!("{} cannot be spoken with", request.url));
        let reply = Reply { outcome: Outcome::AppError, failure: Some(Box::new(failure)), ..Reply::new() };
        Box::pin(async { Opened { reply, headers: Vec::new(), body: Vec::new(), ends: None } })
    }
}

/// One user's side of a protocol: connections, cookies, the last response.
pub trait Session {
    /// Performs one operation. A failure of the target is a value in the reply. Operations that are fixed for all
    /// users come as the same `Arc` each time, so that a session may keep their encoded form by its address.
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply>;

    /// The last response, as far as the operation asked for it to be kept.
    fn response(&self) -> ResponseView<'_>;

    /// Headers of the last response, for whoever keeps them. A session that has them so already need not copy them.
    fn headers(&self) -> Rc<[(String, String)]> {
        self.response().headers.into()
    }

    /// What the last operation measured besides when it was done, by the list of parts its protocol gives.
    fn parts(&self) -> &[Reading] {
        &[]
    }

    /// The user begins a new iteration: forget what belongs to one pass (cookies).
    fn begin_iteration(&mut self);
}
