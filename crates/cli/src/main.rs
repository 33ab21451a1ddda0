//! The `plimsoll` command with the protocols it brings. `plimsoll_cli::main` takes further ones.

use std::process::ExitCode;

// Requests with holes are rendered anew each time; this allocator makes that cheaper than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    plimsoll_cli::main(Vec::new())
}
