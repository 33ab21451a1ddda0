//! What a comparison reads of a recorded run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_audit::statistics::change::Worse;
use plimsoll_metrics::expression::ARM_QUANTILES;
use serde_json::Value;

use crate::verify::digest;

/// What is read of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Its directory.
    pub path: PathBuf,
    /// VALID, LIMITED or INVALID.
    pub verdict: String,
    /// Why it ended: `completed`, `interrupted`, ...
    pub ended: String,
    /// When it began, as recorded.
    pub started_at: String,
    /// What must be equal on both sides, by name.
    pub circumstances: BTreeMap<&'static str, String>,
    /// Measures by name, those over all steps without parentheses; what was withheld is not among them.
    pub measures: BTreeMap<String, (Worse, f64)>,
}

/// A run cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{} holds no run that can be read: {why}", path.display())]
pub struct NoRun {
    path: PathBuf,
    why: String,
}

/// Circumstances under which runs are compared: name, and where it stands in `run.json`.
const CIRCUMSTANCES: [(&str, &[&str]); 9] = [
    ("plan", &["plan_digest"]),
    ("claims", &["claims_digest"]),
    ("target", &["target"]),
    ("env", &["environment", "env"]),
    ("tool", &["environment", "tool"]),
    ("build", &["environment", "profile"]),
    ("cpu", &["environment", "cpu"]),
    ("cores", &["environment", "cores"]),
    ("kernel", &["environment", "kernel"]),
];

/// A circumstance of a run that was made when nobody recorded it yet.
pub const NOT_RECORDED: &str = "not recorded";

/// How a run ends if nothing ends it.
const COMPLETED: &str = "completed";

/// Names of circumstances, for who declares one of them as the factor.
pub fn circumstances() -> Vec<&'static str> {
    CIRCUMSTANCES.iter().map(|(name, _)| *name).collect()
}

/// The run directories below `path`: itself, or those in it.
///
/// # Errors
///
/// If there is none.
pub fn runs_in(path: &Path) -> Result<Vec<PathBuf>, NoRun> {
    if path.join("run.json").exists() {
        return Ok(vec![path.to_owned()]);
    }
    let no = |why: &str| NoRun { path: path.to_owned(), why: why.to_owned() };
    let entries = fs::read_dir(path).map_err(|e| no(&e.to_string()))?;
    let mut runs: Vec<_> =
        entries.flatten().map(|e| e.path()).filter(|p| p.join("run.json").exists()).collect();
    runs.sort();
    if runs.is_empty() { Err(no("there is no run.json in it")) } else { Ok(runs) }
}

impl RunSummary {
    /// Reads `run.json` of a run directory.
    ///
    /// # Errors
    ///
    /// If there is none, or it is of another version.
    pub fn read(path: &Path) -> Result<Self, NoRun> {
        let no = |why: String| NoRun { path: path.to_owned(), why };
        let text = fs::read(path.join("run.json")).map_err(|e| no(e.to_string()))?;
        let run: Value = serde_json::from_slice(&text).map_err(|e| no(e.to_string()))?;
        if run["schema"] != crate::render::json::SCHEMA {
            return Err(no(format!("its schema is {}, not {}", run["schema"], crate::render::json::SCHEMA)));
        }
        let text = |value: &Value| value.as_str().unwrap_or(NOT_RECORDED).to_owned();
        let plan = fs::read_to_string(path.join("plan.yaml")).ok();
        let circumstance = |(name, place): (&'static str, &[&str])| {
            let found = text(place.iter().fold(&run, |at, key| &at[*key]));
            let of_plan = plan.as_deref().and_then(|plan| match name {
                "plan" => Some(plan_without_target(plan)),
                "target" => target_of_environment(plan),
                _ => None,
            });
            (name, of_plan.unwrap_or(found))
        };
        let ended = match run.get("ended") {
            Some(Value::String(how)) => how.clone(),
            Some(_) => "cut off".to_owned(),
            None => COMPLETED.to_owned(),
        };
        Ok(Self {
            path: path.to_owned(),
            verdict: text(&run["verdict"]),
            ended,
            started_at: run["started_at"].as_str().unwrap_or_default().to_owned(),
            circumstances: CIRCUMSTANCES.into_iter().map(circumstance).collect(),
            measures: measures(&run),
        })
    }

    /// A measure; one over all steps is that of the only step, if there is just one.
    pub fn value(&self, measure: &str) -> Option<f64> {
        let found = self.measures.get(measure).or_else(|| {
            let mut steps = self.steps().into_iter();
            let only = steps.next().filter(|_| steps.next().is_none() && !measure.contains('('))?;
            self.measures.get(&format!("{measure}({only})"))
        });
        found.map(|(_, value)| *value)
    }

