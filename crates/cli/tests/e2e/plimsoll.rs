//! Running the binary.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use plimsoll_targets::truth::{self, ServiceTime, TruthOptions};
use plimsoll_targets::{Running, start};
use serde_json::Value;
use tempfile::TempDir;

/// The loopback interface, any free port.
pub(crate) const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// A place of its own for a test's files.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command that runs here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
            command.env_remove(proxy);
        }
        command
    }

    pub(crate) fn plimsoll(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs a plan's text and returns how it ended with its run.json.
    pub(crate) fn run_plan(&self, plan: &str, more: &[&str]) -> (Ended, Value) {
        self.write("plan.yaml", plan);
        let ended = self.plimsoll(&[&["run", "plan.yaml", "--out", "out", "--quiet"], more].concat());
        let json = read_json(&self.path("out/run.json")).unwrap_or_else(|| panic!("no run.json: {ended:?}"));
        (ended, json)
    }
}

pub(crate) fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// A service that takes so long that a busy machine does not spoil its times: nobody ever waits there.
pub(crate) fn slow() -> Running {
    let service = ServiceTime::Deterministic(100_000_000);
    truth_server(TruthOptions { servers: 0, service, ..TruthOptions::default() })
}

/// A truth server.
pub(crate) fn truth_server(options: TruthOptions) -> Running {
    truth::start(ANYWHERE, options).unwrap()
}

/// A built-in service.
pub(crate) fn service(name: &str) -> Running {
    start(name, ANYWHERE).unwrap()
}

/// What a service answers to a plain GET, asked without Plimsoll.
pub(crate) fn ask(service: &Running, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(service.address()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok()).unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// The value of quantile `q` of the response times of a step's successes, in milliseconds; its interval if the
/// value itself may not be printed.
pub(crate) fn quantile_ms(run: &Value, q: f64) -> (Option<f64>, Option<f64>, Option<f64>) {
    let quantiles = run["steps"][0]["outcomes"]["ok"]["response_time_ns"]["quantiles"].as_array().unwrap();
    let found = quantiles.iter().find(|x| x["q"] == q).unwrap();
    let ms = |key: &str| found[key].as_f64().map(|ns| ns / 1e6);
    (ms("value"), ms("low"), ms("high"))
}
