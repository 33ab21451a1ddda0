//! Databases: the real servers, and `SQLite`; what a real server does not do is done by one that breaks off.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use plimsoll_model::query::{POOL_WAIT, QueryRequest, QuerySettings, ROWS, Scalar, Statement};
use plimsoll_model::{Operation, Outcome, ReadValue, Reading, SECOND_NS};
use plimsoll_protocols::sql::Sql;
use serde_json::{Value, json};

use crate::client::{Answer, Client, two_at_once};
use crate::databases::Database;
use crate::papers::Papers;

const CONNECT: usize = 2;

fn protocol(settings: QuerySettings) -> Sql {
    Sql::new(settings).unwrap()
}

fn client() -> Client {
    Client::of(&protocol(QuerySettings::default()))
}

fn request(server: &str, statements: &[(&str, &[Scalar])]) -> QueryRequest {
    let statement = |(text, parameters): &(&str, &[Scalar])| Statement {
        text: (*text).into(),
        parameters: parameters.to_vec(),
    };
    QueryRequest {
        server: server.into(),
        statements: statements.iter().map(statement).collect(),
        is_transaction: statements.len() > 1,
        keep: true,
        timeout_ns: 10 * SECOND_NS,
    }
}

fn ask(client: &mut Client, server: &str, text: &str, parameters: &[Scalar]) -> Answer {
    client.perform(Operation::Query(request(server, &[(text, parameters)])))
}

fn together(client: &mut Client, server: &str, statements: &[(&str, &[Scalar])]) -> Answer {
    client.perform(Operation::Query(request(server, statements)))
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

/// What every database does alike, with placeholders `one` and `two`.
fn behaves(server: &str, one: &str, two: &str) {
    let mut client = client();
    let made = ask(
        &mut client,
        server,
        "CREATE TABLE things (id INT PRIMARY KEY, name VARCHAR(40), price FLOAT)",
        &[],
    );
    assert_eq!((made.reply.outcome, made.reply.connects), (Outcome::Ok, 1), "{made:?}");
    assert!(made.reply.phases_ns[CONNECT] > 0);
    let insert = format!("INSERT INTO things (id, name, price) VALUES ({one}, {two}, 2.5)");
    let added = ask(&mut client, server, &insert, &[Scalar::Int(1), text("ü")]);
    assert_eq!((body(&added)["affected"].as_u64(), added.reply.connects), (Some(1), 0), "{added:?}");
    let find = format!("SELECT id, name, price, NULL AS missing FROM things WHERE id = {one}");
    let found = ask(&mut client, server, &find, &[Scalar::Int(1)]);
    let row = json!({ "id": 1, "name": "ü", "price": 2.5, "missing": null });
    assert_eq!(body(&found), json!({ "rows": [row], "count": 1, "affected": body(&found)["affected"] }));
    assert_eq!(found.parts, [Reading::number(ROWS, 1)]);
    assert!(found.reply.bytes_received > 0);
    let none = ask(&mut client, server, &find, &[Scalar::Null]);
    assert_eq!(none.parts, [Reading::number(ROWS, 0)]);
    // All or nothing: the second insertion is refused, so the first is not there either.
    let both: [(&str, &[Scalar]); 2] = [
        (&insert, &[Scalar::Int(2), Scalar::Text(String::new())]),
        (&insert, &[Scalar::Int(1), Scalar::Text(String::new())]),
    ];
    let refused = together(&mut client, server, &both);
    assert_eq!(refused.reply.outcome, Outcome::AppError, "{refused:?}");
    let count = |client: &mut Client| {
        body(&ask(client, server, "SELECT count(*) AS n FROM things", &[]))["rows"][0]["n"].clone()
    };
    assert_eq!(count(&mut client), 1);
    let kept = together(&mut client, server, &[both[0], ("SELECT 1 AS one", &[])]);
    assert_eq!((body(&kept)[1]["rows"][0]["one"].clone(), count(&mut client)), (json!(1), json!(2)));
    let wrong = ask(&mut client, server, "SELEC 1", &[]);
    assert_eq!((wrong.reply.outcome, wrong.reply.connects), (Outcome::AppError, 0), "{wrong:?}");
    assert_eq!(ask(&mut client, server, &find, &[]).end(), (Outcome::AppError, "parameters"));
}

#[test]
fn a_file_is_a_database() {
    let place = tempfile::tempdir().unwrap();
    behaves(&format!("sqlite:{}/test.db", place.path().display()), "?", "?");
    let nowhere = ask(&mut client(), "sqlite:/no/such/place/test.db", "SELECT 1", &[]);
    assert_eq!(nowhere.end(), (Outcome::ConnectError, "connect"));
}

#[test]
fn settings_of_a_file_stand_behind_its_name() {
    let place = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}/test.db", place.path().display());
    let set = format!("{file}?journal_mode=wal&synchronous=normal");
    let told = |setting: &str| {
        let answer = ask(&mut client(), &set, &format!("PRAGMA {setting}"), &[]);
        body(&answer)["rows"][0][setting].clone()
    };
    assert_eq!((told("journal_mode"), told("synchronous")), (json!("wal"), json!(1)));
    let misspelt = ask(&mut client(), &format!("{file}?synchronos=normal"), "SELECT 1", &[]);
    assert_eq!(misspelt.end().1, "bad url");
    let story = &misspelt.reply.failure.as_ref().unwrap().message;
    assert!(story.contains("no setting (PRAGMA) `synchronos`"), "{story}");
}

