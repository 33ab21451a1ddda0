//! Two sets of recorded runs, read and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_audit::compare::{Compared, Sides, compare};
use plimsoll_audit::statistics::change::Worse;
use serde_json::Value;

use crate::verify::digest;

/// What is read of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Its directory.
    pub path: PathBuf,
    /// VALID, LIMITED or INVALID.
    pub verdict: String,
    /// When it began, as recorded.
    pub started_at: String,
    /// What must be equal on both sides, by name.
    pub circumstances: BTreeMap<&'static str, String>,
    /// Measures by name; what was withheld is not among them.
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
const CIRCUMSTANCES: [(&str, &[&str]); 6] = [
    ("plan", &["plan_digest"]),
    ("claims", &["claims_digest"]),
    ("target", &["target"]),
    ("tool", &["environment", "tool"]),
    ("cpu", &["environment", "cpu"]),
    ("kernel", &["environment", "kernel"]),
];

/// Quantiles that are compared.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// Two sets of runs, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Runs of the first side that were counted.
    pub a: Vec<RunSummary>,
    /// Runs of the second side that were counted.
    pub b: Vec<RunSummary>,
    /// Invalid runs that were left out.
    pub left_out: Vec<PathBuf>,
    /// What differs between the sides, or among the runs of one, and was not declared: name, values of each side.
    pub differences: Vec<(&'static str, BTreeSet<String>, BTreeSet<String>)>,
    /// Measures that runs of both sides have, worst first.
    pub measures: Vec<Compared>,
    /// Measures that only one side has.
    pub missing: Vec<String>,
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
            return Err(no(format!("its schema is {}", run["schema"])));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let circumstance = |(name, place): (&'static str, &[&str])| {
            let found = text(place.iter().fold(&run, |at, key| &at[*key]));
            (name, if name == "plan" { plan_without_target(path).unwrap_or(found) } else { found })
        };
        Ok(Self {
            path: path.to_owned(),
            verdict: text(&run["verdict"]),
            started_at: text(&run["started_at"]),
            circumstances: CIRCUMSTANCES.into_iter().map(circumstance).collect(),
            measures: measures(&run),
        })
    }
}

/// The digest of a run's plan but for its target, which is a circumstance of its own, and for the names of its files.
fn plan_without_target(run: &Path) -> Option<String> {
    let text = fs::read_to_string(run.join("plan.yaml")).ok()?;
    let counts = |line: &&str| !line.starts_with("target:") && !line.starts_with("# --- ");
    Some(digest(text.lines().filter(counts).collect::<Vec<_>>().join("\n").as_bytes()))
}

fn measures(run: &Value) -> BTreeMap<String, (Worse, f64)> {
    let mut found = BTreeMap::new();
    let steps = run["steps"].as_array().into_iter().flatten();
    for step in steps.filter(|step| step["kind"] == "operation") {
        let name = step["name"].as_str().unwrap_or_default();
        let mut put = |what: &str, worse: Worse, value: &Value| {
            if let Some(value) = value.as_f64() {
                found.insert(format!("{what}({name})"), (worse, value));
            }
        };
        let ok = &step["outcomes"]["ok"];
        // Of all operations, failures as infinitely slow: who gives up on the slow ones does not become faster.
        for quantile in step["all_response_time_quantiles"].as_array().into_iter().flatten() {
            let q = quantile["q"].as_f64().unwrap_or_default();
            if QUANTILES.contains(&q) {
                put(
                    &format!("p{}", plimsoll_metrics::expression::percent(q)),
                    Worse::Higher,
                    &quantile["value"],
                );
            }
        }
        put("mean", Worse::Higher, &ok["response_time_ns"]["mean"]);
        put("throughput", Worse::Lower, &ok["rate_per_s"]);
        let count = |value: &Value| value.as_f64().unwrap_or_default();
        let due = count(&step["scheduled"]).max(count(&ok["count"]));
        if due > 0.0 {
            put("ok_rate", Worse::Lower, &Value::from(count(&ok["count"]) / due));
        }
    }
    found
}

/// Compares two sets of runs in the order in which they began. `factors` names the circumstances that are meant to differ;
/// invalid runs are left out unless `with_invalid`.
pub fn compared(
    a: Vec<RunSummary>,
    b: Vec<RunSummary>,
    factors: &[String],
    with_invalid: bool,
) -> Comparison {
    let mut left_out = Vec::new();
    let mut counted = |side: Vec<RunSummary>| {
        let (mut kept, bad): (Vec<_>, Vec<_>) =
            side.into_iter().partition(|run| with_invalid || run.verdict != "INVALID");
        left_out.extend(bad.into_iter().map(|run| run.path));
        kept.sort_by(|x, y| x.started_at.cmp(&y.started_at));
        kept
    };
    let (a, b) = (counted(a), counted(b));
    let names = |side: &[RunSummary]| {
        side.iter().flat_map(|run| run.measures.keys().cloned()).collect::<BTreeSet<_>>()
    };
    let (of_a, of_b) = (names(&a), names(&b));
    let values = |side: &[RunSummary], name: &str| {
        side.iter().filter_map(|run| run.measures.get(name)).map(|(_, value)| *value).collect::<Vec<_>>()
    };
    let worse = |name: &str| {
        let mut all = a.iter().chain(&b).filter_map(|run| run.measures.get(name));
        all.next().map_or(Worse::Higher, |(worse, _)| *worse)
    };
    let sides = of_a.intersection(&of_b).map(|name| Sides {
        measure: name.clone(),
        worse: worse(name),
        is_share: name.starts_with("ok_rate("),
        a: values(&a, name),
        b: values(&b, name),
    });
    let mut measures = compare(&sides.collect::<Vec<_>>());
    measures.sort_by(|x, y| badness(y).total_cmp(&badness(x)));
    let missing = of_a.symmetric_difference(&of_b).cloned().collect();
    Comparison { differences: differences(&a, &b, factors), a, b, left_out, measures, missing }
}

/// How much worse it got, relatively.
fn badness(of: &Compared) -> f64 {
    let change = match (of.ratio, of.medians) {
        (Some(ratio), _) => ratio.estimate.ln(),
        (None, (Some(a), Some(b))) if a != b => (b - a).signum() * f64::MAX,
        _ => 0.0,
    };
    if of.worse == Worse::Higher { change } else { -change }
}

fn differences(
    a: &[RunSummary],
    b: &[RunSummary],
    factors: &[String],
) -> Vec<(&'static str, BTreeSet<String>, BTreeSet<String>)> {
    let of = |side: &[RunSummary], name: &str| {
        side.iter().filter_map(|run| run.circumstances.get(name).cloned()).collect::<BTreeSet<_>>()
    };
    let names = CIRCUMSTANCES.iter().map(|(name, _)| *name).filter(|name| !factors.iter().any(|f| f == name));
    let all = names.map(|name| (name, of(a, name), of(b, name)));
    all.filter(|(_, a, b)| a.len() > 1 || a != b).collect()
}

/// Names of circumstances, for who declares one of them as the factor.
pub fn circumstances() -> Vec<&'static str> {
    CIRCUMSTANCES.iter().map(|(name, _)| *name).collect()
}
