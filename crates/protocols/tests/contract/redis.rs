//! Redis, against the real server; what a real server does not do is done by one that breaks off.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use plimsoll_model::command::{CommandRequest, HIT, MISS};
use plimsoll_model::message::{MessageSettings, SKIPPED, Until};
use plimsoll_model::talk::Pattern;
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::redis::{Redis, RedisChannels};

use crate::client::{Answer, Client, service};
use crate::messages::{holding, receive, send};
use crate::papers::Papers;
use crate::server::{RedisServer, free_port, until};

const CONNECT: usize = 2;
const WAIT: usize = 5;

fn commands(server: &str, all: &[&[&str]]) -> CommandRequest {
    let words = |command: &&[&str]| command.iter().map(|word| word.as_bytes().to_vec()).collect();
    CommandRequest {
        server: server.into(),
        commands: all.iter().map(words).collect(),
        timeout_ns: 10 * SECOND_NS,
    }
}

fn ask(client: &mut Client, server: &str, command: &[&str]) -> Answer {
    client.perform(Operation::Command(commands(server, &[command])))
}

fn client() -> Client {
    Client::of(&Redis::new(&MessageSettings::default()).unwrap())
}

#[test]
fn what_was_set_is_there_and_what_was_not_is_nothing() {
    let server = RedisServer::start(&[]);
    let mut client = client();
    let set = ask(&mut client, &server.url(), &["SET", "k", "{\"a\": 1}"]);
    assert_eq!(
        (set.reply.outcome, set.text().as_str(), set.reply.connects),
        (Outcome::Ok, "OK", 1),
        "{set:?}"
    );
    assert!(set.reply.phases_ns[CONNECT] > 0 && set.reply.phases_ns[WAIT] > 0);
    let got = ask(&mut client, &server.url(), &["GET", "k"]);
    assert_eq!((got.text().as_str(), got.reply.connects, got.reply.bytes_received), ("{\"a\": 1}", 0, 8));
    let missing = ask(&mut client, &server.url(), &["GET", "nothing"]);
    assert_eq!((missing.reply.outcome, missing.body.len()), (Outcome::Ok, 0));
    assert_eq!((got.parts, missing.parts), (vec![Reading::event(HIT)], vec![Reading::event(MISS)]));
    assert_eq!(ask(&mut client, &server.url(), &["INCRBY", "n", "5"]).text(), "5");
    assert_eq!(
        ask(&mut client, &format!("{}?protocol=resp3", server.url()), &["HGETALL", "nothing"]).text(),
        "{}"
    );
}

/// Whatever both know, the built-in cache answers as the real server does, in both versions of the protocol.
#[test]
fn the_built_in_cache_answers_as_the_real_server_does() {
    let told = [
        "PING",
        "PING hello",
        "ECHO hello",
        "GET a",
        "SET a 1 EX 100",
        "TTL a",
        "GET a",
        "STRLEN a",
        "TYPE a",
        "TYPE b",
        "SET a 2 NX",
        "SET a 2 XX GET KEEPTTL",
        "TTL a",
        "SETNX a 3",
        "SETEX b 100 x",
        "PERSIST b",
        "PERSIST b",
        "TTL b",
        "TTL c",
        "INCR n",
        "INCRBY n 41",
        "DECRBY n 2",
        "INCR b",
        "MSET c 3 d 4",
        "MGET a x c d",
        "EXISTS a b x a",
        "EXPIRE c 100",
        "EXPIRE x 100",
        "EXPIRE d 0",
        "EXISTS d",
        "TOUCH a x",
        "DEL a x",
        "UNLINK b",
        "DBSIZE",
        "GET",
        "SET a",
        "SET a 1 EX none",
        "SET a 1 EX -1",
        "SET a 1 KEEP",
        "MSET a",
        "NOSUCH",
        "SELECT 0",
        "SELECT 99",
        "CLIENT SETNAME me",
        "CLIENT GETNAME",
        "FLUSHALL",
        "DBSIZE",
    ];
    let (real, ours) = (RedisServer::start(&[]), service("cache"));
    for version in ["", "?protocol=resp3"] {
        let servers = [real.url(), ours.url()].map(|url| format!("{url}{version}"));
        let mut clients = [client(), client()];
        for line in told {
            let words: Vec<_> = line.split(' ').collect();
            let [expected, found] = [0, 1].map(|at| ask(&mut clients[at], &servers[at], &words));
            // Of a refusal its code; its words may be their own.
            let said = |answer: &Answer| (answer.reply.outcome == Outcome::Ok).then(|| answer.text());
            assert_eq!((found.end(), said(&found)), (expected.end(), said(&expected)), "{line}{version}");
            assert_eq!(found.parts, expected.parts, "{line}{version}");
        }
        let all = [&["SET", "a", "1"][..], &["INCR", "a"], &["GET", "a"]];
        let [expected, found] =
            [0, 1].map(|at| clients[at].perform(Operation::Command(commands(&servers[at], &all))).text());
        assert_eq!(found, expected);
        for (client, server) in clients.iter_mut().zip(&servers) {
            assert_eq!(ask(client, server, &["FLUSHALL"]).text(), "OK");
        }
    }
}

