//! Real servers, started for a test and stopped with it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a server is looked for, and the pause in between: it has 20 seconds.
const LOOKS: u32 = 2_000;
const PAUSE: Duration = Duration::from_millis(10);

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A NATS server.
pub(crate) struct NatsServer {
    port: u16,
    arguments: Vec<String>,
    directory: TempDir,
    process: Child,
}

impl NatsServer {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let (port, directory) = (free_port(), tempfile::tempdir().unwrap());
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        let process = process(port, &arguments, &directory);
        Self { port, arguments, directory, process }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The address, with something before the host.
    pub(crate) fn url_as(&self, user: &str) -> String {
        format!("nats://{user}@127.0.0.1:{}", self.port)
    }

    /// Stops it at once, without a word to its clients.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = process(self.port, &self.arguments, &self.directory);
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn process(port: u16, arguments: &[String], directory: &TempDir) -> Child {
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-sd"]).arg(directory.path()).args(arguments);
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let process = process.expect("nats-server starts; `cargo xtask setup` installs it");
    listens(port);
    process
}

/// Waits until somebody listens.
fn listens(port: u16) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let is_there = (0..LOOKS).any(|_| {
        let connected = TcpStream::connect(address).is_ok();
        if !connected {
            std::thread::sleep(PAUSE);
        }
        connected
    });
    assert!(is_there, "nobody listens on {address}");
}
