//! Getting a byte stream to a target: names, TCP, TLS, proxies, with the time each took.

mod deadline;
mod dial;
mod error;
mod lane;
mod names;
mod proxy;
mod shaped;
mod stream;
mod tls;
mod two;

pub(crate) use deadline::Deadline;
pub(crate) use dial::{Dialer, Origin, Route};
pub(crate) use error::NetError;
pub(crate) use stream::Stream;
pub(crate) use tls::TlsConfigs;
pub use tls::TlsError;
pub(crate) use two::TwoFailure;
