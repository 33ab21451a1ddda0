//! The real k6 and Plimsoll run the same scripts against the same server: do they agree on everything but times?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::shell::{has, root, run};

/// Metrics that are gauges of the moment, or bytes that differ by a header: only their being there would be compared,
/// and short runs of k6 leave them out.
const APART: [&str; 4] = ["vus", "vus_max", "data_sent", "data_received"];

/// Stands in scripts whose counts are the clock's.
const BY_TIME: &str = "// counts depend on time";

/// Whether there is a k6 to compare with.
pub(crate) fn is_possible() -> bool {
    has("k6")
}

/// What k6 made of every script, for tests where there is no k6.
const EXPECTED: &str = "crates/k6/tests/expected.json";

/// Runs every script with both and prints the table; writes down what k6 said, if asked to.
pub(crate) fn k6(records: bool) -> Result<()> {
    if !is_possible() {
        bail!("k6 is needed; run `cargo xtask setup`");
    }
    run("cargo", &["build", "--locked", "--bin", "plimsoll"])?;
    let scratch = std::env::temp_dir().join(format!("plimsoll-k6-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let compared = compare_all(&scratch);
    let _left = std::fs::remove_dir_all(&scratch);
    let (agree, all, expected) = compared?;
    if records {
        let text = serde_json::to_string_pretty(&sorted(&expected))?;
        std::fs::write(root().join(EXPECTED), format!("{text}\n"))?;
        println!("wrote {EXPECTED}");
    }
    println!("{agree} of {all} scripts agree");
    if agree < all {
        bail!("{} scripts differ", all - agree);
    }
    Ok(())
}

fn compare_all(scratch: &Path) -> Result<(usize, usize, Value)> {
    let server = Server::start()?;
    let (mut agree, mut expected) = (0, Map::new());
    let scripts = scripts()?;
    println!("{:<24} {:>5} {:>9}  differences", "script", "k6", "plimsoll");
    for script in &scripts {
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let theirs = outcome("k6", &["run", "-q"], script, scratch, &server)?;
        let out = scratch.join(format!("run-{name}")).display().to_string();
        let ours = ["run", "-q", "--k6-verdict", "--out", &out];
        let ours = outcome(&plimsoll(), &ours, script, scratch, &server)?;
        let text = std::fs::read_to_string(script)?;
        let by_time = text.contains(BY_TIME);
        expected.insert(name.clone(), trace(&theirs, by_time));
        let differences = differences(&theirs, &ours, by_time);
        agree += usize::from(differences.is_empty());
        println!("{name:<24} {:>5} {:>9}  {}", theirs.code, ours.code, differences.join("; "));
    }
    Ok((agree, scripts.len(), Value::Object(expected)))
}

/// Exit code and counts of a run, as far as they are the same each time.
fn trace(outcome: &Outcome, by_time: bool) -> Value {
    let mut counts = Map::new();
    for (name, metric) in outcome.summary["metrics"].as_object().into_iter().flatten() {
        let parts = ["count", "passes", "fails"].into_iter().filter_map(|key| Some((key, metric.get(key)?)));
        let parts: Map<_, _> = parts.map(|(key, value)| (key.to_owned(), value.clone())).collect();
        if !parts.is_empty() && !by_time && !APART.contains(&name.as_str()) {
            counts.insert(name.clone(), parts.into());
        }
    }
    json!({ "code": outcome.code, "counts": counts })
}

fn plimsoll() -> String {
    root().join("target/debug/plimsoll").display().to_string()
}

fn scripts() -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(root().join("crates/k6/tests/scripts")).context("there are no scripts")?;
    let is_script = |p: &PathBuf| p.extension().is_some_and(|e| e == "js" || e == "ts");
    let mut all: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).filter(is_script).collect();
    all.sort();
    Ok(all)
}

struct Outcome {
    code: i32,
    stdout: String,
    summary: Value,
    /// Names of tags that samples had, by metric.
    tags: BTreeMap<String, BTreeSet<String>>,
}

fn outcome(program: &str, args: &[&str], script: &Path, scratch: &Path, server: &Server) -> Result<Outcome> {
    let summary = scratch.join("summary.json");
    let points = scratch.join("points.json");
    for file in [&summary, &points] {
        let _before = std::fs::remove_file(file);
    }
    let ended = Command::new("timeout")
        .args(["60", program])
        .args(args)
        .arg("--summary-export")
        .arg(&summary)
        .args(["--out", &format!("json={}", points.display())])
        .arg(script)
        .env("BASE", &server.url)
        .env("GRPC", &server.grpc)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {program}"))?;
    let text = std::fs::read_to_string(&summary).unwrap_or_default();
    Ok(Outcome {
        code: ended.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
        summary: serde_json::from_str(&text).unwrap_or_default(),
        tags: tags(&std::fs::read_to_string(&points).unwrap_or_default()),
    })
}

