//! The `plimsoll` command with one protocol more: see `kv.rs`, and docs/PROTOCOLS.md.

mod kv;

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    plimsoll_cli::main(vec![Arc::new(kv::Kv)])
}
