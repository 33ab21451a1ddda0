//! A table from a published report, written down as YAML: what it says is taken at its word, and held to it.

use std::path::Path;

use plimsoll_audit::audits::scaling::Level;
use plimsoll_audit::foreign::{Foreign, Row};
use serde::Deserialize;
use serde_json::Value;

use crate::text::number;
use crate::{Read, malformed};

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    /// Where it was published.
    source: String,
    /// What its words claim.
    #[serde(default)]
    claims: Vec<String>,
    /// Its rows.
    rows: Vec<PublishedRow>,
    /// Its sum.
    total: Option<PublishedRow>,
}

/// A row: every figure as it stands there, a number or a text such as `<150ms`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PublishedRow {
    name: String,
    requests: Value,
    failed: Value,
    failed_percent: Value,
    rate: Value,
    asked: Value,
    duration_s: Value,
    users: Value,
    per_request: Value,
    think_ms: Value,
    min_ms: Value,
    mean_ms: Value,
    max_ms: Value,
    p50_ms: Value,
    p90_ms: Value,
    p95_ms: Value,
    p99_ms: Value,
    bytes_each: Value,
    bytes_per_s: Value,
}

impl PublishedRow {
    fn row(&self) -> Row {
        let mut not_numbers = Vec::new();
        let mut figure = |what: &str, value: &Value| match value {
            Value::Null => None,
            Value::Number(n) => n.as_f64(),
            Value::String(text) => number(text).or_else(|| {
                not_numbers.push(format!("{}: {what} {text}", self.name));
                None
            }),
            other => {
                not_numbers.push(format!("{}: {what} {other}", self.name));
                None
            }
        };
        let requests = figure("requests", &self.requests);
        let share = figure("failed", &self.failed_percent).map(|p| p / 100.0);
        let quantiles = [
            ("p50", 0.5, &self.p50_ms),
            ("p90", 0.9, &self.p90_ms),
            ("p95", 0.95, &self.p95_ms),
            ("p99", 0.99, &self.p99_ms),
        ];
        let quantiles =
            quantiles.into_iter().filter_map(|(name, q, value)| Some((q, figure(name, value)?))).collect();
        let mut row = Row {
            name: self.name.clone(),
            requests,
            failed: figure("failed", &self.failed).or_else(|| Some(requests? * share?)),
            rate_per_s: figure("rate", &self.rate),
            asked_per_s: figure("asked", &self.asked),
            duration_s: figure("duration", &self.duration_s),
            users: figure("users", &self.users),
            per_request: figure("per request", &self.per_request),
            think_ms: figure("think time", &self.think_ms),
            min_ms: figure("min", &self.min_ms),
            mean_ms: figure("mean", &self.mean_ms),
            max_ms: figure("max", &self.max_ms),
            quantiles,
            bytes_each: figure("bytes each", &self.bytes_each),
            bytes_per_s: figure("bytes per second", &self.bytes_per_s),
            ..Row::default()
        };
        row.not_numbers = not_numbers;
        row
    }
}

/// Reads a table.
pub(crate) fn read(path: &Path, value: Value) -> Read {
    let published: Published =
        serde_json::from_value(value).map_err(|e| malformed(path, "a published table", e.to_string()))?;
    let rows: Vec<Row> = published.rows.iter().map(PublishedRow::row).collect();
    let level = |row: &Row| {
        let response_ms = row.mean_ms.or(row.quantile_ms(0.5))?;
        let users = row.users?;
        let throughput = row.rate_per_s?;
        // Without a stated pause, what is left of a user's time is taken for one.
        let pause_ms = row.think_ms.unwrap_or((users / throughput * 1e3 - response_ms).max(0.0));
        Some(Level { users, throughput, response_ns: response_ms * 1e6, pause_ns: pause_ms * 1e6 })
    };
    let mut levels: Vec<_> = rows.iter().filter_map(level).collect();
    levels.sort_by(|a, b| a.users.total_cmp(&b.users));
    Ok(Foreign {
        source: published.source,
        rows,
        total: published.total.as_ref().map(PublishedRow::row),
        levels,
        claims: published.claims,
        ..Foreign::default()
    })
}
