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

/// What one token is, unless something else is said.
const TOKEN: &str = " the";

/// Tokens that every question is said to have, unless it is known better.
const TOKENS_IN: u64 = 12;

/// Something else to say than the same token again and again.
pub(super) struct Spoken {
    /// One piece for every token.
    pub(super) pieces: Vec<String>,
    /// Tokens of the question.
    pub(super) tokens_in: u64,
}

/// Answers by the script, each moment at its time from now on: a late one does not make the next one late.
pub(super) fn response(style: Style, script: &Script) -> Response {
    streamed(Speech { style, script: *script, spoken: None, said: 0 })
}

/// The same with words of its own, which are as many tokens as there are pieces.
pub(super) fn spoken(style: Style, script: &Script, spoken: Spoken) -> Response {
    let script = Script { tokens: spoken.pieces.len() as u32, ..*script };
    streamed(Speech { style, script, spoken: Some(spoken), said: 0 })
}

fn streamed(speech: Speech) -> Response {
    let begun = Instant::now();
    let moments = speech.script.moments().into_iter();
    let stream = unfold((moments, speech), move |(mut moments, mut speech)| async move {
        let (at_ms, moment) = moments.next()?;
        if at_ms > 0 {
            sleep_until(begun + Duration::from_millis(at_ms)).await;
        }
        let written = match moment {
            Moment::Cut => Err(std::io::Error::other("the script cuts here")),
            moment => Ok(speech.written(moment)),
        };
        Some((written, (moments, speech)))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

/// What is said, and how far it is.
struct Speech {
    style: Style,
    script: Script,
    spoken: Option<Spoken>,
    said: usize,
}

impl Speech {
    fn written(&mut self, moment: Moment) -> String {
        match self.style {
            Style::OpenAi => self.openai(moment),
            Style::Anthropic => self.anthropic(moment),
            Style::Events => match moment {
                Moment::Role => ": begun\n\n".to_owned(),
                Moment::Tokens(n) => format!("data:{}\n\n", self.next(n)),
                Moment::Fail | Moment::Cut => "event: error\ndata: failed\n\n".to_owned(),
                Moment::End => String::new(),
            },
        }
    }

    /// The next so many tokens.
    fn next(&mut self, tokens: u32) -> String {
        let from = self.said;
        self.said += tokens as usize;
        match &self.spoken {
            None => TOKEN.repeat(tokens as usize),
            Some(spoken) => spoken.pieces[from..self.said].concat(),
        }
    }

    fn tokens_in(&self) -> u64 {
        self.spoken.as_ref().map_or(TOKENS_IN, |spoken| spoken.tokens_in)
    }

    fn openai(&mut self, moment: Moment) -> String {
        let chunk = |delta: Value, finish: Value| {
            let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
            data(&json!({ "object": "chat.completion.chunk", "choices": [choice] }))
        };
        match moment {
            Moment::Role => chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
            Moment::Tokens(n) => chunk(json!({ "content": self.next(n) }), Value::Null),
            Moment::Fail | Moment::Cut => data(&json!({ "error": { "message": "the model failed" } })),
            Moment::End => {
                let usage =
                    json!({ "prompt_tokens": self.tokens_in(), "completion_tokens": self.script.claimed() });
                let end = chunk(json!({}), json!("stop"));
                end + &data(&json!({ "choices": [], "usage": usage })) + "data: [DONE]\n\n"
            }
        }
    }

    fn anthropic(&mut self, moment: Moment) -> String {
        let event =
            |value: Value| format!("event: {}\n{}", value["type"].as_str().unwrap_or_default(), data(&value));
        match moment {
            Moment::Role => {
                let usage = json!({ "input_tokens": self.tokens_in() });
                let start =
                    json!({ "type": "message_start", "message": { "role": "assistant", "usage": usage } });
                let block = json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } });
                event(start) + &event(block) + &event(json!({ "type": "ping" }))
            }
            Moment::Tokens(n) => {
                let delta = json!({ "type": "text_delta", "text": self.next(n) });
                event(json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
            }
            Moment::Fail | Moment::Cut => {
                let error = json!({ "type": "overloaded_error", "message": "the model failed" });
                event(json!({ "type": "error", "error": error }))
            }
            Moment::End => {
                let usage = json!({ "output_tokens": self.script.claimed() });
                let delta = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": usage });
                event(json!({ "type": "content_block_stop", "index": 0 }))
                    + &event(delta)
                    + &event(json!({ "type": "message_stop" }))
            }
        }
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}
