//! wrk and wrk2: text. wrk times from sending; wrk2 from when a request was due on its connection.

use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;

use crate::text::{before, behind, milliseconds, number};
use crate::{Read, malformed};

/// Reads what either printed.
pub(crate) fn read(path: &Path, text: &str) -> Read {
    let rated = text.contains("Detailed Percentile spectrum") || text.contains("Thread calibration");
    let Some(rate) = behind(text, "Requests/sec:").and_then(number) else {
        return Err(malformed(path, "wrk's text", "it shows no Requests/sec"));
    };
    let requests = before(text, " requests in ").and_then(number);
    // Statuses of 400 and above; what the socket lost is counted apart.
    let status = behind(text, "Non-2xx or 3xx responses:").and_then(number).unwrap_or(0.0);
    let socket: f64 = text
        .lines()
        .find(|l| l.trim_start().starts_with("Socket errors:"))
        .map_or(0.0, |l| l.split([' ', ',']).filter_map(|w| w.parse::<f64>().ok()).sum());
    let latency: Vec<&str> = text
        .lines()
        .find(|l| l.trim_start().starts_with("Latency ") && !l.contains("Distribution"))
        .map_or_else(Vec::new, |l| l.split_whitespace().collect());
    let quantile = |line: &str| {
        let (share, time) = line.trim().split_once('%')?;
        Some((share.trim().parse::<f64>().ok()? / 100.0, milliseconds(time)?))
    };
    let row = Row {
        name: "all requests".to_owned(),
        requests: requests.map(|n| n + socket),
        failed: Some(status + socket),
        rate_per_s: Some(rate),
        duration_s: behind(text, " requests in ").and_then(milliseconds).map(|ms| ms / 1e3),
        users: before(text, " connections").and_then(number),
        mean_ms: latency.get(1).and_then(|t| milliseconds(t)),
        max_ms: latency.get(3).and_then(|t| milliseconds(t)),
        quantiles: text.lines().filter_map(quantile).collect(),
        ..Row::default()
    };
    Ok(Foreign {
        source: if rated { "wrk2, text" } else { "wrk, text" }.to_owned(),
        origin: Some(if rated { Origin::Due } else { Origin::Sent }),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
