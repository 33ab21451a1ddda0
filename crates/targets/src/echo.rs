//! The echo service: answers with what it was sent.

use std::io::Write;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::sync::broadcast;

/// Its routes.
pub fn router() -> Router {
    let (room, _) = broadcast::channel(ROOM_MESSAGES_MAX);
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
        .route("/page", get(|| async { Html(PAGE) }))
        .route(
            "/ws",
            any(|upgrade: WebSocketUpgrade| async { upgrade.protocols(["echo"]).on_upgrade(repeat) }),
        )
        .route(
            "/room",
            any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(|socket| stay(socket, room)) }),
        )
        .route("/digest/{user}/{password}", any(digest))
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

/// A page with a bit of everything that a client looks for: texts, a table, links, and a form of every kind of field.
const PAGE: &str = include_str!("echo/page.html");

/// Sends every message back; `close` ends the conversation with a word.
/// Messages that a listener of the room may be behind.
const ROOM_MESSAGES_MAX: usize = 16_384;

/// What one says in the room, all in it hear, whoever said it too.
async fn stay(mut socket: WebSocket, room: broadcast::Sender<Message>) {
    let mut heard = room.subscribe();
    loop {
        tokio::select! {
            said = socket.recv() => match said {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    // Whoever says it is there to hear it.
                    let _listeners = room.send(message);
                }
                Some(Ok(Message::Close(_))) => {
                    // The library confirms it when it is asked for more.
                    let _end = socket.recv().await;
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            message = heard.recv() => match message {
                Ok(message) => if socket.send(message).await.is_err() { return },
                // Too far behind: the end is better than a gap.
                Err(_) => return,
            },
        }
    }
}

async fn repeat(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match message {
            Message::Text(text) if text == "close" => {
                let frame = CloseFrame { code: 1000, reason: "as asked".into() };
                let _gone = socket.send(Message::Close(Some(frame))).await;
                return;
            }
            Message::Text(_) | Message::Binary(_) => message,
            // Pings and closes are answered by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

/// Digest authentication (RFC 7616, with MD5 and `qop=auth`): 401 with a challenge until the answer is right.
async fn digest(
    Path((user, password)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if given.strip_prefix("Digest ").is_some_and(|fields| is_right(fields, &user, &password, method.as_str()))
    {
        return axum::Json(json!({ "authenticated": true, "user": user })).into_response();
    }
    let challenge =
        format!("Digest realm=\"{REALM}\", qop=\"auth\", algorithm=MD5, nonce=\"{NONCE}\", opaque=\"0\"");
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

const REALM: &str = "echo";
const NONCE: &str = "dcd98b7102dd2f0e8b11d0f600bfb0c0";

fn is_right(fields: &str, user: &str, password: &str, method: &str) -> bool {
    let field = |name: &str| {
        let pairs = fields.split(',').filter_map(|f| f.trim().split_once('='));
        pairs.into_iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v.trim_matches('"'))
    };
    let md5 = |text: String| Md5::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let secret = md5(format!("{user}:{REALM}:{password}"));
    let request = md5(format!("{method}:{}", field("uri")));
    let expected =
        md5(format!("{secret}:{NONCE}:{}:{}:{}:{request}", field("nc"), field("cnonce"), field("qop")));
    field("username") == user && field("nonce") == NONCE && field("response") == expected
}
