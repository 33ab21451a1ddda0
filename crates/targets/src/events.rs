//! The events service: takes analytics events, single and in batches, and counts what it accepts. It loses and repeats on
//! command: with `?lose=7&twice=5` every seventh event that it accepts is not kept, and every fifth is kept twice.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// Events a batch may hold.
const BATCH_MAX: usize = 1_000;

#[derive(Default)]
struct Store {
    received: u64,
    accepted: u64,
    refused: u64,
    batches: u64,
    duplicates: u64,
    ids: HashSet<String>,
    /// What was kept, in order; what is kept twice stands here twice.
    kept: Vec<String>,
    types: BTreeMap<String, u64>,
}

type Shared = Arc<Mutex<Store>>;
type Answer = (StatusCode, Json<Value>);

/// Its routes, with nothing stored.
pub fn router() -> Router {
    let store: Shared = Arc::default();
    Router::new()
        .route("/health", get(|| async { Json(json!({ "status": "healthy" })) }))
        .route("/v1/events", post(single))
        .route("/v1/events/batch", post(batch))
        .route("/v1/events/kept", get(kept))
        .route("/v1/counters", get(counters))
        .with_state(store)
        .layer(axum::extract::DefaultBodyLimit::max(16 << 20))
}

/// How what is accepted is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Faults {
    lose: Option<u64>,
    twice: Option<u64>,
}

async fn kept(State(store): State<Shared>) -> Json<Value> {
    let store = store.lock().unwrap_or_else(PoisonError::into_inner);
    Json(json!({ "ids": store.kept }))
}

async fn single(
    State(store): State<Shared>,
    Query(faults): Query<Faults>,
    Json(event): Json<Value>,
) -> Answer {
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    match store.take(&event, faults) {
        Ok(id) => (
            StatusCode::ACCEPTED,
            Json(json!({ "success": true, "message": "accepted", "data": { "event_id": id } })),
        ),
        Err(problem) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "success": false, "error": problem })))
        }
    }
}

async fn batch(State(store): State<Shared>, Json(body): Json<Value>) -> Answer {
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    let events = body.get("events").unwrap_or(&body).as_array();
    let Some(events) = events.filter(|e| !e.is_empty() && e.len() <= BATCH_MAX) else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({ "success": false, "error": format!("a batch holds 1 to {BATCH_MAX} events") })),
        );
    };
    // All or none: a batch that is refused leaves nothing behind.
    if let Some(problem) = events.iter().find_map(|e| problem(e).err()) {
        store.received += events.len() as u64;
        store.refused += events.len() as u64;
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "success": false, "error": problem })));
    }
    let taken = events.iter().filter(|e| store.take(e, Faults::default()).is_ok()).count();
    store.batches += 1;
    let number = store.batches;
    (
        StatusCode::ACCEPTED,
        Json(
            json!({ "success": true, "data": { "events_count": taken, "processed_count": taken, "batch_id": format!("batch-{number}") } }),
        ),
    )
}

async fn counters(State(store): State<Shared>) -> Json<Value> {
    let store = store.lock().unwrap_or_else(PoisonError::into_inner);
    Json(json!({
        "received": store.received, "accepted": store.accepted, "refused": store.refused, "batches": store.batches,
        "duplicates": store.duplicates, "distinct": store.ids.len(), "types": store.types,
    }))
}

/// What is wrong with an event, otherwise its id and type.
fn problem(event: &Value) -> Result<(&str, &str), String> {
    let text = |key: &str, most: usize| {
        let value =
            event.get(key).and_then(Value::as_str).filter(|v| !v.is_empty() && v.chars().count() <= most);
        value.ok_or_else(|| format!("{key} must be a text of 1 to {most} characters"))
    };
    text("source", 100)?;
    Ok((text("event_id", 100)?, text("event_type", 100)?))
}

impl Store {
    fn take(&mut self, event: &Value, faults: Faults) -> Result<String, String> {
        self.received += 1;
        let checked = problem(event).map(|(id, kind)| (id.to_owned(), kind.to_owned()));
        match checked {
            Ok((id, kind)) => {
                self.accepted += 1;
                let is_due =
                    |every: Option<u64>| every.is_some_and(|n| self.accepted.is_multiple_of(n.max(1)));
                let times = if is_due(faults.lose) { 0 } else { 1 + usize::from(is_due(faults.twice)) };
                self.kept.extend(std::iter::repeat_n(id.clone(), times));
                self.duplicates += u64::from(!self.ids.insert(id.clone()));
                *self.types.entry(kind).or_default() += 1;
                Ok(id)
            }
            Err(problem) => {
                self.refused += 1;
                Err(problem)
            }
        }
    }
}
