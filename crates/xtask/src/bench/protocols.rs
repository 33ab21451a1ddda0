//! Protocols beside the tools and bare loops of their fields: operations per CPU-second of the client.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{NGINX_TWO_PORT, Timed, median, plimsoll, timed};
use crate::shell::{has, output, root, run};

/// Title of the section.
pub(super) const TITLE: &str = "## Protocols";

/// A protocol with its peer: how the peer is run for so many seconds, and how its count is read.
struct Peer {
    plan: &'static str,
    what: &'static str,
    name: &'static str,
    command: String,
    count: fn(&str) -> Option<f64>,
}

/// Interleaved turns of every protocol and its peer.
pub(super) fn protocols(turns: usize, seconds: u32) -> Result<String> {
    run("cargo", &["build", "--release", "--locked", "--example", "bare"])?;
    let servers = Servers::start()?;
    let mut text = format!(
        "{TITLE}\n\n50 users with a connection each, one load thread, client pinned to one core, {turns} turns of {seconds} s each, interleaved; operations per CPU-second of the client.\n\n| protocol | plimsoll | peer | peer's | plimsoll is |\n|---|---|---|---|---|\n"
    );
    for peer in peers(seconds).iter().filter(|peer| servers.serve(peer.plan)) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for turn in 0..turns {
            println!("protocols, {}, turn {} of {turns}", peer.what, turn + 1);
            ours.push(our_rate(peer.plan, seconds)?);
            let Timed { stdout, cpu_s } = timed(&peer.command)?;
            let count =
                (peer.count)(&stdout).with_context(|| format!("{} counted nothing: {stdout}", peer.name))?;
            theirs.push(count / cpu_s);
        }
        let ratio = median(ours.iter().zip(&theirs).map(|(a, b)| a / b).collect());
        let (ours, theirs) = (median(ours), median(theirs));
        text.push_str(&format!(
            "| {} | {ours:.0} | {} | {theirs:.0} | {ratio:.2} × |\n",
            peer.what, peer.name
        ));
    }
    text.push_str(&idle_memory()?);
    Ok(text)
}

fn peers(seconds: u32) -> Vec<Peer> {
    let bare = root().join("target/release/examples/bare").display().to_string();
    let number = |stdout: &str| stdout.trim().parse().ok();
    let loops = |mode: &str, url: &str| format!("{bare} {mode} {url} 50 {seconds}");
    let select = std::env::temp_dir().join("plimsoll-bench-select.sql");
    // What cannot be written shows itself when it is read.
    let _written = fs::write(&select, "SELECT 1;\n");
    vec![
        Peer {
            plan: "nats",
            what: "NATS request and reply",
            name: "bare async-nats",
            command: loops("nats", "nats://127.0.0.1:18097"),
            count: number,
        },
        Peer {
            plan: "publish",
            what: "NATS publish, flushed",
            name: "bare async-nats",
            command: loops("publish", "nats://127.0.0.1:18097"),
            count: number,
        },
        Peer {
            plan: "redis",
            what: "Redis GET",
            name: "redis-benchmark",
            command: format!("redis-benchmark -p 18096 -c 50 -n {} -t get -q --csv", 40_000 * seconds),
            // The rate stands in the table, the count was asked for.
            count: |stdout| stdout.contains("GET").then_some(f64::from(40_000 * BENCH_SECONDS)),
        },
        Peer {
            plan: "postgres",
            what: "PostgreSQL SELECT 1",
            name: "pgbench -M prepared",
            command: format!(
                "pgbench -h 127.0.0.1 -p 18095 -U postgres -n -M prepared -c 50 -j 1 -T {seconds} -f {} postgres",
                select.display()
            ),
            count: |stdout| {
                let line =
                    stdout.lines().find(|l| l.starts_with("number of transactions actually processed"))?;
                line.rsplit(' ').next()?.split('/').next()?.parse().ok()
            },
        },
        Peer {
            plan: "websocket",
            what: "WebSocket echo",
            name: "bare tungstenite",
            command: loops("websocket", "ws://127.0.0.1:18094/ws"),
            count: number,
        },
        Peer {
            plan: "http2",
            what: "HTTP/2",
            name: "h2load",
            command: format!("h2load -c 50 -t 1 -D {seconds} http://127.0.0.1:{NGINX_TWO_PORT}/"),
            count: |stdout| {
                let line = stdout.lines().find(|l| l.starts_with("requests:"))?;
                line.split(',')
                    .find(|part| part.contains("succeeded"))?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            },
        },
    ]
}

/// Seconds of a turn: what counts are asked for beforehand is sized by it.
pub(super) const BENCH_SECONDS: u32 = 5;

fn plan(name: &str) -> String {
    root().join(format!("crates/xtask/assets/protocols/{name}.yaml")).display().to_string()
}

