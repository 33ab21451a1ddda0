//! Which proxy leads to a target, if any, and the tunnel through it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::http::ProxySettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::{NetError, Origin};

/// A `CONNECT` answer longer than this is not one.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// A proxy on the way to a target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The value of `Proxy-Authorization`, if the proxy's URL carries a user.
    pub(crate) authorization: Option<String>,
}

impl Proxy {
    /// The proxy for `origin`, as the environment's variables name it.
    pub(crate) fn towards(settings: &ProxySettings, origin: &Origin) -> Option<Self> {
        let named = if origin.tls { &settings.https } else { &settings.http };
        if is_exempt(&settings.exempt, &origin.host) {
            return None;
        }
        let named = named.as_deref().filter(|n| !n.is_empty())?;
        let url =
            if named.contains("://") { Url::parse(named) } else { Url::parse(&format!("http://{named}")) }
                .ok()?;
        let authorization = (!url.username().is_empty()).then(|| {
            format!(
                "Basic {}",
                STANDARD.encode(format!("{}:{}", url.username(), url.password().unwrap_or_default()))
            )
        });
        Some(Self { host: url.host_str()?.to_owned(), port: url.port().unwrap_or(3128), authorization })
    }

    /// Asks the proxy to connect `tcp` through to `origin`.
    pub(crate) async fn tunnel(&self, tcp: &mut TcpStream, origin: &Origin) -> Result<(), NetError> {
        let authorization =
            self.authorization.as_ref().map_or(String::new(), |a| format!("Proxy-Authorization: {a}\r\n"));
        let (host, port) = (&origin.host, origin.port);
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        tcp.write_all(request.as_bytes()).await.map_err(NetError::Lost)?;
        let refused = |reason: &str| NetError::Proxy {
            proxy: format!("{}:{}", self.host, self.port),
            reason: reason.to_owned(),
        };
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            // Byte by byte, so that nothing of the tunnelled stream is taken.
            answer.push(tcp.read_u8().await.map_err(NetError::Lost)?);
            if answer.len() > ANSWER_BYTES_MAX {
                return Err(refused("its answer has no end"));
            }
        }
        let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
        if line.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            Ok(())
        } else {
            Err(refused(&line))
        }
    }
}

fn is_exempt(exempt: &[String], host: &str) -> bool {
    exempt.iter().map(|e| e.trim()).any(|entry| {
        let suffix = entry.trim_start_matches('*').trim_start_matches('.');
        entry == "*"
            || host == entry
            || (!suffix.is_empty() && (host == suffix || host.ends_with(&format!(".{suffix}"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let settings = ProxySettings {
            http: Some("user:secret@proxy.example:8080".to_owned()),
            https: None,
            exempt: vec!["localhost".to_owned(), ".internal".to_owned()],
        };
        let origin = |host: &str, tls| Origin {
            tls,
            host: host.to_owned(),
            port: 80,
            receive_bytes: None,
            network: None,
        };
        let proxy = Proxy::towards(&settings, &origin("shop.example", false)).unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 8080));
        assert_eq!(proxy.authorization.as_deref(), Some("Basic dXNlcjpzZWNyZXQ="));
        assert_eq!(Proxy::towards(&settings, &origin("shop.example", true)), None);
        for exempt in ["localhost", "a.internal", "internal"] {
            assert_eq!(Proxy::towards(&settings, &origin(exempt, false)), None, "{exempt}");
        }
    }
}
