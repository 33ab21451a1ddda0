//! The `plimsoll` command: arguments to settings, settings to wiring, and the exit code that tells the verdict.
//!
//! Only this crate reads arguments and environment, prints, and exits.

mod args;
mod calibrate;
mod commands;
mod console;
mod execute;
mod exit_code;
mod facts;
mod signals;
mod terminal;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Command, Options};
use exit_code::Exit;

// Requests with holes are rendered anew each time; this allocator makes that cheaper than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return exit_code::of_clap(&error),
    };
    let outcome = match options.command {
        Command::Audit(args) => commands::audit::audit(&args),
        Command::Check(args) => commands::check::check(&args),
        Command::Convert(args) => commands::convert::convert(&args),
        Command::Demo(args) => commands::demo::demo(&args),
        Command::Hit(args) => commands::hit::hit(&args),
        Command::Report(args) => commands::report::report(&args),
        Command::Run(args) => commands::run::run(&args),
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