    /// Steps of which something was measured.
    pub fn steps(&self) -> BTreeSet<&str> {
        self.measures.keys().filter_map(|name| step_of(name)).collect()
    }

    /// Why it may not be compared, if it may not: its numbers are worthless, or of another length than they should be.
    pub fn fault(&self) -> Option<&str> {
        match self.ended.as_str() {
            "claim_lost" => Some("ended early as a claim was lost"),
            "asked" => Some("ended early as its script asked for"),
            "cut off" | "interrupted" => Some(&self.ended),
            _ => Some(self.verdict.as_str()).filter(|verdict| *verdict == "INVALID"),
        }
    }

    /// The circumstances in which it differs from another run.
    pub fn differs_from(&self, other: &Self) -> Vec<&'static str> {
        let differs = |name: &&'static str| self.circumstances.get(name) != other.circumstances.get(name);
        circumstances().into_iter().filter(differs).collect()
    }

    /// By which runs are put into the order in which they began: digits behind the point, if there are any, end with a
    /// letter that would be sorted among them.
    pub fn began(&self) -> &str {
        self.started_at.trim_end_matches('Z')
    }
}

/// The share of operations that succeeded, over all steps or of one, `ok_rate(step)`: the one measure that is a share.
pub(super) const SHARE: &str = "ok_rate";

/// Whether a measure is a share, which lies near 1 and changes by points.
pub(crate) fn is_share(measure: &str) -> bool {
    measure.split('(').next() == Some(SHARE)
}

/// The step that a measure is of; `None` if it is over all of them.
pub(super) fn step_of(measure: &str) -> Option<&str> {
    measure.split_once('(')?.1.strip_suffix(')')
}

/// The digest of a run's plan but for its target, which is a circumstance of its own, and for the names of its files.
fn plan_without_target(plan: &str) -> String {
    let counts = |line: &&str| !line.starts_with("target:") && !line.starts_with("# --- ");
    digest(plan.lines().filter(counts).collect::<Vec<_>>().join("\n").as_bytes())
}

/// A target that is made of variables, as the plan writes it: where they lead is told by `env`, and a difference is told once.
fn target_of_environment(plan: &str) -> Option<String> {
    let replaced = plan.lines().any(|line| line.starts_with("# target:"));
    let written = plan.lines().find_map(|line| line.strip_prefix("target:"))?;
    (!replaced && written.contains("${")).then(|| written.trim().to_owned())
}

type Measures = BTreeMap<String, (Worse, f64)>;

fn measures(run: &Value) -> Measures {
    let mut found = Measures::new();
    let steps: Vec<&Value> =
        run["steps"].as_array().into_iter().flatten().filter(|step| step["kind"] == "operation").collect();
    let name_of = |step: &Value| step["name"].as_str().unwrap_or_default().to_owned();
    for step in &steps {
        let name = name_of(step);
        let is_shared = steps.iter().filter(|other| name_of(other) == name).count() > 1;
        let scenario = step["scenario"].as_str().unwrap_or_default();
        let name = if is_shared { format!("{scenario}/{name}") } else { name };
        let mut put = |what: &str, worse: Worse, value: Option<f64>| {
            found.extend(value.map(|value| (format!("{what}({name})"), (worse, value))));
        };
        // Of all operations, failures as infinitely slow: who gives up on the slow ones does not become faster.
        quantiles(&step["all_response_time_quantiles"], &mut put);
        let counts = Counts::of(step);
        put("mean", Worse::Higher, counts.mean);
        put("throughput", Worse::Lower, counts.per_s);
        put(SHARE, Worse::Lower, counts.ok_rate());
    }
    if steps.len() > 1 {
        let mut put = |what: &str, worse: Worse, value: Option<f64>| {
            found.extend(value.map(|value| (what.to_owned(), (worse, value))));
        };
        quantiles(&run["all_response_time_quantiles"], &mut put);
        let all = steps.iter().map(|step| Counts::of(step)).reduce(Counts::and).unwrap_or_default();
        put("mean", Worse::Higher, all.mean);
        put("throughput", Worse::Lower, all.per_s);
        put(SHARE, Worse::Lower, all.ok_rate());
    }
    found
}

fn quantiles(list: &Value, put: &mut impl FnMut(&str, Worse, Option<f64>)) {
    for quantile in list.as_array().into_iter().flatten() {
        let q = quantile["q"].as_f64().unwrap_or_default();
        if ARM_QUANTILES.contains(&q) {
            let name = format!("p{}", plimsoll_metrics::expression::percent(q));
            put(&name, Worse::Higher, quantile["value"].as_f64());
        }
    }
}

