//! An assistant as services of agents have them: `POST /api/v1/chat` answers at once, `/api/v1/chat/stream` piece by piece and
//! `/api/v1/chat/ws` over WebSocket; besides there are a search, the nodes of what it knows, tasks and tools.
//!
//! It is no language model: it looks the question up in what it knows (`knowledge`), and says what it found. Every answer costs
//! the CPU that this takes. Times are only what a request asks for itself under `script` (streams: `first_ms`, `gap_ms`). With
//! `?leak=BYTES` an answer leaves so many bytes behind for ever.

mod knowledge;
mod memory;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::script::Script;
use super::stream::{self, Spoken, Style};
use knowledge::{Knowledge, Passage, pieces};
use memory::Memory;

/// The longest message.
const MESSAGE_CHARS_MAX: usize = 16_000;

/// Passages an answer is made of: these, and one more for so many words of the question, up to the most.
const PASSAGES: usize = 6;
const WORDS_A_PASSAGE: usize = 8;
const PASSAGES_MAX: usize = 16;

/// Results and nodes on a page, if nothing is said, and at most.
const PAGE: usize = 20;
const PAGE_MAX: usize = 200;

struct Assistant {
    knowledge: Knowledge,
    memory: Mutex<Memory>,
}

type Shared = Arc<Assistant>;

type Answer = Result<(StatusCode, Json<Value>), Refused>;

/// Its routes, with nothing remembered.
pub(super) fn router() -> Router {
    let assistant = Assistant { knowledge: Knowledge::new(), memory: Mutex::default() };
    Router::new()
        .route("/api/v1/health", get(|| async { Json(json!({ "status": "healthy" })) }))
        .route("/api/v1/chat", post(chat))
        .route("/api/v1/chat/stream", post(chat_stream))
        .route("/api/v1/chat/ws", any(chat_socket))
        .route("/api/v1/galaxy/search", post(search))
        .route("/api/v1/galaxy/nodes", get(nodes))
        .route("/api/v1/galaxy/nodes/{id}", get(node))
        .route("/api/v1/tasks", post(add_task))
        .route("/api/v1/tasks/{id}", get(task))
        .route("/api/v1/tools/{name}", post(tool))
        .route("/api/v1/counters", get(|State(all): State<Shared>| async move { Json(all.memory().shown()) }))
        .with_state(Arc::new(assistant))
}

/// Mistakes on command.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Faults {
    leak: usize,
}

/// What was asked for cannot be done: a status, and why.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        (status, Json(json!({ "success": false, "error": error }))).into_response()
    }
}

/// What is said to a question.
struct Said {
    text: String,
    sources: Vec<String>,
    tokens_in: usize,
}

impl Assistant {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks a question up, in the light of what was said before.
    fn answer(&self, request: &Value, faults: Faults) -> Result<Said, Refused> {
        let question = self.text(request, "content")?;
        let session = request["session_id"].as_str().unwrap_or("none");
        let before = self.memory().said(session, question);
        let most = (PASSAGES + question.split_whitespace().count() / WORDS_A_PASSAGE).min(PASSAGES_MAX);
        // What was said before decides only where the question itself does not.
        let mut found = self.knowledge.search(question, most);
        if found.is_empty() {
            found = self.knowledge.search(&before, most);
        }
        let passages: Vec<&Passage> = found.into_iter().map(|(_, passage)| passage).collect();
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
        let text =
            if texts.is_empty() { "I have found nothing about that.".to_owned() } else { texts.join(" ") };
        let tokens_in = pieces(question).len();
        let mut memory = self.memory();
        memory.counters.answers += 1;
        memory.counters.tokens += (tokens_in + pieces(&text).len()) as u64;
        memory.leak(faults.leak);
        Ok(Said { text, sources: passages.iter().map(|passage| passage.id.clone()).collect(), tokens_in })
    }

    /// A text of a request that must be there.
    fn text<'r>(&self, request: &'r Value, key: &str) -> Result<&'r str, Refused> {
        let text = request[key].as_str().map(str::trim).filter(|text| !text.is_empty());
        let text = text.filter(|text| text.chars().count() <= MESSAGE_CHARS_MAX);
        text.ok_or_else(|| {
            let problem = format!("`{key}` is a text of 1 to {MESSAGE_CHARS_MAX} characters");
            self.refused(StatusCode::UNPROCESSABLE_ENTITY, problem)
        })
    }

    fn refused(&self, status: StatusCode, problem: String) -> Refused {
        self.memory().counters.refused += 1;
        Refused(status, problem)
    }
}

impl Said {
    fn whole(&self) -> Value {
        let tokens_out = pieces(&self.text).len();
        json!({
            "success": true, "response": self.text, "sources": self.sources, "tokens_used": self.tokens_in + tokens_out,
            "usage": { "prompt_tokens": self.tokens_in, "completion_tokens": tokens_out },
        })
    }
}

async fn chat(State(all): State<Shared>, Query(faults): Query<Faults>, Json(request): Json<Value>) -> Answer {
    Ok((StatusCode::OK, Json(all.answer(&request, faults)?.whole())))
}

