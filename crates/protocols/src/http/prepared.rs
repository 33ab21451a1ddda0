//! A request in its encoded form.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use http::Request;
use plimsoll_model::http::{Body, HttpRequest};
use url::Url;

use super::error::HttpError;
use super::pace::receive_bytes;
use crate::net::Origin;

/// Bodies up to this size are sent in the same write as the head.
const INLINE_BODY_BYTES_MAX: usize = 16 * 1024;

/// A request, ready for the socket.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) url: Url,
    pub(crate) origin: Origin,
    /// The head, and the body behind it if that is small.
    pub(crate) wire: Vec<u8>,
    pub(crate) body: Outgoing,
    pub(crate) is_head: bool,
    /// A repetition does no harm, so a stale connection may be replaced without asking.
    pub(crate) idempotent: bool,
    pub(crate) expect_continue: bool,
    /// The head for HTTP/2, once it has been asked for.
    two: OnceCell<Request<()>>,
}

/// What follows the wire bytes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Outgoing {
    #[default]
    Nothing,
    Bytes(Arc<[u8]>),
    Chunked(Arc<[u8]>, usize),
    File(PathBuf),
}

/// Additions to a request that depend on the session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Additions<'a> {
    pub(crate) user_agent: &'a str,
    pub(crate) cookie: Option<&'a str>,
    /// `Proxy-Authorization`, for requests in absolute form.
    pub(crate) proxy_authorization: Option<&'a str>,
    pub(crate) absolute_form: bool,
    pub(crate) close: bool,
}

/// Who is meant by a URL.
pub(crate) fn origin_of(url: &Url) -> Result<Origin, HttpError> {
    let bad = |what: &str| HttpError::Request("bad url", format!("{url}: {what}"));
    let tls = match url.scheme() {
        "http" => false,
        "https" => true,
        _ => return Err(bad("only http and https can be requested")),
    };
    let host = url.host_str().ok_or_else(|| bad("it names no host"))?.to_owned();
    let port = url.port_or_known_default().ok_or_else(|| bad("it names no port"))?;
    Ok(Origin { tls, host, port, receive_bytes: None, network: None })
}

pub(crate) fn parse_url(text: &str) -> Result<Url, HttpError> {
    Url::parse(text).map_err(|e| HttpError::Request("bad url", format!("{text}: {e}")))
}

