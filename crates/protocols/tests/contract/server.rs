//! Real servers, started for a test and stopped with it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a server is looked for, and the pause in between: it has a minute.
const LOOKS: u32 = 6_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Ports that systems give to nobody who asks for any: while a server that is to come back is away, nobody else may be given its.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let chances = std::iter::repeat_with(|| RandomState::new().build_hasher().finish());
    let mut ports = chances.map(|chance| PORTS.start + (chance % PORTS.len() as u64) as u16);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// What is run, and how it is told where to listen and where to keep its files.
type Start = fn(&mut Command, u16, &TempDir);

/// A server of some kind.
pub(crate) struct Server {
    program: &'static str,
    start: Start,
    port: u16,
    arguments: Vec<String>,
    directory: TempDir,
    process: Child,
}

impl Server {
    fn new(program: &'static str, start: Start, arguments: &[&str]) -> Self {
        let (port, directory) = (free_port(), tempfile::tempdir().unwrap());
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        let process = process(program, start, port, &arguments, &directory);
        Self { program, start, port, arguments, directory, process }
    }

    /// Stops it at once, without a word to its clients.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = process(self.program, self.start, self.port, &self.arguments, &self.directory);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn process(program: &str, start: Start, port: u16, arguments: &[String], directory: &TempDir) -> Child {
    let mut command = Command::new(program);
    start(&mut command, port, directory);
    let process = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let process =
        process.unwrap_or_else(|e| panic!("{program} starts ({e}); `cargo xtask setup` installs it"));
    listens(port);
    process
}

macro_rules! servers {
    ($($(#[doc = $about:literal])+ $name:ident = $program:literal, $scheme:literal, $start:expr;)*) => {$(
        $(#[doc = $about])+
        pub(crate) struct $name(Server);

        impl $name {
            pub(crate) fn start(arguments: &[&str]) -> Self {
                Self(Server::new($program, $start, arguments))
            }

            pub(crate) fn url(&self) -> String {
                format!("{}://127.0.0.1:{}", $scheme, self.0.port)
            }
        }

        impl std::ops::Deref for $name {
            type Target = Server;

            fn deref(&self) -> &Server {
                &self.0
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Server {
                &mut self.0
            }
        }
    )*};
}

servers! {
    /// A NATS server.
    NatsServer = "nats-server", "nats", |command, port, directory| {
        command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-sd"]).arg(directory.path());
    };
    /// A Redis server that keeps nothing.
    RedisServer = "redis-server", "redis", |command, port, directory| {
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]).arg(directory.path());
    };
}

/// A server in Python: one of those beside this file, which `cargo xtask setup` installs what it needs for.
pub(crate) struct PythonServer {
    process: Child,
    pub(crate) port: u16,
}

impl PythonServer {
    /// The command line that starts one.
    pub(crate) fn command(name: &str) -> [String; 2] {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/bin/python");
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocols/tests/contract/python");
        [python.to_owned(), format!("{place}/{name}")]
    }

    /// Starts one that listens on a port, given as its last argument.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        Self::start_on(name, arguments, free_port())
    }

    /// The same on a port that is known.
    pub(crate) fn start_on(name: &str, arguments: &[&str], port: u16) -> Self {
        let [python, script] = Self::command(name);
        let mut command = Command::new(&python);
        command.arg(script).args(arguments).arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn();
        let process = process.unwrap_or_else(|e| panic!("{python}: {e}; `cargo xtask setup` installs it"));
        listens(port);
        Self { process, port }
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Waits until somebody listens.
pub(crate) fn listens(port: u16) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(comes(|| TcpStream::connect(address).is_ok()), "nobody listens on {address}");
}

/// Waits for a state.
pub(crate) fn until(holds: impl FnMut() -> bool) {
    assert!(comes(holds), "what was waited for never came");
}

fn comes(mut holds: impl FnMut() -> bool) -> bool {
    (0..LOOKS).any(|_| {
        let is_there = holds();
        if !is_there {
            std::thread::sleep(PAUSE);
        }
        is_there
    })
}
