//! A server that behaves.

use std::io::{Read, Write};
use std::net::TcpListener;

use plimsoll_model::http::{Body, Connections, HttpRequest, HttpSettings};
use plimsoll_model::{Outcome, SECOND_NS};
use plimsoll_protocols::http::Http;
use rustix::net::sockopt::set_socket_send_buffer_size;

use crate::client::{Client, request, service, settings};

#[test]
fn connections_are_kept_and_counted() {
    let server = service("echo");
    let url = format!("{}/echo", server.url());
    let mut client = Client::new(settings());
    let connects: Vec<_> = (0..3).map(|_| client.send(request("GET", &url)).reply.connects).collect();
    assert_eq!(connects, [1, 0, 0]);
    let mut impatient = Client::new(HttpSettings { reuse: false, ..settings() });
    let answers: Vec<_> = (0..2).map(|_| impatient.send(request("GET", &url))).collect();
    assert!(answers.iter().all(|a| a.reply.connects == 1 && a.text().contains("\"connection\":\"close\"")));
}

#[test]
fn a_shared_pool_serves_several_users() {
    let server = service("echo");
    let mut client = Client::new(HttpSettings { connections: Connections::Shared(1), ..settings() });
    let url = format!("{}/status/204", server.url());
    let answers: Vec<_> = (0..3).map(|_| client.send(request("GET", &url)).reply).collect();
    assert!(answers.iter().all(|r| r.status == 204 && r.outcome == Outcome::Ok));
    assert_eq!(answers.iter().map(|r| r.connects).sum::<u32>(), 1);
}

#[test]
fn bodies_of_every_kind_arrive_whole() {
    let server = service("echo");
    let url = format!("{}/echo", server.url());
    let mut client = Client::new(settings());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![b'f'; 3_000_000]).unwrap();
    let large = vec![b'x'; 5_000_000];
    let bodies = [
        (Body::Empty, 0),
        (Body::Bytes(b"small".as_slice().into()), 5),
        (Body::Bytes(large.clone().into()), 5_000_000),
        (Body::Chunked(large.into(), 10_000), 5_000_000),
        (Body::File(file.path().to_owned()), 3_000_000),
    ];
    for (body, bytes) in bodies {
        for expect_continue in [false, true] {
            let mut post = request("POST", &url);
            post.body = body.clone();
            post.expect_continue = expect_continue;
            let answer = client.send(post);
            assert_eq!(answer.reply.outcome, Outcome::Ok, "{:?}", answer.reply.failure);
            assert!(
                answer.text().contains(&format!("\"body_bytes\":{bytes},"))
                    || answer.text().contains(&format!("\"body_bytes\":{bytes}}}")),
                "{}",
                answer.text()
            );
            assert!(answer.reply.bytes_sent >= bytes);
        }
    }
}

#[test]
fn large_responses_are_counted_whether_kept_or_not() {
    let server = service("echo");
    let url = format!("{}/bytes/20000000", server.url());
    let mut client = Client::new(settings());
    let kept = client.send(request("GET", &url));
    assert_eq!(kept.body.len(), 20_000_000);
    let mut dropped = request("GET", &url);
    dropped.keep = plimsoll_model::http::Keep::Status;
    let dropped = client.send(dropped);
    assert!(dropped.body.len() < 20_000_000 && dropped.reply.bytes_received > 20_000_000);
}

/// A slow client: what it reads takes its time, and those who read fast do not meet its narrow socket.
#[test]
fn an_answer_may_be_read_slowly() {
    let server = service("echo");
    let [mut one, mut other] = Client::two_of(
        &Http::new(HttpSettings { connections: Connections::Shared(4), ..settings() }).unwrap(),
    );
    let url = format!("{}/bytes/40000", server.url());
    let slowly = || HttpRequest { read_rate_per_s: Some(100_000), ..request("GET", &url) };
    let slow = one.send(slowly());
    assert_eq!((slow.reply.outcome, slow.body.len(), slow.reply.connects), (Outcome::Ok, 40_000, 1));
    // All but the last piece had its time: a twentieth of a second's bytes, and the head came besides.
    let took_ns = slow.reply.done_ns - slow.reply.sent_ns.unwrap();
    assert!(took_ns >= 350_000_000, "{took_ns}");
    let fast = other.send(request("GET", &url));
    assert_eq!((fast.body.len(), fast.reply.connects), (40_000, 1));
    assert_eq!((other.send(slowly()).reply.connects, one.send(request("GET", &url)).reply.connects), (0, 0));
    // Time that the reader takes is time of the operation.
    let impatient = one.send(HttpRequest { timeout_ns: SECOND_NS / 10, ..slowly() });
    assert_eq!(impatient.reply.outcome, Outcome::Timeout, "{impatient:?}");
}

