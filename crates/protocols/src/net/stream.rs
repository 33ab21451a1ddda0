//! A connected byte stream, plain or encrypted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use plimsoll_model::dial::{TlsSpoken, TlsVersion};
use rustls::{ClientConnection, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::shaped::Shaped;

/// A connected byte stream.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Over a network that is slower than ours.
    Shaped(Box<Shaped>),
    ShapedTls(Box<TlsStream<Shaped>>),
}

impl Stream {
    /// Whether both sides agreed to speak HTTP/2.
    pub(crate) fn speaks_two(&self) -> bool {
        self.session().is_some_and(|session| session.alpn_protocol() == Some(b"h2"))
    }

    /// Whether what was written leaves only when it is flushed.
    pub(crate) const fn holds_back(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::ShapedTls(_))
    }

    fn session(&self) -> Option<&ClientConnection> {
        match self {
            Self::Plain(_) | Self::Shaped(_) => None,
            Self::Tls(tls) => Some(tls.get_ref().1),
            Self::ShapedTls(tls) => Some(tls.get_ref().1),
        }
    }

    /// What it is encrypted with, if it is.
    pub(crate) fn spoken(&self) -> Option<TlsSpoken> {
        let session = self.session()?;
        let version = match session.protocol_version()? {
            ProtocolVersion::TLSv1_2 => TlsVersion::V12,
            _ => TlsVersion::V13,
        };
        let suite = session.negotiated_cipher_suite()?.suite().as_str()?;
        // rustls tells suites of 1.3 apart from those before; IANA does not.
        Some(TlsSpoken { version, suite: iana(suite) })
    }
}

fn iana(suite: &'static str) -> &'static str {
    match suite {
        "TLS13_AES_128_GCM_SHA256" => "TLS_AES_128_GCM_SHA256",
        "TLS13_AES_256_GCM_SHA384" => "TLS_AES_256_GCM_SHA384",
        "TLS13_CHACHA20_POLY1305_SHA256" => "TLS_CHACHA20_POLY1305_SHA256",
        other => other,
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buffer),
            Self::Shaped(shaped) => Pin::new(shaped.as_mut()).poll_read(cx, buffer),
            Self::ShapedTls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
            Self::Shaped(shaped) => Pin::new(shaped.as_mut()).poll_write(cx, bytes),
            Self::ShapedTls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
            Self::Shaped(shaped) => Pin::new(shaped.as_mut()).poll_flush(cx),
            Self::ShapedTls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
            Self::Shaped(shaped) => Pin::new(shaped.as_mut()).poll_shutdown(cx),
            Self::ShapedTls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}
