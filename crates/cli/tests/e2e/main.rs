//! The real binary against real services on the loopback interface, bounded in time and count.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to panic where it stands")]

mod bad_input;
#[path = "../../../protocols/tests/contract/brokers.rs"]
#[expect(dead_code, reason = "the contract tests ask more of them")]
mod brokers;
mod capacity;
mod cliffracer;
mod comparison;
#[path = "../../../protocols/tests/contract/databases.rs"]
#[expect(dead_code, reason = "the contract tests ask more of them")]
mod databases;
mod examples;
mod judging;
mod known_answers;
mod monitors;
mod plimsoll;
mod protocols;
mod results;
mod scripts;
#[path = "../../../protocols/tests/contract/server.rs"]
#[expect(dead_code, reason = "the contract tests ask more of them")]
mod server;
mod sparkle;
mod steps;
mod streams;
mod suite;
