//! Examples that need a server of their own kind, against the real one.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::plimsoll::{Place, read_json};

/// A server that stops with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Starts a server and waits until it listens.
fn started(program: &str, arguments: &[&str], port: u16) -> Server {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn();
    let server =
        Server(process.unwrap_or_else(|e| panic!("{program} starts ({e}); `cargo xtask setup` installs it")));
    let is_there = (0..2_000).any(|_| {
        let is_there = TcpStream::connect(("127.0.0.1", port)).is_ok();
        if !is_there {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_there
    });
    assert!(is_there, "{program} does not listen");
    server
}

#[test]
fn the_example_for_redis_runs() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new();
    let directory = place.path("");
    let text = port.to_string();
    let arguments =
        ["--bind", "127.0.0.1", "--port", &text, "--save", "", "--dir", directory.to_str().unwrap()];
    let _server = started("redis-server", &arguments, port);
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/protocols/redis.yaml");
    let url = format!("REDIS=redis://127.0.0.1:{port}");
    let ended = place.plimsoll(&["run", plan, "-e", &url, "--duration", "2s", "--quiet", "--out", "run"]);
    let run = read_json(&place.path("run/run.json")).unwrap_or_else(|| panic!("{ended:?}"));
    assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
    let counts: Vec<_> =
        run["steps"].as_array().unwrap().iter().map(|s| s["outcomes"]["ok"]["count"].clone()).collect();
    assert!(
        counts.len() == 4 && counts.iter().all(|n| *n == counts[0] && n.as_u64() > Some(0)),
        "{counts:?}"
    );
    // Everything that was written is there; of the others some are and some are not, and each is one or the other.
    let counted = |name: &str| {
        let all = run["counted"].as_array().unwrap();
        all.iter().find(|c| c["name"] == name).unwrap()["count"].as_u64().unwrap()
    };
    assert_eq!((Some(counted("read.hit")), counted("read.miss")), (counts[2].as_u64(), 0));
    assert_eq!(Some(counted("recent.hit") + counted("recent.miss")), counts[3].as_u64());
    assert!(counted("recent.miss") > 0);
    let verdict = |text: &str| run["claims"].as_array().unwrap().iter().find(|c| c["text"] == text).unwrap();
    assert_eq!(verdict("share(read.hit) == 100%")["verdict"], "VERIFIED");
    assert_ne!(verdict("share(recent.hit) < 60%")["verdict"], "REFUTED");
}
