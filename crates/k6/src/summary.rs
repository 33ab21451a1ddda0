//! What k6 tells at the end of a run: the data that `handleSummary` is given, and the same as text.

mod text;

use md5::{Digest, Md5};
use plimsoll_model::Nanos;
use serde_json::{Map, Value, json};

use crate::metrics::{Sink, Totals};
use crate::run::Run;
use crate::thresholds::Judged;

pub(crate) use text::{humanized, render, text_of_json};

/// The data, in the layout that `handleSummary` is given.
pub(crate) fn data(run: &Run, judged: &[Judged], elapsed_ns: Nanos, is_terminal: bool) -> Value {
    let totals = run.book.totals();
    let stats: Vec<_> = run.options.trend_stats.iter().map(|(name, _)| name.as_str()).collect();
    let mut data = json!({
        "root_group": root_group(&totals),
        "options": { "summaryTrendStats": stats, "summaryTimeUnit": run.options.time_unit, "noColor": !is_terminal },
        "state": {
            "isStdOutTTY": is_terminal,
            "isStdErrTTY": is_terminal,
            "testRunDurationMs": elapsed_ns as f64 / 1e6,
        },
        "metrics": metrics(run, &totals, judged, elapsed_ns),
    });
    let setup = run.setup_data.get().and_then(|text| serde_json::from_str(text).ok());
    data["setup_data"] = setup.unwrap_or(Value::Null);
    data
}

fn metrics(run: &Run, totals: &Totals, judged: &[Judged], elapsed_ns: Nanos) -> Map<String, Value> {
    let registry = run.book.registry();
    let mut all = Map::new();
    let elapsed_s = elapsed_ns as f64 / 1e9;
    let mut put = |key: &str, metric: &crate::metrics::Metric, sink: &Sink| {
        let mut entry = json!({
            "type": metric.kind.name(),
            "contains": metric.contains.name(),
            "values": values(run, sink, elapsed_s),
        });
        let own: Map<String, Value> = judged
            .iter()
            .filter(|j| j.selector == key)
            .map(|j| (j.threshold.source.clone(), json!({ "ok": j.holds })))
            .collect();
        if !own.is_empty() {
            entry["thresholds"] = Value::Object(own);
        }
        all.insert(key.to_owned(), entry);
    };
    for (id, metric) in registry.all() {
        let has_threshold = judged.iter().any(|j| j.selector == metric.name);
        let nothing = Sink::new(metric.kind);
        if let Some(sink) = totals.sink(id).or(has_threshold.then_some(&nothing)) {
            put(&metric.name, metric, sink);
        }
        for (number, sub) in run.book.subs.iter().enumerate().filter(|(_, s)| s.metric == id) {
            let has_threshold = judged.iter().any(|j| j.selector == sub.key);
            if let Some(sink) = totals.sub(number).or(has_threshold.then_some(&nothing)) {
                put(&sub.key, metric, sink);
            }
        }
    }
    all
}

fn values(run: &Run, sink: &Sink, elapsed_s: f64) -> Value {
    match sink {
        Sink::Counter { sum, .. } => {
            json!({ "count": number(*sum), "rate": sum / elapsed_s.max(f64::MIN_POSITIVE) })
        }
        Sink::Gauge { value, min, max, .. } => {
            json!({ "value": number(*value), "min": number(*min), "max": number(*max) })
        }
        Sink::Rate { trues, total } => {
            json!({ "rate": *trues as f64 / (*total).max(1) as f64, "passes": trues, "fails": total - trues })
        }
        Sink::Trend(trend) => {
            let stat = |(name, method): &(String, crate::metrics::Method)| {
                let value =
                    if name == "count" { trend.figures().count as f64 } else { method.of(sink, elapsed_s) };
                (name.clone(), json!(value))
            };
            Value::Object(run.options.trend_stats.iter().map(stat).collect())
        }
    }
}

/// A whole number without a point, as JavaScript writes it.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

fn root_group(totals: &Totals) -> Value {
    group("", "", totals)
}

fn group(name: &str, path: &str, totals: &Totals) -> Value {
    let is_inside = |other: &&String| {
        other
            .strip_prefix(path)
            .and_then(|rest| rest.strip_prefix("::"))
            .is_some_and(|rest| !rest.contains("::"))
    };
    let groups: Vec<_> = totals
        .groups
        .iter()
        .filter(is_inside)
        .map(|inner| group(inner.rsplit("::").next().unwrap_or_default(), inner, totals))
        .collect();
    let checks: Vec<_> = totals
        .checks
        .iter()
        .filter(|c| c.group == path)
        .map(|c| {
            let own = format!("{path}::{}", c.name);
            json!({ "name": c.name, "path": own, "id": id(&own), "passes": c.passes, "fails": c.fails })
        })
        .collect();
    json!({ "name": name, "path": path, "id": id(path), "groups": groups, "checks": checks })
}

/// k6 names groups and checks by the MD5 of their path.
fn id(path: &str) -> String {
    Md5::digest(path.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// The layout of `--summary-export`: values beside each other, and a threshold is true if it failed.
pub(crate) fn export(data: &Value) -> Value {
    let mut metrics = Map::new();
    for (name, metric) in data["metrics"].as_object().into_iter().flatten() {
        let mut entry = metric["values"].as_object().cloned().unwrap_or_default();
        if metric["type"] == "rate" {
            let rate = entry.remove("rate");
            entry.insert("value".to_owned(), rate.unwrap_or(Value::Null));
        }
        let failed: Map<String, Value> = metric["thresholds"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(source, t)| (source.clone(), json!(t["ok"] != json!(true))))
            .collect();
        if !failed.is_empty() {
            entry.insert("thresholds".to_owned(), Value::Object(failed));
        }
        metrics.insert(name.clone(), Value::Object(entry));
    }
    json!({ "metrics": metrics, "root_group": by_name(&data["root_group"]) })
}

/// Groups and checks by their names instead of in lists.
fn by_name(group: &Value) -> Value {
    let mut entry = group.as_object().cloned().unwrap_or_default();
    for key in ["groups", "checks"] {
        let list = entry.remove(key).unwrap_or_default();
        let named = list.as_array().into_iter().flatten().map(|one| {
            let inner = if key == "groups" { by_name(one) } else { one.clone() };
            (one["name"].as_str().unwrap_or_default().to_owned(), inner)
        });
        entry.insert(key.to_owned(), Value::Object(named.collect()));
    }
    Value::Object(entry)
}
