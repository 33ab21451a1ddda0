//! Kafka, against librdkafka's own cluster for tests: brokers that speak the real protocol over real sockets.

use std::time::Duration;

use plimsoll_model::http::Connections;
use plimsoll_model::message::{LAG, MessageRequest, MessageSettings, ReceiveRequest, SKIPPED, Source, Until};
use plimsoll_model::talk::Pattern;
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::kafka::Kafka;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::brokers::stranger;
use crate::client::Client;
use crate::messages::{holding, message, receive, send, source, take};
use crate::server::free_port;

/// A cluster of one broker, with the topic `events` in two partitions.
struct Cluster(MockCluster<'static, DefaultProducerContext>);

impl Cluster {
    fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("events", 2, 1).unwrap();
        Self(cluster)
    }

    fn url(&self) -> String {
        format!("kafka://{}", self.0.bootstrap_servers())
    }
}

fn client() -> Client {
    Client::of(&Kafka::new(MessageSettings::default()))
}

#[test]
fn what_is_produced_is_consumed_and_it_says_how_much_is_left() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let (mut maker, mut reader) = (client(), client());
    assert_eq!(receive(&mut reader, &url, "events", None).end(), (Outcome::Ok, ""));
    for until in [Until::Sent, Until::Leader, Until::Stored] {
        let mut request = message(&url, "events", &format!("{until:?}"), until);
        request.key = Some("same".to_owned());
        request.headers.push(("trace".to_owned(), "t-1".to_owned()));
        let sent = maker.perform(Operation::Message(request));
        assert_eq!(sent.end(), (Outcome::Ok, ""), "{:?}", sent.reply.failure);
    }
    // One key, one partition: what has it keeps its order.
    let first = receive(&mut reader, &url, "events", Some(Pattern::any()));
    assert_eq!((first.text().as_str(), first.end()), ("Sent", (Outcome::Ok, "")));
    assert_eq!(first.headers, [("trace".to_owned(), "t-1".to_owned())]);
    let last = receive(&mut reader, &url, "events", Some(holding("Stored")));
    assert_eq!(last.parts, [Reading::number(SKIPPED, 1), Reading::number(LAG, 0)]);
    assert_eq!(
        receive(&mut reader, &url, "events", Some(Pattern::any())).end(),
        (Outcome::Timeout, "timeout")
    );
    // From its beginning all of it is there, and how much of it is known before the first is taken.
    let stored = Source { from_beginning: true, ..source("events") };
    let first = take(&mut client(), &url, stored, Some(Pattern::any()));
    assert_eq!((first.text().as_str(), first.parts[1]), ("Sent", Reading::number(LAG, 2)));
}

#[test]
fn a_group_begins_where_the_topic_ends_and_takes_each_message_once() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let group = Source { group: Some("readers".to_owned()), ..source("events") };
    let (mut maker, mut member) = (client(), client());
    assert_eq!(send(&mut maker, &url, "events", "before", Until::Stored).end(), (Outcome::Ok, ""));
    let mut patient = |wanted, timeout_ns| {
        let (server, source) = (url.as_str().into(), group.clone());
        let request = ReceiveRequest { server, source, wanted, or_nothing: true, timeout_ns };
        member.perform(Operation::Receive(request))
    };
    // The group takes its time to give everybody a part; who gives up on it meanwhile goes on later.
    assert_eq!(patient(None, SECOND_NS / 10).end(), (Outcome::Timeout, "timeout"));
    assert_eq!(patient(None, 30 * SECOND_NS).end(), (Outcome::Ok, ""));
    for count in 0..6 {
        assert_eq!(
            send(&mut maker, &url, "events", &count.to_string(), Until::Stored).end(),
            (Outcome::Ok, "")
        );
    }
    let mut seen: Vec<_> = (0..6).map(|_| patient(Some(Pattern::any()), 30 * SECOND_NS).text()).collect();
    seen.sort();
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(patient(Some(Pattern::any()), SECOND_NS / 2).reply.outcome, Outcome::Rejected);
}

#[test]
fn there_is_no_server() {
    let answer = send(&mut client(), &format!("kafka://127.0.0.1:{}", free_port()), "x", "x", Until::Stored);
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{:?}", answer.reply.failure);
    assert!(answer.reply.sent_ns.is_none());
    let answer = send(&mut client(), "kafka://nobody.invalid:9092", "x", "x", Until::Stored);
    assert_eq!(answer.end(), (Outcome::ConnectError, "dns"), "{:?}", answer.reply.failure);
    let answer = send(&mut client(), "kafka://ada:secret@127.0.0.1:9092", "x", "x", Until::Stored);
    assert_eq!(answer.end(), (Outcome::AppError, "bad url"), "{:?}", answer.reply.failure);
}

