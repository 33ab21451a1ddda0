//! The search for the load line: how long it takes, and how near it comes.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use super::plimsoll;

/// What the section is called in docs/BENCH.md.
pub(super) const TITLE: &str = "## The load line";

/// Where the service listens.
const PORT: &str = "18098";

/// The rate at which 95 % of the requests to M/M/1 of 1 ms take at most 50 ms: 1000 + ln(0.05) / 0.05.
const LINE_PER_S: f64 = 940.085;

const PLAN: &str = "name: line
target: http://127.0.0.1:18098
claims: [p95 < 50ms, ok_rate >= 99.9%]
load: { all: { open: { rate: 500/s, for: 20s } } }
scenarios: { all: [{ call: { get: /, expect: { status: 200 } } }] }
";

/// A search with default settings.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub(super) fn capacity() -> Result<String> {
    println!("the load line of a service of 1 ms");
    let directory = std::env::temp_dir().join(format!("plimsoll-line-{}", std::process::id()));
    std::fs::create_dir_all(&directory).context("failed to make a temporary directory")?;
    std::fs::write(directory.join("plan.yaml"), PLAN)?;
    let _target = Target::start()?;
    let begun = Instant::now();
    // The exit code tells what was found, which stands in the file.
    let _exit = Command::new(plimsoll())
        .args(["capacity", "plan.yaml", "-q", "--out", "found"])
        .current_dir(&directory)
        .stdout(Stdio::null())
        .status()
        .context("failed to start plimsoll")?;
    let seconds = begun.elapsed().as_secs();
    let file = std::fs::read(directory.join("found/capacity.json")).context("no search was kept")?;
    let found: Value = serde_json::from_slice(&file)?;
    let tried = found["tried"].as_array().context("no levels")?;
    let report = std::fs::read_to_string(directory.join("found/report.txt"))?;
    let _left = std::fs::remove_dir_all(&directory);
    let sentence = report.lines().next().unwrap_or_default().trim_start_matches("⦵ ");
    Ok(format!(
        "{TITLE}\n\n`plimsoll capacity` with default settings at a queue with exponential service of 1 ms and the claim `p95 < 50ms`; by the formula of M/M/1 the line is at {LINE_PER_S:.0}/s.\n\n| levels | seconds | found |\n|---|---|---|\n| {} | {seconds} | {sentence} |\n",
        tried.len()
    ))
}

/// The truth server, until it is dropped.
struct Target(Child);

impl Target {
    fn start() -> Result<Self> {
        let arguments = ["target", "truth", "--service", "exp:1ms", "--port", PORT];
        let child = Command::new(plimsoll())
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .context("failed to start the truth server")?;
        let target = Self(child);
        for _ in 0..500 {
            if std::net::TcpStream::connect(format!("127.0.0.1:{PORT}")).is_ok() {
                return Ok(target);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        anyhow::bail!("the truth server does not listen")
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}
