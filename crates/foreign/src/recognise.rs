//! Which tool left it: told by what is in the file, not by its name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use serde_json::Value;

use crate::{
    ForeignError, Read, artillery, gatling, h2load, hey, jmeter, k6, locust, malformed, oha, published,
    vegeta, wrk,
};

/// Whole files are read up to this size; only streams may be larger.
const WHOLE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Reads a foreign result. `yaml` turns YAML into JSON, for published tables.
pub fn read(path: &Path, yaml: impl Fn(&str) -> Option<Value>) -> Read {
    let failed = |source| ForeignError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    // Looked at without being taken: the readers begin at the beginning.
    let head = reader.fill_buf().map_err(failed)?;
    let head = String::from_utf8_lossy(&head[..head.len().min(4_096)]).into_owned();
    let first = head.lines().next().unwrap_or_default().trim_start_matches('\u{feff}').to_owned();
    match () {
        () if k6::is_points(&first) => return k6::points(path, reader),
        () if first.starts_with("metric_name,timestamp,metric_value") => return k6::csv(path, reader),
        () if vegeta::is_results(&first) => return vegeta::results(path, reader),
        () if jmeter::is_header(&first) => return jmeter::read(path, reader),
        () if first.starts_with("RUN\t") || first.starts_with("ASSERTION\t") => {
            return gatling::read(path, reader);
        }
        () if first.starts_with("Type,Name,Request Count") => return locust::stats(path, reader),
        () if first.starts_with("Method,Name,Error,Occurrences") => return locust::failures(path, reader),
        () if first.starts_with("Timestamp,User Count") => return locust::history(path, reader),
        () => {}
    }
    if size > WHOLE_BYTES_MAX {
        return Err(ForeignError::Unknown { path: path.to_owned() });
    }
    let mut text = String::new();
    if reader.read_to_string(&mut text).is_err() {
        let binary_gatling = path.file_name().is_some_and(|n| n == "simulation.log");
        let problem = "it is binary, as Gatling writes it since 3.12; export it with an older version";
        return Err(if binary_gatling {
            malformed(path, "Gatling's simulation.log", problem)
        } else {
            ForeignError::Unknown { path: path.to_owned() }
        });
    }
    if text.trim_start().starts_with('{') {
        return match serde_json::from_str(&text) {
            Ok(value) => json(path, &value),
            Err(error) => Err(malformed(path, "JSON", error.to_string())),
        };
    }
    match () {
        () if text.contains(" threads and ") && text.contains("Requests/sec:") => wrk::read(path, &text),
        () if text.contains("Latency distribution:") && text.contains("Requests/sec:") => {
            hey::read(path, &text)
        }
        () if text.contains("finished in ") && text.contains("time for request:") => {
            h2load::read(path, &text)
        }
        () => match yaml(&text).filter(|v| v.get("rows").is_some()) {
            Some(value) => published::read(path, value),
            None => Err(ForeignError::Unknown { path: path.to_owned() }),
        },
    }
}

fn json(path: &Path, value: &Value) -> Read {
    let has = |keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    match () {
        () if has(&["summary", "latencyPercentiles"]) => oha::read(path, value),
        () if has(&["metrics", "root_group"]) => k6::summary(path, value),
        () if has(&["latencies", "requests"]) => vegeta::report(path, value),
        () if has(&["aggregate"]) => artillery::read(path, value),
        () if has(&["rows"]) => published::read(path, value.clone()),
        () => Err(ForeignError::Unknown { path: path.to_owned() }),
    }
}
