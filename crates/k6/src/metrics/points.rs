//! Every value with its tags, one by one, in k6's own formats: `--out json=FILE` and `--out csv=FILE`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_model::Nanos;
use serde_json::json;

use super::{Metric, SYSTEM_TAGS, SubMetric, Tagged, Threshold};
use crate::options::go_duration;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointFormat {
    /// One object a line, as k6's `--out json`.
    Json,
    /// One row a value, as k6's `--out csv`.
    Csv,
}

/// A file that is written beside the run.
#[derive(Debug)]
struct Output {
    format: PointFormat,
    path: PathBuf,
    lines: Mutex<Option<Sender<String>>>,
    writer: Mutex<Option<JoinHandle<std::io::Result<()>>>>,
}

/// Files that are written beside the run.
#[derive(Debug, Default)]
pub(crate) struct Points {
    outputs: Vec<Output>,
    /// Metrics that were introduced, by name.
    introduced: Mutex<BTreeSet<String>>,
    /// Thresholds by metric, as they are written.
    thresholds: BTreeMap<String, Vec<serde_json::Value>>,
    /// Wall clock at the run's zero, in milliseconds since 1970.
    started_ms: u64,
}

impl Points {
    /// Creates the files.
    pub(crate) fn create(files: &[(PointFormat, PathBuf)], started_ms: u64) -> Result<Self, String> {
        let outputs = files.iter().map(|(format, path)| Output::create(*format, path));
        let outputs = outputs.collect::<Result<_, _>>()?;
        Ok(Self { outputs, introduced: Mutex::default(), thresholds: BTreeMap::new(), started_ms })
    }

    /// With what a script demands of its metrics, which stands where they are introduced.
    pub(crate) fn with_thresholds(mut self, all: &[(String, Vec<Threshold>)]) -> Self {
        self.thresholds =
            all.iter().map(|(name, list)| (name.clone(), list.iter().map(shown).collect())).collect();
        self
    }

    pub(crate) fn are_wanted(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Adds a value to `buffers`, one for each file.
    pub(crate) fn add(
        &self,
        buffers: &mut Vec<String>,
        (metric, subs): (&Metric, &[SubMetric]),
        (at_ns, value): (Nanos, f64),
        tags: &dyn Tagged,
    ) {
        buffers.resize_with(self.outputs.len(), String::new);
        let mut all = BTreeMap::new();
        tags.each(&mut |name, value| {
            // What was told first hides the rest.
            all.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        });
        // Too many values to divide anything by: k6 keeps them apart.
        let metadata: BTreeMap<_, _> =
            ["iter", "vu"].into_iter().filter_map(|name| all.remove_entry(name)).collect();
        let at_ns = i128::from(self.started_ms) * 1_000_000 + i128::from(at_ns);
        let is_new = {
            let mut introduced = self.introduced.lock().unwrap_or_else(PoisonError::into_inner);
            !introduced.contains(&metric.name) && introduced.insert(metric.name.clone())
        };
        for (output, buffer) in self.outputs.iter().zip(buffers) {
            match output.format {
                PointFormat::Json => {
                    if is_new {
                        // Before any value of any thread.
                        let thresholds = self.thresholds.get(&metric.name).map_or(&[][..], Vec::as_slice);
                        output.send(introduction(metric, subs, thresholds));
                    }
                    let time = jiff::Timestamp::from_nanosecond(at_ns).unwrap_or_default().to_string();
                    let mut data = json!({ "time": time, "value": number(value), "tags": all });
                    if !metadata.is_empty() {
                        data["metadata"] = json!(metadata);
                    }
                    let line = json!({ "metric": metric.name, "type": "Point", "data": data });
                    buffer.push_str(&line.to_string());
                    buffer.push('\n');
                }
                PointFormat::Csv => {
                    row(buffer, &metric.name, (at_ns / 1_000_000_000, value), (&all, &metadata));
                }
            }
        }
    }

    /// Sends what is in `buffers` on its way.
    pub(crate) fn hand_over(&self, buffers: &mut [String]) {
        for (output, buffer) in self.outputs.iter().zip(buffers) {
            output.send(std::mem::take(buffer));
        }
    }

    /// Waits until everything is written; what went wrong, by file.
    pub(crate) fn finish(&self) -> Vec<String> {
        self.outputs.iter().filter_map(Output::finish).collect()
    }
}

impl Output {
    fn create(format: PointFormat, path: &Path) -> Result<Self, String> {
        let failed = |e| format!("failed to write {}: {e}", path.display());
        let file = BufWriter::new(File::create(path).map_err(failed)?);
        let is_packed = path.extension().is_some_and(|e| e == "gz");
        let mut file: Box<dyn Write + Send> =
            if is_packed { Box::new(GzEncoder::new(file, Compression::fast())) } else { Box::new(file) };
        let (lines, received) = channel::<String>();
        let write = move || {
            if format == PointFormat::Csv {
                writeln!(
                    file,
                    "metric_name,timestamp,metric_value,{},extra_tags,metadata",
                    SYSTEM_TAGS.join(",")
                )?;
            }
            received.iter().try_for_each(|text| file.write_all(text.as_bytes()))?;
            file.flush()
        };
        let writer = std::thread::Builder::new().name("points".to_owned()).spawn(write).map_err(failed)?;
        Ok(Self {
            format,
            path: path.to_owned(),
            lines: Mutex::new(Some(lines)),
            writer: Mutex::new(Some(writer)),
        })
    }

