//! The engine on a virtual clock: exact send times, exact accounting, known answers. No socket, no sleep.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to panic where it stands")]

mod accounting;
mod capacity;
mod known_answers;
mod schedules;
mod world;
