//! Facts about the machine and the tool, for the record.

use std::collections::BTreeMap;
use std::ffi::OsString;

use plimsoll_model::http::ProxySettings;
use plimsoll_report::verify::digest;

use crate::console::variable;

/// Name and value of everything that a reader of the result should know about where it was made.
pub(crate) fn environment(target: &str) -> Vec<(String, String)> {
    let read = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let line = |path: &str, key: &str| {
        read(path)?
            .lines()
            .find_map(|l| Some(l.strip_prefix(key)?.trim_start_matches([' ', '\t', ':']).to_owned()))
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let facts = [
        ("tool", Some(format!("plimsoll {}", env!("CARGO_PKG_VERSION")))),
        (
            "profile",
            Some(
                if cfg!(debug_assertions) {
                    "debug: slow, numbers of the generator are worthless"
                } else {
                    "release"
                }
                .to_owned(),
            ),
        ),
        ("os", Some(std::env::consts::OS.to_owned())),
        ("architecture", Some(std::env::consts::ARCH.to_owned())),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("cpu", line("/proc/cpuinfo", "model name")),
        ("cores", Some(cores.to_string())),
        ("memory", line("/proc/meminfo", "MemTotal")),
        (
            "governor",
            Some(
                read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
                    .unwrap_or_else(|| "not told by the system".to_owned()),
            ),
        ),
        ("clocksource", read("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        ("cgroup_cpu_max", read("/sys/fs/cgroup/cpu.max")),
        ("target_on_this_host", Some(is_local(target).to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Hexadecimal digits that are kept of a value's digest: enough to tell values apart.
const DIGITS: usize = 16;

/// What a plan or a script was told by environment variables, so that a comparison notices where only these differ: names,
/// and a digest of each value, as values may be secrets.
pub(crate) fn told(variables: &BTreeMap<String, String>) -> (String, String) {
    let mark = |(name, value): (&String, &String)| {
        // With its name in it, equal secrets under different names do not show that they are equal.
        let digest = digest(format!("{name}={value}").as_bytes());
        let digits: String = digest.trim_start_matches("sha256:").chars().take(DIGITS).collect();
        format!("{name} {digits}")
    };
    let marks: Vec<_> = variables.iter().map(mark).collect();
    ("env".to_owned(), if marks.is_empty() { "none".to_owned() } else { marks.join(", ") })
}

/// Whether a target is on this machine: built in, a file or a program, or at an address of the machine's own.
fn is_local(target: &str) -> bool {
    if ["demo:", "sqlite:", "stdio:"].iter().any(|scheme| target.starts_with(scheme)) {
        return true;
    }
    let Some((_, rest)) = target.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    ["127.", "localhost", "[::1]"].iter().any(|ours| host.starts_with(ours))
}

/// All environment variables that are text.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// Proxies, as the environment names them. Upper-case `HTTP_PROXY` is ignored where a web server might set it
/// from a request header.
pub(crate) fn proxies() -> ProxySettings {
    let either =
        |lower: &str, upper: &str| variable(lower).or_else(|| variable(upper)).filter(|v| !v.is_empty());
    let http = variable("http_proxy")
        .or_else(|| variable("HTTP_PROXY").filter(|_| variable("REQUEST_METHOD").is_none()));
    ProxySettings {
        http: http.filter(|v| !v.is_empty()),
        https: either("https_proxy", "HTTPS_PROXY"),
        exempt: either("no_proxy", "NO_PROXY")
            .map_or_else(Vec::new, |list| list.split(',').map(|e| e.trim().to_owned()).collect()),
    }
}

/// Wall clock, in milliseconds since 1970, and as RFC 3339.
pub(crate) fn now() -> (u64, String) {
    let now = jiff::Timestamp::now();
    (now.as_millisecond().max(0) as u64, now.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_on_this_machine_are_known_by_their_address() {
        for target in [
            "demo:shop",
            "sqlite:a.db",
            "http://127.0.0.1:80/a",
            "redis://:secret@127.0.0.1",
            "postgres://a@localhost/b",
            "ws://[::1]:1",
        ] {
            assert!(is_local(target), "{target}");
        }
        for target in ["http://example.org/127.0.0.1", "redis://127.0.0.1@cache:6379", "nats://10.0.0.1"] {
            assert!(!is_local(target), "{target}");
        }
    }
}
