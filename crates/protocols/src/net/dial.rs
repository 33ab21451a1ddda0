//! Dialling: name, TCP, proxy tunnel, TLS.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::http::{HttpSettings, ProxySettings};
use plimsoll_model::{Clock, Nanos};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::names::Names;
use super::proxy::Proxy;
use super::{NetError, Stream};

/// Whom to talk to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// How a connection was made, and how long each part took.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "units stand last in every name")]
pub(crate) struct Route {
    pub(crate) dns_ns: Nanos,
    pub(crate) connect_ns: Nanos,
    pub(crate) tls_ns: Nanos,
}

/// Makes connections for one load thread.
pub(crate) struct Dialer {
    clock: Rc<dyn Clock>,
    names: Names,
    tls: Arc<ClientConfig>,
    proxy: ProxySettings,
}

impl Dialer {
    pub(crate) fn new(clock: Rc<dyn Clock>, tls: Arc<ClientConfig>, settings: &HttpSettings) -> Self {
        Self { clock, names: Names::new(&settings.resolve), tls, proxy: settings.proxy.clone() }
    }

    /// The proxy that plain requests to `origin` are addressed to, in absolute form.
    pub(crate) fn forwarding_proxy(&self, origin: &Origin) -> Option<Proxy> {
        (!origin.tls).then(|| Proxy::towards(&self.proxy, origin)).flatten()
    }

    /// Connects to `origin` within `timeout_ns`.
    pub(crate) async fn dial(&self, origin: &Origin, timeout_ns: Nanos) -> Result<(Stream, Route), NetError> {
        match tokio::time::timeout(Duration::from_nanos(timeout_ns), self.connect(origin)).await {
            Ok(connected) => connected,
            Err(_elapsed) => Err(NetError::TimedOut("connect timeout")),
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<(Stream, Route), NetError> {
        let mut route = Route::default();
        let proxy = Proxy::towards(&self.proxy, origin);
        let (host, port) = proxy.as_ref().map_or((&origin.host, origin.port), |p| (&p.host, p.port));
        let mut tcp = self.tcp(host, port, &mut route).await?;
        if let Some(proxy) = proxy.filter(|_| origin.tls) {
            proxy.tunnel(&mut tcp, origin).await?;
        }
        if !origin.tls {
            return Ok((Stream::Plain(tcp), route));
        }
        let before = self.clock.now();
        let failed = |source| NetError::Tls { host: origin.host.clone(), source };
        let name = ServerName::try_from(origin.host.trim_matches(['[', ']']).to_owned())
            .map_err(|e| failed(std::io::Error::other(e)))?;
        let tls = TlsConnector::from(self.tls.clone()).connect(name, tcp).await.map_err(failed)?;
        route.tls_ns = self.clock.now() - before;
        Ok((Stream::Tls(Box::new(tls)), route))
    }

    async fn tcp(&self, host: &str, port: u16, route: &mut Route) -> Result<TcpStream, NetError> {
        let before = self.clock.now();
        let addresses = match self.names.at_hand(host, port, before) {
            Some(addresses) => addresses,
            None => self.names.ask(host, port, before).await?,
        };
        let resolved = self.clock.now();
        route.dns_ns = resolved - before;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(tcp) => {
                    // Without it small requests may wait for an acknowledgement; if it cannot be set, they just do.
                    let _best_effort = tcp.set_nodelay(true);
                    route.connect_ns = self.clock.now() - resolved;
                    return Ok(tcp);
                }
                Err(source) => last = Some(NetError::Connect { address: address.to_string(), source }),
            }
        }
        Err(last.unwrap_or(NetError::Dns { host: host.to_owned(), source: None }))
    }
}
