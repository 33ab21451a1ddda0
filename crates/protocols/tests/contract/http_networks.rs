//! Networks between users and a server: what they carry arrives whole, each has connections of its own, and what breaks is told.

use std::io::{Read, Write};

use plimsoll_model::dial::{DialSettings, NetworkConditions};
use plimsoll_model::http::{Body, HttpSettings, HttpVersion};
use plimsoll_model::{Outcome, SECOND_NS};

use crate::client::{Client, request, service, settings};

/// Everything there is, but so little of it that a test is quick.
const EVERYTHING: NetworkConditions = NetworkConditions {
    latency_ns: 2_000_000,
    jitter_ns: 1_000_000,
    bandwidth_bits_per_s: 800_000_000,
    lost_per_million: 10_000,
};

fn over(networks: Vec<NetworkConditions>, version: HttpVersion) -> Client {
    let dial = DialSettings { networks, ..DialSettings::default() };
    Client::new(HttpSettings { dial, version, ..settings() })
}

#[test]
fn what_is_carried_arrives_whole_over_either_version() {
    let server = service("echo");
    for version in [HttpVersion::One, HttpVersion::Two] {
        let mut client = over(vec![EVERYTHING], version);
        let mut connects = 0;
        for bytes in [0, 1, 20_000, 300_000] {
            let mut post = request("POST", &format!("{}/echo", server.url()));
            post.body = Body::Bytes(vec![b'x'; bytes].into());
            post.network = Some(0);
            let answer = client.send(post);
            assert_eq!(answer.end(), (Outcome::Ok, ""), "{version:?} {bytes}: {:?}", answer.reply.failure);
            assert!(answer.text().contains(&format!("\"body_bytes\":{bytes}")), "{}", answer.text());
            connects += answer.reply.connects;
        }
        assert_eq!(connects, 1, "{version:?}");
    }
}

#[test]
fn each_network_has_connections_of_its_own() {
    let server = service("echo");
    let mut client = over(vec![EVERYTHING, EVERYTHING], HttpVersion::One);
    let mut ask = |network| {
        let mut get = request("GET", &format!("{}/echo", server.url()));
        get.network = network;
        client.send(get).reply.connects
    };
    let connects: Vec<_> = [None, Some(0), Some(1), None, Some(0), Some(1)].map(&mut ask).to_vec();
    assert_eq!(connects, [1, 1, 1, 0, 0, 0]);
    // A number that is no network's is no network.
    assert_eq!(ask(Some(7)), 1);
}

#[test]
fn what_breaks_behind_a_network_is_told_as_it_is_without_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut tcp, _) = listener.accept().unwrap();
            tcp.read_exact(&mut [0; 16]).unwrap();
            tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").unwrap();
        }
    });
    let mut client = over(vec![EVERYTHING], HttpVersion::One);
    let mut ask = |network| {
        let mut get = request("GET", &url);
        get.network = network;
        let answer = client.send(get);
        (answer.reply.outcome, answer.class().to_owned())
    };
    let (plain, behind) = (ask(None), ask(Some(0)));
    server.join().unwrap();
    assert!(plain.0.is_failure(), "{plain:?}");
    // Bytes that were on their way when the server hung up may be answered with a reset.
    assert_eq!(plain.0, behind.0, "{plain:?} {behind:?}");
}

#[test]
fn a_network_slower_than_the_timeout_times_out() {
    let server = service("echo");
    let slow = NetworkConditions { latency_ns: SECOND_NS / 5, ..NetworkConditions::default() };
    let mut client = over(vec![slow], HttpVersion::One);
    let mut get = request("GET", &format!("{}/echo", server.url()));
    (get.network, get.timeout_ns) = (Some(0), SECOND_NS / 4);
    // Making the connection takes one round trip, the request another.
    let answer = client.send(get);
    assert_eq!(answer.reply.outcome, Outcome::Timeout, "{:?}", answer.reply);
}
