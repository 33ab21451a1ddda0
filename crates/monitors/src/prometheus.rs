//! Metrics in the text format of Prometheus and in OpenMetrics: samples with labels, a line each.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::monitor::{Gauges, MetricSelector, Wanted, Watch, labels};

use crate::http::Client;
use crate::told;

/// An exposition that is asked for again and again.
pub(crate) struct Exposition {
    client: Client,
    wanted: Vec<(Wanted, Result<MetricSelector, String>)>,
}

impl Exposition {
    pub(crate) fn new(url: &str, series: Vec<Wanted>, timeout: Duration) -> Self {
        let select = |w: Wanted| {
            let selector = MetricSelector::parse(&w.what);
            (w, selector)
        };
        Self { client: Client::new(url, timeout), wanted: series.into_iter().map(select).collect() }
    }
}

impl Watch for Exposition {
    fn read(&mut self) -> Gauges {
        told(self.client.fetch().map(|text| gauges(&text, &self.wanted)))
    }
}

/// What a line says.
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

fn gauges(text: &str, wanted: &[(Wanted, Result<MetricSelector, String>)]) -> Gauges {
    let (samples, counters) = parse(text);
    let (mut gauges, mut missing) = (Gauges::default(), Vec::new());
    for (wanted, selector) in wanted {
        let Ok(selector) = selector else {
            missing.push(format!("`{}` cannot be understood", wanted.what));
            continue;
        };
        let mut found = samples.iter().filter(|s| selector.accepts(&s.name, &s.labels)).peekable();
        let Some(first) = found.peek() else {
            missing.push(format!("there is no `{}`", wanted.what));
            continue;
        };
        let is_counter = counters.get(&first.name).copied().unwrap_or(false);
        gauges.values.push(wanted.gauge(found.map(|s| s.value).sum(), is_counter));
    }
    gauges.missing = (!missing.is_empty()).then(|| missing.join("; "));
    gauges
}

/// All samples, and whether what a name stands for only grows. Lines that make no sense are passed over.
fn parse(text: &str) -> (Vec<Sample>, BTreeMap<String, bool>) {
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let mut samples = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(said) = line.strip_prefix("# TYPE ") {
            let mut words = said.split_whitespace();
            if let (Some(name), Some(kind)) = (words.next(), words.next()) {
                kinds.insert(name, kind);
            }
        } else if !line.starts_with('#') {
            samples.extend(sample(line));
        }
    }
    let only_grows = |name: &str| {
        let ends = ["_total", "_count", "_sum", "_bucket"];
        let family = ends.iter().find_map(|end| name.strip_suffix(end));
        // A counter may be named with its ending (Prometheus), or its family is (OpenMetrics).
        match (kinds.get(name), family.and_then(|f| kinds.get(f))) {
            (Some(kind), _) => *kind == "counter",
            (None, Some(kind)) => matches!(*kind, "counter" | "histogram" | "summary"),
            (None, None) => name.ends_with("_total"),
        }
    };
    let counters = samples.iter().map(|s| (s.name.clone(), only_grows(&s.name))).collect();
    (samples, counters)
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    let value = match rest.split_whitespace().next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    Some(Sample { name: name.to_owned(), labels, value })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Unit;
    use plimsoll_model::monitor::unit_of_name;

    use super::*;

    /// As Prometheus's own documentation shows the format, and what a client for OpenMetrics writes.
    const TEXT: &str = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
# TYPE process_cpu_seconds counter
# UNIT process_cpu_seconds seconds
process_cpu_seconds_total 12.5 # {trace_id="oHg5SJYRHA0"} 1.0
# TYPE go_memstats_heap_inuse_bytes gauge
go_memstats_heap_inuse_bytes 1.2e+07
# EOF
"#;

    fn wanted(name: &str, what: &str) -> (Wanted, Result<MetricSelector, String>) {
        let (unit, scale) = unit_of_name(what);
        let wanted = Wanted { name: name.to_owned(), what: what.to_owned(), unit, scale, is_counter: None };
        (wanted, MetricSelector::parse(what))
    }

    #[test]
    fn samples_are_found_by_name_and_labels() {
        let series = [
            wanted("requests", "http_requests_total"),
            wanted("refused", "http_requests_total{code=\"400\"}"),
            wanted("plain", "metric_without_timestamp_and_labels"),
            wanted("served", "http_request_duration_seconds_count"),
            wanted("cpu", "process_cpu_seconds_total"),
            wanted("heap", "go_memstats_heap_inuse_bytes"),
            wanted("gone", "no_such_metric"),
        ];
        let read = gauges(TEXT, &series);
        let shown: Vec<_> =
            read.values.iter().map(|g| (g.name.as_str(), g.value, g.unit, g.is_counter)).collect();
        assert_eq!(
            shown,
            [
                ("requests", 1030.0, Unit::Count, true),
                ("refused", 3.0, Unit::Count, true),
                ("plain", 12.47, Unit::Count, false),
                ("served", 144_320.0, Unit::Count, true),
                ("cpu", 12.5e9, Unit::Nanos, true),
                ("heap", 1.2e7, Unit::Bytes, false),
            ]
        );
        assert_eq!(read.missing.as_deref(), Some("there is no `no_such_metric`"));
    }

    #[test]
    fn escapes_and_infinities_are_read_and_nonsense_is_not() {
        let (samples, _) = parse(TEXT);
        let file = samples.iter().find(|s| s.name.starts_with("msdos")).unwrap();
        assert_eq!(file.labels[1].1, "Cannot find file:\n\"FILE.TXT\"");
        assert!(samples.iter().any(|s| s.name == "something_weird" && s.value.is_infinite()));
        for line in ["", "name", "name{a=\"b\" 1", "name{a=b} 1", "name one", "{} 1"] {
            assert!(sample(line).is_none_or(|s| s.name.is_empty()), "{line}");
        }
    }
}
