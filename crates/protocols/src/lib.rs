//! The protocols operations travel over: one folder each, blind to each other, on the common `net`.
//!
//! A failure of the target is a value in the reply, with its layer as the outcome and a short class.

pub mod http;
#[cfg(feature = "nats")]
pub mod nats;
mod net;
#[cfg(feature = "redis")]
pub mod redis;

pub use net::TlsError;
