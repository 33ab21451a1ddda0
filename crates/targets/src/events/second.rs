//! A second way in, as the platform's other service has it: one path for one event and for a list of them, answered with 200;
//! and what was seen, from several sides.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Faults;
use super::{Answer, Shared, held, reading, refused};

/// Its routes.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/events", post(events))
        .route("/api/v1/analytics", get(analytics))
        .route("/api/v1/attribution", get(attribution))
        .route("/api/v1/customers", get(customers))
        .route("/api/v1/realtime", get(realtime))
}

/// One event, or a list of them.
async fn events(State(store): State<Shared>, Query(faults): Query<Faults>, body: Bytes) -> Answer {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let read = if is_list { reading::batch(&body) } else { reading::single(&body) };
    let mut store = held(&store);
    match read {
        Ok(events) => {
            store.take(&events, faults);
            store.batches += u64::from(is_list);
            let answer = if is_list {
                json!({ "status": "accepted", "processed": events.len() })
            } else {
                json!({ "status": "accepted", "event_id": events[0].id.as_str() })
            };
            (StatusCode::OK, Json(answer))
        }
        Err(refusal) => refused(&mut store, &refusal),
    }
}

async fn analytics(State(store): State<Shared>) -> Json<Value> {
    let store = held(&store);
    Json(json!({ "events": store.accepted, "by_type": store.types.counted() }))
}

#[derive(Debug, Default, Deserialize)]
struct Whose {
    #[serde(default)]
    user_id: String,
}

async fn attribution(State(store): State<Shared>, Query(whose): Query<Whose>) -> Json<Value> {
    Json(held(&store).users.told(&whose.user_id))
}

async fn customers(State(store): State<Shared>) -> Json<Value> {
    Json(json!({ "customers": held(&store).users.count() }))
}

async fn realtime(State(store): State<Shared>) -> Json<Value> {
    let store = held(&store);
    Json(json!({ "accepted": store.accepted, "refused": store.refused, "duplicates": store.duplicates }))
}
