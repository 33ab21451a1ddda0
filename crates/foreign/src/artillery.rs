//! Artillery: JSON reports.

use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;
use serde_json::Value;

use crate::{Read, malformed};

/// Reads a report.
pub(crate) fn read(path: &Path, value: &Value) -> Read {
    let aggregate = &value["aggregate"];
    let counter = |name: &str| aggregate["counters"][name].as_f64();
    let time = |key: &str| aggregate["summaries"]["http.response_time"][key].as_f64();
    let counters = aggregate["counters"].as_object();
    let failed: f64 = counters
        .into_iter()
        .flatten()
        .filter(|(name, _)| {
            name.starts_with("errors.")
                || name.strip_prefix("http.codes.").is_some_and(|c| c.starts_with(['4', '5']))
        })
        .filter_map(|(_, n)| n.as_f64())
        .sum();
    let quantiles = [("median", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];
    let began = aggregate["firstCounterAt"].as_f64();
    let ended = aggregate["lastCounterAt"].as_f64();
    let row = Row {
        name: "all requests".to_owned(),
        requests: counter("http.requests"),
        failed: Some(failed),
        rate_per_s: None,
        duration_s: began.zip(ended).map(|(a, b)| (b - a) / 1e3),
        min_ms: time("min"),
        mean_ms: time("mean"),
        max_ms: time("max"),
        quantiles: quantiles.into_iter().filter_map(|(key, q)| Some((q, time(key)?))).collect(),
        ..Row::default()
    };
    if row.requests.is_none() {
        return Err(malformed(path, "Artillery's report", "it holds no counter http.requests"));
    }
    Ok(Foreign {
        source: "Artillery, JSON".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
