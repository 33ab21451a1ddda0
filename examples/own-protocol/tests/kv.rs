//! The command with the protocol, against a store on a free port.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to panic where it stands")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;

type Store = Arc<Mutex<HashMap<String, String>>>;

fn serve(stream: TcpStream, store: &Store) {
    let mut writing = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words.as_slice() {
            ["SET", name, value] => {
                store.lock().unwrap().insert((*name).to_owned(), (*value).to_owned());
                "OK".to_owned()
            }
            ["GET", name] => store.lock().unwrap().get(*name).cloned().unwrap_or_else(|| "NONE".to_owned()),
            _ => "ERROR what?".to_owned(),
        };
        if writeln!(writing, "{answer}").is_err() {
            return;
        }
    }
}

#[test]
fn a_plan_speaks_a_protocol_that_was_brought_along() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let store = Store::default();
    let kept = store.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let store = store.clone();
            std::thread::spawn(move || serve(stream, &store));
        }
    });
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/kv.yaml");
    let given = format!("STORE=kv://{address}");
    let place = std::env::temp_dir();
    let ended = Command::new(env!("CARGO_BIN_EXE_plimsoll-example-protocol"))
        .args(["run", plan, "-e", &given, "--duration", "1s", "--quiet", "--json"])
        .current_dir(place)
        .output()
        .unwrap();
    let run: Value = serde_json::from_slice(&ended.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&ended.stderr)));
    assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
    assert_eq!(run["totals"]["connections"], 5);
    assert!(run["totals"]["ok"].as_u64() > Some(20));
    assert_eq!(kept.lock().unwrap().len(), 5);
}
