//! Options about connections: what may be reached, from where, by what names, with what of TLS.

use std::net::IpAddr;

use ipnet::IpNet;
use plimsoll_model::dial::{
    ClientCertificate, DialSettings, NameSettings, Policy, Select, TlsLimits, TlsVersion,
};
use plimsoll_model::{Nanos, SECOND_NS};
use serde_json::Value;

use super::read::Reader;

/// More addresses than these are no pool but a mistake.
const ADDRESSES_MAX: usize = 65_536;

/// k6 uses an answer for five minutes.
const TTL_NS: Nanos = 300 * SECOND_NS;

/// Reads them; mistakes are put down with the reader.
pub(super) fn network(reader: &mut Reader<'_>) -> DialSettings {
    let mut settings = DialSettings { names: names(reader), ..DialSettings::default() };
    for text in reader.strings("blacklistIPs").unwrap_or_default() {
        match text.parse::<IpNet>() {
            Ok(range) => settings.blocked_addresses.push(range.trunc()),
            Err(_) => reader.complain(&format!("blacklistIPs: `{text}` is no range such as 10.0.0.0/8")),
        }
    }
    for pattern in reader.strings("blockHostnames").unwrap_or_default() {
        if pattern.trim_start_matches('*').contains('*') {
            reader.complain(&format!("blockHostnames: `{pattern}` may have a `*` only at its beginning"));
        }
        settings.blocked_names.push(pattern.to_ascii_lowercase());
    }
    for text in reader.strings("localIPs").unwrap_or_default() {
        match addresses(&text) {
            Some(more) => settings.local_addresses.extend(more),
            None => reader.complain(&format!(
                "localIPs: `{text}` is neither an address, a range such as 10.0.0.1-10.0.0.9 nor 10.0.0.0/24"
            )),
        }
    }
    settings.tls = tls(reader);
    settings.certificates = certificates(reader);
    settings
}

fn names(reader: &mut Reader<'_>) -> NameSettings {
    let given =
        reader.field("dns", "object or a text such as ttl=5m,select=random", dns_fields).unwrap_or_default();
    let of = |key: &str| given.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let mut wrong = Vec::new();
    let remembered_ns = match of("ttl") {
        None | Some("") => TTL_NS,
        Some("inf") => Nanos::MAX,
        Some(ttl) => super::read::duration(ttl)
            .or_else(|| Some(ttl.parse::<u64>().ok()? * 1_000_000))
            .unwrap_or_else(|| {
                wrong.push(format!("dns: invalid DNS TTL: {ttl}"));
                TTL_NS
            }),
    };
    let select = match of("select") {
        None | Some("" | "random") => Select::Random,
        Some("first") => Select::First,
        Some("roundRobin") => Select::RoundRobin,
        Some(other) => {
            wrong.push(format!("dns: {other} does not belong to DNSSelect values"));
            Select::Random
        }
    };
    let policy = match of("policy") {
        None | Some("" | "preferIPv4") => Policy::PreferV4,
        Some("preferIPv6") => Policy::PreferV6,
        Some("onlyIPv4") => Policy::OnlyV4,
        Some("onlyIPv6") => Policy::OnlyV6,
        Some("any") => Policy::Any,
        Some(other) => {
            wrong.push(format!("dns: {other} does not belong to DNSPolicy values"));
            Policy::PreferV4
        }
    };
    wrong.iter().for_each(|problem| reader.complain(problem));
    NameSettings { remembered_ns, select, policy }
}

/// `{ ttl, select, policy }`, or the same as a text.
fn dns_fields(given: &Value) -> Option<Vec<(String, String)>> {
    match given {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                Some((name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            })
            .collect(),
        Value::String(text) => text
            .split(',')
            .map(|pair| {
                pair.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect(),
        _ => None,
    }
}

/// An address, a range of them, or those of a network.
fn addresses(text: &str) -> Option<Vec<IpAddr>> {
    let text = text.trim();
    let found: Vec<IpAddr> = if let Some((from, to)) = text.split_once('-') {
        match (from.parse().ok()?, to.parse().ok()?) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                ipnet::Ipv4AddrRange::new(from, to).map(IpAddr::V4).take(ADDRESSES_MAX).collect()
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                ipnet::Ipv6AddrRange::new(from, to).map(IpAddr::V6).take(ADDRESSES_MAX).collect()
            }
            _ => return None,
        }
    } else if text.contains('/') {
        text.parse::<IpNet>().ok()?.hosts().take(ADDRESSES_MAX).collect()
    } else {
        vec![text.parse().ok()?]
    };
    (!found.is_empty()).then_some(found)
}