/// What is counted of a step, or of several.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    ok: f64,
    /// Due, without what was refused as expected.
    due: f64,
    per_s: Option<f64>,
    /// Of the successes; `None` if it is withheld of a step that has some.
    mean: Option<f64>,
}

impl Counts {
    fn of(step: &Value) -> Self {
        let count = |value: &Value| value.as_f64().unwrap_or_default();
        let outcomes = &step["outcomes"];
        let ok = count(&outcomes["ok"]["count"]);
        Self {
            ok,
            due: (count(&step["scheduled"]) - count(&outcomes["rejected"]["count"])).max(ok),
            per_s: outcomes["ok"]["rate_per_s"].as_f64(),
            mean: outcomes["ok"]["response_time_ns"]["mean"].as_f64(),
        }
    }

    fn and(self, other: Self) -> Self {
        let mean = match (self.mean, other.mean) {
            (Some(a), Some(b)) => Some((a * self.ok + b * other.ok) / (self.ok + other.ok)),
            (mean, None) if other.ok == 0.0 => mean,
            (None, mean) if self.ok == 0.0 => mean,
            _ => None,
        };
        let per_s = self.per_s.into_iter().chain(other.per_s).reduce(|a, b| a + b);
        Self { ok: self.ok + other.ok, due: self.due + other.due, per_s, mean }
    }

    fn ok_rate(&self) -> Option<f64> {
        (self.due > 0.0).then(|| self.ok / self.due)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(scenario: &str, name: &str, ok: u64, rejected: u64, mean: f64) -> Value {
        json!({ "name": name, "scenario": scenario, "kind": "operation", "scheduled": 100, "outcomes": {
            "ok": { "count": ok, "rate_per_s": ok as f64 / 10.0, "response_time_ns": { "mean": mean } },
            "rejected": { "count": rejected, "rate_per_s": 1.0 } } })
    }

    fn summary(run: &Value) -> RunSummary {
        RunSummary {
            path: PathBuf::new(),
            verdict: "VALID".to_owned(),
            ended: COMPLETED.to_owned(),
            started_at: String::new(),
            circumstances: BTreeMap::new(),
            measures: measures(run),
        }
    }

    #[test]
    fn where_a_variable_leads_is_told_by_the_variables() {
        let of = target_of_environment;
        assert_eq!(of("name: a\ntarget: ${env.TARGET}\n").as_deref(), Some("${env.TARGET}"));
        assert_eq!(of("name: a\ntarget: http://one:1\n"), None, "it is written out");
        assert_eq!(
            of("target: ${env.TARGET}\n# target: http://two:2\n"),
            None,
            "whoever ran it said another"
        );
        assert_eq!(of("name: a\n"), None);
        assert_eq!(plan_without_target("name: a\ntarget: x\n"), plan_without_target("name: a\ntarget: y\n"));
    }

    #[test]
    fn over_all_steps_counts_add_up() {
        let run = summary(&json!({ "steps": [step("s", "a", 80, 0, 10.0), step("s", "b", 20, 75, 40.0)],
            "all_response_time_quantiles": [{ "q": 0.99, "value": 70.0 }, { "q": 0.5, "value": null }] }));
        assert_eq!((run.value("mean"), run.value("throughput")), (Some(16.0), Some(10.0)));
        // Of 200 that were due 75 were refused as expected: 100 of 125.
        assert_eq!((run.value("ok_rate"), run.value("ok_rate(b)")), (Some(0.8), Some(0.8)));
        assert_eq!((run.value("p99"), run.value("p50")), (Some(70.0), None));
        assert_eq!(run.steps().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_single_step_is_all_of_them_and_shared_names_are_told_apart() {
        let one = summary(&json!({ "steps": [step("s", "a", 80, 0, 10.0)] }));
        assert_eq!((one.value("mean"), one.value("mean(b)")), (Some(10.0), None));
        let two = summary(&json!({ "steps": [step("s", "a", 80, 0, 10.0), step("t", "a", 80, 0, 20.0)] }));
        assert_eq!((two.value("mean(s/a)"), two.value("mean(t/a)")), (Some(10.0), Some(20.0)));
        // A mean that is withheld of one step is not known of all.
        let mut withheld = step("s", "b", 80, 0, 0.0);
        withheld["outcomes"]["ok"]["response_time_ns"]["mean"] = Value::Null;
        let partly = summary(&json!({ "steps": [step("s", "a", 80, 0, 10.0), withheld] }));
        assert_eq!((partly.value("mean"), partly.value("ok_rate")), (None, Some(0.8)));
    }
}
