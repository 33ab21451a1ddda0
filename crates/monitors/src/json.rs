//! Numbers at paths of a JSON document.

use std::time::Duration;

use plimsoll_model::monitor::{Gauges, Wanted, Watch};
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::http::Client;
use crate::told;

/// A document that is asked for again and again.
pub(crate) struct Document {
    client: Client,
    wanted: Vec<(Wanted, Result<JsonPath, String>)>,
}

impl Document {
    pub(crate) fn new(url: &str, series: &[Wanted], timeout: Duration) -> Self {
        let parse = |w: &Wanted| (w.clone(), JsonPath::parse(&w.what).map_err(|e| e.to_string()));
        Self { client: Client::new(url, timeout), wanted: series.iter().map(parse).collect() }
    }
}

impl Watch for Document {
    fn read(&mut self) -> Gauges {
        told(self.client.fetch().and_then(|text| parsed(&text)).map(|value| gauges(&value, &self.wanted)))
    }
}

/// A text as JSON.
pub(crate) fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("the answer is not JSON: {e}"))
}

fn gauges(document: &Value, wanted: &[(Wanted, Result<JsonPath, String>)]) -> Gauges {
    let (mut gauges, mut missing) = (Gauges::default(), Vec::new());
    for (wanted, path) in wanted {
        let found = match path {
            Ok(path) => path.query(document).all().into_iter().map(number).collect::<Option<Vec<_>>>(),
            Err(problem) => {
                missing.push(problem.clone());
                continue;
            }
        };
        match found {
            Some(numbers) if !numbers.is_empty() => {
                gauges.values.push(wanted.gauge(numbers.iter().sum(), false));
            }
            Some(_) => missing.push(format!("there is nothing at `{}`", wanted.what)),
            None => missing.push(format!("what stands at `{}` is no number", wanted.what)),
        }
    }
    gauges.missing = (!missing.is_empty()).then(|| missing.join("; "));
    gauges
}

/// A number as it stands, or written as a text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(set) => Some(f64::from(u8::from(*set))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Unit;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_at_paths_are_read_and_what_is_none_is_missing() {
        let document = json!({ "rss_bytes": 1024, "pools": [{ "busy": 3 }, { "busy": "4" }], "name": "api" });
        let wanted = |name: &str, path: &str| {
            let wanted = Wanted {
                name: name.to_owned(),
                what: path.to_owned(),
                unit: Unit::Count,
                scale: 1.0,
                is_counter: None,
            };
            (wanted, JsonPath::parse(path).map_err(|e| e.to_string()))
        };
        let series = [
            wanted("memory", "$.rss_bytes"),
            wanted("busy", "$.pools[*].busy"),
            wanted("x", "$.name"),
            wanted("y", "$.z"),
        ];
        let read = gauges(&document, &series);
        let shown: Vec<_> = read.values.iter().map(|g| (g.name.as_str(), g.value)).collect();
        assert_eq!(shown, [("memory", 1024.0), ("busy", 7.0)]);
        let missing = read.missing.unwrap();
        assert!(
            missing.contains("`$.name` is no number") && missing.contains("nothing at `$.z`"),
            "{missing}"
        );
    }
}
