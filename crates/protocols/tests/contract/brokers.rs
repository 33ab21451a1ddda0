//! RabbitMQ and Mosquitto, started for a test and stopped with it; and a way to break connections to any server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use crate::server::{free_port, listens};

/// Where Debian keeps it; its command in the path changes users.
const RABBIT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A broker of AMQP: the user `guest`, whose password is `guest`.
pub(crate) struct Rabbit {
    directory: TempDir,
    port: u16,
    /// Where it listens for TLS, if it does: it gets there after the other.
    secure: Option<u16>,
    /// Where Erlang's nodes are told of; it outlives them.
    names: u16,
    process: Child,
}

impl Rabbit {
    pub(crate) fn start() -> Self {
        Self::configured("", None)
    }

    /// That listens at a second port for TLS, as these lines of configuration say.
    pub(crate) fn secure(secure: u16, config: &str) -> Self {
        Self::configured(config, Some(secure))
    }

    fn configured(config: &str, secure: Option<u16>) -> Self {
        let (directory, port, names) = (tempfile::tempdir().unwrap(), free_port(), free_port());
        std::fs::write(directory.path().join("rabbit.conf"), config).unwrap();
        std::fs::write(directory.path().join("plugins"), "[].").unwrap();
        let process = spawn(directory.path(), port, names);
        let server = Self { directory, port, secure, names, process };
        server.is_there();
        server
    }

    fn is_there(&self) {
        listens(self.port);
        self.secure.into_iter().for_each(listens);
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Stops it at once, without a word to its clients.
    pub(crate) fn kill(&mut self) {
        let group = format!("-{}", self.process.id());
        Command::new("kill").args(["-9", "--", &group]).status().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.directory.path(), self.port, self.names);
        self.is_there();
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        self.kill();
        let _ended = Command::new("epmd")
            .args(["-port", &self.names.to_string(), "-kill"])
            .stdout(Stdio::null())
            .status();
    }
}

fn spawn(place: &Path, port: u16, names: u16) -> Child {
    let mut command = Command::new(RABBIT);
    command.process_group(0).env("HOME", place).env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
    command.env("RABBITMQ_NODENAME", format!("plimsoll{port}@localhost"));
    for (name, file) in [
        ("MNESIA_BASE", "data"),
        ("LOG_BASE", "logs"),
        ("PID_FILE", "pid"),
        ("ENABLED_PLUGINS_FILE", "plugins"),
        ("CONFIG_FILE", "rabbit.conf"),
    ] {
        command.env(format!("RABBITMQ_{name}"), place.join(file));
    }
    for (name, value) in
        [("RABBITMQ_NODE_PORT", port), ("RABBITMQ_DIST_PORT", free_port()), ("ERL_EPMD_PORT", names)]
    {
        command.env(name, value.to_string());
    }
    command.env("ERL_EPMD_ADDRESS", "127.0.0.1");
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    process.unwrap_or_else(|e| panic!("{RABBIT}: {e}; `cargo xtask setup` installs it"))
}

/// A broker of MQTT.
pub(crate) struct Mosquitto {
    directory: TempDir,
    port: u16,
    process: Child,
}

impl Mosquitto {
    /// With these lines of configuration.
    pub(crate) fn start(config: &str) -> Self {
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let config = format!("listener {port} 127.0.0.1\n{config}\n");
        std::fs::write(directory.path().join("mosquitto.conf"), config).unwrap();
        let process = mosquitto(directory.path(), port);
        Self { directory, port, process }
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Stops it at once, without a word to its clients.
    pub(crate) fn kill(&mut self) {
        // It may be gone already.
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = mosquitto(self.directory.path(), self.port);
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

fn mosquitto(place: &Path, port: u16) -> Child {
    let mut command = Command::new("mosquitto");
    command.arg("-c").arg(place.join("mosquitto.conf")).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn();
    let process = process.unwrap_or_else(|e| panic!("mosquitto: {e}; `cargo xtask setup` installs it"));
    listens(port);
    process
}

/// Stands before a server, and breaks connections once so many bytes have come back.
pub(crate) struct Breaker {
    pub(crate) port: u16,
    left: Arc<AtomicI64>,
}

impl Breaker {
    pub(crate) fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, left) = (listener.local_addr().unwrap().port(), Arc::new(AtomicI64::new(i64::MAX)));
        let budget = left.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
                let (there, back) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || copy(client, server, &AtomicI64::new(i64::MAX)));
                let budget = budget.clone();
                std::thread::spawn(move || copy(back, there, &budget));
            }
        });
        Self { port, left }
    }

    /// From now on, connections end after so many more bytes.
    pub(crate) fn break_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64) {
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let before = left.fetch_sub(count as i64, Ordering::SeqCst);
        let whole = before >= count as i64;
        let passed = if whole { count } else { usize::try_from(before).unwrap_or(0) };
        if to.write_all(&buffer[..passed]).is_err() || !whole {
            break;
        }
    }
    // Whoever is gone already needs no word.
    let _gone = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
}

/// A server that answers the first bytes it gets with these, whatever they were.
pub(crate) fn stranger(says: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut first = [0; 256];
            if client.read(&mut first).is_ok_and(|count| count > 0) {
                let _unheard = client.write_all(says);
            }
        }
    });
    port
}
