//! The events service: takes events, single and in batches of up to a thousand, keeps their identities, and says what it kept.
//! It loses and repeats on command: with `?lose=7&twice=5` every seventh event that it accepts is not kept, and every fifth is
//! kept twice.
//!
//! Two kinds of event are taken: what analytics send (`source`), and what attribution sends (`app_id`, `platform`, `timestamp`).
//! A million a second reach it in batches, so that what is done for each event is little: its text is read where it lies
//! (`plain.rs`, `reading.rs`), and its identity becomes a bit if its neighbours are there as well (`identities.rs`).

mod attribution;
mod event;
mod identities;
mod plain;
mod reading;
mod second;
mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use reading::Refusal;
use store::{Faults, Store};

/// Events a batch may hold.
const BATCH_MAX: usize = 1_000;

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
        .route("/v1/attribution/user/{id}", get(attribution))
        .route("/v1/counters", get(counters))
        .merge(second::routes())
        .with_state(store)
        .layer(axum::extract::DefaultBodyLimit::max(16 << 20))
}

fn held(store: &Shared) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How what was kept is told.
#[derive(Debug, Default, Deserialize)]
struct Telling {
    /// `ranges`: identities that follow one another are one entry.
    #[serde(rename = "as")]
    form: Option<String>,
}

async fn kept(State(store): State<Shared>, Query(telling): Query<Telling>) -> Json<Value> {
    let store = held(&store);
    Json(match telling.form.as_deref() {
        Some("ranges") => store.kept.ranges(),
        _ => json!({ "ids": store.kept.all() }),
    })
}

async fn single(State(store): State<Shared>, Query(faults): Query<Faults>, body: Bytes) -> Answer {
    let read = reading::single(&body);
    let mut store = held(&store);
    match read {
        Ok(events) => {
            store.take(&events, faults);
            let data = json!({ "event_id": events[0].id.as_str() });
            let answer = json!({ "success": true, "message": "accepted", "data": data });
            (StatusCode::ACCEPTED, Json(answer))
        }
        Err(refusal) => refused(&mut store, &refusal),
    }
}

async fn batch(State(store): State<Shared>, Query(faults): Query<Faults>, body: Bytes) -> Answer {
    let read = reading::batch(&body);
    let mut store = held(&store);
    match read {
        // All or none: a batch that is refused leaves nothing behind.
        Ok(events) => {
            store.take(&events, faults);
            store.batches += 1;
            let id = format!("batch-{}", store.batches);
            let count = events.len();
            let data = json!({ "events_count": count, "processed_count": count, "batch_id": id });
            (StatusCode::ACCEPTED, Json(json!({ "success": true, "data": data })))
        }
        Err(refusal) => refused(&mut store, &refusal),
    }
}

fn refused(store: &mut Store, refusal: &Refusal) -> Answer {
    store.received += refusal.count;
    store.refused += refusal.count;
    (refusal.status, Json(json!({ "success": false, "error": refusal.why })))
}

async fn attribution(State(store): State<Shared>, Path(user): Path<String>) -> Json<Value> {
    Json(held(&store).users.told(&user))
}

async fn counters(State(store): State<Shared>) -> Json<Value> {
    let store = held(&store);
    Json(json!({
        "received": store.received, "accepted": store.accepted, "refused": store.refused, "batches": store.batches,
        "duplicates": store.duplicates, "distinct": store.distinct(), "types": store.types.counted(),
        "users": store.users.count(),
    }))
}
