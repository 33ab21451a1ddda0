//! HTTP as a plan speaks of it: requests and connection settings, as pure data.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dial::DialSettings;
use crate::stream::Dialect;
use crate::{Nanos, SECOND_NS};

/// One HTTP request, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Absolute, with scheme.
    pub url: String,
    /// In the order in which they are sent. `Host`, `Content-Length`, `User-Agent`, `Accept` and `Connection`
    /// are added where absent.
    pub headers: Vec<(String, String)>,
    /// What is sent behind the head.
    pub body: Body,
    /// From the moment a session takes the request until its response has been read.
    pub timeout_ns: Nanos,
    /// For dialling, TLS included.
    pub connect_timeout_ns: Nanos,
    /// Redirects followed at most; 0 leaves a redirect as the answer.
    pub redirects_max: u32,
    /// What of the response somebody will look at.
    pub keep: Keep,
    /// Send the head first and the body only after `100 Continue`.
    pub expect_continue: bool,
    /// Largest response body accepted, in bytes.
    pub body_bytes_max: u64,
    /// Read the answer no faster than so many bytes a second, as somebody on a slow line does.
    pub read_rate_per_s: Option<u64>,
    /// The answer comes in pieces, written so; they are timed one by one. The body is then what they came to, as JSON.
    pub stream: Option<Dialect>,
    /// The same for all users and iterations: its encoded form is worth keeping.
    pub is_fixed: bool,
    /// Which of [`DialSettings::networks`] lies in between, if any.
    pub network: Option<u16>,
}

impl HttpRequest {
    /// A request with every setting at its default.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Body::Empty,
            timeout_ns: 60 * SECOND_NS,
            connect_timeout_ns: 10 * SECOND_NS,
            redirects_max: 0,
            keep: Keep::Status,
            expect_continue: false,
            body_bytes_max: 1 << 32,
            read_rate_per_s: None,
            stream: None,
            is_fixed: false,
            network: None,
        }
    }
}

/// A request body.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// None, not even an empty one.
    #[default]
    Empty,
    /// In memory, with a `Content-Length`.
    Bytes(Arc<[u8]>),
    /// In memory, sent in chunks of this many bytes with `Transfer-Encoding: chunked`.
    Chunked(Arc<[u8]>, usize),
    /// Streamed from a file, which is never held in memory.
    File(PathBuf),
}

/// What of a response somebody will look at: the rest is counted and thrown away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// The status only.
    #[default]
    Status,
    /// Status and headers.
    Head,
    /// Headers and the decoded body.
    Body,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    One,
    /// HTTP/2: over TLS by agreement (ALPN), without it from the first byte (prior knowledge).
    Two,
    /// Over TLS what the server chooses, without it HTTP/1.1.
    Agreed,
}

/// Whose connections a user's requests travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// Every user has its own, as a browser or a device has.
    PerUser,
    /// All users of a load thread share a pool of at most so many, as a service's clients do.
    Shared(u32),
}

/// How connections are made, for a whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct HttpSettings {
    /// Whose they are.
    pub connections: Connections,
    /// Which HTTP is spoken.
    #[serde(default)]
    pub version: HttpVersion,
    /// Close after every request.
    pub reuse: bool,
    /// Remember cookies within an iteration.
    pub cookies: bool,
    /// Certificate authorities to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate.
    pub skip_verify: bool,
    /// Client certificate chain, PEM.
    pub client_cert: Option<PathBuf>,
    /// Client key, PEM.
    pub client_key: Option<PathBuf>,
    /// Proxies by scheme, as the environment names them.
    pub proxy: ProxySettings,
    /// Sent where a request names none.
    pub user_agent: String,
    /// Addresses to use for a host instead of asking DNS: `host:port` to `ip:port`.
    pub resolve: Vec<(String, String)>,
    /// Tokens of streamed answers will be counted: what that takes is to be ready before the load.
    #[serde(default)]
    pub counts_tokens: bool,
    /// What is dialled at all, and how.
    #[serde(default)]
    pub dial: DialSettings,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connections: Connections::PerUser,
            version: HttpVersion::One,
            reuse: true,
            cookies: false,
            ca_file: None,
            skip_verify: false,
            client_cert: None,
            client_key: None,
            proxy: ProxySettings::default(),
            user_agent: concat!("plimsoll/", env!("CARGO_PKG_VERSION")).to_owned(),
            resolve: Vec::new(),
            counts_tokens: false,
            dial: DialSettings::default(),
        }
    }
}

/// Proxies, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxySettings {
    /// For `http:` targets.
    pub http: Option<String>,
    /// For `https:` targets.
    pub https: Option<String>,
    /// Hosts reached without: exact names, `.suffix`, `*`.
    pub exempt: Vec<String>,
}
