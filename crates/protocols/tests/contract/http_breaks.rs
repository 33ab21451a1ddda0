//! A server that does not behave: every failure is an outcome with a class, in bounded time.

use std::io::{Read, Write};
use std::net::TcpListener;

use plimsoll_model::dial::DialSettings;
use plimsoll_model::http::{Connections, HttpRequest, HttpSettings};
use plimsoll_model::{Operation, Outcome, SECOND_NS};

use crate::client::{Client, broken, request, service, settings};

fn impatient(url: &str) -> HttpRequest {
    HttpRequest { timeout_ns: SECOND_NS / 5, ..request("GET", url) }
}

#[test]
fn every_fault_is_an_outcome_with_a_class() {
    let table = [
        ("black_hole=1.0", Outcome::Timeout, "timeout"),
        ("reset=1.0", Outcome::ConnectError, "reset"),
        ("truncate=1.0", Outcome::ProtocolError, "truncated"),
        ("garbage=1.0", Outcome::ProtocolError, "not http"),
        ("duplicate=1.0", Outcome::ProtocolError, "surplus bytes"),
        ("endless_head=1.0", Outcome::ProtocolError, "head too large"),
        ("trickle=1.0", Outcome::Timeout, "timeout"),
        ("stall@0s+60s", Outcome::Timeout, "timeout"),
        ("connection_cap=0", Outcome::ConnectError, "closed"),
    ];
    for (fault, outcome, class) in table {
        let server = broken(&[fault]);
        let answer = Client::new(settings()).send(impatient(&server.url()));
        // A peer that closes with our request unread sends a reset instead of an end.
        let same = answer.end() == (outcome, class)
            || (fault == "connection_cap=0" && answer.end() == (outcome, "reset"));
        assert!(same, "{fault}: {:?} {:?}", answer.end(), answer.reply.failure);
        assert!(answer.reply.done_ns >= answer.reply.sent_ns.unwrap_or(0), "{fault}");
    }
}

#[test]
fn a_body_without_end_is_cut_at_the_limit() {
    let server = broken(&["endless_body=1.0"]);
    let mut limited = request("GET", &server.url());
    limited.body_bytes_max = 1_000_000;
    let answer = Client::new(settings()).send(limited);
    assert_eq!(answer.end(), (Outcome::ProtocolError, "body too large"));
    assert!(answer.reply.bytes_received < 3_000_000);
}

#[test]
fn a_trickle_that_ends_in_time_is_a_success() {
    let server = broken(&["trickle=1.0"]);
    let answer = Client::new(settings()).send(request("GET", &server.url()));
    assert_eq!((answer.reply.outcome, answer.body.len()), (Outcome::Ok, 100));
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let answer = Client::new(settings()).send(request("GET", &format!("http://127.0.0.1:{port}/")));
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"));
    assert_eq!(answer.reply.sent_ns, None);
}

#[test]
fn nobody_has_that_name() {
    let answer = Client::new(settings()).send(request("GET", "http://no-such-host.invalid/"));
    assert_eq!(answer.end(), (Outcome::ConnectError, "dns"));
}

#[test]
fn urls_and_headers_that_cannot_be_sent() {
    let mut client = Client::new(settings());
    assert_eq!(client.send(request("GET", "gopher://h/")).end(), (Outcome::AppError, "bad url"));
    let mut forged = request("GET", "http://127.0.0.1:1/");
    forged.headers.push(("X".to_owned(), "a\r\nB: c".to_owned()));
    assert_eq!(client.send(forged).end(), (Outcome::AppError, "bad header"));
}

/// A server that closes idle connections after one response each, as servers do at the worst moment.
#[test]
fn a_stale_connection_is_replaced_once_and_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    });
    let mut client = Client::new(settings());
    let first = client.send(request("GET", &url)).reply;
    let second = client.send(request("GET", &url)).reply;
    server.join().unwrap();
    assert_eq!((first.connects, first.extra_attempts, first.outcome), (1, 0, Outcome::Ok));
    assert_eq!((second.connects, second.extra_attempts, second.outcome), (1, 1, Outcome::Ok));
}

#[test]
fn waiting_for_a_connection_is_bounded_too() {
    let server = broken(&["black_hole=1.0"]);
    let mut client = Client::new(HttpSettings { connections: Connections::Shared(1), ..settings() });
    // The first gives its place back when it times out, so the second gets its turn and times out itself.
    let ends: Vec<_> = (0..2).map(|_| client.send(impatient(&server.url())).reply.outcome).collect();
    assert_eq!(ends, [Outcome::Timeout, Outcome::Timeout]);
}

#[test]
fn what_is_blocked_is_never_dialled() {
    let echo = service("echo");
    let dial = DialSettings {
        blocked_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        blocked_names: vec!["*.test".to_owned()],
        ..DialSettings::default()
    };
    let mut client = Client::new(HttpSettings { dial, ..settings() });
    for (url, class) in [
        (format!("http://{}/", echo.address()), "blocked address"),
        ("http://a.test/".to_owned(), "blocked name"),
    ] {
        let answer = client.send(request("GET", &url));
        assert_eq!(answer.end(), (Outcome::ConnectError, class), "{:?}", answer.reply.failure);
        assert_eq!((answer.reply.connects, answer.reply.bytes_sent), (0, 0));
    }
}

#[test]
fn connections_come_from_the_addresses_that_are_given_in_turn() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let peers = std::thread::spawn(move || {
        (0..3)
            .map(|_| {
                let (mut tcp, peer) = listener.accept().unwrap();
                tcp.read_exact(&mut [0; 16]).unwrap();
                tcp.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
                peer.ip().to_string()
            })
            .collect::<Vec<_>>()
    });
    let local_addresses = ["127.0.0.5", "127.0.0.6"].map(|ip| ip.parse().unwrap()).to_vec();
    let dial = DialSettings { local_addresses, ..DialSettings::default() };
    let mut client = Client::new(HttpSettings { dial, reuse: false, ..settings() });
    for _ in 0..3 {
        client.send(request("GET", &url));
    }
    assert_eq!(peers.join().unwrap(), ["127.0.0.5", "127.0.0.6", "127.0.0.5"]);
}

#[test]
fn a_request_that_is_given_up_harms_nobody() {
    let target = broken(&["black_hole=1.0"]);
    let echo = service("echo");
    let mut client = Client::new(settings());
    let slow = Operation::Http(request("GET", &format!("{}/", target.url())));
    client.give_up(slow, std::time::Duration::from_millis(50));
    let next = client.send(request("GET", &format!("{}/echo", echo.url())));
    assert_eq!((next.reply.outcome, next.reply.connects), (Outcome::Ok, 1), "{next:?}");
}
