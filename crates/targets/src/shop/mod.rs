//! The shop: takes complex orders, validates every part of them, keeps inventory and order state; takes files and works
//! through them.

mod files;
mod orders;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::serve::{self, Running, StartError};
use crate::validate;
use orders::{Refusal, Shop};

/// How strict the shop is.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopOptions {
    /// Pieces of every article at the start.
    pub stock: u64,
    /// Largest first order of an unknown customer; `None` for any.
    pub first_order_max: Option<f64>,
    /// Refuse orders above 500 whose fraud check has not passed.
    pub wants_fraud_check: bool,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self { stock: 1_000_000_000, first_order_max: None, wants_fraud_check: false }
    }
}

impl ShopOptions {
    /// The rules of the original order service, by which nearly every generated order is refused.
    pub fn strict() -> Self {
        Self { stock: 100, first_order_max: Some(1_000.0), wants_fraud_check: true }
    }
}

/// Starts a shop.
pub fn start(address: SocketAddr, options: &ShopOptions) -> Result<Running, StartError> {
    let options = options.clone();
    serve::axum(address, move || router(&options))
}

type Shared = Arc<Mutex<Shop>>;
type Answer = (StatusCode, Json<Value>);

/// Its routes, with an empty order book.
pub fn router(options: &ShopOptions) -> Router {
    let shop: Shared = Arc::new(Mutex::new(Shop::new(options.clone())));
    let tills = Arc::new(Semaphore::new(TILLS));
    Router::new()
        .route(
            "/health",
            get(|| async { Json(json!({ "status": "healthy", "version": env!("CARGO_PKG_VERSION") })) }),
        )
        .route("/api/orders", post(place))
        .route("/api/orders/batch", post(place_batch))
        .route("/api/orders/{id}", get(track))
        .route("/api/payments", post(pay))
        .route("/api/products/{sku}", get(stock))
        .route("/api/validate", post(validation))
        .route("/api/metrics", get(metrics))
        .layer(Extension(tills))
        .with_state(shop)
        .merge(files::router())
        .layer(axum::extract::DefaultBodyLimit::max(16 << 20))
}

fn locked(shop: &Shared) -> std::sync::MutexGuard<'_, Shop> {
    shop.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(result: Result<Value, Refusal>, success: StatusCode) -> Answer {
    match result {
        Ok(value) => (success, Json(value)),
        Err(Refusal::Invalid(problems)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "success": false, "error": "validation failed", "details": problems })),
        ),
        Err(Refusal::Business(error, details)) => {
            (StatusCode::CONFLICT, Json(json!({ "success": false, "error": error, "details": details })))
        }
    }
}

/// Payments are taken at so many tills at once, and each takes so long on average: there is a limit to what the shop carries.
const TILLS: usize = 4;
const PAYMENT_MS: f64 = 4.0;

async fn pay(Extension(tills): Extension<Arc<Semaphore>>) -> Json<Value> {
    let _till = tills.acquire().await;
    let took_ms = -PAYMENT_MS * (1.0 - rand::random::<f64>()).ln();
    tokio::time::sleep(Duration::from_secs_f64(took_ms / 1e3)).await;
    Json(json!({ "success": true, "paid": true }))
}

async fn place(State(shop): State<Shared>, Json(order): Json<Value>) -> Answer {
    answer(locked(&shop).place(&order), StatusCode::CREATED)
}

async fn place_batch(State(shop): State<Shared>, Json(orders): Json<Value>) -> Answer {
    let Some(orders) = orders.as_array() else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({ "success": false, "error": "a list of orders is wanted" })),
        );
    };
    let mut shop = locked(&shop);
    let results: Vec<_> = orders
        .iter()
        .map(|order| answer(shop.place(order), StatusCode::CREATED))
        .map(|(_, Json(body))| body)
        .collect();
    let successful = results.iter().filter(|r| r["success"] == json!(true)).count();
    (
        StatusCode::OK,
        Json(
            json!({ "success": true, "total_orders": orders.len(), "successful": successful, "failed": orders.len() - successful, "results": results }),
        ),
    )
}

async fn track(State(shop): State<Shared>, Path(id): Path<String>) -> Answer {
    match locked(&shop).order(&id) {
        Some(order) => (StatusCode::OK, Json(order)),
        None => (StatusCode::NOT_FOUND, Json(json!({ "success": false, "error": format!("no order {id}") }))),
    }
}

async fn stock(State(shop): State<Shared>, Path(sku): Path<String>) -> Json<Value> {
    Json(json!({ "sku": sku, "stock": locked(&shop).stock_of(&sku) }))
}

async fn validation(Json(body): Json<Value>) -> Answer {
    let problems = validate::validation_test(&body);
    let result =
        if problems.is_empty() { Ok(json!({ "success": true })) } else { Err(Refusal::Invalid(problems)) };
    answer(result, StatusCode::OK)
}

async fn metrics(State(shop): State<Shared>) -> Json<Value> {
    Json(locked(&shop).metrics())
}