fn our_rate(name: &str, seconds: u32) -> Result<f64> {
    let Timed { stdout, cpu_s } =
        timed(&format!("{} run {} --duration {seconds}s --workers 1 -q --json", plimsoll(), plan(name)))?;
    let run: Value = serde_json::from_str(&stdout).with_context(|| format!("no JSON: {stdout}"))?;
    if run["totals"]["failed"].as_u64() > Some(50) {
        bail!("{name}: operations failed: {}", run["errors"]);
    }
    Ok(run["totals"]["ok"].as_f64().context("no totals")? / cpu_s)
}

/// Ten thousand conversations in which nobody speaks.
fn idle_memory() -> Result<String> {
    println!("protocols, 10,000 idle connections");
    let command = format!("ulimit -n 30000; {} run {} --workers 1 -q --json", plimsoll(), plan("idle"));
    let run: Value = serde_json::from_str(&output("bash", &["-c", &format!("{command} || true")])?)?;
    let health = run["generator"]["memory_bytes_max"].as_f64();
    let memory = health.or_else(|| run["memory_bytes_max"].as_f64()).context("no memory was told")?;
    Ok(format!(
        "\n10,000 idle WebSocket connections: {:.0} MiB on the client's side, {} opened.\n",
        memory / 1_048_576.0,
        run["totals"]["ok"]
    ))
}

/// Servers on the other core, stopped with this.
struct Servers {
    running: Vec<(&'static [&'static str], Child)>,
    directory: PathBuf,
}

impl Servers {
    fn start() -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("plimsoll-bench-servers-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let mut servers = Self { running: Vec::new(), directory };
        servers.add(&["nats", "publish"], "nats-server", &["-a", "127.0.0.1", "-p", "18097"], 18_097)?;
        let bare = root().join("target/release/examples/bare").display().to_string();
        if servers.serve("nats") {
            servers.running.push((&[], pinned(&bare, &["answer", "nats://127.0.0.1:18097"]).spawn()?));
        }
        servers.add(
            &["redis"],
            "redis-server",
            &["--port", "18096", "--bind", "127.0.0.1", "--save", ""],
            18_096,
        )?;
        servers.add(&["websocket"], &plimsoll(), &["target", "echo", "--port", "18094"], 18_094)?;
        servers.postgres()?;
        if has("h2load") {
            // Nginx is there already.
            servers.running.push((&["http2"], Command::new("sleep").arg("100000").spawn()?));
        }
        Ok(servers)
    }

    fn add(
        &mut self,
        plans: &'static [&'static str],
        program: &str,
        arguments: &[&str],
        port: u16,
    ) -> Result<()> {
        if !program.contains('/') && !has(program) {
            println!("{program} is missing: not measured");
            return Ok(());
        }
        self.running.push((plans, pinned(program, arguments).spawn()?));
        listening(port)
    }

    /// A cluster of its own, that trusts whoever asks from this machine.
    fn postgres(&mut self) -> Result<()> {
        let Some(binaries) = newest(Path::new("/usr/lib/postgresql")) else {
            println!("PostgreSQL is missing: not measured");
            return Ok(());
        };
        let owner = owner("postgres");
        own(&self.directory, owner)?;
        let place = self.directory.join("data");
        let mut make = Command::new(binaries.join("initdb"));
        make.args(["-A", "trust", "-U", "postgres", "--no-sync", "-D"]).arg(&place).stdout(Stdio::null());
        become_owner(&mut make, owner);
        if !make.status()?.success() {
            bail!("initdb failed");
        }
        let mut server = Command::new("taskset");
        server.args(["-c", "1"]).arg(binaries.join("postgres")).arg("-D").arg(&place);
        server.args(["-p", "18095", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        server.args(["-c", "fsync=off"]).stdout(Stdio::null()).stderr(Stdio::null());
        become_owner(&mut server, owner);
        self.running.push((&["postgres"], server.spawn()?));
        listening(18_095)?;
        // It listens before it is ready.
        while !Command::new(binaries.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", "18095"])
            .status()?
            .success()
        {}
        Ok(())
    }

    fn serve(&self, plan: &str) -> bool {
        self.running.iter().any(|(plans, _)| plans.contains(&plan))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for (_, process) in &mut self.running {
            // It may be gone already.
            let _gone = process.kill();
            let _ended = process.wait();
        }
        let _left = fs::remove_dir_all(&self.directory);
    }
}

fn pinned(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "1", program]).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn listening(port: u16) -> Result<()> {
    for _ in 0..1_000 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("nobody listens on port {port}")
}

fn newest(place: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(place).ok()?.flatten().map(|entry| entry.path());
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.max_by_key(number).map(|version| version.join("bin"))
}

/// Who is to run a server that refuses the superuser.
fn owner(name: &str) -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let users = fs::read_to_string("/etc/passwd").ok().filter(|_| is_root)?;
    let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
    let mut numbers = line.split(':').skip(2).map_while(|field| field.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

fn own(path: &Path, owner: Option<(u32, u32)>) -> Result<()> {
    if let Some((user, group)) = owner {
        chown(path, Some(user), Some(group))?;
    }
    Ok(())
}

fn become_owner(command: &mut Command, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
}
