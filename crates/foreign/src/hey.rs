//! hey: text. Beyond a million requests its mean is the sum of all over the first million.

use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;

use crate::text::{behind, number};
use crate::{Read, malformed};

/// Reads what it printed.
pub(crate) fn read(path: &Path, text: &str) -> Read {
    let seconds = |label: &str| behind(text, label).and_then(number);
    let Some(rate) = seconds("Requests/sec:") else {
        return Err(malformed(path, "hey's text", "it shows no Requests/sec"));
    };
    let counted = |line: &str| {
        line.trim().strip_prefix('[')?.split_once(']').map(|(key, rest)| (key.to_owned(), rest.to_owned()))
    };
    let (mut requests, mut failed) = (0.0, 0.0);
    for (key, rest) in text.lines().filter_map(counted) {
        // `[200]	100 responses`, and under errors `[3]	Get ...`.
        if rest.contains("responses") {
            let n = rest.split_whitespace().next().and_then(number).unwrap_or(0.0);
            requests += n;
            failed += if key.starts_with(['2', '3']) { 0.0 } else { n };
        } else if let Ok(n) = key.parse::<f64>() {
            requests += n;
            failed += n;
        }
    }
    let quantile = |line: &str| {
        let (share, rest) = line.trim().split_once("% in ")?;
        Some((number(share)? / 100.0, rest.split_whitespace().next().and_then(number)? * 1e3))
    };
    let ms = |label: &str| seconds(label).map(|s| s * 1e3);
    let row = Row {
        name: "all requests".to_owned(),
        requests: (requests > 0.0).then_some(requests),
        failed: (requests > 0.0).then_some(failed),
        rate_per_s: Some(rate),
        duration_s: seconds("Total:"),
        min_ms: ms("Fastest:"),
        mean_ms: ms("Average:"),
        max_ms: ms("Slowest:"),
        quantiles: text.lines().filter_map(quantile).collect(),
        ..Row::default()
    };
    Ok(Foreign {
        source: "hey, text".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        ..Foreign::default()
    })
}
