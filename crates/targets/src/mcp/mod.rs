//! A server of tools by the Model Context Protocol (specification 2025-06-18, streamable HTTP): it looks things up in a
//! small library of its own, keeps an index and a list of connectors that can be managed, and fails on command.
//!
//! `POST /mcp` (or `/`) takes one message of JSON-RPC. With `?stream` answers come as events, behind a notification; with
//! `?forget=N` a session is forgotten after N requests, as behind a load balancer that does not keep to one server; with
//! `?stateless` there are no sessions. Every error of the protocol is a status of 200, as its servers do.

mod desk;
mod library;
mod rpc;
mod tools;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use desk::Desk;
use rpc::{Problem, answer};

/// Names the session in both directions.
const SESSION: &str = "mcp-session-id";

/// The version of the protocol that is spoken.
const VERSION: &str = "2025-06-18";

/// How a request is to be answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Manner {
    stream: Option<String>,
    stateless: Option<String>,
    forget: Option<u64>,
}

/// Sessions with the requests each has made, and what has been counted.
#[derive(Default)]
struct Books {
    sessions: BTreeMap<String, u64>,
    opened: u64,
    forgotten: u64,
    closed: u64,
    calls: u64,
    desk: Desk,
}

type Shared = Arc<Mutex<Books>>;

/// The service.
pub fn router() -> Router {
    Router::new()
        .route(
            "/health",
            get(|| async {
                axum::Json(json!({ "status": "healthy", "version": env!("CARGO_PKG_VERSION") }))
            }),
        )
        .route("/stats", get(stats))
        // No stream without a question, and an end on request.
        .route("/", asked())
        .route("/mcp", asked())
        .with_state(Shared::default())
}

fn asked() -> MethodRouter<Shared> {
    post(message).get(|| async { StatusCode::METHOD_NOT_ALLOWED }).delete(close)
}

/// Opened is closed, forgotten and live together.
async fn stats(State(books): State<Shared>) -> axum::Json<Value> {
    let books = books.lock().unwrap_or_else(PoisonError::into_inner);
    axum::Json(json!({
        "opened": books.opened, "closed": books.closed, "forgotten": books.forgotten,
        "live": books.sessions.len(), "calls": books.calls,
    }))
}

async fn close(State(books): State<Shared>, headers: HeaderMap) -> StatusCode {
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    let name = headers.get(SESSION).and_then(|name| name.to_str().ok()).unwrap_or_default();
    match books.sessions.remove(name) {
        Some(_) => {
            books.closed += 1;
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

async fn message(
    State(books): State<Shared>,
    Query(manner): Query<Manner>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return said(&manner, &rpc::error(&Value::Null, &Problem::new(-32_700, "parse error")), None);
    };
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    if message["method"] == "initialize" {
        let name = (manner.stateless.is_none()).then(|| open(&mut books));
        let result = json!({
            "protocolVersion": VERSION,
            "capabilities": { "tools": {}, "resources": {} },
            "serverInfo": { "name": "plimsoll-mcp", "version": env!("CARGO_PKG_VERSION") },
        });
        return said(&manner, &rpc::result(&message["id"], &result), name);
    }
    if manner.stateless.is_none()
        && let Err((status, why)) = known(&mut books, &headers, &manner)
    {
        return (status, why).into_response();
    }
    if message.get("id").is_none() {
        // A notification has no answer.
        return StatusCode::ACCEPTED.into_response();
    }
    books.calls += 1;
    let number = books.calls;
    let answer = answer(&message, number, &mut books.desk);
    drop(books);
    said(&manner, &answer, None)
}

fn open(books: &mut Books) -> String {
    books.opened += 1;
    let name = format!("session-{}", books.opened);
    books.sessions.insert(name.clone(), 0);
    name
}

/// Whether the session that a request names is known; counts the request.
fn known(books: &mut Books, headers: &HeaderMap, manner: &Manner) -> Result<(), (StatusCode, &'static str)> {
    let Some(name) = headers.get(SESSION).and_then(|name| name.to_str().ok()) else {
        return Err((StatusCode::BAD_REQUEST, "the session is missing"));
    };
    let Some(requests) = books.sessions.get_mut(name) else {
        return Err((StatusCode::NOT_FOUND, "this session is not known"));
    };
    *requests += 1;
    // The notification behind `initialize` is the first of them.
    if manner.forget.is_some_and(|most| *requests > most + 1) {
        books.sessions.remove(name);
        books.forgotten += 1;
        return Err((StatusCode::NOT_FOUND, "this session is not known"));
    }
    Ok(())
}

/// An answer, as JSON or as a stream of events.
fn said(manner: &Manner, answer: &Value, session: Option<String>) -> Response {
    let (kind, body) = if manner.stream.is_some() {
        let progress =
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progress": 1 } });
        (
            "text/event-stream",
            format!("event: message\ndata: {progress}\n\nevent: message\ndata: {answer}\n\n"),
        )
    } else {
        ("application/json", answer.to_string())
    };
    let mut response = ([("content-type", kind)], body).into_response();
    if let Some(Ok(name)) = session.map(|name| name.parse()) {
        response.headers_mut().insert(SESSION, name);
    }
    response
}
