//! Options as `exec.test.options` shows them: every one that k6 has, `null` where nothing was said.

use serde_json::{Map, Value, json};

use super::Options;
use super::read::duration_of;
use crate::metrics::SYSTEM_TAGS;

/// In k6's order.
const ALL: [&str; 37] = [
    "paused",
    "scenarios",
    "executionSegment",
    "executionSegmentSequence",
    "noSetup",
    "setupTimeout",
    "noTeardown",
    "teardownTimeout",
    "rps",
    "dns",
    "maxRedirects",
    "userAgent",
    "batch",
    "batchPerHost",
    "httpDebug",
    "insecureSkipTLSVerify",
    "tlsCipherSuites",
    "tlsVersion",
    "tlsAuth",
    "throw",
    "thresholds",
    "blacklistIPs",
    "blockHostnames",
    "hosts",
    "noConnectionReuse",
    "noVUConnectionReuse",
    "minIterationDuration",
    "ext",
    "summaryTrendStats",
    "summaryTimeUnit",
    "systemTags",
    "tags",
    "metricSamplesBufferSize",
    "noCookiesReset",
    "discardResponseBodies",
    "consoleOutput",
    "localIPs",
];

impl Options {
    /// All of them.
    pub(crate) fn shown(&self) -> Value {
        let mut all = Map::new();
        for key in ALL {
            let given = self.json.get(key).cloned().unwrap_or(Value::Null);
            all.insert(key.to_owned(), one(key, given));
        }
        if self.json.get("scenarios").is_none_or(Value::is_null) {
            all["scenarios"] = self.shortcut();
        }
        if all["summaryTrendStats"].is_null() {
            let stats = self.trend_stats.iter().map(|(name, _)| Value::from(name.as_str()));
            all["summaryTrendStats"] = stats.collect();
        }
        Value::Object(all)
    }

    /// What `vus`, `iterations`, `duration` and `stages` stand for.
    fn shortcut(&self) -> Value {
        let Some(scenario) = self.scenarios.first() else { return Value::Null };
        let of = |key: &str| self.json.get(key).cloned().unwrap_or(Value::Null);
        let mut fields = Map::new();
        for key in ["startTime", "gracefulStop", "env", "exec", "tags"] {
            fields.insert(key.to_owned(), Value::Null);
        }
        fields.insert("executor".to_owned(), scenario.executor_name.as_str().into());
        let more: &[(&str, &str)] = match scenario.executor_name.as_str() {
            "ramping-vus" => &[("startVUs", "vus"), ("stages", "stages"), ("gracefulRampDown", "")],
            "constant-vus" => &[("vus", "vus"), ("duration", "duration")],
            "shared-iterations" => {
                &[("vus", "vus"), ("iterations", "iterations"), ("maxDuration", "duration")]
            }
            _ => &[("vus", ""), ("iterations", ""), ("maxDuration", "")],
        };
        for (name, from) in more {
            fields.insert((*name).to_owned(), of(from));
        }
        json!({ scenario.name.as_str(): fields })
    }
}

fn one(key: &str, given: Value) -> Value {
    match key {
        "setupTimeout" | "teardownTimeout" | "minIterationDuration" => {
            duration_of(&given).map_or(Value::Null, |ns| go_duration(ns).into())
        }
        "dns" => {
            let of = |key: &str| given.get(key).cloned().unwrap_or(Value::Null);
            json!({ "ttl": of("ttl"), "select": of("select"), "policy": of("policy") })
        }
        "tlsVersion" => match given {
            Value::String(version) => json!({ "min": version, "max": version }),
            other => other,
        },
        "systemTags" => match given {
            Value::Array(list) => {
                let mut names: Vec<_> = list.iter().filter_map(Value::as_str).collect();
                names.sort_unstable();
                names.into()
            }
            _ => SYSTEM_TAGS.as_slice().into(),
        },
        "scenarios" => match given {
            Value::Object(scenarios) => {
                scenarios.into_iter().map(|(name, scenario)| (name, filled(scenario))).collect()
            }
            other => other,
        },
        _ => given,
    }
}

/// A scenario with the fields that every one has.
fn filled(scenario: Value) -> Value {
    let Value::Object(mut fields) = scenario else { return scenario };
    for key in ["startTime", "gracefulStop", "env", "exec", "tags"] {
        fields.entry(key).or_insert(Value::Null);
    }
    Value::Object(fields)
}

/// `1m30s`, as Go writes a duration.
pub(crate) fn go_duration(ns: u64) -> String {
    let seconds = ns as f64 / 1e9;
    let (hours, minutes) = ((seconds / 3_600.0).floor(), (seconds % 3_600.0 / 60.0).floor());
    let rest = seconds % 60.0;
    match (hours > 0.0, minutes > 0.0) {
        (true, _) => format!("{hours}h{minutes}m{rest}s"),
        (false, true) => format!("{minutes}m{rest}s"),
        (false, false) if ns > 0 && ns < 1_000_000_000 => format!("{}ms", ns as f64 / 1e6),
        (false, false) => format!("{rest}s"),
    }
}
