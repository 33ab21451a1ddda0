//! NATS, against the real server; what a real server does not do is done by one that breaks off.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use futures::StreamExt;
use plimsoll_model::http::Connections;
use plimsoll_model::message::{LAG, MessageRequest, MessageSettings, ReceiveRequest, SKIPPED, Source, Until};
use plimsoll_model::talk::Pattern;
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::nats::Nats;

use crate::client::{Answer, Client, two_at_once};
use crate::messages::{self, declare, holding, receive, send, source, take};
use crate::papers::Papers;
use crate::server::{NatsServer, free_port};

const CONNECT: usize = 2;
const WAIT: usize = 5;

fn client() -> Client {
    Client::of(&Nats::new(MessageSettings::default()))
}

fn message(server: &str, subject: &str, until: Until) -> MessageRequest {
    messages::message(server, subject, "hello", until)
}

fn ask(client: &mut Client, server: &str, subject: &str) -> Answer {
    client.perform(Operation::Message(message(server, subject, Until::Answered)))
}

/// Answers until the test ends: `echo` what it is sent, `slow` after a while, `silent` never, `seen` with how many
/// messages came on `news`.
fn responder(server: &str) {
    let (server, (ready, is_ready)) = (server.to_owned(), channel());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = async_nats::connect(server).await.unwrap();
            let mut messages = client.subscribe(">").await.unwrap();
            client.flush().await.unwrap();
            ready.send(()).unwrap();
            let mut seen = 0;
            while let Some(message) = messages.next().await {
                let Some(reply) = message.reply else {
                    seen += usize::from(message.subject.as_str() == "news");
                    continue;
                };
                let answer = match message.subject.as_str() {
                    "echo" => message.payload,
                    "slow" => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        message.payload
                    }
                    "seen" => seen.to_string().into(),
                    _ => continue,
                };
                client
                    .publish_with_headers(reply, message.headers.unwrap_or_default(), answer)
                    .await
                    .unwrap();
            }
        });
    });
    is_ready.recv().unwrap();
}

#[test]
fn a_request_is_answered_with_what_it_brought() {
    let server = NatsServer::start(&[]);
    responder(&server.url());
    let mut client = client();
    let mut request = message(&server.url(), "echo", Until::Answered);
    request.headers.push(("X-Trace".to_owned(), "t-1".to_owned()));
    let answer = client.perform(Operation::Message(request.clone()));
    assert_eq!(
        (answer.reply.outcome, answer.text().as_str()),
        (Outcome::Ok, "hello"),
        "{:?}",
        answer.reply.failure
    );
    assert_eq!(answer.headers, request.headers);
    assert_eq!((answer.reply.connects, answer.reply.bytes_sent, answer.reply.bytes_received), (1, 15, 15));
    assert!(answer.reply.phases_ns[CONNECT] > 0 && answer.reply.phases_ns[WAIT] > 0);
    let again = client.perform(Operation::Message(request));
    assert_eq!((again.reply.connects, again.reply.phases_ns[CONNECT]), (0, 0));
    let slow = ask(&mut client, &server.url(), "slow");
    assert!(slow.reply.outcome == Outcome::Ok && slow.reply.phases_ns[WAIT] >= 100_000_000);
}

#[test]
fn what_is_published_arrives() {
    let server = NatsServer::start(&[]);
    responder(&server.url());
    let mut client = client();
    for _ in 0..3 {
        let sent = client.perform(Operation::Message(message(&server.url(), "news", Until::Sent)));
        assert_eq!(sent.reply.outcome, Outcome::Ok);
    }
    assert_eq!(ask(&mut client, &server.url(), "seen").text(), "3");
}

