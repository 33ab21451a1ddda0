//! Answers that come in pieces, from the service that speaks them by a script: what is counted has one right answer.

use plimsoll_model::http::{Body, HttpRequest};
use plimsoll_model::stream::{
    Dialect, EVENTS, FIRST_TOKEN, GAP, LAST_TOKEN, PER_TOKEN, TOKENS_IN, TOKENS_OUT, USAGE_OUT,
};
use plimsoll_model::{Outcome, ReadValue, Reading};
use serde_json::{Value, json};

use crate::client::{Answer, Client, request, service, settings};

/// Asks for an answer by a script.
fn ask(dialect: Dialect, script: &Value) -> Answer {
    let server = service("chat");
    let path = if dialect == Dialect::OpenAi { "/v1/chat/completions" } else { "/v1/messages" };
    let body = json!({ "stream": true, "messages": [{ "role": "user", "content": "?" }], "script": script });
    Client::new(settings()).send(HttpRequest {
        body: Body::Bytes(body.to_string().into_bytes().into()),
        stream: Some(dialect),
        ..request("POST", &format!("{}{path}", server.url()))
    })
}

fn numbers(answer: &Answer, part: u8) -> Vec<u64> {
    let mine = |reading: &&Reading| reading.part == part;
    let number = |reading: &Reading| match reading.value {
        ReadValue::At(n) | ReadValue::Took(n) | ReadValue::Number(n) => n,
    };
    answer.parts.iter().filter(mine).map(number).collect()
}

#[test]
fn every_piece_of_an_answer_is_counted() {
    for (dialect, finish) in [(Dialect::OpenAi, "stop"), (Dialect::Anthropic, "end_turn")] {
        let answer = ask(dialect, &json!({ "first_ms": 20, "gap_ms": 1, "tokens": 30, "per_chunk": 3 }));
        assert_eq!(answer.reply.outcome, Outcome::Ok, "{answer:?}");
        assert_eq!((numbers(&answer, FIRST_TOKEN).len(), numbers(&answer, GAP).len()), (1, 9));
        let counts = [TOKENS_OUT, USAGE_OUT, TOKENS_IN].map(|part| numbers(&answer, part));
        assert_eq!(counts, [vec![30], vec![30], vec![12]]);
        // The first piece came no sooner than its script says, and the parts make up the whole.
        let sent_ns = answer.reply.sent_ns.unwrap();
        let (first, last) = (numbers(&answer, FIRST_TOKEN)[0], numbers(&answer, LAST_TOKEN)[0]);
        assert!(first - sent_ns >= 20_000_000);
        assert_eq!(first + numbers(&answer, GAP).iter().sum::<u64>(), last);
        assert_eq!(numbers(&answer, PER_TOKEN), [(last - first) / 27]);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((body["finish_reason"].as_str(), &body["chunks"]), (Some(finish), &json!(10)));
        assert_eq!(body["text"].as_str().unwrap(), " the".repeat(30));
    }
}

#[test]
fn a_server_that_claims_more_tokens_than_it_sent_is_seen() {
    let answer = ask(Dialect::OpenAi, &json!({ "first_ms": 2, "gap_ms": 0, "tokens": 8, "claimed": 100 }));
    assert_eq!((numbers(&answer, TOKENS_OUT), numbers(&answer, USAGE_OUT)), (vec![8], vec![100]));
}

#[test]
fn streams_that_are_no_answers_fail_in_their_way() {
    let table = [
        (json!({ "cut_at": 5 }), (Outcome::ProtocolError, "truncated")),
        (json!({ "fail_at": 5 }), (Outcome::AppError, "error in stream")),
        (json!({ "tokens": 0 }), (Outcome::AppError, "empty stream")),
    ];
    for (mut script, expected) in table {
        (script["first_ms"], script["gap_ms"]) = (json!(2), json!(0));
        for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
            let answer = ask(dialect, &script);
            assert_eq!(answer.end(), expected, "{script}: {answer:?}");
        }
    }
}

#[test]
fn an_answer_that_does_not_stream_is_told_apart() {
    let server = service("chat");
    let url = format!("{}/v1/chat/completions", server.url());
    let stream = Some(Dialect::OpenAi);
    let mut client = Client::new(settings());
    // An error page stays one, for expectations to look at.
    let refused = client.send(HttpRequest { stream, ..request("POST", &url) });
    assert_eq!((refused.reply.outcome, refused.reply.status, refused.parts.len()), (Outcome::Ok, 400, 0));
    assert!(refused.text().contains("no JSON"));
    let health = format!("{}/health", server.url());
    let plain = client.send(HttpRequest { stream, ..request("GET", &health) });
    assert_eq!(plain.end(), (Outcome::ProtocolError, "no stream"));
}

#[test]
fn plain_events_are_counted_too() {
    let server = service("chat");
    let url = format!("{}/events?tokens=6&per_chunk=2&gap_ms=1&first_ms=2", server.url());
    let mut client = Client::new(settings());
    let answer = client.send(HttpRequest { stream: Some(Dialect::Events), ..request("GET", &url) });
    assert_eq!(answer.reply.outcome, Outcome::Ok, "{answer:?}");
    assert_eq!((numbers(&answer, EVENTS), numbers(&answer, GAP).len()), (vec![3], 2));
    // The next request tells nothing of this one.
    let next = client.send(request("GET", &format!("{}/health", server.url())));
    assert!(next.parts.is_empty());
}
