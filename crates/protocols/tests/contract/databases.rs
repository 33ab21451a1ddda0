//! Database servers, each with files of its own, started for a test and stopped with it.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::server::{free_port, listens};

/// A server that keeps a database; it wants to be nobody's superuser.
pub(crate) struct Database {
    program: PathBuf,
    arguments: Vec<String>,
    owner: Option<(u32, u32)>,
    directory: TempDir,
    pub(crate) port: u16,
    process: Child,
}

impl Database {
    /// `PostgreSQL` with the user `tester`, whose password is `secret`.
    pub(crate) fn postgres(settings: &[&str]) -> Self {
        let binaries = newest("/usr/lib/postgresql");
        let (directory, port, owner) = (tempfile::tempdir().unwrap(), free_port(), owner("postgres"));
        let place = directory.path().join("data");
        let secret = directory.path().join("secret");
        std::fs::write(&secret, "secret").unwrap();
        own(directory.path(), owner);
        own(&secret, owner);
        let mut make = Command::new(binaries.join("initdb"));
        make.arg("-D").arg(&place).arg(format!("--pwfile={}", secret.display()));
        make.args([
            "--username=tester",
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        finish(make, owner);
        let mut arguments =
            vec!["-D".to_owned(), place.display().to_string(), "-p".to_owned(), port.to_string()];
        let quiet =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=40"];
        for setting in quiet.iter().chain(settings) {
            arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        Self::start(binaries.join("postgres"), arguments, owner, directory, port)
    }

    /// `MariaDB` with the user `tester`, whose password is `secret`.
    pub(crate) fn mariadb() -> Self {
        let (directory, port, owner) = (tempfile::tempdir().unwrap(), free_port(), owner("mysql"));
        let place = directory.path().join("data");
        let first = directory.path().join("first.sql");
        let grants = "CREATE DATABASE test2;\nCREATE USER tester@localhost IDENTIFIED BY 'secret';\nGRANT ALL ON *.* TO tester@localhost;\n";
        std::fs::write(&first, grants).unwrap();
        own(directory.path(), owner);
        own(&first, owner);
        let mut make = Command::new("mariadb-install-db");
        make.arg(format!("--datadir={}", place.display())).args(["--no-defaults", "--skip-test-db"]);
        finish(make, owner);
        let mut arguments = vec!["--no-defaults".to_owned(), "--bind-address=127.0.0.1".to_owned()];
        arguments.push(format!("--port={port}"));
        for (name, path) in
            [("datadir", "data"), ("socket", "socket"), ("pid-file", "pid"), ("init-file", "first.sql")]
        {
            arguments.push(format!("--{name}={}", directory.path().join(path).display()));
        }
        Self::start(PathBuf::from("mariadbd"), arguments, owner, directory, port)
    }

    fn start(
        program: PathBuf,
        arguments: Vec<String>,
        owner: Option<(u32, u32)>,
        directory: TempDir,
        port: u16,
    ) -> Self {
        let process = started(&program, &arguments, owner);
        let server = Self { program, arguments, owner, directory, port, process };
        server.is_ready();
        server
    }

    /// Waits until it answers: `PostgreSQL` listens before it is ready.
    fn is_ready(&self) {
        listens(self.port);
        let asks = self.program.with_file_name("pg_isready");
        let ready = || {
            let mut command = Command::new(&asks);
            command.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            command.status().is_ok_and(|status| status.success())
        };
        while asks.exists() && !ready() {}
    }

    /// Stops it at once, without a word to its clients.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = started(&self.program, &self.arguments, self.owner);
        self.is_ready();
    }

    /// Puts a file beside its own, for its eyes alone; the path there.
    pub(crate) fn keep(&self, file: &Path) -> String {
        let path = self.directory.path().join(file.file_name().unwrap());
        std::fs::copy(file, &path).unwrap();
        own(&path, self.owner);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    /// Starts it again with further settings (of `PostgreSQL`).
    pub(crate) fn restart_with(&mut self, settings: &[&str]) {
        self.kill();
        for setting in settings {
            self.arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        self.restart();
    }

    /// Its address for the user `tester`.
    pub(crate) fn url(&self, scheme: &str, database: &str) -> String {
        format!("{scheme}://tester:secret@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// The newest version below a place, by its number.
fn newest(place: &str) -> PathBuf {
    let versions = std::fs::read_dir(place);
    let versions = versions.unwrap_or_else(|e| panic!("{place}: {e}; `cargo xtask setup` installs it"));
    let number = |path: &PathBuf| path.file_name().and_then(|n| n.to_str()?.parse::<u32>().ok());
    versions.map(|entry| entry.unwrap().path()).max_by_key(number).unwrap().join("bin")
}

/// Who is to run a server when we are the superuser: the user that its package made.
fn owner(name: &str) -> Option<(u32, u32)> {
    let me = std::fs::metadata("/proc/self").unwrap();
    if std::os::unix::fs::MetadataExt::uid(&me) != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
    let fields: Vec<&str> = line.split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}

fn own(path: &Path, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn finish(mut command: Command, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    let done =
        command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; `cargo xtask setup` installs it"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn started(program: &Path, arguments: &[String], owner: Option<(u32, u32)>) -> Child {
    let mut command = Command::new(program);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask setup` installs it", program.display()))
}