#[test]
fn several_commands_go_together() {
    let server = RedisServer::start(&[]);
    let all = commands(&server.url(), &[&["SET", "a", "1"], &["INCR", "a"], &["GET", "a"]]);
    let answer = client().perform(Operation::Command(all));
    assert_eq!(
        (answer.reply.outcome, answer.text().as_str()),
        (Outcome::Ok, "[\"OK\",2,\"2\"]"),
        "{answer:?}"
    );
}

#[test]
fn a_refusal_is_a_failure_with_the_servers_own_code() {
    let server = RedisServer::start(&[]);
    let mut client = client();
    ask(&mut client, &server.url(), &["SET", "text", "x"]);
    let answer = ask(&mut client, &server.url(), &["LPUSH", "text", "y"]);
    assert_eq!(answer.end(), (Outcome::AppError, "WRONGTYPE"), "{:?}", answer.reply.failure);
    assert_eq!(ask(&mut client, &server.url(), &["NOSUCH"]).reply.outcome, Outcome::AppError);
    let all = commands(&server.url(), &[&["GET", "text"], &["LPUSH", "text", "y"]]);
    assert_eq!(client.perform(Operation::Command(all)).end(), (Outcome::AppError, "WRONGTYPE"));
    // None of these is the connection's fault.
    assert_eq!(ask(&mut client, &server.url(), &["GET", "text"]).reply.connects, 0);
}

#[test]
fn there_is_no_server() {
    let url = format!("redis://127.0.0.1:{}", free_port());
    let answer = ask(&mut client(), &url, &["PING"]);
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{:?}", answer.reply.failure);
    assert!(answer.reply.sent_ns.is_none());
    let answer = ask(&mut client(), "redis://nobody.invalid", &["PING"]);
    assert_eq!(answer.end(), (Outcome::ConnectError, "dns"), "{:?}", answer.reply.failure);
    assert_eq!(ask(&mut client(), "ftp://nowhere", &["PING"]).end(), (Outcome::AppError, "bad url"));
}

#[test]
fn a_stranger_is_refused() {
    let server = RedisServer::start(&["--requirepass", "secret"]);
    let known = server.url().replace("redis://", "redis://:secret@");
    assert_eq!(ask(&mut client(), &known, &["PING"]).text(), "PONG");
    let wrong = server.url().replace("redis://", "redis://:wrong@");
    let answer = ask(&mut client(), &wrong, &["PING"]);
    assert_eq!(answer.end(), (Outcome::ConnectError, "credentials"), "{:?}", answer.reply.failure);
    assert_eq!(ask(&mut client(), &server.url(), &["PING"]).end(), (Outcome::AppError, "NOAUTH"));
}

#[test]
fn a_reply_that_does_not_come_is_a_timeout_and_is_not_taken_for_another() {
    let server = RedisServer::start(&[]);
    let mut client = client();
    let slow =
        CommandRequest { timeout_ns: SECOND_NS / 5, ..commands(&server.url(), &[&["BLPOP", "empty", "0"]]) };
    assert_eq!(client.perform(Operation::Command(slow)).end(), (Outcome::Timeout, "timeout"));
    let next = ask(&mut client, &server.url(), &["ECHO", "after"]);
    assert_eq!((next.text().as_str(), next.reply.connects), ("after", 1));
    let waiting = commands(&server.url(), &[&["BLPOP", "empty", "0"]]);
    client.give_up(Operation::Command(waiting), Duration::from_millis(50));
    // What was given up is still under way on its connection, which is of no use any more.
    let next = ask(&mut client, &server.url(), &["ECHO", "again"]);
    assert_eq!((next.text().as_str(), next.reply.connects), ("again", 1));
}

