//! How long judging and rendering take: an hour's run of fifty steps.

use std::time::Instant;

use plimsoll_audit::testing::Synthetic;
use plimsoll_report::{RENDERED, View};

/// Seconds and steps of the run.
const SECONDS: u32 = 3_600;
const STEPS: u16 = 50;

/// Builds the run, judges and renders it.
pub(super) fn judging() -> String {
    println!("judging an hour's run of {STEPS} steps");
    let record = Synthetic::repeated(SECONDS, STEPS);
    let (view, judged_s) = timed(|| View::new(record));
    let mut rows = String::new();
    let mut total_s = judged_s;
    for file in &RENDERED {
        let (text, took_s) = timed(|| (file.render)(&view));
        total_s += took_s;
        let mib = text.len() as f64 / (1024.0 * 1024.0);
        rows.push_str(&format!("| {} | {took_s:.2} s | {mib:.2} MiB |\n", file.name));
    }
    let profile = if cfg!(debug_assertions) { "debug build" } else { "release build" };
    format!(
        "## Judging\n\nA run of an hour with {STEPS} steps, from its record in memory ({profile}).\n\n| | time | size |\n|---|---|---|\n| judging and the view | {judged_s:.2} s | |\n{rows}| all | {total_s:.2} s | |\n",
    )
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed().as_secs_f64())
}
