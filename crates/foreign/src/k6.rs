//! k6: points as JSON lines or CSV, and summaries. Its times leave out connecting, TLS and waiting for a free user.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;
use serde::Deserialize;
use serde_json::Value;

use crate::gathered::{Gathered, for_each_line};
use crate::{Read, malformed};

/// The metric of a request's time.
const DURATION: &str = "http_req_duration";

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    data: Point<'a>,
}

#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    value: f64,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

#[derive(Default, Deserialize)]
struct Tags<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    expected_response: Option<Cow<'a, str>>,
}

/// Whether the first line is one of `--out json`.
pub(crate) fn is_points(line: &str) -> bool {
    line.starts_with('{') && line.contains("\"metric\"") && line.contains("\"type\"")
}

/// Reads `--out json`.
pub(crate) fn points(path: &Path, reader: impl BufRead) -> Read {
    let mut gathered = Gathered::default();
    for_each_line(path, reader, |line| {
        // Most lines are other metrics: they are not even parsed.
        if !contains(line, b"\"http_req_duration\"") || !contains(line, b"\"Point\"") {
            return;
        }
        match serde_json::from_slice::<Line<'_>>(line).ok().and_then(|l| Some((seconds(&l.data.time)?, l))) {
            Some((at_s, Line { data })) => {
                let is_ok = data.tags.expected_response.as_deref() != Some("false");
                // A point is written when the request ends.
                gathered.add(
                    data.tags.name.as_deref().unwrap_or("all"),
                    at_s - data.value / 1e3,
                    data.value,
                    is_ok,
                );
            }
            None => gathered.damaged += 1,
        }
    })?;
    Ok(gathered.into_foreign("k6, --out json"))
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).take(64).any(|w| w == part)
}

fn seconds(time: &str) -> Option<f64> {
    let at: jiff::Timestamp = time.parse().ok()?;
    Some(at.as_nanosecond() as f64 / 1e9)
}

/// Reads `--out csv`.
pub(crate) fn csv(path: &Path, reader: impl BufRead) -> Read {
    let mut gathered = Gathered::default();
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let headers = table.headers().map_err(|e| malformed(path, "k6's CSV", e.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name);
    let (Some(metric), Some(time), Some(value)) =
        (column("metric_name"), column("timestamp"), column("metric_value"))
    else {
        return Err(malformed(path, "k6's CSV", "its header lacks metric_name, timestamp or metric_value"));
    };
    let (name, expected) = (column("name"), column("expected_response"));
    let mut record = csv::StringRecord::new();
    loop {
        match table.read_record(&mut record) {
            Ok(false) => return Ok(gathered.into_foreign("k6, --out csv")),
            Ok(true) if record.get(metric) == Some(DURATION) => {
                let number = |at: usize| record.get(at).and_then(|text| text.parse::<f64>().ok());
                match number(time).zip(number(value)) {
                    Some((at_s, took_ms)) => {
                        let is_ok = expected.and_then(|at| record.get(at)) != Some("false");
                        gathered.add(
                            name.and_then(|at| record.get(at)).unwrap_or("all"),
                            at_s - took_ms / 1e3,
                            took_ms,
                            is_ok,
                        );
                    }
                    None => gathered.damaged += 1,
                }
            }
            Ok(true) => {}
            Err(_) => gathered.damaged += 1,
        }
    }
}

/// Reads `--summary-export` and the data of `handleSummary`, which keeps values one level deeper.
pub(crate) fn summary(path: &Path, value: &Value) -> Read {
    let metric = |name: &str| value["metrics"].get(name).map(|m| m.get("values").unwrap_or(m));
    let number = |metric: Option<&Value>, key: &str| metric.and_then(|m| m.get(key)).and_then(Value::as_f64);
    let duration = metric(DURATION);
    let quantiles = [("med", 0.5), ("p(90)", 0.90), ("p(95)", 0.95), ("p(99)", 0.99), ("p(99.9)", 0.999)];
    let requests = number(metric("http_reqs"), "count");
    // The rate of failures is told as a share (handleSummary) or as passes, which are the failures (export).
    let failed_metric = metric("http_req_failed");
    let failed = number(failed_metric, "passes").or_else(|| {
        Some(number(failed_metric, "rate").or_else(|| number(failed_metric, "value"))? * requests?)
    });
    let milliseconds = value["state"]["testRunDurationMs"].as_f64();
    let rate_per_s = number(metric("http_reqs"), "rate");
    let row = Row {
        name: "all requests".to_owned(),
        requests,
        failed,
        rate_per_s,
        duration_s: milliseconds.map(|ms| ms / 1e3),
        users: number(metric("vus_max"), "max").or_else(|| number(metric("vus_max"), "value")),
        min_ms: number(duration, "min"),
        mean_ms: number(duration, "avg"),
        max_ms: number(duration, "max"),
        quantiles: quantiles.into_iter().filter_map(|(key, q)| Some((q, number(duration, key)?))).collect(),
        ..Row::default()
    };
    if row.requests.is_none() {
        return Err(malformed(path, "k6's summary", "it holds no metric http_reqs"));
    }
    Ok(Foreign {
        source: "k6, summary".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
