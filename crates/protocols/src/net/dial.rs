//! Dialling: name, TCP, proxy tunnel, TLS.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::dial::{DialSettings, NetworkConditions};
use plimsoll_model::http::{HttpSettings, ProxySettings};
use plimsoll_model::{Clock, Nanos};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::names::Names;
use super::proxy::Proxy;
use super::shaped::Shaped;
#[cfg(feature = "talk")]
use super::tls::for_bytes;
use super::tls::{TlsConfigs, for_upgrade};
use super::{NetError, Stream};

/// Whom to talk to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What a socket holds for us before we read it, in bytes, if it is not to be what the system likes. Those who read slowly
    /// have connections of their own by this.
    pub(crate) receive_bytes: Option<u32>,
    /// Over which of the settings' networks; each has connections of its own.
    pub(crate) network: Option<u16>,
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
    tls: Arc<TlsConfigs>,
    proxy: ProxySettings,
    settings: DialSettings,
    /// Connections that were dialled from an address of our own choice, or over a network.
    bound: Cell<usize>,
}

impl Dialer {
    pub(crate) fn new(clock: Rc<dyn Clock>, tls: Arc<TlsConfigs>, settings: &HttpSettings) -> Self {
        Self {
            clock,
            names: Names::new(&settings.resolve, settings.dial.names),
            tls,
            proxy: settings.proxy.clone(),
            settings: settings.dial.clone(),
            bound: Cell::new(0),
        }
    }

    /// The proxy that plain requests to `origin` are addressed to, in absolute form.
    pub(crate) fn forwarding_proxy(&self, origin: &Origin) -> Option<Proxy> {
        (!origin.tls).then(|| Proxy::towards(&self.proxy, origin)).flatten()
    }

    /// Connects to `origin` within `timeout_ns`.
    pub(crate) async fn dial(&self, origin: &Origin, timeout_ns: Nanos) -> Result<(Stream, Route), NetError> {
        let proxy = Proxy::towards(&self.proxy, origin);
        in_time(timeout_ns, self.connect(origin, self.tls.of(&origin.host), proxy)).await
    }

    /// The same for a request that will turn into a conversation.
    pub(crate) async fn dial_for_upgrade(
        &self,
        origin: &Origin,
        timeout_ns: Nanos,
    ) -> Result<(Stream, Route), NetError> {
        let tls = for_upgrade(self.tls.of(&origin.host));
        let proxy = Proxy::towards(&self.proxy, origin);
        in_time(timeout_ns, self.connect(origin, &tls, proxy)).await
    }

    /// The same for bytes that are no HTTP: proxies for that are of no use.
    #[cfg(feature = "talk")]
    pub(crate) async fn dial_bare(
        &self,
        origin: &Origin,
        timeout_ns: Nanos,
    ) -> Result<(Stream, Route), NetError> {
        let tls = for_bytes(self.tls.of(&origin.host));
        in_time(timeout_ns, self.connect(origin, &tls, None)).await
    }

    async fn connect(
        &self,
        origin: &Origin,
        tls: &Arc<ClientConfig>,
        proxy: Option<Proxy>,
    ) -> Result<(Stream, Route), NetError> {
        let mut route = Route::default();
        let (host, port) = proxy.as_ref().map_or((&origin.host, origin.port), |p| (&p.host, p.port));
        let mut tcp = self.tcp((host, port), origin.receive_bytes, &mut route).await?;
        if let Some(proxy) = proxy.filter(|_| origin.tls) {
            proxy.tunnel(&mut tcp, origin).await?;
        }
        if let Some(conditions) = self.conditions(origin) {
            return Box::pin(self.shaped(origin, tls, tcp, (conditions, route))).await;
        }
        if !origin.tls {
            return Ok((Stream::Plain(tcp), route));
        }
        let before = self.clock.now();
        let tls = encrypted(origin, tls, tcp).await?;
        route.tls_ns = self.clock.now() - before;
        Ok((Stream::Tls(Box::new(tls)), route))
    }

