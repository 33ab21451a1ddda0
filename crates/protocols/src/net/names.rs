//! Names to addresses, remembered per load thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use plimsoll_model::{Nanos, SECOND_NS};

use super::NetError;

/// How long an answer is used, in nanoseconds: short enough to follow a failover within a minute.
const REMEMBERED_NS: Nanos = 60 * SECOND_NS;

/// One load thread's names.
#[derive(Default)]
pub(crate) struct Names {
    known: RefCell<HashMap<(String, u16), Answer>>,
    given: HashMap<String, SocketAddr>,
}

/// When DNS was asked, and what it said.
type Answer = (Nanos, Vec<SocketAddr>);

impl Names {
    /// `given` maps `host:port` to `ip:port`; entries that do not parse were refused when the plan was read.
    pub(crate) fn new(given: &[(String, String)]) -> Self {
        let given =
            given.iter().filter_map(|(name, address)| Some((name.clone(), address.parse().ok()?))).collect();
        Self { known: RefCell::default(), given }
    }

    /// An address that needs no asking.
    pub(crate) fn at_hand(&self, host: &str, port: u16, now_ns: Nanos) -> Option<Vec<SocketAddr>> {
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(vec![SocketAddr::new(ip, port)]);
        }
        if let Some(address) = self.given.get(&format!("{host}:{port}")) {
            return Some(vec![*address]);
        }
        let known = self.known.borrow();
        let (asked_ns, addresses) = known.get(&(host.to_owned(), port))?;
        (now_ns < asked_ns + REMEMBERED_NS).then(|| addresses.clone())
    }

    /// Asks the system.
    pub(crate) async fn ask(
        &self,
        host: &str,
        port: u16,
        now_ns: Nanos,
    ) -> Result<Vec<SocketAddr>, NetError> {
        let failed = |source| NetError::Dns { host: host.to_owned(), source };
        let addresses: Vec<_> =
            tokio::net::lookup_host((host, port)).await.map_err(|e| failed(Some(e)))?.collect();
        if addresses.is_empty() {
            return Err(failed(None));
        }
        self.known.borrow_mut().insert((host.to_owned(), port), (now_ns, addresses.clone()));
        Ok(addresses)
    }
}
