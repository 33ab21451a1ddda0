//! Calls by gRPC, against a service by the official implementation.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::grpc::{FIRST, GrpcRequest, GrpcSettings, MESSAGES};
use plimsoll_model::http::Connections;
use plimsoll_model::{Operation, Outcome, Reading, SECOND_NS};
use plimsoll_protocols::grpc::Grpc;
use serde_json::{Value, json};

use crate::brokers::{Breaker, stranger};
use crate::client::{Answer, Client, two_at_once};
use crate::papers::Papers;
use crate::server::{PythonServer, free_port};

fn proto() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/python/echo.proto"))
}

fn given() -> GrpcSettings {
    GrpcSettings { protos: vec![proto()], ..GrpcSettings::default() }
}

fn client(settings: GrpcSettings) -> Client {
    Client::of(&Grpc::new(settings).unwrap())
}

fn server(arguments: &[&str]) -> PythonServer {
    PythonServer::start("grpc_server.py", arguments)
}

fn request(port: u16, method: &str, messages: &[Value]) -> GrpcRequest {
    GrpcRequest {
        server: format!("grpc://127.0.0.1:{port}").into(),
        method: format!("plimsoll.test.Echo/{method}").into(),
        metadata: Vec::new(),
        messages: messages.iter().map(Value::to_string).collect(),
        json_names: false,
        timeout_ns: 10 * SECOND_NS,
    }
}

fn call(client: &mut Client, port: u16, method: &str, messages: &[Value]) -> Answer {
    client.perform(Operation::Grpc(request(port, method, messages)))
}

