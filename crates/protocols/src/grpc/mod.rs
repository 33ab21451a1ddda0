//! gRPC: calls with one message or a stream of them on either side, without generated code. Services are described by `.proto`
//! files (read by protox) or by the server itself (reflection); messages are JSON to whoever writes a plan (prost-reflect).
//!
//! Times: `connect` and `tls` are the connection; with reflection the first call of a load thread asks for the description of its
//! service, which counts as `connect`, too. `send` is until the messages have been handed over, `wait` until the head of the
//! answer or its first message, `receive` the rest. What was sent and received counts messages, not frames.

mod channel;
mod error;
mod reflection;
mod schema;
mod session;
mod stream;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::conversation::Opened;
use plimsoll_model::grpc::GrpcSettings;
use plimsoll_model::http::{HttpRequest, HttpSettings, HttpVersion};
use plimsoll_model::{Clock, Driver, Nanos, Protocol, Reply, Session};
use prost_reflect::MethodDescriptor;

use crate::net::{Dialer, TlsConfigs, TlsError};
use crate::phases::CONNECT;
use channel::{Channel, Channels};
use error::CallError;
use reflection::describe;
use schema::{Schemas, parts};
use session::GrpcSession;

/// gRPC, configured for a run.
pub struct Grpc {
    settings: Arc<GrpcSettings>,
    of_http: HttpSettings,
    tls: Arc<TlsConfigs>,
    schemas: Arc<Schemas>,
}

/// Descriptions of services, as far as they have been read. Clones share them.
#[derive(Clone, Default)]
pub struct Descriptions(Arc<Schemas>);

impl Descriptions {
    /// Reads files that describe services (`.proto`, or one compiled set of descriptors), which are looked for in `includes`
    /// and beside each other; calls know from then on what they describe.
    ///
    /// # Errors
    ///
    /// In words, what is wrong with them.
    pub fn load(&self, includes: &[PathBuf], files: &[PathBuf]) -> Result<Vec<MethodDescriptor>, String> {
        self.0.load(includes, files)
    }
}

/// Calls cannot be made as a plan wants them.
#[derive(Debug, thiserror::Error)]
pub enum GrpcSettingsError {
    /// Certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What describes the services cannot be read.
    #[error("failed to read the description of the services: {0}")]
    Protos(String),
}

impl Grpc {
    /// With these settings.
    ///
    /// # Errors
    ///
    /// Certificates or descriptions that cannot be read.
    pub fn new(settings: GrpcSettings) -> Result<Self, GrpcSettingsError> {
        Self::knowing(settings, Descriptions::default())
    }

    /// The same with descriptions of services that were read before; the settings may name more.
    ///
    /// # Errors
    ///
    /// Certificates or descriptions that cannot be read.
    pub fn knowing(settings: GrpcSettings, known: Descriptions) -> Result<Self, GrpcSettingsError> {
        let (client_cert, client_key) = settings.client_pair.clone().unzip();
        let of_http = HttpSettings {
            version: HttpVersion::Two,
            ca_file: settings.ca_file.clone(),
            skip_verify: settings.skip_verify,
            client_cert,
            client_key,
            ..HttpSettings::default()
        };
        let tls = Arc::new(TlsConfigs::new(&of_http)?);
        let Descriptions(schemas) = known;
        if !settings.protos.is_empty() {
            schemas.load(&settings.includes, &settings.protos).map_err(GrpcSettingsError::Protos)?;
            schemas.asks_nobody();
        }
        Ok(Self { settings: Arc::new(settings), of_http, tls, schemas })
    }
}

impl Protocol for Grpc {
    fn name(&self) -> &'static str {
        "grpc"
    }

    fn driver(&self, clock: Rc<dyn Clock>) -> Box<dyn Driver> {
        let dialer = Dialer::new(clock.clone(), self.tls.clone(), &self.of_http);
        let shared = Shared {
            clock,
            channels: Channels::new(dialer, self.settings.clone()),
            schemas: self.schemas.clone(),
        };
        Box::new(GrpcDriver(Rc::new(shared)))
    }
}

/// What all users of a load thread have in common.
struct Shared {
    clock: Rc<dyn Clock>,
    channels: Channels,
    schemas: Arc<Schemas>,
}

impl Shared {
    /// The method that is called; a server that has not described it yet is asked to.
    async fn method(
        &self,
        server: &Arc<str>,
        name: &str,
        (channel, timeout_ns): (&Channel, Nanos),
        reply: &mut Reply,
    ) -> Result<MethodDescriptor, CallError> {
        if let Some(method) = self.schemas.method(server, name)? {
            return Ok(method);
        }
        let (service, _) = parts(name)?;
        let before_ns = self.clock.now();
        let described = Box::pin(describe(self.clock.as_ref(), channel, service, timeout_ns)).await;
        reply.phases_ns[CONNECT] += self.clock.now() - before_ns;
        self.schemas.learn(server, name, described?)?;
        let found = self.schemas.method(server, name)?;
        found.ok_or_else(|| CallError::Request("no service", format!("{service} is not described")))
    }
}

struct GrpcDriver(Rc<Shared>);

impl Driver for GrpcDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(GrpcSession::new(self.0.clone()))
    }

    fn converse(&self, request: HttpRequest) -> LocalBoxFuture<'static, Opened> {
        Box::pin(stream::converse(self.0.clone(), request))
    }
}
