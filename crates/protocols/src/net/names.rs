//! Names to addresses, remembered per load thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use plimsoll_model::Nanos;
use plimsoll_model::dial::{NameSettings, Policy, Select};

use super::NetError;

/// One load thread's names.
pub(crate) struct Names {
    known: RefCell<HashMap<(String, u16), Answer>>,
    given: HashMap<String, SocketAddr>,
    settings: NameSettings,
    /// How often a name was used.
    uses: Cell<usize>,
}

/// When DNS was asked, and what it said.
type Answer = (Nanos, Vec<SocketAddr>);

impl Names {
    /// `given` maps `host:port` to `ip:port`; entries that do not parse were refused when the plan was read.
    pub(crate) fn new(given: &[(String, String)], settings: NameSettings) -> Self {
        let given =
            given.iter().filter_map(|(name, address)| Some((name.clone(), address.parse().ok()?))).collect();
        Self { known: RefCell::default(), given, settings, uses: Cell::new(0) }
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
        let is_fresh = now_ns < asked_ns.saturating_add(self.settings.remembered_ns);
        is_fresh.then(|| self.selected(addresses))
    }

    /// Asks the system.
    pub(crate) async fn ask(
        &self,
        host: &str,
        port: u16,
        now_ns: Nanos,
    ) -> Result<Vec<SocketAddr>, NetError> {
        let failed = |source| NetError::Dns { host: host.to_owned(), source };
        let found = tokio::net::lookup_host((host, port)).await.map_err(|e| failed(Some(e)))?;
        let addresses = arranged(found.collect(), self.settings.policy);
        if addresses.is_empty() {
            return Err(failed(None));
        }
        self.known.borrow_mut().insert((host.to_owned(), port), (now_ns, addresses.clone()));
        Ok(self.selected(&addresses))
    }

    /// All addresses, with the one first that is to be dialled.
    fn selected(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let use_number = self.uses.replace(self.uses.get().wrapping_add(1));
        let first = match self.settings.select {
            Select::First => 0,
            Select::RoundRobin => use_number % addresses.len(),
            // Which one does not matter, as long as it follows no order: a multiplicative hash of the number.
            Select::Random => (use_number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % addresses.len(),
        };
        [&addresses[first..], &addresses[..first]].concat()
    }
}

/// The addresses that a policy allows, in its order.
fn arranged(mut addresses: Vec<SocketAddr>, policy: Policy) -> Vec<SocketAddr> {
    match policy {
        Policy::Any => {}
        Policy::PreferV4 => addresses.sort_by_key(SocketAddr::is_ipv6),
        Policy::PreferV6 => addresses.sort_by_key(SocketAddr::is_ipv4),
        Policy::OnlyV4 => addresses.retain(SocketAddr::is_ipv4),
        Policy::OnlyV6 => addresses.retain(SocketAddr::is_ipv6),
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Vec<SocketAddr> {
        ["[::1]:80", "127.0.0.1:80", "127.0.0.2:80"].map(|a| a.parse().unwrap()).to_vec()
    }

    #[test]
    fn policies_order_and_leave_out() {
        let of =
            |policy| arranged(addresses(), policy).iter().map(|a| a.ip().to_string()).collect::<Vec<_>>();
        assert_eq!(of(Policy::PreferV4), ["127.0.0.1", "127.0.0.2", "::1"]);
        assert_eq!(of(Policy::OnlyV6), ["::1"]);
        assert_eq!(of(Policy::Any)[0], "::1");
    }

    #[test]
    fn addresses_take_turns_and_an_answer_grows_old() {
        let settings = |select| NameSettings { select, remembered_ns: 10, ..NameSettings::default() };
        let first = |names: &Names, now_ns| Some(names.at_hand("a.test", 80, now_ns)?[0].ip().to_string());
        let names = Names::new(&[], settings(Select::RoundRobin));
        names.known.borrow_mut().insert(("a.test".to_owned(), 80), (5, addresses()));
        assert_eq!([first(&names, 5), first(&names, 14)].map(Option::unwrap), ["::1", "127.0.0.1"]);
        assert_eq!(first(&names, 15), None);
        let random = Names::new(&[], settings(Select::Random));
        random.known.borrow_mut().insert(("a.test".to_owned(), 80), (5, addresses()));
        let mut seen: Vec<_> = (0..50).filter_map(|_| first(&random, 6)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 3);
    }
}
