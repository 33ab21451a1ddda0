//! The real binary against real services on the loopback interface, bounded in time and count.

mod bad_input;
mod examples;
mod known_answers;
mod plimsoll;
mod results;
mod steps;