#[test]
fn what_is_no_kafka_is_no_connection() {
    let url = format!("kafka://127.0.0.1:{}", stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let settings = MessageSettings { connect_timeout_ns: 2 * SECOND_NS, ..MessageSettings::default() };
    let answer = send(&mut Client::of(&Kafka::new(settings)), &url, "x", "x", Until::Stored);
    assert_eq!(answer.reply.outcome, Outcome::ConnectError, "{:?}", answer.reply.failure);
}

#[test]
fn a_slow_answer_is_waited_for_and_one_that_does_not_come_is_a_timeout() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let mut client = client();
    assert_eq!(send(&mut client, &url, "events", "x", Until::Stored).end(), (Outcome::Ok, ""));
    cluster.0.broker_round_trip_time(1, Duration::from_millis(100)).unwrap();
    let slow = send(&mut client, &url, "events", "x", Until::Stored);
    assert!(slow.reply.outcome == Outcome::Ok && slow.reply.phases_ns[5] >= 100_000_000, "{slow:?}");
    let hasty =
        MessageRequest { timeout_ns: SECOND_NS / 20, ..message(&url, "events", "late", Until::Stored) };
    let late = client.perform(Operation::Message(hasty.clone()));
    assert_eq!(late.end(), (Outcome::Timeout, "timeout"));
    client.give_up(Operation::Message(hasty), Duration::from_millis(20));
    assert_eq!(send(&mut client, &url, "events", "x", Until::Stored).end(), (Outcome::Ok, ""));
}

#[test]
fn a_broker_that_comes_back_is_found_again_and_that_is_counted() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let mut client = client();
    assert_eq!(send(&mut client, &url, "events", "x", Until::Stored).end(), (Outcome::Ok, ""));
    // Connections break off at once, and nobody is there to make new ones.
    cluster.0.broker_down(1).unwrap();
    let hasty = MessageRequest { timeout_ns: SECOND_NS / 5, ..message(&url, "events", "x", Until::Stored) };
    let lost = client.perform(Operation::Message(hasty));
    assert!(matches!(lost.reply.outcome, Outcome::Timeout | Outcome::ConnectError), "{lost:?}");
    cluster.0.broker_up(1).unwrap();
    let back = send(&mut client, &url, "events", "x", Until::Stored);
    assert_eq!(back.end(), (Outcome::Ok, ""), "{:?}", back.reply.failure);
    // It is told once a second.
    let connects = (0..60).map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        send(&mut client, &url, "events", "x", Until::Sent).reply.connects
    });
    assert!(connects.sum::<u32>() > 0, "nothing was said of the connections made again");
}

#[test]
fn a_large_message_travels_whole_and_one_that_is_too_large_does_not() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let (mut maker, mut reader) = (client(), client());
    assert_eq!(receive(&mut reader, &url, "events", None).end(), (Outcome::Ok, ""));
    assert_eq!(
        send(&mut maker, &url, "events", &"x".repeat(900_000), Until::Stored).end(),
        (Outcome::Ok, "")
    );
    assert_eq!(receive(&mut reader, &url, "events", Some(Pattern::any())).body.len(), 900_000);
    let large = send(&mut maker, &url, "events", &"x".repeat(1 << 21), Until::Stored);
    assert_eq!(large.end(), (Outcome::AppError, "too large"), "{:?}", large.reply.failure);
}

#[test]
fn what_the_cluster_refuses_is_told_by_its_word() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let mut client = client();
    let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.0.request_errors(RDKafkaApiKey::Produce, &[refusal]);
    let refused = send(&mut client, &url, "events", "x", Until::Stored);
    assert_eq!(refused.end(), (Outcome::ProtocolError, "not allowed"), "{:?}", refused.reply.failure);
    let missing = receive(&mut client, &url, "no.such topic", None);
    assert_eq!(missing.reply.outcome, Outcome::ProtocolError, "{:?}", missing.reply.failure);
    let strange = MessageSettings {
        options: vec![("no.such".to_owned(), "x".to_owned())],
        ..MessageSettings::default()
    };
    let answer = send(&mut Client::of(&Kafka::new(strange)), &url, "events", "x", Until::Stored);
    assert_eq!(answer.end(), (Outcome::AppError, "bad setting"), "{:?}", answer.reply.failure);
}

#[test]
fn who_does_not_know_the_password_is_refused() {
    // The cluster for tests knows nobody, so that everybody who says a name is a stranger to it.
    let cluster = Cluster::start();
    let user = Some(("ada".to_owned(), "wrong".to_owned()));
    let settings = MessageSettings { user, connect_timeout_ns: 3 * SECOND_NS, ..MessageSettings::default() };
    let answer = send(&mut Client::of(&Kafka::new(settings)), &cluster.url(), "events", "x", Until::Stored);
    assert_eq!(answer.reply.outcome, Outcome::ConnectError, "{:?}", answer.reply.failure);
}

#[test]
fn users_may_share_a_connection() {
    let cluster = Cluster::start();
    let shared = MessageSettings { connections: Connections::Shared(1), ..MessageSettings::default() };
    let mut users = Client::two_of(&Kafka::new(shared));
    let url = cluster.url();
    let connects: Vec<_> =
        users.iter_mut().map(|user| send(user, &url, "events", "x", Until::Stored).reply.connects).collect();
    assert_eq!(connects, [1, 0]);
}
