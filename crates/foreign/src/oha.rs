//! oha: JSON. Times of all statuses are in one distribution.

use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;
use serde_json::Value;

use crate::{Read, malformed};

/// Reads `--output-format json`.
pub(crate) fn read(path: &Path, value: &Value) -> Read {
    let summary = |key: &str| value["summary"][key].as_f64();
    let sum = |of: &Value, wanted: &dyn Fn(&str) -> bool| -> f64 {
        of.as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| wanted(key))
            .filter_map(|(_, n)| n.as_f64())
            .sum()
    };
    let statuses = &value["statusCodeDistribution"];
    // Requests cut off by the end of the run are no failures of the target.
    let errors = sum(&value["errorDistribution"], &|class| !class.contains("deadline"));
    let answered = sum(statuses, &|_| true);
    let quantiles =
        [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];
    let ms = |seconds: Option<f64>| seconds.map(|s| s * 1e3);
    let row = Row {
        name: "all requests".to_owned(),
        requests: Some(answered + errors),
        failed: Some(sum(statuses, &|code| !code.starts_with(['2', '3'])) + errors),
        rate_per_s: summary("requestsPerSec"),
        duration_s: summary("total"),
        min_ms: ms(summary("fastest")),
        mean_ms: ms(summary("average")),
        max_ms: ms(summary("slowest")),
        quantiles: quantiles
            .into_iter()
            .filter_map(|(key, q)| Some((q, ms(value["latencyPercentiles"][key].as_f64())?)))
            .collect(),
        ..Row::default()
    };
    if row.rate_per_s.is_none() {
        return Err(malformed(path, "oha's JSON", "its summary holds no requestsPerSec"));
    }
    Ok(Foreign {
        source: "oha, JSON".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
