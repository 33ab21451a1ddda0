//! vegeta: the JSON report, and results as `vegeta encode` writes them. Its clock starts in the worker, after pacing.

use std::io::BufRead;
use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;
use serde::Deserialize;
use serde_json::Value;

use crate::gathered::{Gathered, for_each_line};
use crate::{Read, malformed};

#[derive(Deserialize)]
struct Hit<'a> {
    #[serde(default)]
    attack: &'a str,
    code: u16,
    timestamp: &'a str,
    latency: f64,
}

/// Whether the first line is an encoded result.
pub(crate) fn is_results(line: &str) -> bool {
    line.starts_with('{')
        && line.contains("\"latency\":")
        && line.contains("\"timestamp\":")
        && line.contains("\"seq\":")
}

/// Reads encoded results, a line each.
pub(crate) fn results(path: &Path, reader: impl BufRead) -> Read {
    let mut gathered = Gathered::default();
    for_each_line(path, reader, |line| {
        let hit = serde_json::from_slice::<Hit<'_>>(line)
            .ok()
            .and_then(|hit| Some((hit.timestamp.parse::<jiff::Timestamp>().ok()?, hit)));
        match hit {
            Some((at, hit)) => {
                let name = if hit.attack.is_empty() { "all requests" } else { hit.attack };
                let is_ok = (200..400).contains(&hit.code);
                gathered.add(name, at.as_nanosecond() as f64 / 1e9, hit.latency / 1e6, is_ok);
            }
            None => gathered.damaged += 1,
        }
    })?;
    Ok(gathered.into_foreign("vegeta, results"))
}

/// Reads `vegeta report -type=json`.
pub(crate) fn report(path: &Path, value: &Value) -> Read {
    let latency = |key: &str| value["latencies"][key].as_f64().map(|ns| ns / 1e6);
    let quantiles = [("50th", 0.5), ("90th", 0.9), ("95th", 0.95), ("99th", 0.99)];
    let requests = value["requests"].as_f64();
    let row = Row {
        name: "all requests".to_owned(),
        requests,
        failed: requests.zip(value["success"].as_f64()).map(|(n, success)| (n * (1.0 - success)).round()),
        rate_per_s: value["rate"].as_f64(),
        duration_s: value["duration"].as_f64().map(|ns| ns / 1e9),
        min_ms: latency("min"),
        mean_ms: latency("mean"),
        max_ms: latency("max"),
        quantiles: quantiles.into_iter().filter_map(|(key, q)| Some((q, latency(key)?))).collect(),
        ..Row::default()
    };
    if row.requests.is_none() {
        return Err(malformed(path, "vegeta's report", "it does not say how many requests there were"));
    }
    Ok(Foreign {
        source: "vegeta, JSON report".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