fn say(client: &mut Client, port: u16, text: &str) -> Answer {
    call(client, port, "Say", &[json!({ "text": text })])
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

#[test]
fn the_four_kinds_of_calls_are_made() {
    let server = server(&[]);
    let mut client = client(given());
    let words = json!({ "text": "hé", "times": 7, "at": "2026-01-02T03:04:05Z", "counts": { "a": "9007199254740993" } });
    let one = call(&mut client, server.port, "Say", &[words]);
    assert_eq!((one.end(), one.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", one.reply.failure);
    let said = body(&one);
    assert_eq!(
        (&said["text"], &said["times"], &said["at"]),
        (&"hé".into(), &7.into(), &"2026-01-02T03:04:05Z".into())
    );
    assert_eq!((&said["counts"]["a"], &said["parts"]), (&"9007199254740993".into(), &json!([])));
    let header = |name: &str| one.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(
        (header("before"), header("behind"), header("grpc-status")),
        (Some("1"), Some("2"), Some("0"))
    );
    assert!(
        one.parts.is_empty() && one.reply.bytes_sent > 0 && one.reply.bytes_received == one.reply.bytes_sent
    );

    let many = call(&mut client, server.port, "Repeat", &[json!({ "text": "x", "times": 3 })]);
    let texts: Vec<_> = body(&many).as_array().unwrap().iter().map(|words| words["times"].clone()).collect();
    assert_eq!((texts, many.reply.connects), (vec![json!(0), json!(1), json!(2)], 0));
    assert!(many.parts[0].part == FIRST && many.parts[1] == Reading::number(MESSAGES, 3), "{:?}", many.parts);
    let none = call(&mut client, server.port, "Repeat", &[json!({ "text": "x" })]);
    assert_eq!((none.text().as_str(), none.parts.as_slice()), ("[]", &[Reading::number(MESSAGES, 0)][..]));

    let three = ["a", "b", "c"].map(|text| json!({ "text": text }));
    assert_eq!(body(&call(&mut client, server.port, "Gather", &three))["parts"], json!(["a", "b", "c"]));
    let chat = body(&call(&mut client, server.port, "Chat", &three));
    assert_eq!(chat.as_array().unwrap().len(), 3);
    assert_eq!(chat[2]["text"], "c");
}

#[test]
fn a_server_describes_its_services_and_one_that_does_not_is_said_not_to() {
    let told = server(&["--describes"]);
    let mut client = client(GrpcSettings::default());
    let first = say(&mut client, told.port, "hello");
    assert_eq!(
        (first.end(), &body(&first)["text"]),
        ((Outcome::Ok, ""), &"hello".into()),
        "{:?}",
        first.reply.failure
    );
    assert_eq!(call(&mut client, told.port, "Gather", &[json!({}), json!({})]).end(), (Outcome::Ok, ""));
    let missing = GrpcRequest { method: "plimsoll.test.Nobody/Say".into(), ..request(told.port, "Say", &[]) };
    assert_eq!(client.perform(Operation::Grpc(missing)).end(), (Outcome::AppError, "no service"));
    let silent = server(&[]);
    let answer = say(&mut client, silent.port, "hello");
    assert_eq!(answer.end(), (Outcome::AppError, "no reflection"), "{:?}", answer.reply.failure);
}

#[test]
fn what_the_server_says_no_to_has_its_code() {
    let server = server(&["--token", "secret"]);
    let mut client = client(given());
    let stranger = say(&mut client, server.port, "hello");
    assert_eq!((stranger.end(), stranger.reply.status), ((Outcome::AppError, "UNAUTHENTICATED"), 16));
    let mut known = request(server.port, "Say", &[json!({ "text": "no" })]);
    known.metadata.push(("Authorization".to_owned(), "Bearer secret".to_owned()));
    let refused = client.perform(Operation::Grpc(known.clone()));
    assert_eq!((refused.end(), refused.reply.status), ((Outcome::AppError, "NOT_FOUND"), 5));
    assert_eq!(refused.reply.failure.unwrap().message, "there is none: 100 %");
    known.messages = vec![json!({ "text": "slow" }).to_string()];
    let slow = client.perform(Operation::Grpc(known));
    assert!(slow.reply.outcome == Outcome::Ok && slow.reply.phases_ns[5] >= 100_000_000, "{slow:?}");
}

#[test]
fn what_cannot_be_called_is_said_before_anything_is_sent() {
    let server = server(&[]);
    let mut client = client(given());
    for (method, messages, class) in [
        ("Say", vec![json!({ "txt": "x" })], "bad message"),
        ("Say", vec![json!({ "times": "many" })], "bad message"),
        ("Say", vec![json!({}), json!({})], "no stream"),
        ("Shout", vec![json!({})], "no method"),
    ] {
        let answer = call(&mut client, server.port, method, &messages);
        assert_eq!(answer.end(), (Outcome::AppError, class), "{method}: {:?}", answer.reply.failure);
        assert!(answer.reply.sent_ns.is_none());
    }
    let nowhere = GrpcRequest { server: "grpc://".into(), ..request(server.port, "Say", &[]) };
    assert_eq!(client.perform(Operation::Grpc(nowhere)).end(), (Outcome::AppError, "bad url"));
    let missing = GrpcSettings { protos: vec![PathBuf::from("/no/such.proto")], ..GrpcSettings::default() };
    assert!(Grpc::new(missing).is_err());
}

#[test]
fn a_call_that_does_not_end_is_a_timeout_and_harms_no_other() {
    let server = server(&[]);
    let shared = GrpcSettings { connections: Connections::Shared(1), ..given() };
    let hasty = GrpcRequest {
        json_names: false,
        timeout_ns: SECOND_NS / 10,
        ..request(server.port, "Say", &[json!({ "text": "never" })])
    };
    let other = request(server.port, "Say", &[json!({ "text": "slow" })]);
    let protocol = Grpc::new(shared).unwrap();
    let [late, slow] = two_at_once(&protocol, [hasty, other].map(Operation::Grpc));
    // The server is told how long it has, and may say so before we give up.
    assert!(
        matches!(late.end(), (Outcome::Timeout, "timeout") | (Outcome::AppError, "DEADLINE_EXCEEDED")),
        "{late:?}"
    );
    assert_eq!(slow.end(), (Outcome::Ok, ""), "{:?}", slow.reply.failure);
    let mut client = client(given());
    assert_eq!(say(&mut client, server.port, "x").end(), (Outcome::Ok, ""));
    client.give_up(
        Operation::Grpc(request(server.port, "Say", &[json!({ "text": "never" })])),
        Duration::from_millis(50),
    );
    let after = say(&mut client, server.port, "after");
    assert_eq!((&body(&after)["text"], after.reply.connects), (&"after".into(), 0));
}

#[test]
fn there_is_no_server() {
    let answer = say(&mut client(given()), free_port(), "x");
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{:?}", answer.reply.failure);
    assert!(answer.reply.sent_ns.is_none());
}

#[test]
fn what_is_no_grpc_is_said_to_be_none() {
    let answer = say(&mut client(given()), stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "x");
    assert_eq!(answer.end(), (Outcome::ProtocolError, "not http/2"), "{:?}", answer.reply.failure);
}

#[test]
fn a_large_answer_travels_whole_and_one_that_breaks_off_is_no_success() {
    let server = server(&[]);
    let breaker = Breaker::before(server.port);
    let mut client = client(given());
    let large = "x".repeat(1 << 21);
    let whole = say(&mut client, breaker.port, &large);
    assert_eq!(body(&whole)["text"].as_str().map(str::len), Some(1 << 21), "{:?}", whole.reply.failure);
    breaker.break_after(1 << 20);
    let half = say(&mut client, breaker.port, &large);
    assert!(
        !matches!(half.reply.outcome, Outcome::Ok | Outcome::AppError | Outcome::Timeout),
        "{:?}",
        half.end()
    );
    breaker.break_after(i64::MAX);
    let again = say(&mut client, breaker.port, "x");
    assert_eq!((again.end(), again.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", again.reply.failure);
}

#[test]
fn papers_are_shown_on_both_sides_and_a_server_that_comes_back_is_dialled_again() {
    let papers = Papers::issue();
    let place = papers.path("ca.pem").parent().unwrap().display().to_string();
    let server = server(&["--tls", &place]);
    let secure = |port| GrpcRequest {
        server: format!("grpcs://localhost:{port}").into(),
        ..request(port, "Say", &[json!({ "text": "x" })])
    };
    let trusting = GrpcSettings { ca_file: Some(papers.path("ca.pem")), ..given() };
    for settings in [given(), trusting.clone()] {
        let nameless = client(settings).perform(Operation::Grpc(secure(server.port)));
        assert!(!matches!(nameless.reply.outcome, Outcome::Ok | Outcome::AppError), "{:?}", nameless.end());
    }
    let pair = Some((papers.path("client.pem"), papers.path("client.key")));
    let mut known = client(GrpcSettings { client_pair: pair, ..trusting });
    let answer = known.perform(Operation::Grpc(secure(server.port)));
    assert_eq!(answer.end(), (Outcome::Ok, ""), "{:?}", answer.reply.failure);
    let port = server.port;
    drop(server);
    let lost = known.perform(Operation::Grpc(secure(port)));
    assert!(!matches!(lost.reply.outcome, Outcome::Ok | Outcome::Timeout), "{:?}", lost.end());
    let _back = PythonServer::start_on("grpc_server.py", &["--tls", &place], port);
    let back = known.perform(Operation::Grpc(secure(port)));
    assert_eq!((back.end(), back.reply.connects), ((Outcome::Ok, ""), 1), "{:?}", back.reply.failure);
}
