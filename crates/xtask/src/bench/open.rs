//! Open loop: how late arrivals wake, and whether the rate is reached.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{URL, plimsoll};
use crate::shell::{has, output};

/// Every rate with every way to wait, then k6 at the same rates.
pub(super) fn open(quick: bool) -> Result<String> {
    let seconds = if quick { 3 } else { 10 };
    let mut text = format!(
        "## Open loop\n\nOne load thread, evenly spaced arrivals, {seconds} s each. Lateness is from due to woken, p99; k6 does not measure it.\n\n| tool | asked | wait | p99 lateness | achieved / asked | dropped |\n|---|---|---|---|---|---|\n"
    );
    for rate in [2_000u32, 20_000] {
        for idle in ["spin", "hybrid", "sleep"] {
            println!("open loop, {rate}/s, {idle}");
            text.push_str(&ours(rate, idle, seconds)?);
        }
        if has("k6") {
            println!("open loop, {rate}/s, k6");
            text.push_str(&k6(rate, seconds)?);
        }
    }
    Ok(text)
}

fn ours(rate: u32, idle: &str, seconds: u32) -> Result<String> {
    let command = format!(
        "{} hit {URL} -c 100 -r {rate} --uniform -d {seconds}s --workers 1 --idle {idle} -q --json",
        plimsoll()
    );
    let run: Value =
        serde_json::from_str(&output("bash", &["-c", &command])?).context("plimsoll printed no JSON")?;
    let audit = run["audits"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|a| a["id"] == "on_time")
        .context("no audit of lateness")?;
    let late_us = audit["value"].as_f64().unwrap_or(f64::NAN) / 1e3;
    let achieved = run["totals"]["sent"].as_f64().unwrap_or(0.0) / (f64::from(rate) * f64::from(seconds));
    Ok(format!(
        "| plimsoll | {rate}/s | {idle} | {late_us:.0} µs | {achieved:.5} | {} |\n",
        run["totals"]["dropped"]
    ))
}

fn k6(rate: u32, seconds: u32) -> Result<String> {
    let directory = std::env::temp_dir();
    let (script, summary) =
        (directory.join("plimsoll-bench-k6.js"), directory.join("plimsoll-bench-k6.json"));
    let source = format!(
        "import http from 'k6/http';\nexport const options = {{ discardResponseBodies: true, scenarios: {{ a: {{ executor: 'constant-arrival-rate', rate: {rate}, timeUnit: '1s', duration: '{seconds}s', preAllocatedVUs: 100 }} }} }};\nexport default function () {{ http.get('{URL}'); }}\n"
    );
    std::fs::write(&script, source)?;
    let command = format!(
        "k6 run --no-usage-report -q --summary-export {} {} >/dev/null 2>&1",
        summary.display(),
        script.display()
    );
    output("bash", &["-c", &command])?;
    let run: Value =
        serde_json::from_str(&std::fs::read_to_string(&summary).context("k6 wrote no summary")?)?;
    let sent = run["metrics"]["http_reqs"]["count"].as_f64().unwrap_or(0.0);
    let dropped = run["metrics"]["dropped_iterations"]["count"].as_f64().unwrap_or(0.0);
    std::fs::remove_file(script)?;
    std::fs::remove_file(summary)?;
    Ok(format!("| k6 | {rate}/s | | | {:.5} | {dropped} |\n", sent / (f64::from(rate) * f64::from(seconds))))
}
