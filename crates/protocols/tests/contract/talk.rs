//! Conversations: WebSocket with the echo service, TCP and UDP with servers of their own.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plimsoll_model::conversation::Message;
use plimsoll_model::http::HttpSettings;
use plimsoll_model::talk::{Act, Cut, Pattern, SKIPPED, TalkRequest, Wanted};
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::http::Http;
use plimsoll_protocols::talk::Talk;
use plimsoll_targets::Running;
use tokio_tungstenite::tungstenite;

use crate::client::{Answer, Client, service};
use crate::http_tls::World;

fn protocol() -> Talk {
    with_settings(HttpSettings::default())
}

fn with_settings(settings: HttpSettings) -> Talk {
    Talk::new(Arc::new(Http::new(settings.clone()).unwrap()), settings).unwrap()
}

fn client() -> Client {
    Client::of(&protocol())
}

fn operation(server: &str, act: Act) -> Operation {
    Operation::Talk(TalkRequest {
        server: server.into(),
        headers: Vec::new(),
        act,
        timeout_ns: 5 * SECOND_NS,
    })
}

fn perform(client: &mut Client, server: &str, act: Act) -> Answer {
    client.perform(operation(server, act))
}

fn web(server: &Running, path: &str) -> String {
    format!("ws://{}{path}", server.address())
}

fn any(cut: Cut) -> Wanted {
    Wanted { cut, pattern: Pattern::any() }
}

/// The message that holds this text.
fn with(text: &str) -> Wanted {
    let text = text.to_owned();
    let holds = move |message: &[u8]| String::from_utf8_lossy(message).contains(&text);
    Wanted { cut: Cut::Any, pattern: Pattern::new(holds) }
}

fn say(text: &str) -> Message {
    Message::Text(text.to_owned())
}

fn line() -> Cut {
    Cut::Until(b"\n".to_vec())
}

#[test]
fn what_is_said_comes_back() {
    let server = service("echo");
    let url = web(&server, "/ws");
    let mut client = client();
    let first = perform(&mut client, &url, Act::Say(say("one"), Some(any(Cut::Any))));
    assert_eq!((first.reply.outcome, first.text().as_str(), first.reply.connects), (Outcome::Ok, "one", 1));
    let binary = Message::Binary(vec![0, 255]);
    let second = perform(&mut client, &url, Act::Say(binary, Some(any(Cut::Any))));
    assert_eq!((second.body.as_slice(), second.reply.connects), (&[0, 255][..], 0));
    assert_eq!(perform(&mut client, &url, Act::Ping).reply.outcome, Outcome::Ok);
    assert_eq!(perform(&mut client, &url, Act::Close).reply.outcome, Outcome::Ok);
    assert_eq!(perform(&mut client, &url, Act::Close).end(), (Outcome::AppError, "not connected"));
    let anew = perform(&mut client, &url, Act::Say(say("two"), Some(any(Cut::Any))));
    assert_eq!((anew.reply.outcome, anew.reply.connects), (Outcome::Ok, 1));
}

#[test]
fn all_in_the_room_hear_what_one_says() {
    let server = service("echo");
    let url = web(&server, "/room");
    let [mut speaker, mut listener] = Client::two_of(&protocol());
    for client in [&mut speaker, &mut listener] {
        assert_eq!(perform(client, &url, Act::Connect).reply.status, 101);
        // It is in the room once it hears itself.
        assert_eq!(
            perform(client, &url, Act::Say(say("here"), Some(any(Cut::Any)))).reply.outcome,
            Outcome::Ok
        );
    }
    for said in ["a", "b", "c"] {
        assert_eq!(perform(&mut speaker, &url, Act::Say(say(said), None)).reply.outcome, Outcome::Ok);
    }
    let heard = perform(&mut listener, &url, Act::Hear(with("c")));
    assert_eq!((heard.text().as_str(), heard.parts), ("c", vec![Reading::number(SKIPPED, 2)]));
}

#[test]
fn what_does_not_come_is_a_timeout_and_no_late_answer_is_taken_for_another() {
    let server = service("echo");
    let url = web(&server, "/ws");
    let mut client = client();
    let never = TalkRequest {
        server: url.as_str().into(),
        headers: Vec::new(),
        act: Act::Say(say("one"), Some(with("two"))),
        timeout_ns: SECOND_NS / 10,
    };
    let late = client.perform(Operation::Talk(never));
    assert_eq!(late.end(), (Outcome::Timeout, "timeout"));
    assert_eq!(late.parts, [Reading::number(SKIPPED, 1)]);
    let next = perform(&mut client, &url, Act::Say(say("three"), Some(any(Cut::Any))));
    assert_eq!((next.text().as_str(), next.reply.connects), ("three", 1));
    // Waiting in vain for something to be said ends nothing.
    client.give_up(operation(&url, Act::Hear(with("never"))), Duration::from_millis(50));
    let next = perform(&mut client, &url, Act::Say(say("four"), Some(any(Cut::Any))));
    assert_eq!((next.text().as_str(), next.reply.connects), ("four", 0));
}

#[test]
fn the_other_side_may_end_it() {
    let server = service("echo");
    let url = web(&server, "/ws");
    let mut client = client();
    let ended = perform(&mut client, &url, Act::Say(say("close"), Some(with("never"))));
    assert_eq!(ended.end(), (Outcome::ConnectError, "closed"));
    assert!(ended.reply.failure.unwrap().message.contains("1000 as asked"));
    assert_eq!(perform(&mut client, &url, Act::Ping).reply.connects, 1);
}

