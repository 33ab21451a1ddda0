//! What every protocol must do when the other side behaves, and when it does not; real sockets, real servers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to panic where it stands")]

mod amqp;
mod brokers;
mod client;
mod databases;
mod exec;
mod grpc;
mod http_behaves;
mod http_breaks;
mod http_networks;
mod http_streams;
mod http_tls;
mod http_two;
mod kafka;
mod mcp;
mod messages;
mod mqtt;
mod nats;
mod papers;
mod redis;
mod server;
mod sql;
mod talk;
