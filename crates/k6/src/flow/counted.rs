//! What k6 counts of a request and its response.

use std::borrow::Cow;

use plimsoll_model::Nanos;

use super::{Expected, Flow, address};
use crate::metrics::{BuiltIn, Kind, Tagged};
use crate::vu::{Seen, Vu};

/// A response on its way into the metrics.
struct Counted<'a> {
    vu: &'a Vu,
    flow: &'a Flow,
    seen: &'a Seen,
    expected: bool,
}

impl Counted<'_> {
    /// What the script has given with the request, or for everything.
    fn given(&self, name: &str) -> Option<Cow<'_, str>> {
        let given = self.flow.tags.iter().find(|(given, _)| given == name);
        given.map(|(_, value)| Cow::Borrowed(value.as_str())).or_else(|| self.vu.tag(name))
    }
}

impl Tagged for Counted<'_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        let (flow, status) = (self.flow, self.seen.status);
        match name {
            _ if !self.vu.tags_with(name) => self.given(name),
            "method" => Some(Cow::Borrowed(&flow.method)),
            "status" => Some(Cow::Owned(status.to_string())),
            "name" => Some(Cow::Borrowed(flow.name())),
            "expected_response" if !matches!(flow.expected, Expected::Nothing) => {
                Some(Cow::Borrowed(if self.expected { "true" } else { "false" }))
            }
            "proto" if status > 0 => Some(Cow::Borrowed("HTTP/1.1")),
            "error_code" if flow.error_code > 0 => Some(Cow::Owned(flow.error_code.to_string())),
            "error" if !flow.error.is_empty() => Some(Cow::Borrowed(&flow.error)),
            "tls_version" if self.seen.tls.is_some() => Some(Cow::Borrowed(self.seen.tls_version())),
            "ip" if status > 0 => Some(Cow::Borrowed(address::host_of(&flow.url).0)),
            "url" => self.given(name).or(Some(Cow::Borrowed(flow.name()))),
            _ => self.given(name),
        }
    }

    fn each(&self, put: &mut dyn FnMut(&str, &str)) {
        for name in [
            "method",
            "status",
            "name",
            "expected_response",
            "proto",
            "error_code",
            "error",
            "ip",
            "tls_version",
        ] {
            if let Some(value) = self.tag(name) {
                put(name, &value);
            }
        }
        self.flow.tags.iter().for_each(|(name, value)| put(name, value));
        if self.vu.tags_with("url") {
            put("url", self.flow.name());
        }
        self.vu.each(put);
    }
}

/// Counts a response.
pub(super) fn count(vu: &Vu, flow: &Flow, seen: &Seen, expected: bool) {
    let store = &vu.store;
    let phases = seen.reply.phases_ns;
    let tags = &Counted { vu, flow, seen, expected };
    let time = |metric: BuiltIn, ns: Nanos| (metric, Kind::Trend, ns as f64 / 1e6);
    let values = [
        (BuiltIn::HttpReqs, Kind::Counter, 1.0),
        time(BuiltIn::HttpReqDuration, duration_ns(seen)),
        time(BuiltIn::HttpReqBlocked, phases[..4].iter().sum()),
        time(BuiltIn::HttpReqConnecting, phases[2]),
        time(BuiltIn::HttpReqTlsHandshaking, phases[3]),
        time(BuiltIn::HttpReqSending, phases[4]),
        time(BuiltIn::HttpReqWaiting, phases[5]),
        time(BuiltIn::HttpReqReceiving, phases[6]),
        (BuiltIn::HttpReqFailed, Kind::Rate, f64::from(u8::from(!expected))),
    ];
    let is_judged = !matches!(flow.expected, Expected::Nothing);
    store.add_all(if is_judged { &values } else { &values[..values.len() - 1] }, tags);
    let carried = [
        (BuiltIn::DataSent, Kind::Counter, seen.reply.bytes_sent as f64),
        (BuiltIn::DataReceived, Kind::Counter, seen.reply.bytes_received as f64),
    ];
    store.add_all(&carried, vu);
}

/// What k6 calls the duration of a request: sending, waiting and receiving; connecting is not part of it.
pub(crate) fn duration_ns(seen: &Seen) -> u64 {
    seen.reply.phases_ns[4..].iter().sum()
}
