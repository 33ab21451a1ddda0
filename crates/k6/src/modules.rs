//! Modules that are there without a file, and those that stand in for remote ones.

/// Name and source of every built-in module.
const BUILT_IN: &[(&str, &str)] = &[
    ("k6", include_str!("assets/k6.js")),
    ("k6/http", include_str!("assets/http.js")),
    (HTTP_DEFAULT, include_str!("assets/http-default.js")),
    ("k6/metrics", include_str!("assets/metrics.js")),
    ("k6/execution", include_str!("assets/execution.js")),
    ("k6/data", include_str!("assets/data.js")),
    ("k6/ws", include_str!("assets/ws.js")),
    ("k6/websockets", include_str!("assets/websockets.js")),
    ("k6/experimental/websockets", include_str!("assets/websockets.js")),
    ("k6/net/grpc", include_str!("assets/grpc.js")),
    ("k6/secrets", include_str!("assets/secrets.js")),
    ("k6/experimental/fs", include_str!("assets/fs.js")),
    ("k6/experimental/csv", include_str!("assets/csv.js")),
    ("k6/experimental/streams", include_str!("assets/streams.js")),
    ("k6/html", include_str!("assets/html.js")),
    ("k6/encoding", include_str!("assets/encoding.js")),
    ("k6/crypto", include_str!("assets/crypto.js")),
    ("k6/crypto/x509", include_str!("assets/x509.js")),
    ("k6/timers", include_str!("assets/timers.js")),
    ("plimsoll:jslib/k6-summary", include_str!("assets/jslib/k6-summary.js")),
    ("plimsoll:jslib/k6-utils", include_str!("assets/jslib/k6-utils.js")),
    ("plimsoll:jslib/papaparse", include_str!("assets/jslib/papaparse.js")),
    ("plimsoll:jslib/url", include_str!("assets/jslib/url.js")),
    ("plimsoll:jslib/httpx", include_str!("assets/jslib/httpx.js")),
];

/// `k6/http` for modules that take nothing of it by name.
pub(crate) const HTTP_DEFAULT: &str = "plimsoll:default/http";

/// Modules of our own that are read when something of them is first asked for.
const PARTS: &[(&str, &str)] = &[
    ("console", include_str!("assets/parts/console.js")),
    ("crypto", include_str!("assets/parts/crypto.js")),
    ("go", include_str!("assets/parts/go.js")),
    ("html", include_str!("assets/parts/html.js")),
    ("http", include_str!("assets/parts/http.js")),
    ("older", include_str!("assets/parts/older.js")),
    ("sockets", include_str!("assets/parts/sockets.js")),
    ("text", include_str!("assets/parts/text.js")),
    ("timings", include_str!("assets/parts/timings.js")),
    ("timers", include_str!("assets/parts/timers.js")),
    ("webcrypto", include_str!("assets/parts/webcrypto.js")),
];

/// The source of a part.
pub(crate) fn part(name: &str) -> Option<&'static str> {
    PARTS.iter().find_map(|(known, source)| (*known == name).then_some(*source))
}

/// What the engine calls a part.
pub(crate) fn part_name(name: &str) -> String {
    format!("{PART}{name}")
}

const PART: &str = "plimsoll:part/";

/// Whether a module is one of ours.
pub(crate) fn is_built_in(name: &str) -> bool {
    name.starts_with(PART) || source(name).is_some()
}

/// The source of a built-in module.
pub(crate) fn source(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find_map(|(known, source)| (*known == name).then_some(*source))
}

/// The text of every module of ours.
#[cfg(test)]
pub(crate) fn own_texts() -> Vec<&'static str> {
    BUILT_IN.iter().chain(PARTS).map(|(_, text)| *text).collect()
}

/// Our own equivalent of a well-known remote module, whatever its version.
pub(crate) fn stand_in(address: &str) -> Option<&'static str> {
    let (_, path) = address.split_once("jslib.k6.io/")?;
    match path.split('/').next()? {
        "k6-summary" => Some("plimsoll:jslib/k6-summary"),
        "k6-utils" => Some("plimsoll:jslib/k6-utils"),
        "papaparse" => Some("plimsoll:jslib/papaparse"),
        "url" => Some("plimsoll:jslib/url"),
        "httpx" => Some("plimsoll:jslib/httpx"),
        _ => None,
    }
}

/// Why a module of k6 is not there.
pub(crate) fn refusal(name: &str) -> String {
    match name {
        "k6/browser" | "k6/experimental/browser" => {
            "k6/browser needs a browser, which Plimsoll does not drive; test what the page calls instead"
                .to_owned()
        }
        _ if name.starts_with("k6/x/") => {
            format!("{name} is an extension of k6 written in Go, which no other tool can load")
        }
        _ => format!("there is no module {name}; docs/K6.md lists those that there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_known_by_name_in_any_version() {
        assert_eq!(
            stand_in("https://jslib.k6.io/k6-summary/0.0.1/index.js"),
            Some("plimsoll:jslib/k6-summary")
        );
        assert_eq!(stand_in("https://jslib.k6.io/nothing/1.0.0/index.js"), None);
        assert!(refusal("k6/browser").contains("browser") && refusal("k6/x/sql").contains("extension"));
    }
}
