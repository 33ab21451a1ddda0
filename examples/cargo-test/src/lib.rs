//! A small service, as somebody may have one: a stock of tickets that is sold. Its tests put load on it with Plimsoll
//! (`tests/load.rs`, docs/LIBRARY.md).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A stock of tickets.
#[derive(Debug)]
pub struct Stock {
    left: AtomicU64,
    sold: AtomicU64,
}

impl Stock {
    /// So many tickets.
    pub fn of(tickets: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(tickets), sold: AtomicU64::new(0) })
    }

    /// How many were sold.
    pub fn sold(&self) -> u64 {
        self.sold.load(Ordering::Acquire)
    }

    /// Sells one, if there is one left.
    fn sell(&self) -> bool {
        let taken = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        if taken.is_ok() {
            self.sold.fetch_add(1, Ordering::AcqRel);
        }
        taken.is_ok()
    }
}

/// Serves the stock on a free port of the loopback interface, on the runtime of the caller; returns where.
///
/// # Errors
///
/// If no port can be had.
pub async fn serve(stock: Arc<Stock>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let service = Router::new().route("/left", get(left)).route("/buy", post(buy)).with_state(stock);
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(address)
}

async fn left(State(stock): State<Arc<Stock>>) -> Json<Value> {
    Json(json!({ "left": stock.left.load(Ordering::Acquire) }))
}

async fn buy(State(stock): State<Arc<Stock>>) -> StatusCode {
    if stock.sell() { StatusCode::CREATED } else { StatusCode::CONFLICT }
}
