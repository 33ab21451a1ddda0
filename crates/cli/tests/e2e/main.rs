//! The real binary against real services on the loopback interface, bounded in time and count.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to panic where it stands")]

mod bad_input;
mod examples;
mod judging;
mod known_answers;
mod plimsoll;
mod protocols;
mod results;
mod scripts;
mod steps;