impl Prepared {
    /// Encodes `request` for `url`.
    pub(crate) fn encode(
        request: &HttpRequest,
        url: Url,
        additions: Additions<'_>,
    ) -> Result<Self, HttpError> {
        let receive_bytes = request.read_rate_per_s.map(receive_bytes);
        let origin = Origin { receive_bytes, network: request.network, ..origin_of(&url)? };
        let (length, body) = body_of(&request.body)?;
        let expect_continue = request.expect_continue && !matches!(request.body, Body::Empty);
        let mut wire = head(request, &url, additions)?;
        let mut push = |line: &str| wire.extend_from_slice(line.as_bytes());
        let names_length = has(request, "content-length") || has(request, "transfer-encoding");
        match length {
            Length::None => {}
            Length::Known(_) if names_length => {}
            Length::Known(bytes) => {
                push("Content-Length: ");
                push(&bytes.to_string());
                push("\r\n");
            }
            Length::Chunked => push("Transfer-Encoding: chunked\r\n"),
        }
        if expect_continue {
            push("Expect: 100-continue\r\n");
        }
        wire.extend_from_slice(b"\r\n");
        let body = match body {
            Outgoing::Bytes(bytes) if bytes.len() <= INLINE_BODY_BYTES_MAX && !expect_continue => {
                wire.extend_from_slice(&bytes);
                Outgoing::Nothing
            }
            other => other,
        };
        let idempotent =
            matches!(request.method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE");
        Ok(Self {
            url,
            origin,
            wire,
            body,
            is_head: request.method == "HEAD",
            idempotent,
            expect_continue,
            two: OnceCell::new(),
        })
    }

    /// The head for HTTP/2, made when it is asked for first.
    pub(crate) fn head_of_two(
        &self,
        make: impl FnOnce() -> Result<Request<()>, HttpError>,
    ) -> Result<&Request<()>, HttpError> {
        if let Some(known) = self.two.get() {
            return Ok(known);
        }
        let made = make()?;
        Ok(self.two.get_or_init(|| made))
    }
}

enum Length {
    None,
    Known(u64),
    Chunked,
}

fn body_of(body: &Body) -> Result<(Length, Outgoing), HttpError> {
    Ok(match body {
        Body::Empty => (Length::None, Outgoing::Nothing),
        Body::Bytes(bytes) => (Length::Known(bytes.len() as u64), Outgoing::Bytes(bytes.clone())),
        Body::Chunked(bytes, size) => (Length::Chunked, Outgoing::Chunked(bytes.clone(), (*size).max(1))),
        Body::File(path) => {
            let unreadable =
                |e| HttpError::Request("no file", format!("failed to read {}: {e}", path.display()));
            let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
            (Length::Known(bytes), Outgoing::File(path.clone()))
        }
    })
}

fn has(request: &HttpRequest, name: &str) -> bool {
    request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
}

/// Request line and headers, without the blank line.
fn head(request: &HttpRequest, url: &Url, additions: Additions<'_>) -> Result<Vec<u8>, HttpError> {
    let mut text = String::with_capacity(256);
    let target = if additions.absolute_form {
        &url[..url::Position::AfterQuery]
    } else {
        &url[url::Position::BeforePath..url::Position::AfterQuery]
    };
    [&request.method, " ", target, " HTTP/1.1\r\n"].into_iter().for_each(|part| text.push_str(part));
    let mut push = |name: &str, value: &str| {
        // A line break inside a value would let data forge headers.
        if value.contains(['\r', '\n', '\0']) || name.contains(['\r', '\n', ':', ' ']) {
            return Err(HttpError::Request(
                "bad header",
                format!("header {name:?} holds a line break or another forbidden character"),
            ));
        }
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push_str("\r\n");
        Ok(())
    };
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let defaults = [("Host", host), ("User-Agent", additions.user_agent), ("Accept", "*/*")];
    for (name, value) in defaults.into_iter().filter(|(name, _)| !has(request, name)) {
        push(name, value)?;
    }
    request.headers.iter().try_for_each(|(name, value)| push(name, value))?;
    let optional = [("Cookie", additions.cookie), ("Proxy-Authorization", additions.proxy_authorization)];
    for (name, value) in optional {
        if let Some(value) = value {
            push(name, value)?;
        }
    }
    if additions.close && !has(request, "connection") {
        push("Connection", "close")?;
    }
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(request: &HttpRequest) -> Result<String, HttpError> {
        let additions = Additions { user_agent: "test", ..Additions::default() };
        Prepared::encode(request, parse_url(&request.url)?, additions)
            .map(|p| String::from_utf8(p.wire).unwrap())
    }

    #[test]
    fn a_plain_request() {
        let text = encode(&HttpRequest::new("GET", "http://127.0.0.1:8080/a?b=c#d")).unwrap();
        assert_eq!(
            text,
            "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"
        );
    }

    #[test]
    fn a_small_body_travels_with_the_head() {
        let mut request = HttpRequest::new("POST", "http://[::1]/x");
        request.body = Body::Bytes(b"{}".as_slice().into());
        request.headers.push(("host".to_owned(), "other".to_owned()));
        let text = encode(&request).unwrap();
        assert!(text.ends_with("host: other\r\nContent-Length: 2\r\n\r\n{}"), "{text}");
        assert!(!text.contains("Host: [::1]"));
    }

    #[test]
    fn data_cannot_forge_headers() {
        let mut request = HttpRequest::new("GET", "http://h/");
        request.headers.push(("X-Name".to_owned(), "a\r\nX-Admin: yes".to_owned()));
        assert!(matches!(encode(&request), Err(HttpError::Request("bad header", _))));
        assert!(matches!(
            encode(&HttpRequest::new("GET", "ftp://h/")),
            Err(HttpError::Request("bad url", _))
        ));
    }
}
