//! Facts about the machine and the tool, for the record.

use std::collections::BTreeMap;
use std::ffi::OsString;

use plimsoll_model::http::ProxySettings;

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

fn is_local(target: &str) -> bool {
    [
        "demo:",
        "http://127.",
        "https://127.",
        "http://localhost",
        "https://localhost",
        "http://[::1]",
        "https://[::1]",
    ]
    .iter()
    .any(|p| target.starts_with(p))
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