/// A server that has more to say than sockets hold waits for who reads slowly, and for nobody else.
#[test]
fn a_server_waits_for_who_reads_slowly() {
    const BYTES: usize = 4 << 20;
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    // Those it accepts have it too: otherwise the system would take more off the server's hands than it sends.
    set_socket_send_buffer_size(&listener, 16 * 1024).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let said = std::thread::spawn(move || {
        [(), ()].map(|()| {
            let (mut socket, _) = listener.accept().unwrap();
            let _asked = socket.read(&mut [0; 1_024]).unwrap();
            write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n").unwrap();
            let pieces = [b'x'; 4_096];
            (0..BYTES / pieces.len()).take_while(|_| socket.write_all(&pieces).is_ok()).count() * pieces.len()
        })
    });
    let fast = Client::new(settings()).send(request("GET", &url));
    assert_eq!((fast.reply.outcome, fast.body.len()), (Outcome::Ok, BYTES));
    let slowly =
        HttpRequest { read_rate_per_s: Some(200_000), timeout_ns: SECOND_NS / 2, ..request("GET", &url) };
    assert_eq!(Client::new(settings()).send(slowly).reply.outcome, Outcome::Timeout);
    // What was read, and what both sockets hold, which is a few times what they were told.
    let [to_fast, to_slow] = said.join().unwrap();
    assert!(to_fast == BYTES && to_slow < BYTES / 4, "{to_fast} {to_slow}");
}

#[test]
fn a_head_has_no_body_and_the_connection_lives_on() {
    let server = service("echo");
    let mut client = Client::new(settings());
    let head = client.send(request("HEAD", &format!("{}/bytes/1000", server.url())));
    assert_eq!((head.reply.status, head.body.len()), (200, 0));
    assert!(head.headers.iter().any(|(n, v)| n == "content-length" && v == "1000"));
    assert_eq!(client.send(request("GET", &format!("{}/bytes/3", server.url()))).reply.connects, 0);
}

#[test]
fn redirects_are_followed_as_far_as_allowed_and_counted() {
    let server = service("echo");
    let mut client = Client::new(settings());
    let mut hop = request("POST", &format!("{}/redirect/3", server.url()));
    hop.body = Body::Bytes(b"once".as_slice().into());
    let left = client.send(hop.clone());
    assert_eq!((left.reply.status, left.reply.extra_attempts), (302, 0));
    hop.redirects_max = 5;
    let followed = client.send(hop.clone());
    assert_eq!((followed.reply.status, followed.reply.extra_attempts), (200, 3));
    assert!(followed.text().contains("\"method\":\"GET\""), "{}", followed.text());
    hop.redirects_max = 2;
    assert_eq!(client.send(hop).end(), (Outcome::ProtocolError, "too many redirects"));
}

#[test]
fn cookies_live_for_an_iteration() {
    let server = service("echo");
    let mut client = Client::new(HttpSettings { cookies: true, ..settings() });
    client.send(request("GET", &format!("{}/cookie/set/abc", server.url())));
    let echo = format!("{}/echo", server.url());
    assert!(client.send(request("GET", &echo)).text().contains("id=abc"));
    client.begin_iteration();
    assert!(!client.send(request("GET", &echo)).text().contains("id=abc"));
}

#[test]
fn coded_bodies_are_decoded_when_somebody_looks() {
    let server = service("echo");
    let answer = Client::new(settings()).send(request("GET", &format!("{}/gzip", server.url())));
    assert_eq!(answer.text(), r#"{"coded":true}"#);
}

#[test]
fn phases_add_up_to_the_service_time() {
    let server = service("echo");
    let mut client = Client::new(settings());
    for _ in 0..3 {
        let reply = client.send(request("GET", &format!("{}/bytes/1000000", server.url()))).reply;
        let [blocked, dns, connect, tls, send, wait, receive] = reply.phases_ns;
        assert_eq!((blocked, tls), (0, 0));
        assert_eq!(send + wait + receive, reply.done_ns - reply.sent_ns.unwrap());
        assert_eq!(connect + dns > 0, reply.connects == 1);
    }
}

#[test]
fn names_may_be_given() {
    let server = service("echo");
    let resolve = vec![("shop.test:80".to_owned(), server.address().to_string())];
    let answer =
        Client::new(HttpSettings { resolve, ..settings() }).send(request("GET", "http://shop.test/echo"));
    assert!(answer.text().contains("\"host\":\"shop.test\""), "{:?}", answer.reply);
}

#[test]
fn a_proxy_gets_the_absolute_form() {
    let proxy = service("echo");
    let mut settings = settings();
    settings.proxy.http = Some(proxy.url());
    let answer = Client::new(settings).send(request("GET", "http://nowhere.test/echo?x=1"));
    assert!(answer.text().contains("\"uri\":\"http://nowhere.test/echo?x=1\""), "{}", answer.text());
}
