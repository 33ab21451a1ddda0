//! Comparison with peers on this machine, interleaved in one session, as ratios.
//!
//! CPU time per request is compared rather than wall time: it is what a shared machine can be held to.

mod batches;
mod capacity;
mod closed;
mod comparing;
mod facts;
mod judging;
mod open;
mod protocols;
mod samples;
mod scripts;
mod users;

use std::fs;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{has, root, run};

/// Where nginx answers a small body.
const URL: &str = "http://127.0.0.1:18099/";

/// Where nginx answers the same over HTTP/2 from the first byte.
const NGINX_TWO_PORT: u16 = 18_093;

const NGINX: &str = "worker_processes 1; worker_cpu_affinity 10; daemon off; error_log /dev/null crit;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  server { listen 127.0.0.1:18093 http2 backlog=4096; location / { default_type text/plain; return 200 \"hello world, this is a small body\\n\"; } }
  server { listen 127.0.0.1:18099 backlog=4096; location / { default_type text/plain; return 200 \"hello world, this is a small body\\n\"; } } }";

/// Only the judging, printed.
pub(crate) fn judging_only() {
    println!("{}", judging::judging());
}

/// Measures the section about comparing runs again and puts it in its place.
pub(crate) fn comparing_only() -> Result<()> {
    replace_section(comparing::TITLE, &comparing::comparing()?)
}

/// Runs every comparison and writes docs/BENCH.md.
pub(crate) fn bench(quick: bool, long: bool) -> Result<()> {
    if !has("nginx") || !has("wrk") {
        bail!("nginx and wrk are needed; run `cargo xtask setup`");
    }
    run("cargo", &["build", "--release", "--locked", "--bin", "plimsoll"])?;
    let _nginx = Nginx::start()?;
    let pairs = if quick { 2 } else { 5 };
    let mut sections = vec![facts::facts()?];
    sections.push(closed::closed(pairs, quick)?);
    sections.push(open::open(quick)?);
    sections.push(samples::samples(pairs)?);
    sections.push(users::users(quick)?);
    sections.push(scripts::scripts(pairs, if quick { 2 } else { scripts::BENCH_SECONDS })?);
    sections.push(protocols::protocols(pairs.min(3), protocols::BENCH_SECONDS)?);
    sections.push(batches::batches(pairs.min(3), 8)?);
    sections.push(if long {
        users::memory_over_ten_minutes()?
    } else {
        measured_before(users::MEMORY_TITLE, "--long")
    });
    // Five minutes, whatever is asked for.
    sections.push(if quick { measured_before(capacity::TITLE, "--capacity") } else { capacity::capacity()? });
    sections.push(judging::judging());
    sections.push(comparing::comparing()?);
    let text = sections.join("\n");
    println!("{text}");
    if !quick {
        fs::write(root().join("docs/BENCH.md"), text).context("failed to write docs/BENCH.md")?;
    }
    Ok(())
}

/// Measures the section about scripts again and puts it in its place.
pub(crate) fn scripts_only() -> Result<()> {
    section_only(scripts::TITLE, || scripts::scripts(5, scripts::BENCH_SECONDS))
}

/// The same for the section about protocols.
pub(crate) fn protocols_only() -> Result<()> {
    section_only(protocols::TITLE, || protocols::protocols(3, protocols::BENCH_SECONDS))
}

/// The same for the section about the load line.
pub(crate) fn capacity_only() -> Result<()> {
    section_only(capacity::TITLE, capacity::capacity)
}

/// The same for the section about batches.
pub(crate) fn batches_only() -> Result<()> {
    section_only(batches::TITLE, || batches::batches(3, 8))
}

fn section_only(title: &str, measure: impl FnOnce() -> Result<String>) -> Result<()> {
    run("cargo", &["build", "--release", "--locked", "--bin", "plimsoll"])?;
    let _nginx = Nginx::start()?;
    replace_section(title, &measure()?)
}

/// Prints a section, and puts it at the end of docs/BENCH.md instead of the one that is there.
fn replace_section(title: &str, text: &str) -> Result<()> {
    println!("{text}");
    let file = root().join("docs/BENCH.md");
    let known = fs::read_to_string(&file).context("failed to read docs/BENCH.md")?;
    let rest = known.replacen(section(&known, title).unwrap_or_default(), "", 1);
    fs::write(file, format!("{}\n\n{text}", rest.trim_end())).context("failed to write docs/BENCH.md")
}

fn section<'a>(text: &'a str, title: &str) -> Option<&'a str> {
    let rest = &text[text.find(title)?..];
    let end = rest[3..].find("\n## ").map_or(rest.len(), |next| next + 3);
    Some(&rest[..end])
}

/// The section of an earlier session: minutes are not spent at every comparison.
fn measured_before(title: &str, flag: &str) -> String {
    let known = fs::read_to_string(root().join("docs/BENCH.md")).unwrap_or_default();
    section(&known, title).map_or_else(
        || format!("{title}\n\nNot measured; `cargo xtask bench {flag}` does.\n"),
        |found| found.trim_end().to_owned() + "\n",
    )
}

/// The release binary.
fn plimsoll() -> String {
    root().join("target/release/plimsoll").display().to_string()
}

struct Nginx {
    process: Child,
    directory: std::path::PathBuf,
}

impl Nginx {
    fn start() -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("plimsoll-bench-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let file = directory.join("nginx.conf");
        fs::write(&file, format!("pid {}/pid;\n{NGINX}", directory.display()))?;
        let process = Command::new("nginx")
            .args(["-p", &directory.display().to_string(), "-c", &file.display().to_string()])
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start nginx")?;
        let nginx = Self { process, directory };
        for _ in 0..500 {
            if std::net::TcpStream::connect("127.0.0.1:18099").is_ok() {
                return Ok(nginx);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        bail!("nginx does not listen")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its worker along.
        let _gone = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ended = self.process.wait();
        let _left = fs::remove_dir_all(&self.directory);
    }
}

/// What a command printed, and its CPU time in seconds, user and system.
struct Timed {
    stdout: String,
    cpu_s: f64,
}

/// Runs a command on core 0 and takes its CPU time from the shell's `time`.
fn timed(command: &str) -> Result<Timed> {
    let script = format!("TIMEFORMAT='CPU %U %S'; time taskset -c 0 {command}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(root())
        .output()
        .context("failed to start bash")?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = stderr
        .lines()
        .rev()
        .find_map(|l| l.strip_prefix("CPU "))
        .with_context(|| format!("no CPU time of {command}: {stderr}"))?;
    let cpu_s = line.split_whitespace().filter_map(|t| t.parse::<f64>().ok()).sum();
    Ok(Timed { stdout: String::from_utf8_lossy(&output.stdout).into_owned(), cpu_s })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
