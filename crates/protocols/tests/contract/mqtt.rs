//! MQTT, against a real Mosquitto.

use std::process::Command;
use std::time::Duration;

use plimsoll_model::http::Connections;
use plimsoll_model::message::{MessageRequest, MessageSettings, SKIPPED, Source, Until};
use plimsoll_model::talk::Pattern;
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::mqtt::Mqtt;

use crate::brokers::{Breaker, Mosquitto, stranger};
use crate::client::Client;
use crate::messages::{declare, holding, message, receive, send, source, take};
use crate::papers::Papers;
use crate::server::free_port;

fn client() -> Client {
    with(MessageSettings::default())
}

fn with(settings: MessageSettings) -> Client {
    Client::of(&Mqtt::new(settings).unwrap())
}

#[test]
fn what_is_published_is_taken_at_each_quality_of_service() {
    let server = Mosquitto::start("allow_anonymous true");
    let url = server.url();
    let (mut teller, mut listener) = (client(), client());
    let begun = receive(&mut listener, &url, "told/+", None);
    assert_eq!((begun.end(), begun.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", begun.reply.failure);
    for until in [Until::Sent, Until::Stored, Until::Once] {
        let sent = send(&mut teller, &url, "told/x", &format!("{until:?}"), until);
        assert_eq!(sent.end(), (Outcome::Ok, ""), "{:?}", sent.reply.failure);
    }
    let first = receive(&mut listener, &url, "told/+", Some(Pattern::any()));
    assert_eq!(first.text(), "Sent");
    assert_eq!(first.headers, [("topic".to_owned(), "told/x".to_owned())]);
    let last = receive(&mut listener, &url, "told/+", Some(holding("Once")));
    assert_eq!((last.text().as_str(), last.parts.as_slice()), ("Once", &[Reading::number(SKIPPED, 1)][..]));
    let nothing = receive(&mut listener, &url, "told/+", Some(Pattern::any()));
    assert_eq!(nothing.end(), (Outcome::Timeout, "timeout"));
    assert_eq!(send(&mut teller, &url, "told/#", "x", Until::Stored).end(), (Outcome::AppError, "bad topic"));
    assert_eq!(declare(&mut teller, &url, "told", &[]).end(), (Outcome::AppError, "bad request"));
}

#[test]
fn a_group_shares_what_comes_whether_its_members_share_a_connection_or_not() {
    let server = Mosquitto::start("allow_anonymous true");
    let url = server.url();
    let shared = MessageSettings { connections: Connections::Shared(1), ..MessageSettings::default() };
    let [one, two] = Client::two_of(&Mqtt::new(shared).unwrap());
    let mut members = [one, two, client()];
    let group = Source { group: Some("workers".to_owned()), ..source("jobs") };
    for (member, connects) in members.iter_mut().zip([1, 0, 1]) {
        let begun = take(member, &url, group.clone(), None);
        assert_eq!(
            (begun.end(), begun.reply.connects),
            ((Outcome::Ok, ""), connects),
            "{:?}",
            begun.reply.failure
        );
    }
    let mut teller = client();
    for _ in 0..10 {
        send(&mut teller, &url, "jobs", "job", Until::Stored);
    }
    let taken = members.map(|mut member| {
        (0..10)
            .take_while(|_| {
                take(&mut member, &url, group.clone(), Some(Pattern::any())).reply.outcome == Outcome::Ok
            })
            .count()
    });
    assert_eq!(taken.iter().sum::<usize>(), 10, "{taken:?}");
}

#[test]
fn a_large_message_travels_whole_and_what_breaks_off_is_no_success() {
    let server = Mosquitto::start("allow_anonymous true");
    let breaker = Breaker::before(server.port());
    let url = format!("mqtt://127.0.0.1:{}", breaker.port);
    let (mut teller, mut listener) = (client(), client());
    let large = "x".repeat(1 << 20);
    assert_eq!(receive(&mut listener, &url, "large", None).end(), (Outcome::Ok, ""));
    assert_eq!(send(&mut teller, &server.url(), "large", &large, Until::Stored).end(), (Outcome::Ok, ""));
    assert_eq!(receive(&mut listener, &url, "large", Some(Pattern::any())).body.len(), 1 << 20);
    breaker.break_after(1 << 19);
    assert_eq!(send(&mut teller, &server.url(), "large", &large, Until::Stored).end(), (Outcome::Ok, ""));
    let half = receive(&mut listener, &url, "large", Some(Pattern::any()));
    assert_eq!(half.end(), (Outcome::ConnectError, "closed"), "{:?}", half.reply.failure);
    breaker.break_after(i64::MAX);
    let again = receive(&mut listener, &url, "large", None);
    assert_eq!((again.end(), again.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", again.reply.failure);
}

#[test]
fn an_acknowledgement_that_does_not_come_is_a_timeout_and_a_slow_one_is_waited_for() {
    let server = Mosquitto::start("allow_anonymous true");
    let url = server.url();
    let mut client = client();
    assert_eq!(send(&mut client, &url, "x", "x", Until::Stored).end(), (Outcome::Ok, ""));
    let pause = |signal: &str| {
        let process = server.process().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    };
    pause("-STOP");
    let hasty = MessageRequest { timeout_ns: SECOND_NS / 10, ..message(&url, "x", "late", Until::Stored) };
    let late = client.perform(Operation::Message(hasty));
    assert_eq!(late.end(), (Outcome::Timeout, "timeout"));
    client.give_up(Operation::Message(message(&url, "x", "later", Until::Stored)), Duration::from_millis(20));
    let process = server.process().to_string();
    let waker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        Command::new("kill").args(["-CONT", &process]).status().unwrap()
    });
    let slow = send(&mut client, &url, "x", "slow", Until::Stored);
    assert_eq!(slow.end(), (Outcome::Ok, ""), "{:?}", slow.reply.failure);
    assert!(slow.reply.phases_ns[5] > 10_000_000, "{:?}", slow.reply.phases_ns);
    assert!(waker.join().unwrap().success());
}

#[test]
fn a_stranger_is_refused() {
    let passwords = tempfile::NamedTempFile::new().unwrap();
    let place = passwords.path().display().to_string();
    assert!(
        Command::new("mosquitto_passwd")
            .args(["-b", "-c", &place, "ada", "secret"])
            .status()
            .unwrap()
            .success()
    );
    let mut permissions = std::fs::metadata(&place).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(&place, permissions).unwrap();
    let server = Mosquitto::start(&format!("allow_anonymous false\npassword_file {place}"));
    for url in [server.url(), server.url().replace("mqtt://", "mqtt://ada:wrong@")] {
        let answer = send(&mut client(), &url, "x", "x", Until::Stored);
        assert_eq!(answer.end(), (Outcome::ConnectError, "credentials"), "{:?}", answer.reply.failure);
    }
    let user = Some(("ada".to_owned(), "secret".to_owned()));
    let mut known = with(MessageSettings { user, ..MessageSettings::default() });
    assert_eq!(send(&mut known, &server.url(), "x", "x", Until::Stored).end(), (Outcome::Ok, ""));
    let url = server.url().replace("mqtt://", "mqtt://ada:secret@");
    assert_eq!(send(&mut client(), &url, "x", "x", Until::Stored).end(), (Outcome::Ok, ""));
}

#[test]
fn there_is_no_server() {
    let answer = send(&mut client(), &format!("mqtt://127.0.0.1:{}", free_port()), "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{:?}", answer.reply.failure);
    assert!(answer.reply.sent_ns.is_none());
    let answer = send(&mut client(), "mqtt://nobody.invalid", "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "dns"), "{:?}", answer.reply.failure);
    let answer = send(&mut client(), "mqtt://127.0.0.1:port", "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::AppError, "bad url"), "{:?}", answer.reply.failure);
}

#[test]
fn what_is_no_mqtt_is_said_to_be_none() {
    let url = format!("mqtt://127.0.0.1:{}", stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let settings = MessageSettings { connect_timeout_ns: SECOND_NS, ..MessageSettings::default() };
    let answer = send(&mut with(settings), &url, "x", "x", Until::Sent);
    assert_eq!(answer.end(), (Outcome::ConnectError, "not mqtt"), "{:?}", answer.reply.failure);
}

#[test]
fn a_server_that_comes_back_is_connected_to_again_over_tls_too() {
    let papers = Papers::issue();
    let config = format!(
        "allow_anonymous true\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true",
        papers.file("ca.pem"),
        papers.file("server.pem"),
        papers.file("server.key"),
    );
    let mut server = Mosquitto::start(&config);
    let url = server.url().replace("mqtt://127.0.0.1", "mqtts://localhost");
    let stranger = send(&mut client(), &url, "x", "x", Until::Sent);
    assert_eq!(stranger.reply.outcome, Outcome::ConnectError, "{:?}", stranger.reply.failure);
    let pair = Some((papers.path("client.pem"), papers.path("client.key")));
    let ca_file = Some(papers.path("ca.pem"));
    let mut known = with(MessageSettings { client_pair: pair, ca_file, ..MessageSettings::default() });
    assert_eq!(send(&mut known, &url, "x", "x", Until::Stored).end(), (Outcome::Ok, ""));
    server.kill();
    let lost = send(&mut known, &url, "x", "x", Until::Stored);
    assert_eq!(lost.reply.outcome, Outcome::ConnectError, "{:?}", lost.reply.failure);
    server.restart();
    let back = send(&mut known, &url, "x", "x", Until::Stored);
    assert_eq!((back.end(), back.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", back.reply.failure);
}

#[test]
fn subscriptions_that_overlap_on_one_connection_are_refused() {
    let server = Mosquitto::start("allow_anonymous true");
    let url = server.url();
    let group = Source { group: Some("workers".to_owned()), ..source("jobs") };
    let mut client = client();
    assert_eq!(take(&mut client, &url, group.clone(), None).end(), (Outcome::Ok, ""));
    assert_eq!(receive(&mut client, &url, "jobs", None).end(), (Outcome::AppError, "overlap"));
    assert_eq!(receive(&mut client, &url, "other/#", None).end(), (Outcome::Ok, ""));
    assert_eq!(receive(&mut client, &url, "other/x", None).end(), (Outcome::AppError, "overlap"));
    assert_eq!(send(&mut client, &url, "jobs", "job", Until::Stored).end(), (Outcome::Ok, ""));
    assert_eq!(take(&mut client, &url, group, Some(Pattern::any())).text(), "job");
}
