//! A small client for readings over HTTP/1.1: one request a connection, so that nothing of it stays at the target between
//! readings. It blocks.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::Url;

use crate::deadline::Deadline;

/// An answer larger than this is not one.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Fields of an answer that are looked at.
const FIELDS_MAX: usize = 128;

/// Where readings are asked for.
pub(crate) struct Client {
    url: Result<Url, String>,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(url: &str, timeout: Duration) -> Self {
        let parsed = Url::parse(url).map_err(|e| format!("the address cannot be read: {e}"));
        Self { url: parsed, timeout }
    }

    /// The document itself.
    pub(crate) fn fetch(&self) -> Result<String, String> {
        let url = self.url.as_ref().map_err(Clone::clone)?;
        ask(url, self.timeout)
    }

    /// A document of the same server.
    pub(crate) fn fetch_from(&self, path: &str, query: Option<&str>) -> Result<String, String> {
        let mut url = self.url.clone()?;
        url.set_path(path);
        url.set_query(query);
        ask(&url, self.timeout)
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn ask(url: &Url, timeout: Duration) -> Result<String, String> {
    let deadline = Deadline::after(timeout);
    let host = url.host_str().ok_or("the address names no host")?;
    let port = url.port_or_known_default().ok_or("the address names no port")?;
    let socket = connect(host, port, deadline)?;
    let watched = socket.try_clone().map_err(|e| e.to_string())?;
    let mut stream: Box<dyn Stream> = match url.scheme() {
        "http" => Box::new(socket),
        "https" => Box::new(secured(host, socket)?),
        other => return Err(format!("`{other}` is not spoken here; write http:// or https://")),
    };
    stream.write_all(request(url, host).as_bytes()).map_err(|e| deadline.told(&e))?;
    let mut answer = Vec::new();
    loop {
        if let Some(body) = body(&answer, false)? {
            return text(body);
        }
        watched.set_read_timeout(Some(deadline.left()?)).map_err(|e| e.to_string())?;
        let mut piece = [0; 16 * 1024];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&piece[..n]),
            // A peer that ends TLS without a word has sent what it had.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(deadline.told(&e)),
        }
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(format!("the answer is larger than {} MiB", ANSWER_BYTES_MAX >> 20));
        }
    }
    text(body(&answer, true)?.ok_or("the answer ended before it was whole")?)
}

fn connect(host: &str, port: u16, deadline: Deadline) -> Result<TcpStream, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = (bare, port).to_socket_addrs().map_err(|e| format!("no address of {host}: {e}"))?;
    let mut last = format!("no address of {host}");
    for address in addresses {
        match TcpStream::connect_timeout(&address, deadline.left()?) {
            Ok(socket) => {
                let patience = Some(deadline.left()?);
                socket
                    .set_read_timeout(patience)
                    .and_then(|()| socket.set_write_timeout(patience))
                    .map_err(|e| e.to_string())?;
                return Ok(socket);
            }
            Err(error) => last = format!("no connection to {address}: {}", deadline.told(&error)),
        }
    }
    Err(last)
}

fn secured(host: &str, socket: TcpStream) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|e| e.to_string())?;
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    });
    let name = ServerName::try_from(host.to_owned()).map_err(|e| e.to_string())?;
    let connection = ClientConnection::new(config.clone()?, name).map_err(|e| e.to_string())?;
    Ok(StreamOwned::new(connection, socket))
}

fn request(url: &Url, host: &str) -> String {
    let path = url.query().map_or_else(|| url.path().to_owned(), |q| format!("{}?{q}", url.path()));
    let port = url.port().map_or_else(String::new, |p| format!(":{p}"));
    let (user, password) = (unescaped(url.username()), unescaped(url.password().unwrap_or_default()));
    let credentials = if user.is_empty() && password.is_empty() {
        String::new()
    } else {
        format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("{user}:{password}")))
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: plimsoll\r\nAccept: */*\r\nConnection: close\r\n{credentials}\r\n"
    )
}

/// A part of an address without its escapes.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let (byte, length) = match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => (byte, 3),
            None => (bytes[at], 1),
        };
        out.push(byte);
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The body of an answer once it is whole; an answer that is no success is an error.
fn body(answer: &[u8], has_ended: bool) -> Result<Option<Vec<u8>>, String> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Response::new(&mut fields);
    let head_length = match head.parse(answer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if has_ended => {
            return Err("the answer ended within its head".to_owned());
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("the answer is not HTTP: {error}")),
    };
    match head.code {
        Some(200..=299) => {}
        code => return Err(format!("it answers with status {}", code.unwrap_or(0))),
    }
    let field = |name: &str| {
        let found = head.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        found.and_then(|h| std::str::from_utf8(h.value).ok()).map(str::trim)
    };
    let rest = &answer[head_length..];
    if field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return chunks(rest, has_ended);
    }
    match field("content-length").map(str::parse::<usize>) {
        Some(Ok(length)) if rest.len() >= length => Ok(Some(rest[..length].to_vec())),
        Some(Ok(_)) if has_ended => Err("the answer ended within its body".to_owned()),
        Some(Ok(_)) => Ok(None),
        Some(Err(_)) => Err("the answer has a length that is no number".to_owned()),
        None => Ok(has_ended.then(|| rest.to_vec())),
    }
}

fn chunks(mut rest: &[u8], has_ended: bool) -> Result<Option<Vec<u8>>, String> {
    let mut whole = Vec::new();
    let partial = || if has_ended { Err("the answer ended within its body".to_owned()) } else { Ok(None) };
    loop {
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((_, 0))) => return Ok(Some(whole)),
            Ok(httparse::Status::Complete((start, size))) => {
                let Some(end) = start.checked_add(size as usize).filter(|end| end + 2 <= rest.len()) else {
                    return partial();
                };
                whole.extend_from_slice(&rest[start..end]);
                rest = &rest[end + 2..];
            }
            Ok(httparse::Status::Partial) => return partial(),
            Err(_) => return Err("the answer's chunks make no sense".to_owned()),
        }
    }
}

fn text(body: Vec<u8>) -> Result<String, String> {
    String::from_utf8(body).map_err(|_| "the answer is not text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let long = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".as_slice();
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
                .as_slice();
        for answer in [long, chunked] {
            assert_eq!(body(answer, false).unwrap().unwrap(), b"hello");
            // Whatever is missing of it, it is never taken for whole.
            for end in 0..answer.len() - 4 {
                assert_eq!(body(&answer[..end], false).unwrap(), None, "{end}");
                assert!(body(&answer[..end], true).is_err(), "{end}");
            }
        }
        let until_the_end = b"HTTP/1.0 200 OK\r\n\r\nhello";
        assert_eq!(body(until_the_end, false).unwrap(), None);
        assert_eq!(body(until_the_end, true).unwrap().unwrap(), b"hello");
        assert!(body(b"HTTP/1.1 404 Not Found\r\n\r\n", false).unwrap_err().contains("404"));
        assert!(body(b"\x15\x03\x01", false).is_err());
    }

    #[test]
    fn credentials_of_the_address_are_sent() {
        let url = Url::parse("http://user:p%40ss@h:8123/ping?a=b").unwrap();
        let request = request(&url, "h");
        assert!(request.starts_with("GET /ping?a=b HTTP/1.1\r\nHost: h:8123\r\n"), "{request}");
        assert!(request.contains("Authorization: Basic dXNlcjpwQHNz\r\n"), "{request}");
    }
}
