//! Executors as load, thresholds as claims.

use serde_json::{Map, Value, json};

use super::syntax::Refusal;
use crate::lower;
use crate::options::{Executor, Options, Scenario};

/// The section `load`.
pub(super) fn load(options: &Options) -> Value {
    options.scenarios.iter().map(|s| (s.name.clone(), entry(s, options))).collect::<Map<_, _>>().into()
}

fn entry(scenario: &Scenario, options: &Options) -> Value {
    let mut fields = Map::new();
    let (key, what) = schedule(&scenario.executor);
    fields.insert(key.to_owned(), what);
    if scenario.start_ns > 0 {
        fields.insert("start".to_owned(), time(scenario.start_ns));
    }
    fields.insert("graceful_stop".to_owned(), time(scenario.graceful_stop_ns));
    if options.iteration_ns_min > 0 {
        fields.insert("iteration_time".to_owned(), time(options.iteration_ns_min));
    }
    Value::Object(fields)
}

fn schedule(executor: &Executor) -> (&'static str, Value) {
    match executor {
        Executor::SharedIterations { vus, iterations, max_ns } => {
            ("closed", json!({ "users": vus, "iterations": iterations, "for": time(*max_ns) }))
        }
        Executor::PerVuIterations { vus, iterations, max_ns } => {
            ("closed", json!({ "users": vus, "iterations_per_user": iterations, "for": time(*max_ns) }))
        }
        Executor::ConstantVus { vus, duration_ns } => {
            ("closed", json!({ "users": vus, "for": time(*duration_ns) }))
        }
        Executor::RampingVus { start, stages, leave_ns } => {
            ("closed", json!({ "stages": staged(*start as f64, stages, ""), "leave": time(*leave_ns) }))
        }
        Executor::ConstantArrivals { rate, duration_ns, users } => (
            "open",
            json!({ "rate": format!("{rate}/s"), "arrivals": "uniform", "for": time(*duration_ns), "max_users": users.max }),
        ),
        Executor::RampingArrivals { start, stages, users } => (
            "open",
            json!({ "stages": staged(*start, stages, "/s"), "arrivals": "uniform", "max_users": users.max }),
        ),
    }
}

fn staged(start: f64, stages: &[(u64, f64)], unit: &str) -> Vec<String> {
    let first = (start > 0.0).then(|| format!("0s -> {start}{unit}"));
    let rest = stages.iter().map(|(ns, level)| format!("{} -> {level}{unit}", text(*ns)));
    first.into_iter().chain(rest).collect()
}

fn time(ns: u64) -> Value {
    text(ns).into()
}

fn text(ns: u64) -> String {
    if ns.is_multiple_of(1_000_000_000) {
        format!("{}s", ns / 1_000_000_000)
    } else {
        format!("{}ms", ns as f64 / 1e6)
    }
}

/// Thresholds as claims, and those that say what no claim can.
pub(super) fn claims(options: &Options) -> (Vec<String>, Vec<Refusal>) {
    let (mut claims, mut lost) = (Vec::new(), Vec::new());
    for (selector, thresholds) in &options.thresholds {
        for threshold in thresholds {
            match lower::claim(selector, threshold) {
                Some(claim) => claims.push(claim),
                None => lost.push(Refusal {
                    line: 0,
                    what: format!(
                        "the threshold `{selector}: {}` has no counterpart among claims",
                        threshold.source
                    ),
                }),
            }
        }
    }
    (claims, lost)
}
