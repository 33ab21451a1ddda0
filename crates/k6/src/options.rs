//! A script's options, from all layers: defaults, configuration file, script, `K6_*` variables, flags.

mod executor;
mod network;
mod read;
mod shown;

use std::collections::BTreeMap;

use plimsoll_model::dial::DialSettings;
use plimsoll_model::{Nanos, SECOND_NS};
use serde_json::{Map, Value};

pub(crate) use executor::{Executor, Scenario};
use read::Reader;
pub(crate) use read::duration;
pub(crate) use shown::go_duration;

use crate::metrics::{Expression, FURTHER_TAGS, Method, SYSTEM_TAGS, Threshold};

/// Keys that say what load there is. A layer that sets one of them replaces all of them of the layers below.
const EXECUTION: [&str; 4] = ["duration", "iterations", "stages", "scenarios"];

/// Options that are read. Others that k6 knows are accepted and have no meaning here; the rest is a mistake.
const WITHOUT_MEANING: [&str; 13] = [
    "cloud",
    "consoleOutput",
    "executionSegment",
    "executionSegmentSequence",
    "ext",
    "features",
    "httpDebug",
    "metricSamplesBufferSize",
    "noVUConnectionReuse",
    "paused",
    "handleSummaryTimeout",
    "noUsageReport",
    "linger",
];

/// Options, checked.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in k6")]
pub(crate) struct Options {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) thresholds: Vec<(String, Vec<Threshold>)>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) setup_timeout_ns: Nanos,
    pub(crate) teardown_timeout_ns: Nanos,
    pub(crate) no_setup: bool,
    pub(crate) no_teardown: bool,
    pub(crate) redirects_max: u32,
    /// Requests of a batch at once; of those to one host.
    pub(crate) batch: usize,
    pub(crate) batch_per_host: usize,
    /// Requests per second of all users together; none is held back without.
    pub(crate) rps: Option<u64>,
    pub(crate) user_agent: Option<String>,
    pub(crate) skip_verify: bool,
    pub(crate) discard_bodies: bool,
    pub(crate) throw: bool,
    pub(crate) no_connection_reuse: bool,
    pub(crate) no_cookies_reset: bool,
    pub(crate) iteration_ns_min: Nanos,
    pub(crate) hosts: BTreeMap<String, String>,
    pub(crate) dial: DialSettings,
    /// Tags that samples are given without asking.
    pub(crate) system_tags: Vec<String>,
    /// As given, with what they are computed by.
    pub(crate) trend_stats: Vec<(String, Method)>,
    pub(crate) time_unit: String,
    /// All of them, as a script sees them.
    pub(crate) json: Value,
    /// The share of their durations to which scenarios were shortened.
    pub(crate) scale: Option<f64>,
}

/// What is wrong with options, all of it.
#[derive(Debug)]
pub(crate) struct WrongOptions(pub(crate) Vec<String>);

/// Puts layers together, the first the weakest.
pub(crate) fn merged(layers: impl IntoIterator<Item = Map<String, Value>>) -> Map<String, Value> {
    let mut all = Map::new();
    for layer in layers {
        if EXECUTION.iter().any(|key| layer.get(*key).is_some_and(|v| !v.is_null())) {
            EXECUTION.iter().for_each(|key| drop(all.remove(*key)));
        }
        all.extend(layer.into_iter().filter(|(_, value)| !value.is_null()));
    }
    all
}

impl Options {
    /// Reads merged options; mistakes are returned together, what only has no meaning here as warnings.
    pub(crate) fn read(merged: &Map<String, Value>) -> Result<(Self, Vec<String>), WrongOptions> {
        let mut reader = Reader::new("options", merged);
        let (scenarios, mut problems) = executor::scenarios(merged);
        // They were read by the executors.
        ["vus", "duration", "iterations", "stages", "scenarios"].iter().for_each(|key| reader.know(key));
        let thresholds = thresholds(reader.object("thresholds"), &mut problems);
        let stats = reader.strings("summaryTrendStats");
        let stats = stats
            .unwrap_or_else(|| ["avg", "min", "med", "max", "p(90)", "p(95)"].map(str::to_owned).to_vec());
        let mut trend_stats = Vec::new();
        for stat in stats {
            match Method::of_trend(&stat) {
                Some(method) => trend_stats.push((stat, method)),
                None => problems.push(format!(
                    "options.summaryTrendStats: `{stat}` is none of avg, min, med, max, count, p(0..100)"
                )),
            }
        }
        let options = Self {
            scenarios,
            thresholds,
            tags: reader.texts("tags"),
            setup_timeout_ns: reader.duration("setupTimeout").unwrap_or(60 * SECOND_NS),
            teardown_timeout_ns: reader.duration("teardownTimeout").unwrap_or(60 * SECOND_NS),
            no_setup: reader.flag("noSetup"),
            no_teardown: reader.flag("noTeardown"),
            redirects_max: reader.number("maxRedirects").map_or(10, |n| n as u32),
            batch: reader.number("batch").filter(|n| *n > 0).map_or(20, |n| n as usize),
            batch_per_host: reader.number("batchPerHost").filter(|n| *n > 0).map_or(6, |n| n as usize),
            rps: reader.number("rps").filter(|n| *n > 0),
            user_agent: reader.text("userAgent"),
            skip_verify: reader.flag("insecureSkipTLSVerify"),
            discard_bodies: reader.flag("discardResponseBodies"),
            throw: reader.flag("throw"),
            no_connection_reuse: reader.flag("noConnectionReuse"),
            no_cookies_reset: reader.flag("noCookiesReset"),
            iteration_ns_min: reader.duration("minIterationDuration").unwrap_or(0),
            hosts: reader.texts("hosts"),
            dial: network::network(&mut reader),
            system_tags: reader
                .strings("systemTags")
                .unwrap_or_else(|| SYSTEM_TAGS.iter().map(|&name| name.to_owned()).collect()),
            trend_stats,
            time_unit: reader.text("summaryTimeUnit").unwrap_or_default(),
            json: Value::Object(merged.clone()),
            scale: None,
        };
        if !["", "s", "ms", "us"].contains(&options.time_unit.as_str()) {
            problems.push(format!("options.summaryTimeUnit: `{}` is none of s, ms, us", options.time_unit));
        }
        let mut warnings = Vec::new();
        for tag in &options.system_tags {
            if !SYSTEM_TAGS.contains(&tag.as_str()) && !FURTHER_TAGS.contains(&tag.as_str()) {
                warnings.push(format!("options.systemTags: there is no tag `{tag}`"));
            }
        }
        for key in merged.keys().filter(|key| !reader.knows(key)) {
            if WITHOUT_MEANING.contains(&key.as_str()) {
                warnings.push(format!("the option `{key}` is accepted and has no effect"));
            } else {
                warnings.push(format!("there is no option `{key}`; it is ignored"));
            }
        }
        problems.extend(reader.problems);
        if problems.is_empty() { Ok((options, warnings)) } else { Err(WrongOptions(problems)) }
    }