#[test]
fn there_is_no_server() {
    let mut client = client();
    for server in ["ws://127.0.0.1:1/ws", "tcp://127.0.0.1:1"] {
        let answer = perform(&mut client, server, Act::Say(say("x"), None));
        assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{answer:?}");
    }
}

#[test]
fn a_handshake_that_is_refused_says_with_what() {
    let server = service("echo");
    let mut client = client();
    let refused = perform(&mut client, &web(&server, "/status/401"), Act::Connect);
    assert_eq!((refused.end(), refused.reply.status), ((Outcome::ProtocolError, "bad handshake"), 401));
    let page = perform(&mut client, &web(&server, "/page"), Act::Connect);
    assert_eq!(page.end(), (Outcome::ProtocolError, "bad handshake"));
}

#[test]
fn a_large_message_travels_whole() {
    let server = service("echo");
    let large = "x".repeat(4 << 20);
    let answer = perform(&mut client(), &web(&server, "/ws"), Act::Say(say(&large), Some(any(Cut::Any))));
    assert_eq!((answer.reply.outcome, answer.body.len()), (Outcome::Ok, 4 << 20));
    assert_eq!(answer.reply.bytes_sent, 4 << 20);
}

/// A server of lines: repeats each after a moment, in two pieces; `end` ends the connection in mid-answer.
fn lines() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let (first, second) = buffer[..count].split_at(count / 2);
                // Whoever asked may be gone.
                let _first = stream.write_all(first);
                if first.starts_with(b"en") {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
                let _second = stream.write_all(second);
            }
        }
    });
    format!("tcp://{address}")
}

#[test]
fn bytes_over_tcp_are_cut_into_messages() {
    let server = lines();
    let mut client = client();
    let answer = perform(&mut client, &server, Act::Say(say("one\ntwo\n"), Some(any(line()))));
    assert_eq!((answer.text().as_str(), answer.reply.connects), ("one\n", 1), "{answer:?}");
    assert_eq!(perform(&mut client, &server, Act::Hear(any(line()))).text(), "two\n");
    let long = "x".repeat(300);
    let whole = perform(&mut client, &server, Act::Say(say(&format!("{long}\n")), Some(any(line()))));
    assert_eq!(whole.text(), format!("{long}\n"));
    let counted = perform(&mut client, &server, Act::Say(say("12345"), Some(any(Cut::Bytes(5)))));
    assert_eq!((counted.text().as_str(), counted.reply.connects), ("12345", 0));
    let cut = perform(&mut client, &server, Act::Say(say("end\n"), Some(any(line()))));
    assert_eq!(cut.end(), (Outcome::ConnectError, "closed"));
    let again = perform(&mut client, &server, Act::Say(say("x\n"), Some(any(line()))));
    assert_eq!((again.text().as_str(), again.reply.connects), ("x\n", 1));
}

#[test]
fn datagrams_are_messages() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            let _gone = socket.send_to(&buffer[..count], from);
        }
    });
    let answer =
        perform(&mut client(), &format!("udp://{address}"), Act::Say(say("ping"), Some(with("ping"))));
    assert_eq!((answer.reply.outcome, answer.text().as_str()), (Outcome::Ok, "ping"));
}

#[test]
fn bytes_over_tls_need_papers_that_are_trusted() {
    let world = World::new(true);
    let server = world.url.trim_end_matches('/').replace("https", "tcps");
    let asked = || Act::Say(say("GET / HTTP/1.1\r\n\r\n"), Some(any(Cut::Until(b"ok".to_vec()))));
    let stranger = perform(&mut client(), &server, asked());
    assert_eq!(stranger.end(), (Outcome::ConnectError, "tls"), "{stranger:?}");
    let known = HttpSettings {
        ca_file: Some(world.path("ca.pem")),
        client_cert: Some(world.path("client.pem")),
        client_key: Some(world.path("client.key")),
        ..HttpSettings::default()
    };
    let answer = perform(&mut Client::of(&with_settings(known)), &server, asked());
    assert_eq!((answer.reply.outcome, answer.reply.connects), (Outcome::Ok, 1), "{answer:?}");
    assert!(answer.text().starts_with("HTTP/1.1 200 OK") && answer.text().ends_with("ok"));
}

#[test]
fn an_address_without_a_port_is_none() {
    let answer = perform(&mut client(), "tcp://127.0.0.1", Act::Connect);
    assert_eq!(answer.end(), (Outcome::AppError, "bad url"));
}

/// A server of WebSocket that asks at once whether somebody is there, and says something when it has heard that; and whether it has.
fn asking() -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let is_answered = Arc::new(AtomicBool::new(false));
    let told = is_answered.clone();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut socket = tungstenite::accept(stream).unwrap();
        socket.send(tungstenite::Message::Ping(b"there?".to_vec().into())).unwrap();
        while !matches!(socket.read().unwrap(), tungstenite::Message::Pong(said) if said.as_ref() == b"there?")
        {
        }
        socket.send(tungstenite::Message::text("welcome")).unwrap();
        told.store(true, Ordering::SeqCst);
        // It stays until the client goes.
        while socket.read().is_ok() {}
    });
    (url, is_answered)
}

#[test]
fn who_only_thinks_is_there_all_the_same() {
    let (url, is_answered) = asking();
    let mut client = client();
    assert_eq!(perform(&mut client, &url, Act::Connect).reply.status, 101);
    client.think_until(|| is_answered.load(Ordering::SeqCst));
    let heard = perform(&mut client, &url, Act::Hear(any(Cut::Any)));
    assert_eq!((heard.text().as_str(), heard.parts), ("welcome", vec![Reading::number(SKIPPED, 0)]));
}