#[test]
fn what_is_stored_is_acknowledged_and_what_nobody_stores_is_not() {
    let server = NatsServer::start(&["-js"]);
    let url = server.url();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut stream = runtime.block_on(async {
        let context = jetstream::new(async_nats::connect(&url).await.unwrap());
        let config = stream::Config {
            name: "KEPT".to_owned(),
            subjects: vec!["kept.*".to_owned()],
            ..Default::default()
        };
        context.create_stream(config).await.unwrap()
    });
    let mut client = client();
    for _ in 0..3 {
        let stored = client.perform(Operation::Message(message(&url, "kept.a", Until::Stored)));
        assert_eq!(stored.reply.outcome, Outcome::Ok, "{:?}", stored.reply.failure);
    }
    assert_eq!(runtime.block_on(stream.info()).unwrap().state.messages, 3);
    let lost = client.perform(Operation::Message(message(&url, "lost", Until::Stored)));
    assert_eq!(lost.end(), (Outcome::ProtocolError, "no stream"));
}

#[test]
fn what_is_subscribed_to_is_taken_in_order_and_a_group_shares_it() {
    let server = NatsServer::start(&[]);
    let url = server.url();
    let (mut teller, mut listener) = (client(), client());
    assert_eq!(receive(&mut listener, &url, "told.*", None).reply.outcome, Outcome::Ok);
    for payload in ["one", "two", "three"] {
        assert_eq!(send(&mut teller, &url, "told.x", payload, Until::Sent).reply.outcome, Outcome::Ok);
    }
    assert_eq!(receive(&mut listener, &url, "told.*", Some(Pattern::any())).text(), "one");
    let third = receive(&mut listener, &url, "told.*", Some(holding("three")));
    assert_eq!(
        (third.text().as_str(), third.parts.as_slice()),
        ("three", &[Reading::number(SKIPPED, 1)][..])
    );
    let nothing = receive(&mut listener, &url, "told.*", Some(Pattern::any()));
    assert_eq!(nothing.end(), (Outcome::Timeout, "timeout"));
    // Of ten messages to a group of two, each is taken by one of them.
    let mut members = [client(), client()];
    let shared = Source { group: Some("workers".to_owned()), ..source("jobs") };
    for member in &mut members {
        assert_eq!(take(member, &url, shared.clone(), None).reply.outcome, Outcome::Ok);
    }
    for _ in 0..10 {
        send(&mut teller, &url, "jobs", "job", Until::Sent);
    }
    let mut taken = 0;
    for member in &mut members {
        while take(member, &url, shared.clone(), Some(Pattern::any())).reply.outcome == Outcome::Ok {
            taken += 1;
        }
    }
    assert_eq!(taken, 10);
}

#[test]
fn what_jetstream_has_stored_is_taken_once_by_a_group_and_it_says_how_much_is_left() {
    let server = NatsServer::start(&["-js"]);
    let url = server.url();
    let mut client = client();
    let made = declare(&mut client, &url, "KEPT", &[("subjects", "kept.*, more.*")]);
    assert_eq!(made.reply.outcome, Outcome::Ok, "{:?}", made.reply.failure);
    for payload in ["one", "two", "three"] {
        assert_eq!(send(&mut client, &url, "kept.a", payload, Until::Stored).reply.outcome, Outcome::Ok);
    }
    let group = Some("workers".to_owned());
    let stored = Source { group, stored: true, from_beginning: true, ..source("kept.a") };
    let first = take(&mut client, &url, stored.clone(), Some(Pattern::any()));
    assert_eq!(first.text(), "one", "{:?}", first.reply.failure);
    assert_eq!(first.parts, [Reading::number(SKIPPED, 0), Reading::number(LAG, 2)]);
    // The next member goes on where this one was; who reads alone and from now on sees nothing of it.
    let mut other = self::client();
    let second = take(&mut other, &url, stored, Some(Pattern::any()));
    assert_eq!(second.text(), "two", "{:?}", second.reply.failure);
    let alone = Source { stored: true, ..source("kept.a") };
    assert_eq!(take(&mut other, &url, alone.clone(), None).reply.outcome, Outcome::Ok);
    assert_eq!(send(&mut client, &url, "kept.a", "four", Until::Stored).reply.outcome, Outcome::Ok);
    assert_eq!(take(&mut other, &url, alone, Some(Pattern::any())).text(), "four");
    let nowhere = Source { stored: true, ..source("nowhere") };
    assert_eq!(take(&mut other, &url, nowhere, None).end(), (Outcome::ProtocolError, "no subscription"));
    let strange = declare(&mut client, &url, "OTHER", &[("colour", "red")]);
    assert_eq!(strange.end(), (Outcome::AppError, "bad setting"));
}