fn tls(reader: &mut Reader<'_>) -> TlsLimits {
    let expected = "one of tls1.2 and tls1.3, or { min, max } of these";
    let given = reader.field("tlsVersion", expected, |given| match given {
        Value::String(version) => Some((version.clone(), version.clone())),
        Value::Object(limits) => {
            let of = |key: &str| limits.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            Some((of("min"), of("max")))
        }
        _ => None,
    });
    let (least, most) = given.unwrap_or_default();
    let mut version = |text: &str, is_least: bool| match text {
        "" => None,
        // Nothing below 1.2 is spoken: as the least version these change nothing.
        "tls1.0" | "tls1.1" if is_least => None,
        "tls1.2" => Some(TlsVersion::V12),
        "tls1.3" => Some(TlsVersion::V13),
        other => {
            reader.complain(&format!("tlsVersion: `{other}` is not spoken; there are tls1.2 and tls1.3"));
            None
        }
    };
    let (least, most) = (version(&least, true), version(&most, false));
    TlsLimits { least, most, suites: reader.strings("tlsCipherSuites").unwrap_or_default() }
}

fn certificates(reader: &mut Reader<'_>) -> Vec<ClientCertificate> {
    let mut all = Vec::new();
    for given in reader.array("tlsAuth").unwrap_or_default() {
        let text = |key: &str| given.get(key).and_then(Value::as_str).map(str::to_owned);
        if text("password").is_some_and(|password| !password.is_empty()) {
            reader.complain("tlsAuth: keys with a password cannot be read; give the key without");
        }
        let names = given.get("domains").and_then(Value::as_array).cloned().unwrap_or_default();
        let names = names.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
        match (text("cert"), text("key")) {
            (Some(chain_pem), Some(key_pem)) => all.push(ClientCertificate { names, chain_pem, key_pem }),
            _ => reader.complain("tlsAuth: each needs `cert` and `key`, both PEM texts"),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: &Value) -> (DialSettings, Vec<String>) {
        let mut reader = Reader::new("options", options.as_object().unwrap());
        let settings = network(&mut reader);
        (settings, reader.problems)
    }

    #[test]
    fn what_is_given_is_read() {
        let (settings, problems) = read(&json!({
            "blacklistIPs": ["10.1.0.0/8"], "blockHostnames": "*.Prod.test", "localIPs": "127.0.0.2-127.0.0.4,127.0.0.9",
            "dns": "ttl=inf,select=roundRobin,policy=onlyIPv4", "tlsVersion": { "min": "tls1.0", "max": "tls1.2" },
        }));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(settings.blocked_addresses[0].to_string(), "10.0.0.0/8");
        assert_eq!(settings.blocks_name("a.prod.test"), Some("*.prod.test"));
        assert_eq!(settings.local_addresses.len(), 4);
        assert_eq!(
            settings.names,
            NameSettings { remembered_ns: Nanos::MAX, select: Select::RoundRobin, policy: Policy::OnlyV4 }
        );
        assert_eq!((settings.tls.least, settings.tls.most), (None, Some(TlsVersion::V12)));
        assert_eq!(read(&json!({ "dns": { "ttl": "0" } })).0.names.remembered_ns, 0);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (options, word) in [
            (json!({ "blacklistIPs": ["nope"] }), "nope"),
            (json!({ "blockHostnames": ["a.*.b"] }), "a.*.b"),
            (json!({ "localIPs": "x" }), "localIPs"),
            (json!({ "dns": { "select": "foo" } }), "DNSSelect"),
            (json!({ "tlsVersion": "tls1.1" }), "tls1.1"),
            (json!({ "tlsAuth": [{ "cert": "x" }] }), "tlsAuth"),
        ] {
            assert!(read(&options).1.iter().any(|p| p.contains(word)), "{options}");
        }
    }
}
