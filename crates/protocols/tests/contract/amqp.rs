//! AMQP, against a real RabbitMQ.

use std::sync::mpsc::channel;
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use plimsoll_model::http::Connections;
use plimsoll_model::message::{MessageRequest, MessageSettings, SKIPPED, Until};
use plimsoll_model::talk::Pattern;
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::amqp::Amqp;

use crate::brokers::{Breaker, Rabbit, stranger};
use crate::client::Client;
use crate::messages::{declare, holding, message, receive, send};
use crate::papers::Papers;
use crate::server::free_port;

fn client() -> Client {
    Client::of(&Amqp::new(MessageSettings::default()))
}

/// Answers questions until the test ends: `slow` after a while, `silent` never.
fn responder(server: &str) {
    let (server, (ready, is_ready)) = (server.to_owned(), channel());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let connection = Connection::connect(&server, ConnectionProperties::default()).await.unwrap();
            let channel = connection.create_channel().await.unwrap();
            channel
                .queue_declare("ask".into(), QueueDeclareOptions::default(), FieldTable::default())
                .await
                .unwrap();
            let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
            let mut questions =
                channel.basic_consume("ask".into(), "".into(), options, FieldTable::default()).await.unwrap();
            ready.send(()).unwrap();
            while let Some(Ok(question)) = questions.next().await {
                let asked = String::from_utf8_lossy(&question.data).into_owned();
                if asked == "slow" {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                let back = question.properties.reply_to().clone().unwrap();
                let id = question.properties.correlation_id().clone().unwrap();
                if asked == "silent" {
                    continue;
                }
                let properties = BasicProperties::default().with_correlation_id(id);
                let answer = format!("re: {asked}");
                let answered = channel.basic_publish(
                    "".into(),
                    back,
                    BasicPublishOptions::default(),
                    answer.as_bytes(),
                    properties,
                );
                answered.await.unwrap();
            }
        });
    });
    is_ready.recv().unwrap();
}

#[test]
fn messages_are_confirmed_consumed_and_answered() {
    let server = Rabbit::start();
    let url = server.url();
    let mut client = client();
    let made = declare(&mut client, &url, "jobs", &[]);
    assert_eq!((made.reply.outcome, made.reply.connects), (Outcome::Ok, 1), "{:?}", made.reply.failure);
    // One of each kind, then a large one: what is taken is what was sent, in order, and what is passed over is counted.
    let mut first = message(&url, "jobs", "one", Until::Sent);
    first.headers.push(("kind".to_owned(), "first".to_owned()));
    assert_eq!(client.perform(Operation::Message(first.clone())).reply.outcome, Outcome::Ok);
    for payload in ["two", "three"] {
        assert_eq!(send(&mut client, &url, "jobs", payload, Until::Stored).reply.outcome, Outcome::Ok);
    }
    let taken = receive(&mut client, &url, "jobs", Some(Pattern::any()));
    assert_eq!((taken.text().as_str(), &taken.headers), ("one", &first.headers));
    let taken = receive(&mut client, &url, "jobs", Some(holding("three")));
    assert_eq!(
        (taken.text().as_str(), taken.parts.as_slice()),
        ("three", &[Reading::number(SKIPPED, 1)][..])
    );
    let large = "x".repeat(1 << 20);
    assert_eq!(send(&mut client, &url, "jobs", &large, Until::Stored).reply.outcome, Outcome::Ok);
    let taken = receive(&mut client, &url, "jobs", Some(Pattern::any()));
    assert_eq!((taken.body.len(), taken.reply.bytes_received), (1 << 20, 1 << 20));
    let nothing = receive(&mut client, &url, "jobs", Some(Pattern::any()));
    assert_eq!(nothing.end(), (Outcome::Timeout, "timeout"));
    // A queue that is not there ends the channel, which is begun again without a word.
    assert_eq!(
        send(&mut client, &url, "nowhere", "x", Until::Stored).end(),
        (Outcome::ProtocolError, "no route")
    );
    let missing = receive(&mut client, &url, "nowhere", Some(Pattern::any()));
    assert_eq!(missing.end(), (Outcome::ProtocolError, "not found"), "{:?}", missing.reply.failure);
    assert_eq!(send(&mut client, &url, "jobs", "four", Until::Stored).reply.outcome, Outcome::Ok);
    assert_eq!(declare(&mut client, &url, "jobs", &[("durable", "true")]).class(), "precondition failed");
    // An exchange gives a copy to everyone who has subscribed.
    assert_eq!(declare(&mut client, &url, "news", &[("exchange", "fanout")]).reply.outcome, Outcome::Ok);
    assert_eq!(receive(&mut client, &url, "news/all", None).reply.outcome, Outcome::Ok);
    assert_eq!(send(&mut client, &url, "news/all", "told", Until::Stored).reply.outcome, Outcome::Ok);
    assert_eq!(receive(&mut client, &url, "news/all", Some(Pattern::any())).text(), "told");
    // Questions and answers; a late answer is nobody's.
    responder(&url);
    let answer = send(&mut client, &url, "ask", "who", Until::Answered);
    assert_eq!(
        (answer.text().as_str(), answer.reply.outcome),
        ("re: who", Outcome::Ok),
        "{:?}",
        answer.reply.failure
    );
    let late = MessageRequest { timeout_ns: SECOND_NS / 20, ..message(&url, "ask", "slow", Until::Answered) };
    assert_eq!(client.perform(Operation::Message(late)).end(), (Outcome::Timeout, "timeout"));
    assert_eq!(send(&mut client, &url, "ask", "slow", Until::Answered).text(), "re: slow");
    client.give_up(
        Operation::Message(message(&url, "ask", "silent", Until::Answered)),
        Duration::from_millis(50),
    );
    assert_eq!(send(&mut client, &url, "ask", "where", Until::Answered).text(), "re: where");
    let nobody = send(&mut client, &url, "nobody", "x", Until::Answered);
    assert_eq!(nobody.end(), (Outcome::ProtocolError, "no route"));
    strangers_are_refused(&url);
    what_breaks_off_is_no_success(&server);
    users_may_share(&url);
}