/// The same answer as it is spoken, as a stream of `OpenAI`'s kind.
async fn chat_stream(
    State(all): State<Shared>,
    Query(faults): Query<Faults>,
    Json(request): Json<Value>,
) -> Result<Response, Refused> {
    let unusable =
        |problem: String| all.refused(StatusCode::UNPROCESSABLE_ENTITY, format!("`script`: {problem}"));
    let script = script(&request).map_err(unusable)?;
    let said = all.answer(&request, faults)?;
    let spoken = Spoken { pieces: pieces(&said.text), tokens_in: said.tokens_in as u64 };
    Ok(stream::spoken(Style::OpenAi, &script, spoken))
}

/// When what is said, if a request asks for that; otherwise at once.
fn script(request: &Value) -> Result<Script, String> {
    let mut script = Map::from_iter(["role_ms", "first_ms", "gap_ms"].map(|key| (key.to_owned(), json!(0))));
    match request.get("script") {
        None => {}
        Some(Value::Object(given)) => script.extend(given.clone()),
        Some(_) => return Err("it is an object".to_owned()),
    }
    serde_json::from_value(Value::Object(script)).map_err(|e| e.to_string())
}

async fn chat_socket(State(all): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| converse(socket, all))
}

/// Every message is a question; its answer carries the same `id`.
async fn converse(mut socket: WebSocket, all: Shared) {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let answer = match serde_json::from_str::<Value>(&text) {
            Ok(request) => {
                let mut answer = match all.answer(&request, Faults::default()) {
                    Ok(said) => said.whole(),
                    Err(Refused(_, error)) => json!({ "success": false, "error": error }),
                };
                answer["id"] = request["id"].clone();
                answer
            }
            Err(_) => json!({ "success": false, "error": "a message is JSON" }),
        };
        if socket.send(Message::text(answer.to_string())).await.is_err() {
            return;
        }
    }
}

async fn search(State(all): State<Shared>, Json(request): Json<Value>) -> Answer {
    let query = all.text(&request, "query")?;
    let limit = request.get("limit").map_or(Some(PAGE as u64), Value::as_u64);
    let limit = limit.filter(|limit| (1..=PAGE_MAX as u64).contains(limit)).ok_or_else(|| {
        all.refused(StatusCode::UNPROCESSABLE_ENTITY, format!("`limit` lies between 1 and {PAGE_MAX}"))
    })?;
    let found = all.knowledge.search(query, limit as usize);
    all.memory().counters.searches += 1;
    let shown = |(score, passage): &(f64, &Passage)| json!({ "id": passage.id, "title": passage.title, "text": passage.text, "score": score });
    let results: Vec<Value> = found.iter().map(shown).collect();
    Ok((StatusCode::OK, Json(json!({ "success": true, "total": results.len(), "results": results }))))
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    limit: Option<usize>,
    offset: usize,
}

async fn nodes(State(all): State<Shared>, Query(page): Query<Page>) -> Json<Value> {
    let limit = page.limit.unwrap_or(PAGE).min(PAGE_MAX);
    let passages = &all.knowledge.passages;
    let shown: Vec<Value> = passages.iter().skip(page.offset).take(limit).map(|p| shown(&all, p)).collect();
    Json(json!({ "success": true, "total": passages.len(), "nodes": shown }))
}

async fn node(State(all): State<Shared>, Path(id): Path<String>) -> Answer {
    match all.knowledge.of_id(&id) {
        Some(passage) => Ok((StatusCode::OK, Json(shown(&all, passage)))),
        None => Err(all.refused(StatusCode::NOT_FOUND, format!("no node is called `{id}`"))),
    }
}

fn shown(all: &Assistant, passage: &Passage) -> Value {
    let links = passage.links.map(|link| all.knowledge.passages[link].id.as_str());
    json!({ "id": passage.id, "label": passage.title, "links": links })
}

/// A task is planned: what to look at, one step after another.
async fn add_task(State(all): State<Shared>, Json(request): Json<Value>) -> Answer {
    let title = all.text(&request, "title")?;
    let found = all.knowledge.search(title, PASSAGES_MAX);
    let steps: Vec<&str> = found.iter().map(|(_, passage)| passage.title.as_str()).collect();
    Ok((StatusCode::CREATED, Json(all.memory().add_task(title, &steps))))
}

async fn task(State(all): State<Shared>, Path(id): Path<String>) -> Answer {
    let found = all.memory().task(&id).cloned();
    match found {
        Some(task) => Ok((StatusCode::OK, Json(task))),
        None => Err(all.refused(StatusCode::NOT_FOUND, format!("no task {id}"))),
    }
}

/// Tools by name: `sum` adds `numbers`, `count` counts the pieces of a `text`.
async fn tool(State(all): State<Shared>, Path(name): Path<String>, Json(request): Json<Value>) -> Answer {
    let result = match name.as_str() {
        "count" => json!(pieces(all.text(&request, "text")?).len()),
        "sum" => {
            let numbers: Option<Vec<f64>> =
                request["numbers"].as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
            let numbers = numbers.ok_or_else(|| {
                all.refused(StatusCode::UNPROCESSABLE_ENTITY, "`numbers` is a list of numbers".to_owned())
            })?;
            json!(numbers.iter().sum::<f64>())
        }
        unknown => {
            let problem = format!("no tool is called `{unknown}`; there are count and sum");
            return Err(all.refused(StatusCode::NOT_FOUND, problem));
        }
    };
    Ok((StatusCode::OK, Json(json!({ "success": true, "result": result }))))
}