#[test]
fn a_slow_reply_is_waited_for() {
    let server = RedisServer::start(&[]);
    let slow = ask(&mut client(), &server.url(), &["BLPOP", "empty", "0.2"]);
    assert_eq!((slow.reply.outcome, slow.body.len()), (Outcome::Ok, 0), "{slow:?}");
    assert!(slow.reply.phases_ns[WAIT] >= 100_000_000);
}

#[test]
fn a_large_value_travels_whole() {
    let server = RedisServer::start(&[]);
    let mut client = client();
    let large = "x".repeat(8 << 20);
    assert_eq!(ask(&mut client, &server.url(), &["SET", "large", &large]).text(), "OK");
    assert_eq!(ask(&mut client, &server.url(), &["GET", "large"]).body.len(), large.len());
}

#[test]
fn a_server_that_comes_back_is_dialled_again_and_that_is_counted() {
    let mut server = RedisServer::start(&[]);
    let mut client = client();
    assert_eq!(ask(&mut client, &server.url(), &["PING"]).reply.connects, 1);
    server.kill();
    let lost = ask(&mut client, &server.url(), &["PING"]);
    assert_eq!(lost.reply.outcome, Outcome::ConnectError, "{lost:?}");
    let refused = ask(&mut client, &server.url(), &["PING"]);
    assert_eq!(refused.end(), (Outcome::ConnectError, "refused"), "{refused:?}");
    server.restart();
    let back = ask(&mut client, &server.url(), &["PING"]);
    assert_eq!((back.text().as_str(), back.reply.connects), ("PONG", 1), "{back:?}");
}

/// A server that answers whatever comes with `words`, and hangs up.
fn breaking(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            // The greeting of the client, and its command.
            let _some = tcp.read(&mut [0; 4_096]);
            // The client may be gone before these words are.
            let _unheard = tcp.write_all(words.as_bytes());
        }
    });
    url
}

#[test]
fn a_reply_that_breaks_off_is_no_success() {
    for words in ["$100\r\nhalf", ""] {
        let answer = ask(&mut client(), &breaking(words), &["GET", "k"]);
        assert_eq!(answer.reply.outcome, Outcome::ConnectError, "{words:?}: {answer:?}");
    }
}

#[test]
fn what_is_no_redis_is_said_to_be_none() {
    let answer = ask(&mut client(), &breaking("HTTP/1.1 400 Bad Request\r\n\r\n"), &["GET", "k"]);
    assert_eq!(answer.class(), "not redis", "{answer:?}");
}

