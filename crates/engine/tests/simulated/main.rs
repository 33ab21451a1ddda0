//! The engine on a virtual clock: exact send times, exact accounting, known answers. No socket, no sleep.

mod accounting;
mod known_answers;
mod schedules;
mod world;