    /// Shortens all scenarios to `scale` of their durations.
    pub(crate) fn shorten(&mut self, scale: Option<f64>) {
        self.scale = scale;
        if let Some(scale) = scale {
            self.scenarios.iter_mut().for_each(|scenario| scenario.shorten(scale));
        }
    }

    /// Whether samples are given a tag that options may leave out.
    pub(crate) fn tags_with(&self, name: &str) -> bool {
        self.system_tags.iter().any(|known| known == name)
    }

    /// The most users at once, over all scenarios.
    pub(crate) fn users_max(&self) -> u64 {
        self.scenarios.iter().map(|s| s.executor.users_max()).sum()
    }
}

fn thresholds(given: Map<String, Value>, problems: &mut Vec<String>) -> Vec<(String, Vec<Threshold>)> {
    let mut all = Vec::new();
    for (selector, list) in given {
        let list = if let Value::Array(list) = list { list } else { vec![list] };
        let mut read = Vec::new();
        for one in list {
            match threshold(&one) {
                Ok(threshold) => read.push(threshold),
                Err(problem) => problems.push(format!("options.thresholds[\"{selector}\"]: {problem}")),
            }
        }
        all.push((selector, read));
    }
    all
}

fn threshold(given: &Value) -> Result<Threshold, String> {
    let (source, abort, delay) = match given {
        Value::String(source) => (source.as_str(), false, None),
        Value::Object(object) => {
            let source = object.get("threshold").and_then(Value::as_str).ok_or("`threshold` is missing")?;
            (source, object.get("abortOnFail") == Some(&Value::Bool(true)), object.get("delayAbortEval"))
        }
        other => return Err(format!("`{other}` is neither a text nor an object with `threshold`")),
    };
    let delay_ns = match delay.filter(|d| !d.is_null()) {
        None => 0,
        Some(delay) => {
            read::duration_of(delay).ok_or_else(|| format!("delayAbortEval: `{delay}` is no duration"))?
        }
    };
    Ok(Threshold { source: source.to_owned(), expression: Expression::parse(source)?, abort, delay_ns })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("no object") };
        object
    }

    #[test]
    fn a_higher_layer_that_says_what_load_there_is_replaces_all_that_was_said_below() {
        let script =
            object(json!({ "vus": 5, "stages": [{ "duration": "1s", "target": 3 }], "throw": true }));
        let flags = object(json!({ "iterations": 7 }));
        let all = merged([script, flags]);
        assert_eq!(Value::Object(all), json!({ "vus": 5, "iterations": 7, "throw": true }));
    }

    #[test]
    fn mistakes_are_told_together() {
        let given = json!({
            "vus": "many",
            "thresholds": { "http_req_duration": ["p95<1", { "threshold": "avg<1", "abortOnFail": true, "delayAbortEval": "2s" }] },
            "summaryTrendStats": ["avg", "p(999)"],
            "setupTimeout": "soon",
        });
        let WrongOptions(problems) = Options::read(&object(given)).unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn what_k6_knows_and_nothing_depends_on_is_a_warning() {
        let (options, warnings) =
            Options::read(&object(json!({ "linger": true, "nonsense": 1, "setupTimeout": 1500 }))).unwrap();
        assert_eq!(warnings.len(), 2);
        assert_eq!(options.setup_timeout_ns, 1_500_000_000);
        assert_eq!(options.scenarios.len(), 1);
    }
}
