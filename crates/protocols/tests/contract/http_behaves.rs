//! A server that behaves.

use plimsoll_model::Outcome;
use plimsoll_model::http::{Body, Connections, HttpSettings};

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