fn strangers_are_refused(url: &str) {
    let wrong = url.replace("amqp://", "amqp://guest:wrong@");
    let answer = send(&mut client(), &wrong, "jobs", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "credentials"), "{:?}", answer.reply.failure);
    let user = Some(("guest".to_owned(), "guest".to_owned()));
    let known = MessageSettings { user, ..MessageSettings::default() };
    let answer = send(&mut Client::of(&Amqp::new(known)), &wrong, "jobs", "x", Until::Stored);
    assert_eq!(answer.reply.outcome, Outcome::Ok, "{:?}", answer.reply.failure);
    let nowhere = send(&mut client(), &format!("{url}/no-such-host"), "jobs", "x", Until::Sent);
    assert_eq!(nowhere.reply.outcome, Outcome::ConnectError, "{:?}", nowhere.reply.failure);
}

fn what_breaks_off_is_no_success(server: &Rabbit) {
    let breaker = Breaker::before(server.port());
    let url = format!("amqp://127.0.0.1:{}", breaker.port);
    let mut client = client();
    assert_eq!(declare(&mut client, &url, "broken", &[]).reply.outcome, Outcome::Ok);
    let large = "x".repeat(1 << 18);
    assert_eq!(send(&mut client, &url, "broken", &large, Until::Stored).reply.outcome, Outcome::Ok);
    breaker.break_after(1 << 17);
    let half = receive(&mut client, &url, "broken", Some(Pattern::any()));
    assert_eq!(half.end(), (Outcome::ConnectError, "closed"), "{:?}", half.reply.failure);
    breaker.break_after(i64::MAX);
    // What was not taken is there for the next.
    let again = receive(&mut client, &url, "broken", Some(Pattern::any()));
    assert_eq!((again.body.len(), again.reply.connects), (1 << 18, 1), "{:?}", again.reply.failure);
}

fn users_may_share(url: &str) {
    let shared = MessageSettings { connections: Connections::Shared(1), ..MessageSettings::default() };
    let mut users = Client::two_of(&Amqp::new(shared));
    let connects: Vec<_> =
        users.iter_mut().map(|user| send(user, url, "jobs", "x", Until::Stored).reply.connects).collect();
    assert_eq!(connects, [1, 0]);
}

#[test]
fn a_server_that_comes_back_is_connected_to_again_over_tls_too() {
    let (papers, secure) = (Papers::issue(), free_port());
    let lines = [
        format!("listeners.ssl.default = 127.0.0.1:{secure}"),
        format!("ssl_options.cacertfile = {}", papers.file("ca.pem")),
        format!("ssl_options.certfile = {}", papers.file("server.pem")),
        format!("ssl_options.keyfile = {}", papers.file("server.key")),
        "ssl_options.verify = verify_peer".to_owned(),
        "ssl_options.fail_if_no_peer_cert = true".to_owned(),
    ];
    let mut server = Rabbit::secure(secure, &lines.join("\n"));
    let url = format!("amqps://localhost:{secure}");
    let pair = Some((papers.path("client.pem"), papers.path("client.key")));
    let trusting = MessageSettings { ca_file: Some(papers.path("ca.pem")), ..MessageSettings::default() };
    let stranger = send(&mut client(), &url, "x", "x", Until::Sent);
    assert_eq!(stranger.reply.outcome, Outcome::ConnectError, "{:?}", stranger.reply.failure);
    let mut known = Client::of(&Amqp::new(MessageSettings { client_pair: pair, ..trusting }));
    let made = declare(&mut known, &url, "kept", &[("durable", "true")]);
    assert_eq!(made.reply.outcome, Outcome::Ok, "{:?}", made.reply.failure);
    server.kill();
    let lost = send(&mut known, &url, "kept", "x", Until::Stored);
    assert_eq!(lost.reply.outcome, Outcome::ConnectError, "{:?}", lost.reply.failure);
    server.restart();
    // Killed as it was, it may have forgotten what it was told last.
    let back = declare(&mut known, &url, "kept", &[("durable", "true")]);
    assert_eq!((back.end(), back.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", back.reply.failure);
    let sent = send(&mut known, &url, "kept", "x", Until::Stored);
    assert_eq!((sent.end(), sent.reply.connects), ((Outcome::Ok, ""), 0), "{:?}", sent.reply.failure);
}

#[test]
fn there_is_no_server() {
    let url = format!("amqp://127.0.0.1:{}", free_port());
    let answer = send(&mut client(), &url, "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{:?}", answer.reply.failure);
    assert!(answer.reply.sent_ns.is_none());
    let answer = send(&mut client(), "amqp://nobody.invalid", "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "dns"), "{:?}", answer.reply.failure);
    let answer = send(&mut client(), "amqp://127.0.0.1:port", "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::AppError, "bad url"), "{:?}", answer.reply.failure);
}

#[test]
fn what_is_no_amqp_is_said_to_be_none() {
    let url = format!("amqp://127.0.0.1:{}", stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let settings = MessageSettings { connect_timeout_ns: SECOND_NS, ..MessageSettings::default() };
    let answer = send(&mut Client::of(&Amqp::new(settings)), &url, "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "not amqp"), "{:?}", answer.reply.failure);
}