#[test]
fn a_transaction_that_cannot_be_kept_leaves_nothing_open() {
    let place = tempfile::tempdir().unwrap();
    let server = format!("sqlite:{}/test.db", place.path().display());
    let mut client = client();
    let tables: [(&str, &[Scalar]); 2] = [
        ("CREATE TABLE a (id INTEGER PRIMARY KEY)", &[]),
        ("CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)", &[]),
    ];
    assert_eq!(together(&mut client, &server, &tables).reply.outcome, Outcome::Ok);
    // Nobody notices before the end.
    let orphan: [(&str, &[Scalar]); 2] = [("INSERT INTO b VALUES (7)", &[]), ("SELECT 1", &[])];
    assert_eq!(together(&mut client, &server, &orphan).end(), (Outcome::AppError, "sqlite 787"));
    let good: [(&str, &[Scalar]); 2] = [("INSERT INTO a VALUES (7)", &[]), orphan[0]];
    assert_eq!(together(&mut client, &server, &good).reply.outcome, Outcome::Ok);
    let count = ask(&mut client, &server, "SELECT count(*) AS n FROM b", &[]);
    assert_eq!(body(&count)["rows"][0]["n"], 1);
}

#[test]
fn mariadb_is_spoken_with() {
    let server = Database::mariadb();
    behaves(&server.url("mariadb", "test2"), "?", "?");
    let mut client = client();
    let wrong = format!("mysql://tester:wrong@127.0.0.1:{}/test2", server.port);
    let refused = ask(&mut client, &wrong, "SELECT 1", &[]);
    assert_eq!(refused.end(), (Outcome::ConnectError, "credentials"));
    assert!(!refused.reply.failure.unwrap().message.contains("wrong"));
    let missing = ask(&mut client, &server.url("mysql", "nowhere"), "SELECT 1", &[]);
    assert_eq!(missing.class(), "no such database");
    let double = ask(&mut client, &server.url("mysql", "test2"), "INSERT INTO things (id) VALUES (1)", &[]);
    assert_eq!(double.end(), (Outcome::AppError, "error 1062"));
}

#[test]
fn postgres_is_spoken_with() {
    let server = Database::postgres(&[]);
    let url = server.url("postgres", "postgres");
    behaves(&url, "$1", "$2");
    let mut client = client();
    let typed = "SELECT 12345.678::numeric AS num, '{\"a\": [1]}'::jsonb AS doc, true AS yes, \
        '00112233-4455-6677-8899-aabbccddeeff'::uuid AS id, to_timestamp(1) AS at, $1::text AS said, $2::int + 1 AS n";
    let row = body(&ask(&mut client, &url, typed, &[text("hi"), text("41")]))["rows"][0].clone();
    assert_eq!(
        row,
        json!({
            "num": 12_345.678, "doc": { "a": [1] }, "yes": true, "id": "00112233-4455-6677-8899-aabbccddeeff",
            "at": 1_000_000, "said": "hi", "n": 42
        })
    );
    let double = ask(&mut client, &url, "INSERT INTO things (id) VALUES (1)", &[]);
    assert_eq!(double.end(), (Outcome::AppError, "sqlstate 23505"));
    let large = "x".repeat(8 << 20);
    let length = ask(&mut client, &url, "SELECT length($1::text) AS n, $1::text AS back", &[text(&large)]);
    assert_eq!(body(&length)["rows"][0]["n"], 8 << 20);
    assert_eq!(length.reply.connects, 0);
    let slow = ask(&mut client, &url, "SELECT 1 AS n FROM pg_sleep(0.2)", &[]);
    assert_eq!(body(&slow)["rows"][0]["n"], 1);
}

#[test]
fn a_stranger_is_refused() {
    let server = Database::postgres(&[]);
    let mut client = client();
    let wrong = format!("postgres://tester:wrong@127.0.0.1:{}/postgres", server.port);
    let refused = ask(&mut client, &wrong, "SELECT 1", &[]);
    assert_eq!(refused.end(), (Outcome::ConnectError, "credentials"), "{refused:?}");
    assert!(!refused.reply.failure.unwrap().message.contains("wrong"));
    let missing = ask(&mut client, &server.url("postgres", "nowhere"), "SELECT 1", &[]);
    assert_eq!(missing.class(), "no such database");
}

#[test]
fn there_is_no_server() {
    let mut client = client();
    for scheme in ["postgres", "mysql"] {
        let answer = ask(&mut client, &format!("{scheme}://a:b@127.0.0.1:1/d"), "SELECT 1", &[]);
        assert_eq!(answer.end(), (Outcome::ConnectError, "refused"), "{answer:?}");
    }
}

