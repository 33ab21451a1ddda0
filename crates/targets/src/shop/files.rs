//! Files that are uploaded and worked through. Of a file only size and digest are kept. Working through every fourth file fails
//! the first time, and works when it is tried again: whoever uses it must be able to recover.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use md5::{Digest, Md5};
use serde_json::{Value, json};

/// Of so many files one fails when it is first worked through.
const FAILS_EVERY: u64 = 4;

/// Files remembered; beyond that all are forgotten, so that a long run stays small.
const FILES_MAX: usize = 100_000;

struct File {
    number: u64,
    bytes: usize,
    digest: String,
    attempts: u64,
    is_processed: bool,
}

#[derive(Default)]
struct Store {
    files: HashMap<String, File>,
    uploads: u64,
}

type Shared = Arc<Mutex<Store>>;
type Answer = (StatusCode, Json<Value>);

/// Its routes, with no files.
pub(super) fn router() -> Router {
    Router::new()
        .route("/api/files", post(upload))
        .route("/api/files/{id}", get(status))
        .route("/api/files/{id}/process", post(process))
        .with_state(Shared::default())
}

async fn upload(State(store): State<Shared>, body: Bytes) -> Answer {
    if body.is_empty() {
        let error = "a file has at least one byte";
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "success": false, "error": error })));
    }
    let digest: String = Md5::digest(&body).iter().map(|b| format!("{b:02x}")).collect();
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    if store.files.len() >= FILES_MAX {
        store.files.clear();
    }
    store.uploads += 1;
    let number = store.uploads;
    let id = format!("file-{number}");
    let answer =
        json!({ "success": true, "id": id, "bytes": body.len(), "md5": digest, "status": "uploaded" });
    store.files.insert(id, File { number, bytes: body.len(), digest, attempts: 0, is_processed: false });
    (StatusCode::CREATED, Json(answer))
}

async fn process(State(store): State<Shared>, Path(id): Path<String>) -> Answer {
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(file) = store.files.get_mut(&id) else { return unknown(&id) };
    file.attempts += 1;
    if file.attempts == 1 && file.number.is_multiple_of(FAILS_EVERY) {
        let error = "the worker was lost; try again";
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "success": false, "error": error })));
    }
    file.is_processed = true;
    (
        StatusCode::OK,
        Json(json!({ "success": true, "id": id, "status": "processed", "attempts": file.attempts })),
    )
}

async fn status(State(store): State<Shared>, Path(id): Path<String>) -> Answer {
    let store = store.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(file) = store.files.get(&id) else { return unknown(&id) };
    let status = if file.is_processed { "processed" } else { "uploaded" };
    let answer =
        json!({ "success": true, "id": id, "bytes": file.bytes, "md5": file.digest, "status": status });
    (StatusCode::OK, Json(answer))
}

fn unknown(id: &str) -> Answer {
    (StatusCode::NOT_FOUND, Json(json!({ "success": false, "error": format!("no file {id}") })))
}