#[test]
fn nobody_listens() {
    let server = NatsServer::start(&[]);
    let answer = ask(&mut client(), &server.url(), "nobody");
    assert_eq!(answer.end(), (Outcome::ProtocolError, "no responders"));
    assert_eq!(answer.reply.status, 503);
}

#[test]
fn there_is_no_server() {
    let url = format!("nats://127.0.0.1:{}", free_port());
    let answer = ask(&mut client(), &url, "echo");
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{:?}", answer.reply.failure);
    assert!(answer.reply.sent_ns.is_none());
    let answer = ask(&mut client(), "nats://nobody.invalid:4222", "echo");
    assert_eq!(answer.end(), (Outcome::ConnectError, "dns"), "{:?}", answer.reply.failure);
}

#[test]
fn a_stranger_is_refused() {
    let server = NatsServer::start(&["--user", "ada", "--pass", "secret"]);
    for url in [server.url(), server.url().replace("nats://", "nats://ada:wrong@")] {
        let answer = ask(&mut client(), &url, "x");
        assert_eq!(answer.end(), (Outcome::ConnectError, "credentials"), "{url}: {:?}", answer.reply.failure);
    }
    let known =
        MessageSettings { user: Some(("ada".to_owned(), "secret".to_owned())), ..MessageSettings::default() };
    let answer = ask(&mut Client::of(&Nats::new(known)), &server.url(), "x");
    assert_eq!(answer.class(), "no responders");
    assert_eq!(
        ask(&mut client(), &server.url().replace("nats://", "nats://ada:secret@"), "x").class(),
        "no responders"
    );
}

#[test]
fn an_answer_that_does_not_come_is_a_timeout_and_harms_nobody() {
    let server = NatsServer::start(&[]);
    responder(&server.url());
    let mut client = client();
    let request =
        MessageRequest { timeout_ns: SECOND_NS / 5, ..message(&server.url(), "silent", Until::Answered) };
    let answer = client.perform(Operation::Message(request));
    assert_eq!(answer.end(), (Outcome::Timeout, "timeout"));
    client.give_up(
        Operation::Message(message(&server.url(), "silent", Until::Answered)),
        Duration::from_millis(50),
    );
    assert_eq!(ask(&mut client, &server.url(), "echo").text(), "hello");
}

#[test]
fn a_message_that_is_too_large_is_not_sent_and_a_large_one_is() {
    let server = NatsServer::start(&[]);
    responder(&server.url());
    let mut client = client();
    let sized = |bytes: usize| MessageRequest {
        payload: vec![b'x'; bytes].into(),
        ..message(&server.url(), "echo", Until::Answered)
    };
    // The server's usual limit is a mebibyte.
    let answer = client.perform(Operation::Message(sized(1 << 21)));
    assert_eq!(answer.end(), (Outcome::AppError, "too large"));
    let answer = client.perform(Operation::Message(sized(1_000_000)));
    assert_eq!((answer.reply.outcome, answer.body.len()), (Outcome::Ok, 1_000_000));
}

