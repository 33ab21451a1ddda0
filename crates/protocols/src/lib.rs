//! The protocols operations travel over: one folder each, blind to each other, on the common `net`; what a library speaks
//! tells of its troubles in the words of `trouble`, and what speaks with brokers of messages is built on `broker`.
//!
//! A failure of the target is a value in the reply, with its layer as the outcome and a short class.

#[cfg(feature = "amqp")]
pub mod amqp;
#[cfg(any(feature = "amqp", feature = "kafka", feature = "mqtt", feature = "nats", feature = "redis"))]
mod broker;
mod events;
#[cfg(feature = "exec")]
pub mod exec;
#[cfg(test)]
mod garbled;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(feature = "mqtt")]
pub mod mqtt;
#[cfg(feature = "nats")]
pub mod nats;
mod net;
mod phases;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(feature = "talk")]
pub mod talk;
#[cfg(any(
    feature = "amqp",
    feature = "exec",
    feature = "grpc",
    feature = "kafka",
    feature = "mcp",
    feature = "mqtt",
    feature = "nats",
    feature = "redis",
    feature = "sql",
    feature = "talk"
))]
mod trouble;

pub use net::TlsError;
