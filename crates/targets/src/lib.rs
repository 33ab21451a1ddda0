//! Built-in services with known behaviour: what Plimsoll demonstrates itself on, and what it is tested against.
//!
//! `truth` knows the right answer to every measurement and misbehaves on command; `shop` takes orders and validates them
//! completely; `chat` streams answers by a script, and has an assistant that looks things up; `events` counts what it accepts;
//! `mcp` offers tools; `rpc` answers calls over NATS; `cache` speaks as Redis does; `echo` shows a client what it sent. Nothing
//! here sleeps to pretend work but `chat`, which keeps to a script of times, and the order service behind `rpc`, which keeps to
//! the costs of another: both say so.

pub mod cache;
pub mod chat;
pub mod echo;
pub mod events;
pub mod mcp;
pub mod rpc;
mod serve;
pub mod shop;
mod timer;
pub mod truth;
pub mod validate;

use std::net::SocketAddr;

pub use serve::{Running, StartError};

/// Names of the services with what each is.
pub const SERVICES: [(&str, &str); 8] = [
    ("cache", "a cache that speaks as Redis does: strings with a time to live, a limited memory, counters"),
    (
        "chat",
        "streams answers as a language model does, by a script: every token's time is known; an assistant",
    ),
    ("echo", "answers with what it was sent; redirects, cookies and codings for testing clients"),
    ("events", "event ingestion, single and batch, with counters to reconcile with"),
    ("mcp", "tools by the Model Context Protocol, at /mcp: a search, sums, and one that fails on command"),
    (
        "rpc",
        "remote procedure calls over NATS: a small server of its own, and a calculator and an order service behind it",
    ),
    ("shop", "an order service: complete validation, inventory, order state"),
    ("truth", "a virtual queue with known response times, a request log, and faults on command"),
];

/// Starts a service with its usual settings.
pub fn start(name: &str, address: SocketAddr) -> Result<Running, StartError> {
    match name {
        "cache" => cache::start(address, cache::CacheOptions::default()),
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