#[test]
fn a_server_that_comes_back_is_found_again_and_that_is_counted() {
    let mut server = NatsServer::start(&[]);
    let mut client = client();
    assert_eq!(ask(&mut client, &server.url(), "x").class(), "no responders");
    server.kill();
    let request =
        MessageRequest { timeout_ns: SECOND_NS / 5, ..message(&server.url(), "x", Until::Answered) };
    let answer = client.perform(Operation::Message(request.clone()));
    assert!(matches!(answer.reply.outcome, Outcome::Timeout | Outcome::ConnectError), "{answer:?}");
    // What is only published has no answer to wait for; it must not pass for sent all the same.
    let told = MessageRequest { timeout_ns: SECOND_NS / 5, ..message(&server.url(), "news", Until::Sent) };
    let told = client.perform(Operation::Message(told));
    assert!(matches!(told.reply.outcome, Outcome::Timeout | Outcome::ConnectError), "{told:?}");
    server.restart();
    let mut connects = 0;
    let is_back = (0..100).any(|_| {
        let answer = client.perform(Operation::Message(request.clone()));
        connects += answer.reply.connects;
        answer.class() == "no responders"
    });
    assert!(is_back, "the server was not found again");
    connects += client.perform(Operation::Message(request)).reply.connects;
    assert_eq!(connects, 1);
}

#[test]
fn users_may_share_a_connection() {
    let server = NatsServer::start(&[]);
    responder(&server.url());
    let shared = MessageSettings { connections: Connections::Shared(1), ..MessageSettings::default() };
    let mut users = Client::two_of(&Nats::new(shared));
    let connects: Vec<_> =
        users.iter_mut().map(|user| ask(user, &server.url(), "echo").reply.connects).collect();
    assert_eq!(connects, [1, 0]);
}

/// A server that says what `lines` say whenever a client has said something, and breaks off.
fn breaking(greeting: &'static str, last_words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            tcp.write_all(greeting.as_bytes()).unwrap();
            let mut lines = BufReader::new(tcp.try_clone().unwrap()).lines();
            while let Some(Ok(line)) = lines.next() {
                let said = match line.split(' ').next() {
                    Some("PING") => tcp.write_all(b"PONG\r\n"),
                    Some("PUB" | "HPUB") => {
                        // The client may be gone before these words are.
                        let _unheard = tcp.write_all(last_words.as_bytes());
                        break;
                    }
                    _ => Ok(()),
                };
                if said.is_err() {
                    break;
                }
            }
        }
    });
    url
}

const INFO: &str = "INFO {\"server_id\":\"x\",\"version\":\"2.10.0\",\"proto\":1,\"headers\":true,\"max_payload\":1048576}\r\n";

#[test]
fn a_reply_that_breaks_off_is_no_success() {
    let url = breaking(INFO, "MSG _INBOX.x.y 1 100\r\nhalf of");
    let request = MessageRequest { timeout_ns: SECOND_NS, ..message(&url, "x", Until::Answered) };
    let answer = client().perform(Operation::Message(request));
    // The client connects again; the answer is lost, and nothing says so.
    assert!(matches!(answer.reply.outcome, Outcome::Timeout | Outcome::ConnectError), "{answer:?}");
}

#[test]
fn what_is_no_nats_is_no_connection() {
    let url = breaking("HTTP/1.1 400 Bad Request\r\n\r\n", "");
    let settings = MessageSettings { connect_timeout_ns: SECOND_NS, ..MessageSettings::default() };
    let answer = ask(&mut Client::of(&Nats::new(settings)), &url, "x");
    assert_eq!(answer.reply.outcome, Outcome::ConnectError, "{:?}", answer.reply.failure);
}

#[test]
fn what_cannot_be_sent_is_said() {
    let server = NatsServer::start(&[]);
    let mut client = client();
    for (subject, headers, class) in [
        ("with space", vec![], "bad subject"),
        ("x", vec![("a b", "c")], "bad header"),
        ("x", vec![("a", "c\r\nd: e")], "bad header"),
    ] {
        let headers = headers.into_iter().map(|(n, v): (&str, &str)| (n.to_owned(), v.to_owned())).collect();
        let request = MessageRequest { headers, ..message(&server.url(), subject, Until::Answered) };
        let answer = client.perform(Operation::Message(request));
        assert_eq!(answer.end(), (Outcome::AppError, class), "{:?}", answer.reply.failure);
    }
    assert_eq!(ask(&mut client, "ftp://127.0.0.1:1", "x").end(), (Outcome::AppError, "bad url"));
}