#[test]
fn what_is_given_up_is_not_taken_for_another() {
    let server = Database::postgres(&[]);
    let url = server.url("postgres", "postgres");
    let mut client = client();
    let sleeping = || request(&url, &[("SELECT 'late' AS said FROM pg_sleep(1)", &[])]);
    let late = QueryRequest { timeout_ns: SECOND_NS / 20, ..sleeping() };
    assert_eq!(client.perform(Operation::Query(late)).end(), (Outcome::Timeout, "timeout"));
    client.give_up(Operation::Query(sleeping()), Duration::from_millis(50));
    let next = ask(&mut client, &url, "SELECT 'next' AS said", &[]);
    assert_eq!((body(&next)["rows"][0]["said"].as_str(), next.reply.connects), (Some("next"), 1));
}

#[test]
fn a_server_that_comes_back_is_connected_to_again() {
    let mut server = Database::postgres(&[]);
    let url = server.url("postgres", "postgres");
    let mut client = client();
    assert_eq!(ask(&mut client, &url, "SELECT 1", &[]).reply.outcome, Outcome::Ok);
    server.kill();
    assert_eq!(ask(&mut client, &url, "SELECT 1", &[]).end(), (Outcome::ConnectError, "closed"));
    server.restart();
    let back = ask(&mut client, &url, "SELECT 1", &[]);
    assert_eq!((back.reply.outcome, back.reply.connects), (Outcome::Ok, 1), "{back:?}");
}

#[test]
fn a_pool_has_as_many_connections_as_it_says() {
    let server = Database::postgres(&[]);
    let url = server.url("postgres", "postgres");
    let settings = QuerySettings { pool: Some(1), ..QuerySettings::default() };
    let hold = |seconds: f64| {
        let statement = format!(
            "SELECT count(*) AS n FROM pg_stat_activity, pg_sleep({seconds}) WHERE usename = 'tester' AND backend_type = 'client backend'"
        );
        Operation::Query(request(&url, &[(&statement, &[])]))
    };
    let [first, second] = two_at_once(&protocol(settings.clone()), [hold(0.1), hold(0.0)]);
    assert_eq!((first.reply.connects, second.reply.connects), (1, 0), "{second:?}");
    assert_eq!((&body(&first)["rows"][0]["n"], &body(&second)["rows"][0]["n"]), (&json!(1), &json!(1)));
    let waited = |answer: &Answer| {
        let reading = answer.parts.iter().find(|r| r.part == POOL_WAIT).unwrap();
        if let ReadValue::Took(ns) = reading.value { ns } else { 0 }
    };
    assert!(waited(&second) > 50_000_000 && waited(&first) < waited(&second));
    // Nobody waits for ever.
    let impatient = QuerySettings { pool_wait_ns: SECOND_NS / 50, ..settings };
    let [held, refused] = two_at_once(&protocol(impatient), [hold(0.3), hold(0.0)]);
    assert_eq!((held.reply.outcome, refused.end()), (Outcome::Ok, (Outcome::Timeout, "pool exhausted")));
}

#[test]
fn connections_are_encrypted_and_their_certificates_are_looked_at() {
    let papers = Papers::issue();
    let mut server = Database::postgres(&[]);
    let [cert, key] = ["server.pem", "server.key"].map(|name| server.keep(&papers.path(name)));
    server.restart_with(&["ssl=on", &format!("ssl_cert_file={cert}"), &format!("ssl_key_file={key}")]);
    let url =
        format!("{}?sslmode=require", server.url("postgres", "postgres").replace("127.0.0.1", "localhost"));
    let trusting = QuerySettings { ca_file: Some(papers.path("ca.pem")), ..QuerySettings::default() };
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let answer = ask(&mut Client::of(&protocol(trusting)), &url, encrypted, &[]);
    assert_eq!(body(&answer)["rows"][0]["ssl"], true);
    assert_eq!(ask(&mut client(), &url, "SELECT 1", &[]).reply.outcome, Outcome::ConnectError);
}

/// A server that says this to whoever connects, once it has been asked, and closes after the next question.
fn saying(said: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4096];
            // Whatever was asked; whoever asks may be gone.
            let _asked = stream.read(&mut buffer);
            let _gone = stream.write_all(said);
            let _more = stream.read(&mut buffer);
        }
    });
    format!("postgres://a:b@{address}/d?sslmode=disable")
}

#[test]
fn a_reply_that_breaks_off_is_no_success() {
    // Welcome, and ready for a question.
    let server = saying(b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I");
    assert_eq!(ask(&mut client(), &server, "SELECT 1", &[]).end(), (Outcome::ConnectError, "closed"));
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    let server = saying(b"\x07\x00\x00\x00\x04hello");
    assert_eq!(ask(&mut client(), &server, "SELECT 1", &[]).end(), (Outcome::ConnectError, "not postgres"));
    let odd = ask(&mut client(), "oracle://h/d", "SELECT 1", &[]);
    assert_eq!(odd.end(), (Outcome::AppError, "bad url"));
}