    fn send(&self, text: String) {
        if text.is_empty() {
            return;
        }
        if let Some(lines) = self.lines.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // A writer that has given up tells why at the end.
            let _gone = lines.send(text);
        }
    }

    fn finish(&self) -> Option<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let problem = match writer.join() {
            Ok(written) => written.err()?.to_string(),
            Err(_panic) => "its writer has panicked".to_owned(),
        };
        Some(format!("failed to write {}: {problem}", self.path.display()))
    }
}

/// The line that stands before the first value of a metric.
fn introduction(metric: &Metric, subs: &[SubMetric], thresholds: &[serde_json::Value]) -> String {
    let subs: Vec<_> = subs
        .iter()
        .filter(|sub| sub.key.split('{').next() == Some(metric.name.as_str()))
        .map(|sub| {
            let suffix = sub.key.split_once('{').map_or("", |(_, rest)| rest.trim_end_matches('}'));
            let tags: BTreeMap<_, _> = sub.filter.iter().cloned().collect();
            json!({ "name": sub.key, "suffix": suffix, "tags": tags })
        })
        .collect();
    let subs = if subs.is_empty() { json!(null) } else { json!(subs) };
    let data = json!({
        "name": metric.name,
        "type": metric.kind.name(),
        "contains": metric.contains.name(),
        "thresholds": thresholds,
        "submetrics": subs,
    });
    format!("{}\n", json!({ "type": "Metric", "data": data, "metric": metric.name }))
}

/// A threshold as k6 writes it: its text, unless there is more to say of it.
fn shown(threshold: &Threshold) -> serde_json::Value {
    if !threshold.abort && threshold.delay_ns == 0 {
        return json!(threshold.source);
    }
    let delay = (threshold.delay_ns > 0).then(|| go_duration(threshold.delay_ns));
    json!({ "threshold": threshold.source, "abortOnFail": threshold.abort, "delayAbortEval": delay })
}

/// Whole numbers as such.
fn number(value: f64) -> serde_json::Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// Tags that k6 gives by itself have a column of their own; all others stand together in one.
fn row(
    buffer: &mut String,
    metric: &str,
    (at_s, value): (i128, f64),
    (tags, metadata): (&BTreeMap<String, String>, &BTreeMap<String, String>),
) {
    let listed = |pairs: &mut dyn Iterator<Item = (&String, &String)>| {
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    };
    let mut fields = vec![metric.to_owned(), at_s.to_string(), format!("{value:.6}")];
    fields.extend(SYSTEM_TAGS.iter().map(|name| tags.get(*name).cloned().unwrap_or_default()));
    fields.push(listed(&mut tags.iter().filter(|(name, _)| !SYSTEM_TAGS.contains(&name.as_str()))));
    fields.push(listed(&mut metadata.iter()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Memory takes everything.
    let _written = writer.write_record(&fields);
    buffer.push_str(&String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Contains, Expression, Kind, Tags};

    #[test]
    fn values_are_written_as_k6_writes_them() {
        let place = std::env::temp_dir().join(format!("plimsoll-points-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let (json, csv) = (place.join("a.json"), place.join("a.csv"));
        let files = [(PointFormat::Json, json.clone()), (PointFormat::Csv, csv.clone())];
        let demanded = |text: &str, abort, delay_ns| {
            let expression = Expression::parse(text).unwrap();
            Threshold { source: text.to_owned(), expression, abort, delay_ns }
        };
        let demanded = vec![demanded("avg<1", false, 0), demanded("max<2", true, 2_000_000_000)];
        let points = Points::create(&files, 1_000).unwrap().with_thresholds(&[("took".to_owned(), demanded)]);
        let metric = Metric { name: "took".to_owned(), kind: Kind::Trend, contains: Contains::Time };
        let mut tags = Tags::default();
        tags.set("method", "GET");
        tags.set("mine", "a,b");
        let mut buffers = Vec::new();
        points.add(&mut buffers, (&metric, &[]), (500_000_000, 12.5), &tags);
        points.hand_over(&mut buffers);
        assert_eq!(points.finish(), Vec::<String>::new());
        let written = std::fs::read_to_string(&json).unwrap();
        let lines: Vec<serde_json::Value> =
            written.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!((&lines[0]["type"], &lines[0]["data"]["type"]), (&json!("Metric"), &json!("trend")));
        let object = json!({ "threshold": "max<2", "abortOnFail": true, "delayAbortEval": "2s" });
        assert_eq!(lines[0]["data"]["thresholds"], json!(["avg<1", object]));
        let data = json!({ "time": "1970-01-01T00:00:01.5Z", "value": 12.5, "tags": { "method": "GET", "mine": "a,b" } });
        assert_eq!(lines[1], json!({ "metric": "took", "type": "Point", "data": data }));
        let written = std::fs::read_to_string(&csv).unwrap();
        assert_eq!(written.lines().nth(1), Some("took,1,12.500000,,,,,,GET,,,,,,,,,\"mine=a,b\","));
        std::fs::remove_dir_all(&place).unwrap();
    }
}