fn tags(points: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for point in points.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if let (Some(metric), Some(tags)) = (point["metric"].as_str(), point["data"]["tags"].as_object()) {
            // k6 counts what it asks a server about its services as a call, too, and gives a stream's last message a status
            // if the stream ended meanwhile.
            if metric == "grpc_req_duration" && !tags.contains_key("method") {
                continue;
            }
            let may_have = |name: &&str| metric != "grpc_streams_msgs_received" || *name != "status";
            let mut names: Vec<_> = tags.keys().map(String::as_str).filter(may_have).collect();
            names.sort_unstable();
            all.entry(metric.to_owned()).or_default().insert(names.join(","));
        }
    }
    all
}

fn differences(theirs: &Outcome, ours: &Outcome, by_time: bool) -> Vec<String> {
    let mut all = Vec::new();
    if theirs.code != ours.code {
        all.push(format!("exit codes {} and {}", theirs.code, ours.code));
    }
    let (mine, other) = (&ours.summary["metrics"], &theirs.summary["metrics"]);
    for name in names(mine, other) {
        match (mine.get(&name), other.get(&name)) {
            (Some(mine), Some(other)) => metric(&name, mine, other, by_time, &mut all),
            (None, _) => all.push(format!("{name} is missing")),
            (_, None) => all.push(format!("{name} is not there in k6")),
        }
    }
    for (metric, tags) in theirs.tags.iter().filter(|(metric, _)| !APART.contains(&metric.as_str())) {
        let mine = ours.tags.get(metric).cloned().unwrap_or_default();
        if mine != *tags {
            all.push(format!("{metric} has the tags {mine:?} instead of {tags:?}"));
        }
    }
    if sorted(&ours.summary["root_group"]) != sorted(&theirs.summary["root_group"]) {
        all.push("groups and checks differ".to_owned());
    }
    // What a script prints itself is one line of JSON.
    let line = |o: &Outcome| {
        o.stdout.lines().find_map(|l| serde_json::from_str::<Value>(l).ok().filter(Value::is_object))
    };
    if let Some(their_line) = line(theirs)
        && line(ours).as_ref().map(sorted) != Some(sorted(&their_line))
    {
        all.push(format!(
            "handleSummary was given {} instead of {their_line}",
            line(ours).unwrap_or_default()
        ));
    }
    all
}

fn names(mine: &Value, other: &Value) -> Vec<String> {
    let keys = |v: &Value| v.as_object().into_iter().flat_map(|o| o.keys().cloned()).collect::<Vec<_>>();
    let mut all = [keys(mine), keys(other)].concat();
    all.retain(|name| !APART.contains(&name.as_str()));
    all.sort();
    all.dedup();
    all
}

fn metric(name: &str, mine: &Value, other: &Value, by_time: bool, all: &mut Vec<String>) {
    let keys = |v: &Value| {
        let mut keys: Vec<_> = v.as_object().into_iter().flat_map(|o| o.keys().cloned()).collect();
        keys.sort();
        keys
    };
    if keys(mine) != keys(other) {
        all.push(format!("{name} has {:?} instead of {:?}", keys(mine), keys(other)));
    }
    let counts: &[&str] = if by_time { &[] } else { &["count", "passes", "fails"] };
    for key in counts.iter().chain(&["thresholds"]) {
        if let (Some(a), Some(b)) = (mine.get(*key), other.get(*key))
            && number(a) != number(b)
        {
            all.push(format!("{name}.{key} is {a} instead of {b}"));
        }
    }
}

/// A number whatever it is written as, and everything else with its keys in order.
fn number(value: &Value) -> Value {
    value.as_f64().map_or_else(|| sorted(value), Value::from)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut pairs: Vec<_> = object.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The service that is called by gRPC, in Python.
const CALLED: &str = "crates/protocols/tests/contract/python/grpc_server.py";

struct Server {
    processes: Vec<Child>,
    url: String,
    /// Where calls by gRPC are answered.
    grpc: String,
}

impl Server {
    /// Services on ports that were free a moment ago.
    fn start() -> Result<Self> {
        let python = root().join("target/python/bin/python").display().to_string();
        let called = root().join(CALLED).display().to_string();
        let (echo, echo_port) = listening(&plimsoll(), &["target", "echo", "--port"])?;
        let (grpc, grpc_port) = listening(&python, &[&called, "--describes"])?;
        let (url, address) = (format!("http://127.0.0.1:{echo_port}"), format!("127.0.0.1:{grpc_port}"));
        Ok(Self { processes: vec![echo, grpc], url, grpc: address })
    }
}

/// A program whose last argument is the port that it listens on.
fn listening(program: &str, arguments: &[&str]) -> Result<(Child, u16)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new(program);
    command.args(arguments).arg(port.to_string()).stdout(Stdio::null());
    let process = command.spawn().with_context(|| format!("failed to start {program}"))?;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok((process, port))
}

impl Drop for Server {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _gone = process.kill();
            let _ended = process.wait();
        }
    }
}