    /// What lies between us and `origin`, if anything was asked for.
    fn conditions(&self, origin: &Origin) -> Option<NetworkConditions> {
        self.settings.networks.get(usize::from(origin.network?)).copied()
    }

    /// The same over a network that is slower than ours. The handshake of TCP is one round trip.
    async fn shaped(
        &self,
        origin: &Origin,
        tls: &Arc<ClientConfig>,
        tcp: TcpStream,
        (conditions, mut route): (NetworkConditions, Route),
    ) -> Result<(Stream, Route), NetError> {
        tokio::time::sleep(Duration::from_nanos(conditions.latency_ns)).await;
        route.connect_ns += conditions.latency_ns;
        let number = self.bound.replace(self.bound.get().wrapping_add(1));
        let shaped = Shaped::new(tcp, conditions, number as u64);
        if !origin.tls {
            return Ok((Stream::Shaped(Box::new(shaped)), route));
        }
        let before = self.clock.now();
        let tls = encrypted(origin, tls, shaped).await?;
        route.tls_ns = self.clock.now() - before;
        Ok((Stream::ShapedTls(Box::new(tls)), route))
    }

    async fn tcp(
        &self,
        (host, port): (&str, u16),
        receive_bytes: Option<u32>,
        route: &mut Route,
    ) -> Result<TcpStream, NetError> {
        let before = self.clock.now();
        if let Some(pattern) = self.settings.blocks_name(host) {
            return Err(NetError::Blocked {
                what: host.to_owned(),
                pattern: pattern.to_owned(),
                is_name: true,
            });
        }
        let addresses = match self.names.at_hand(host, port, before) {
            Some(addresses) => addresses,
            None => self.names.ask(host, port, before).await?,
        };
        let resolved = self.clock.now();
        route.dns_ns = resolved - before;
        let mut last = None;
        for address in addresses {
            if let Some(range) = self.settings.blocks_address(address.ip()) {
                let (what, pattern) = (address.ip().to_string(), range.to_string());
                return Err(NetError::Blocked { what, pattern, is_name: false });
            }
            match self.connected(address, receive_bytes).await {
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

    /// Connects, from the next of the addresses to dial from if there are any of its kind.
    async fn connected(&self, address: SocketAddr, receive_bytes: Option<u32>) -> std::io::Result<TcpStream> {
        let ours = self.settings.local_addresses.iter().filter(|ours| ours.is_ipv4() == address.is_ipv4());
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() && receive_bytes.is_none() {
            return TcpStream::connect(address).await;
        }
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bytes) = receive_bytes {
            // Before it connects: what was promised to the sender cannot be taken back.
            socket.set_recv_buffer_size(bytes)?;
        }
        if !ours.is_empty() {
            let number = self.bound.replace(self.bound.get().wrapping_add(1));
            socket.bind(SocketAddr::new(*ours[number % ours.len()], 0))?;
        }
        socket.connect(address).await
    }
}

/// A connection, unless it takes longer than `timeout_ns`.
async fn in_time(
    timeout_ns: Nanos,
    connecting: impl Future<Output = Result<(Stream, Route), NetError>>,
) -> Result<(Stream, Route), NetError> {
    match tokio::time::timeout(Duration::from_nanos(timeout_ns), connecting).await {
        Ok(connected) => connected,
        Err(_elapsed) => Err(NetError::TimedOut("connect timeout")),
    }
}

async fn encrypted<S: AsyncRead + AsyncWrite + Unpin>(
    origin: &Origin,
    tls: &Arc<ClientConfig>,
    over: S,
) -> Result<TlsStream<S>, NetError> {
    let failed = |source| NetError::Tls { host: origin.host.clone(), source };
    let name = ServerName::try_from(origin.host.trim_matches(['[', ']']).to_owned())
        .map_err(|e| failed(std::io::Error::other(e)))?;
    TlsConnector::from(tls.clone()).connect(name, over).await.map_err(failed)
}
