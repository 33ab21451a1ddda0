//! The echo service: answers with what it was sent.

use std::io::Write;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// Its routes.
pub fn router() -> Router {
    Router::new()
        .route("/health", get(|| async { axum::Json(json!({ "status": "healthy" })) }))
        .route("/echo", any(echo))
        .route("/echo/{*rest}", any(echo))
        .route(
            "/status/{status}",
            any(|Path(status): Path<u16>| async move {
                StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT)
            }),
        )
        .route(
            "/bytes/{count}",
            get(|Path(count): Path<usize>| async move { vec![b'x'; count.min(64 << 20)] }),
        )
        .route("/redirect/{count}", any(redirect))
        .route("/gzip", get(gzip))
        .route(
            "/cookie/set/{value}",
            get(|Path(value): Path<String>| async move {
                ([(header::SET_COOKIE, format!("id={value}; Path=/"))], "set")
            }),
        )
        .layer(axum::extract::DefaultBodyLimit::disable())
}

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> axum::Json<Value> {
    let headers: serde_json::Map<_, _> =
        headers.iter().map(|(n, v)| (n.to_string(), json!(String::from_utf8_lossy(v.as_bytes())))).collect();
    let text = String::from_utf8_lossy(&body[..body.len().min(4_096)]).into_owned();
    axum::Json(
        json!({ "method": method.as_str(), "uri": uri.to_string(), "headers": headers, "body": text, "body_bytes": body.len() }),
    )
}

async fn redirect(Path(count): Path<u32>) -> Response {
    let location = if count <= 1 { "/echo".to_owned() } else { format!("/redirect/{}", count - 1) };
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

async fn gzip() -> Response {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(br#"{"coded":true}"#).and_then(|()| encoder.finish());
    match written {
        Ok(body) => ([(header::CONTENT_ENCODING, "gzip"), (header::CONTENT_TYPE, "application/json")], body)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
