//! The end of a run in k6's words.

use serde_json::Value;

/// Metrics that stand under a heading of their own.
const SECTIONS: [(&str, &[&str]); 5] = [
    ("HTTP", &["http_"]),
    ("EXECUTION", &["iteration", "vus", "dropped_", "group_duration"]),
    ("WEBSOCKET", &["ws_"]),
    ("GRPC", &["grpc_"]),
    ("NETWORK", &["data_"]),
];

/// Width of names with their dots.
const NAMES: usize = 44;

/// Renders data that a script handed on.
pub(crate) fn text_of_json(json: &str, indent: &str) -> String {
    serde_json::from_str(json)
        .map_or_else(|e| format!("the data is no summary: {e}"), |data| render(&data, indent))
}

/// Renders the data of a run.
pub(crate) fn render(data: &Value, indent: &str) -> String {
    let mut lines = Vec::new();
    thresholds(data, &mut lines);
    lines.push("TOTAL RESULTS".to_owned());
    checks(data, &mut lines);
    let empty = serde_json::Map::new();
    let metrics = data["metrics"].as_object().unwrap_or(&empty);
    let section = |name: &str| {
        if name == "checks" {
            return Some("");
        }
        let starts = |(_, heads): &&(&str, &[&str])| heads.iter().any(|head| name.starts_with(head));
        SECTIONS.iter().find(starts).map(|(title, _)| *title)
    };
    let mut titled = vec![("CUSTOM", None)];
    titled.extend(SECTIONS.iter().map(|(title, _)| (*title, Some(*title))));
    for (title, wanted) in titled {
        let own: Vec<_> = metrics.iter().filter(|(name, _)| section(name) == wanted).collect();
        if own.is_empty() {
            continue;
        }
        lines.extend([String::new(), format!("  {title}")]);
        lines.extend(own.into_iter().map(|(name, metric)| line(name, metric, data)));
    }
    let text: String = lines
        .into_iter()
        .map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{indent}{l}\n") })
        .collect();
    text
}

fn thresholds(data: &Value, lines: &mut Vec<String>) {
    let mut own = Vec::new();
    for (name, metric) in data["metrics"].as_object().into_iter().flatten() {
        for (source, threshold) in metric["thresholds"].as_object().into_iter().flatten() {
            let mark = if threshold["ok"] == true { "✓" } else { "✗" };
            own.push(format!("  {mark} {name}: {source}"));
        }
    }
    if !own.is_empty() {
        lines.push("THRESHOLDS".to_owned());
        lines.append(&mut own);
        lines.push(String::new());
    }
}

fn checks(data: &Value, lines: &mut Vec<String>) {
    let rate = &data["metrics"]["checks"]["values"];
    if rate.is_null() {
        return;
    }
    let (passes, fails) = (rate["passes"].as_u64().unwrap_or(0), rate["fails"].as_u64().unwrap_or(0));
    lines.push(format!("  checks: {passes} of {} held", passes + fails));
    group(&data["root_group"], 2, lines);
}

fn group(group: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = " ".repeat(depth);
    for check in group["checks"].as_array().into_iter().flatten() {
        let (passes, fails) = (check["passes"].as_u64().unwrap_or(0), check["fails"].as_u64().unwrap_or(0));
        let name = check["name"].as_str().unwrap_or_default();
        lines.push(if fails == 0 {
            format!("{indent}✓ {name}")
        } else {
            format!("{indent}✗ {name}: {passes} of {} held", passes + fails)
        });
    }
    for inner in group["groups"].as_array().into_iter().flatten() {
        lines.push(format!("{indent}█ {}", inner["name"].as_str().unwrap_or_default()));
        self::group(inner, depth + 2, lines);
    }
}

fn line(name: &str, metric: &Value, data: &Value) -> String {
    let (shown, indent) = match name.split_once('{') {
        Some((_, filter)) => (format!("{{ {} }}", filter.trim_end_matches('}')), 4),
        None => (name.to_owned(), 2),
    };
    let dots = ".".repeat(NAMES.saturating_sub(shown.chars().count() + indent));
    let unit = data["options"]["summaryTimeUnit"].as_str().unwrap_or_default();
    let (kind, contains) =
        (metric["type"].as_str().unwrap_or_default(), metric["contains"].as_str().unwrap_or_default());
    let value = |value: &Value| humanized(value.as_f64().unwrap_or(0.0), kind, contains, unit);
    let values = &metric["values"];
    let words = match kind {
        "counter" => format!("{} {}/s", value(&values["count"]), value(&values["rate"])),
        "gauge" => {
            format!("{} min={} max={}", value(&values["value"]), value(&values["min"]), value(&values["max"]))
        }
        "rate" => {
            let (passes, fails) =
                (values["passes"].as_u64().unwrap_or(0), values["fails"].as_u64().unwrap_or(0));
            format!("{} {passes} out of {}", value(&values["rate"]), passes + fails)
        }
        _ => {
            let stats = values.as_object().into_iter().flatten();
            let stat = |(name, v): (&String, &Value)| {
                if name == "count" { format!("count={v}") } else { format!("{name}={}", value(v)) }
            };
            stats.map(stat).collect::<Vec<_>>().join(" ")
        }
    };
    format!("{}{shown}{dots}: {words}", " ".repeat(indent))
}

/// A value with the unit that fits it.
pub(crate) fn humanized(value: f64, kind: &str, contains: &str, unit: &str) -> String {
    match (kind, contains) {
        ("rate", _) => format!("{:.2}%", (value * 10_000.0).trunc() / 100.0),
        (_, "time") => match (unit, value) {
            ("s", v) => format!("{:.2}s", v / 1e3),
            ("us", v) => format!("{:.2}µs", v * 1e3),
            ("ms", v) => format!("{v:.2}ms"),
            (_, 0.0) => "0s".to_owned(),
            (_, v) if v.abs() < 1.0 => format!("{}µs", trimmed(v * 1e3)),
            (_, v) if v.abs() < 1e3 => format!("{}ms", trimmed(v)),
            (_, v) if v.abs() < 60e3 => format!("{}s", trimmed(v / 1e3)),
            (_, v) => format!("{}m{}s", (v / 60e3).trunc(), trimmed((v % 60e3) / 1e3)),
        },
        (_, "data") => {
            let units = ["B", "kB", "MB", "GB", "TB"];
            let step = if value.abs() >= 1.0 {
                ((value.abs().log10() / 3.0) as usize).min(units.len() - 1)
            } else {
                0
            };
            format!("{} {}", trimmed(value / 1_000f64.powi(step as i32)), units[step])
        }
        _ => trimmed(value),
    }
}

/// At most two digits behind the point, and none that say nothing.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_with_the_unit_that_fits() {
        let time = |ms: f64| humanized(ms, "trend", "time", "");
        assert_eq!(
            [time(0.25), time(12.345), time(1_500.0), time(90_000.0)],
            ["250µs", "12.35ms", "1.5s", "1m30s"]
        );
        assert_eq!(humanized(0.99, "rate", "default", ""), "99.00%");
        assert_eq!(humanized(1_234_567.0, "counter", "data", ""), "1.23 MB");
        assert_eq!(humanized(1.5, "trend", "time", "us"), "1500.00µs");
    }
}
