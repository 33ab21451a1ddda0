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

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::grpc::GrpcSettings;
use plimsoll_model::http::{HttpSettings, HttpVersion};
use plimsoll_model::{Clock, Driver, Protocol, Session};

use crate::net::{Dialer, TlsConfigs, TlsError};
use channel::Channels;
use schema::Schemas;
use session::GrpcSession;

/// gRPC, configured for a run.
pub struct Grpc {
    settings: Arc<GrpcSettings>,
    of_http: HttpSettings,
    tls: Arc<TlsConfigs>,
    schemas: Arc<Schemas>,
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
        let schemas = Arc::new(Schemas::read(&settings).map_err(GrpcSettingsError::Protos)?);
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

struct GrpcDriver(Rc<Shared>);

impl Driver for GrpcDriver {
    fn session(&self) -> Box<dyn Session> {
        Box::new(GrpcSession::new(self.0.clone()))
    }
}
