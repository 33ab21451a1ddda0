//! h2load: text. It shows no quantiles.

use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;

use crate::text::{before, behind, milliseconds, number};
use crate::{Read, malformed};

/// Reads what it printed.
pub(crate) fn read(path: &Path, text: &str) -> Read {
    let requests = text.lines().find(|l| l.starts_with("requests:"));
    let times = text.lines().find_map(|l| l.strip_prefix("time for request:"));
    let (Some(requests), Some(times)) = (requests, times) else {
        return Err(malformed(path, "h2load's text", "it shows no `requests:` or `time for request:`"));
    };
    let counted = |label: &str| before(requests, label).and_then(number);
    let times: Vec<f64> = times.split_whitespace().filter_map(milliseconds).collect();
    let row = Row {
        name: "all requests".to_owned(),
        requests: counted(" done"),
        failed: counted(" done").zip(counted(" succeeded")).map(|(done, ok)| done - ok),
        rate_per_s: before(text, " req/s,").and_then(number),
        duration_s: behind(text, "finished in ").and_then(milliseconds).map(|ms| ms / 1e3),
        min_ms: times.first().copied(),
        max_ms: times.get(1).copied(),
        mean_ms: times.get(2).copied(),
        ..Row::default()
    };
    Ok(Foreign {
        source: "h2load, text".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
