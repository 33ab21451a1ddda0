//! The `plimsoll` command: arguments to settings, settings to wiring, and the exit code that tells the verdict.
//!
//! Only this crate reads arguments and environment, prints, and exits. It is a library so that others may build the same
//! command with protocols of their own (docs/PROTOCOLS.md).

mod args;
mod calibrate;
mod commands;
mod console;
mod execute;
mod exit_code;
mod facts;
mod fresh;
pub mod library;
mod protocols;
mod signals;
mod terminal;
#[cfg(feature = "mcp")]
mod tools;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use plimsoll_model::Protocol;

use args::{Command, Options};
use exit_code::Exit;

/// The whole command, with further protocols beside its own: a plan reaches them by targets whose scheme is their name.
///
/// # Panics
/// If it is called twice in a process.
pub fn main(protocols: Vec<Arc<dyn Protocol>>) -> ExitCode {
    assert!(protocols::OWN.set(protocols).is_ok(), "the command runs once in a process");
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return exit_code::of_clap(&error),
    };
    let outcome = match options.command {
        Command::Audit(args) => commands::audit::audit(&args),
        Command::Baseline(args) => commands::baseline::baseline(&args),
        Command::Capacity(args) => commands::capacity::capacity(&args),
        Command::Check(args) => commands::check::check(&args),
        Command::Compare(args) => commands::compare::compare(&args),
        Command::Convert(args) => commands::convert::convert(&args),
        Command::Demo(args) => commands::demo::demo(&args),
        Command::History(args) => commands::history::history(&args),
        Command::Hit(args) => commands::hit::hit(&args),
        Command::Report(args) => commands::report::report(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Suite(args) => commands::suite::suite(&args),
        Command::Target(args) => commands::target::target(&args),
        Command::Verify(args) => commands::verify::verify(&args),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            console::error(&error);
            error.downcast_ref::<Exit>().copied().unwrap_or(Exit::Failed).into()
        }
    }
}