#[test]
fn what_is_published_on_a_channel_reaches_whoever_listens() {
    let mut server = RedisServer::start(&[]);
    let url = server.url();
    let [mut teller, mut listener] = Client::two_of(&RedisChannels::new(MessageSettings::default()));
    let unheard = send(&mut teller, &url, "told.x", "nobody hears this", Until::Sent);
    assert_eq!((unheard.end(), unheard.reply.connects), ((Outcome::Ok, ""), 1));
    assert_eq!(receive(&mut listener, &url, "told.*", None).end(), (Outcome::Ok, ""));
    for payload in ["one", "two", "three"] {
        assert_eq!(send(&mut teller, &url, "told.x", payload, Until::Sent).end(), (Outcome::Ok, ""));
    }
    let first = receive(&mut listener, &url, "told.*", Some(Pattern::any()));
    assert_eq!(
        (first.text().as_str(), first.headers),
        ("one", vec![("channel".to_owned(), "told.x".to_owned())])
    );
    let third = receive(&mut listener, &url, "told.*", Some(holding("three")));
    assert_eq!(third.parts, [Reading::number(SKIPPED, 1)]);
    assert_eq!(
        receive(&mut listener, &url, "told.*", Some(Pattern::any())).end(),
        (Outcome::Timeout, "timeout")
    );
    server.kill();
    assert_eq!(
        receive(&mut listener, &url, "told.*", Some(Pattern::any())).end(),
        (Outcome::ConnectError, "closed")
    );
    let lost = send(&mut teller, &url, "told.x", "x", Until::Sent);
    assert_eq!(lost.reply.outcome, Outcome::ConnectError, "{:?}", lost.reply.failure);
    server.restart();
    let back = send(&mut teller, &url, "told.x", "x", Until::Sent);
    assert_eq!((back.end(), back.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", back.reply.failure);
}

#[test]
fn connections_are_encrypted_and_both_sides_show_who_they_are() {
    let (papers, port) = (Papers::issue(), free_port());
    let path = |name: &str| papers.path(name).display().to_string();
    let (port_text, ca, cert, key) =
        (port.to_string(), path("ca.pem"), path("server.pem"), path("server.key"));
    let _server = RedisServer::start(&[
        "--tls-port",
        &port_text,
        "--tls-ca-cert-file",
        &ca,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
    ]);
    let url = format!("rediss://localhost:{port}");
    let asked =
        |settings: MessageSettings| ask(&mut Client::of(&Redis::new(&settings).unwrap()), &url, &["PING"]);
    let trusting = MessageSettings { ca_file: Some(papers.path("ca.pem")), ..MessageSettings::default() };
    let pair = Some((papers.path("client.pem"), papers.path("client.key")));
    let known = MessageSettings { client_pair: pair, ..trusting.clone() };
    assert_eq!(asked(known.clone()).text(), "PONG");
    // Neither a server that nobody vouches for, nor a client that shows nothing.
    assert_eq!(asked(MessageSettings::default()).reply.outcome, Outcome::ConnectError);
    assert_ne!(asked(trusting).reply.outcome, Outcome::Ok);
    assert_eq!(asked(MessageSettings { ca_file: None, skip_verify: true, ..known.clone() }).text(), "PONG");
    assert!(Redis::new(&MessageSettings { ca_file: Some("nowhere.pem".into()), ..known }).is_err());
}

/// Two servers with half of the slots each.
fn cluster() -> [RedisServer; 2] {
    let servers = [(0, 8_191), (8_192, 16_383)].map(|(from, to)| {
        let bus = free_port().to_string();
        let server = RedisServer::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
        let slots = ["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()];
        assert_eq!(ask(&mut client(), &server.url(), &slots).text(), "OK");
        (server, bus)
    });
    let [(first, _), (second, bus)] = servers;
    let port = second.url().rsplit(':').next().unwrap().to_owned();
    let mut speaker = client();
    assert_eq!(ask(&mut speaker, &first.url(), &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).text(), "OK");
    for server in [&first, &second] {
        until(|| ask(&mut speaker, &server.url(), &["CLUSTER", "INFO"]).text().contains("cluster_state:ok"));
        until(|| ask(&mut speaker, &server.url(), &["CLUSTER", "SLOTS"]).text().contains("8192"));
    }
    [first, second]
}

#[test]
fn commands_find_their_server_of_a_cluster() {
    let servers = cluster();
    let settings = MessageSettings { is_cluster: true, ..MessageSettings::default() };
    let mut whole = Client::of(&Redis::new(&settings).unwrap());
    // `foo` and `bar` belong to different halves.
    for key in ["foo", "bar"] {
        let set = ask(&mut whole, &servers[0].url(), &["SET", key, "1"]);
        assert_eq!((set.reply.outcome, set.text().as_str()), (Outcome::Ok, "OK"), "{set:?}");
        assert_eq!(ask(&mut whole, &servers[0].url(), &["GET", key]).text(), "1");
    }
    let together = commands(&servers[0].url(), &[&["INCR", "foo"], &["GET", "foo"]]);
    assert_eq!(whole.perform(Operation::Command(together)).text(), "[2,\"2\"]");
    let sizes: Vec<_> = servers.iter().map(|s| ask(&mut client(), &s.url(), &["DBSIZE"]).text()).collect();
    assert_eq!(sizes, ["1", "1"]);
    // Who does not know that it is one is sent on, which is a failure.
    let ends: Vec<_> = ["foo", "bar"]
        .iter()
        .map(|key| ask(&mut client(), &servers[0].url(), &["GET", key]).reply.outcome)
        .collect();
    assert!(ends.contains(&Outcome::AppError) && ends.contains(&Outcome::Ok), "{ends:?}");
}
