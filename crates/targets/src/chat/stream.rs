//! A script as a response.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::script::{Moment, Script};

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    OpenAi,
    Anthropic,
    Events,
}

/// What one token is.
const TOKEN: &str = " the";

/// Tokens that every question is said to have.
const TOKENS_IN: u64 = 12;

/// Answers by the script, each moment at its time from now on: a late one does not make the next one late.
pub(super) fn response(style: Style, script: &Script) -> Response {
    let begun = Instant::now();
    let script = *script;
    let moments = script.moments().into_iter();
    let stream = unfold(moments, move |mut moments| async move {
        let (at_ms, moment) = moments.next()?;
        sleep_until(begun + Duration::from_millis(at_ms)).await;
        let written = match moment {
            Moment::Cut => Err(std::io::Error::other("the script cuts here")),
            moment => Ok(written(style, &script, moment)),
        };
        Some((written, moments))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

fn written(style: Style, script: &Script, moment: Moment) -> String {
    match style {
        Style::OpenAi => openai(script, moment),
        Style::Anthropic => anthropic(script, moment),
        Style::Events => match moment {
            Moment::Role => ": begun\n\n".to_owned(),
            Moment::Tokens(n) => format!("data:{}\n\n", TOKEN.repeat(n as usize)),
            Moment::Fail | Moment::Cut => "event: error\ndata: failed\n\n".to_owned(),
            Moment::End => String::new(),
        },
    }
}

fn openai(script: &Script, moment: Moment) -> String {
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        data(&json!({ "object": "chat.completion.chunk", "choices": [choice] }))
    };
    match moment {
        Moment::Role => chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
        Moment::Tokens(n) => chunk(json!({ "content": TOKEN.repeat(n as usize) }), Value::Null),
        Moment::Fail | Moment::Cut => data(&json!({ "error": { "message": "the model failed" } })),
        Moment::End => {
            let usage = json!({ "prompt_tokens": TOKENS_IN, "completion_tokens": script.claimed() });
            let end = chunk(json!({}), json!("stop"));
            end + &data(&json!({ "choices": [], "usage": usage })) + "data: [DONE]\n\n"
        }
    }
}

fn anthropic(script: &Script, moment: Moment) -> String {
    let event =
        |value: Value| format!("event: {}\n{}", value["type"].as_str().unwrap_or_default(), data(&value));
    match moment {
        Moment::Role => {
            let start = json!({ "type": "message_start", "message": { "role": "assistant", "usage": { "input_tokens": TOKENS_IN } } });
            let block = json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } });
            event(start) + &event(block) + &event(json!({ "type": "ping" }))
        }
        Moment::Tokens(n) => {
            let delta = json!({ "type": "text_delta", "text": TOKEN.repeat(n as usize) });
            event(json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
        }
        Moment::Fail | Moment::Cut => {
            let error = json!({ "type": "overloaded_error", "message": "the model failed" });
            event(json!({ "type": "error", "error": error }))
        }
        Moment::End => {
            let usage = json!({ "output_tokens": script.claimed() });
            let delta =
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": usage });
            event(json!({ "type": "content_block_stop", "index": 0 }))
                + &event(delta)
                + &event(json!({ "type": "message_stop" }))
        }
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}
