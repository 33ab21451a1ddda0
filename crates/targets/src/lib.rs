//! Built-in services with known behaviour: what Plimsoll demonstrates itself on, and what it is tested against.
//!
//! `truth` knows the right answer to every measurement and misbehaves on command; `shop` takes orders and validates them
//! completely; `chat` streams answers by a script; `events` counts what it accepts; `mcp` offers tools; `rpc` answers calls
//! over NATS; `echo` shows a client what it sent. Nothing here sleeps to pretend work; `chat` keeps to a script of times,
//! and says so.

pub mod chat;
pub mod echo;
pub mod events;
pub mod mcp;
pub mod rpc;
mod serve;
pub mod shop;
mod timer;
pub mod truth;

use std::net::SocketAddr;

pub use serve::{Running, StartError};

/// Names of the services with what each is.
pub const SERVICES: [(&str, &str); 7] = [
    ("chat", "streams answers as a language model does, by a script: every token's time is known"),
    ("echo", "answers with what it was sent; redirects, cookies and codings for testing clients"),
    ("events", "event ingestion, single and batch, with counters to reconcile with"),
    ("mcp", "tools by the Model Context Protocol, at /mcp: a search, sums, and one that fails on command"),
    ("rpc", "remote procedure calls over NATS: a small server of its own, and a service behind it"),
    ("shop", "an order service: complete validation, inventory, order state"),
    ("truth", "a virtual queue with known response times, a request log, and faults on command"),
];

/// Starts a service with its usual settings.
pub fn start(name: &str, address: SocketAddr) -> Result<Running, StartError> {
    match name {
        "chat" => serve::axum(address, chat::router),
        "echo" => serve::axum(address, echo::router),
        "events" => serve::axum(address, events::router),
        "mcp" => serve::axum(address, mcp::router),
        "rpc" => rpc::start(address),
        "shop" => serve::axum(address, || shop::router(&shop::ShopOptions::default())),
        "truth" => truth::start(address, truth::TruthOptions::default()),
        unknown => Err(StartError::Unknown(unknown.to_owned())),
    }
}