#[test]
fn papers_are_shown_on_both_sides() {
    let papers = Papers::issue();
    let files = ["server.pem", "server.key", "ca.pem"].map(|name| papers.file(name));
    let server = NatsServer::start(&[
        "--tls",
        "--tlscert",
        &files[0],
        "--tlskey",
        &files[1],
        "--tlscacert",
        &files[2],
        "--tlsverify",
    ]);
    let url = server.url().replace("127.0.0.1", "localhost");
    let ended = |settings: MessageSettings| ask(&mut Client::of(&Nats::new(settings)), &url, "x");
    let trusting = MessageSettings { ca_file: Some(papers.path("ca.pem")), ..MessageSettings::default() };
    let stranger = ended(MessageSettings::default());
    assert_eq!(stranger.reply.outcome, Outcome::ConnectError, "{:?}", stranger.reply.failure);
    let nameless = ended(trusting.clone());
    assert_eq!(nameless.reply.outcome, Outcome::ConnectError, "{:?}", nameless.reply.failure);
    let pair = Some((papers.path("client.pem"), papers.path("client.key")));
    let known = ended(MessageSettings { client_pair: pair, ..trusting });
    assert_eq!(known.class(), "no responders", "{:?}", known.reply.failure);
}

#[test]
fn silence_is_expected_only_of_a_server_that_can_be_heard() {
    let mut server = NatsServer::start(&[]);
    let mut client = client();
    let mut patiently = |url: &str| {
        let request = ReceiveRequest {
            server: url.into(),
            source: source("told"),
            wanted: Some(Pattern::any()),
            or_nothing: true,
            timeout_ns: SECOND_NS / 5,
        };
        client.perform(Operation::Receive(request)).end().0
    };
    let url = server.url();
    assert_eq!(patiently(&url), Outcome::Rejected);
    server.kill();
    // The client notices, and tries again and again.
    let outcomes: Vec<_> = (0..5).map(|_| patiently(&url)).collect();
    assert_eq!(outcomes.last(), Some(&Outcome::Timeout), "{outcomes:?}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    assert_eq!(patiently(&url), Outcome::Timeout);
}

#[test]
fn users_that_come_at_once_share_one_connection_and_one_reconnect() {
    let mut server = NatsServer::start(&[]);
    responder(&server.url());
    let shared = MessageSettings { connections: Connections::Shared(1), ..MessageSettings::default() };
    let asked = || Operation::Message(message(&server.url(), "echo", Until::Answered));
    let both = two_at_once(&Nats::new(shared.clone()), [asked(), asked()]);
    assert_eq!(both.map(|answer| answer.reply.connects).iter().sum::<u32>(), 1);
    let mut users = Client::two_of(&Nats::new(shared));
    let url = server.url();
    let hastily = |user: &mut Client| {
        let request = MessageRequest { timeout_ns: SECOND_NS / 5, ..message(&url, "echo", Until::Answered) };
        user.perform(Operation::Message(request))
    };
    for user in &mut users {
        assert_eq!(hastily(user).reply.outcome, Outcome::Ok);
    }
    server.kill();
    server.restart();
    let mut connects = 0;
    let is_back = (0..200).any(|_| {
        let answers: Vec<_> = users.iter_mut().map(hastily).collect();
        connects += answers.iter().map(|answer| answer.reply.connects).sum::<u32>();
        answers.iter().all(|answer| answer.reply.outcome == Outcome::Ok)
    });
    assert!(is_back, "the server was not found again");
    connects += users.iter_mut().map(|user| hastily(user).reply.connects).sum::<u32>();
    assert_eq!(connects, 1);
}

#[test]
fn a_password_that_makes_no_address_is_not_shown() {
    for url in ["nats://ada:se#cret@127.0.0.1:1", "nats://ada:secret@127.0.0.1:port"] {
        let answer = ask(&mut client(), url, "x");
        assert!(!answer.reply.failure.unwrap().message.contains("cret"), "{url}");
    }
}
