//! Answers that stream like those of a language model, by a script: what is said when is known beforehand.
//!
//! `POST /v1/chat/completions` and `POST /v1/messages` stream as `OpenAI` and Anthropic do; `GET /events` streams plain
//! events. A request says how under `script` (in the body, or as the query of `/events`): see [`Script`]. Every token is the
//! word " the", which any tokenizer counts as one. The times are the service: nothing is computed here.
//!
//! Below `/api/v1` there is an assistant, which does compute: it looks up what it is asked for.

mod assistant;
mod script;
mod stream;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;

pub use script::Script;
use stream::Style;

/// The service.
pub fn router() -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/v1/chat/completions", post(|body: Bytes| async move { answer(Style::OpenAi, &body) }))
        .route("/v1/messages", post(|body: Bytes| async move { answer(Style::Anthropic, &body) }))
        .route(
            "/events",
            get(|Query(script): Query<Script>| async move { stream::response(Style::Events, &script) }),
        )
        .merge(assistant::router())
}

fn answer(style: Style, body: &[u8]) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return refused("the request is no JSON");
    };
    if request["messages"].as_array().is_none_or(Vec::is_empty) {
        return refused("`messages` is missing");
    }
    if request["stream"] != Value::Bool(true) {
        return refused("only streams are served: set `stream`");
    }
    match request.get("script").map_or_else(|| Ok(Script::default()), |s| serde_json::from_value(s.clone())) {
        Ok(script) => stream::response(style, &script),
        Err(error) => refused(&format!("`script`: {error}")),
    }
}

fn refused(message: &str) -> Response {
    let body = serde_json::json!({ "error": { "type": "invalid_request_error", "message": message } });
    (StatusCode::BAD_REQUEST, [("content-type", "application/json")], body.to_string()).into_response()
}
