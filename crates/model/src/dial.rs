//! How connections are dialled, whatever is spoken over them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{Nanos, SECOND_NS};

/// What a run may reach, from where, and how names are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DialSettings {
    /// Addresses that are never dialled.
    pub blocked_addresses: Vec<IpNet>,
    /// Names that are never dialled: whole ones, or `*.` with what they end in. Lower case.
    pub blocked_names: Vec<String>,
    /// Names to addresses.
    pub names: NameSettings,
    /// Addresses of this machine to dial from, in turn; the system chooses without.
    pub local_addresses: Vec<IpAddr>,
    /// What is spoken of TLS.
    pub tls: TlsLimits,
    /// What lies between users and the target, by the numbers that requests name.
    pub networks: Vec<NetworkConditions>,
    /// Certificates to show to some servers only.
    #[serde(skip)]
    pub certificates: Vec<ClientCertificate>,
}

impl DialSettings {
    /// The pattern by which a name may not be dialled.
    pub fn blocks_name(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        self.blocked_names.iter().map(String::as_str).find(|pattern| matches_name(pattern, &name))
    }

    /// The range by which an address may not be dialled.
    pub fn blocks_address(&self, address: IpAddr) -> Option<&IpNet> {
        self.blocked_addresses.iter().find(|range| range.contains(&address))
    }
}

/// Whether `name` is `pattern`, or ends in what stands behind its `*`.
pub fn matches_name(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => name.len() > end.len() && name.ends_with(end),
        None => pattern == name,
    }
}

/// What lies between a user and the target, beyond what there is anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkConditions {
    /// Added to a round trip: half of it on the way there, half on the way back.
    pub latency_ns: Nanos,
    /// How far a round trip may lie beside that, either way.
    pub jitter_ns: Nanos,
    /// Bits per second, of each direction; 0 for no limit.
    pub bandwidth_bits_per_s: u64,
    /// Of a million segments so many are lost, and come a retransmission later.
    pub lost_per_million: u32,
}

/// Names to addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameSettings {
    /// How long an answer is used, in nanoseconds.
    pub remembered_ns: Nanos,
    /// Which of several addresses is dialled first; the others stand in if it fails.
    pub select: Select,
    /// Which kinds of addresses are dialled.
    pub policy: Policy,
}

impl Default for NameSettings {
    fn default() -> Self {
        // Short enough to follow a failover within a minute.
        Self { remembered_ns: 60 * SECOND_NS, select: Select::First, policy: Policy::Any }
    }
}

/// Which of several addresses is dialled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// The one that the system names first.
    First,
    /// Any.
    Random,
    /// Each in turn.
    RoundRobin,
}

/// Which kinds of addresses are dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// All, as the system orders them.
    Any,
    /// IPv4 before IPv6.
    PreferV4,
    /// IPv6 before IPv4.
    PreferV6,
    /// IPv4 alone.
    OnlyV4,
    /// IPv6 alone.
    OnlyV6,
}

/// What is spoken of TLS; everything that is safe without a word about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsLimits {
    /// The least version.
    pub least: Option<TlsVersion>,
    /// The greatest.
    pub most: Option<TlsVersion>,
    /// Cipher suites of TLS 1.2 by their IANA names; all without.
    pub suites: Vec<String>,
}

/// A version of TLS that can be spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TlsVersion {
    /// 1.2.
    V12,
    /// 1.3.
    V13,
}

/// What two sides have agreed to speak of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsSpoken {
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite, by its IANA name.
    pub suite: &'static str,
}

/// A certificate for some servers.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Patterns of names; all without.
    pub names: Vec<String>,
    /// The chain, PEM.
    pub chain_pem: String,
    /// The key, PEM.
    pub key_pem: String,
}

impl std::fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").field("names", &self.names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blocked_is_found_by_its_pattern() {
        let settings = DialSettings {
            blocked_addresses: vec!["10.0.0.0/8".parse().unwrap()],
            blocked_names: vec!["*.blocked.test".to_owned(), "exact.test".to_owned()],
            ..DialSettings::default()
        };
        assert_eq!(settings.blocks_name("A.Blocked.test"), Some("*.blocked.test"));
        assert_eq!(settings.blocks_name("blocked.test"), None);
        assert_eq!(settings.blocks_name("exact.test"), Some("exact.test"));
        assert!(settings.blocks_address("10.1.2.3".parse().unwrap()).is_some());
        assert!(settings.blocks_address("11.1.2.3".parse().unwrap()).is_none());
    }
}
