//! Many users, and a long run: memory and CPU time per request.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{URL, median, plimsoll};
use crate::shell::output;

/// Ten thousand thinking users beside a hundred at the same rate of requests.
///
/// Think times are drawn from a range: users who all think equally long fall into step with each other, and a
/// hundred in step are cheaper (one wake-up serves them all) for a reason that has nothing to do with their number.
pub(super) fn users(quick: bool) -> Result<String> {
    let (seconds, turns) = if quick { (10, 1) } else { (40, 3) };
    let (mut few, mut many, mut few_memory, mut many_memory) = (Vec::new(), Vec::new(), 0.0, 0.0);
    for turn in 0..turns {
        println!("users, turn {} of {turns}", turn + 1);
        let (cpu, memory) = thinking(100, "5ms..15ms", seconds)?;
        few.push(cpu);
        few_memory = memory.max(few_memory);
        let (cpu, memory) = thinking(10_000, "0.5s..1.5s", seconds)?;
        many.push(cpu);
        many_memory = memory.max(many_memory);
    }
    let ratio = median(many.iter().zip(&few).map(|(m, f)| m / f).collect());
    let (few, many) = (median(few), median(many));
    Ok(format!(
        "## Users\n\nClosed loop, {seconds} s, one load thread, about 10 000 requests a second in both rows, {turns} turns. The second row's 10 000 connections are opened and closed within the time it counts.\n\n| users | think time | CPU per request | peak resident memory |\n|---|---|---|---|\n| 100 | 5 to 15 ms | {few:.1} µs | {few_memory:.0} MiB |\n| 10 000 | 0.5 to 1.5 s | {many:.1} µs ({ratio:.2} ×) | {many_memory:.0} MiB |\n",
    ))
}

/// CPU microseconds per request, and peak MiB.
fn thinking(users: u32, think: &str, seconds: u32) -> Result<(f64, f64)> {
    let plan = std::env::temp_dir().join("plimsoll-bench-users.yaml");
    let text = format!(
        "target: {URL}\nhttp: {{ cookies: false }}\nload: {{ users: {{ closed: {{ users: {users}, spawn_rate: 2000/s, for: {seconds}s }} }} }}\nscenarios:\n  users:\n    - get: /\n    - think: {think}\n"
    );
    std::fs::write(&plan, text)?;
    let out = std::env::temp_dir().join(format!("plimsoll-bench-users-{}-{users}", std::process::id()));
    let command = format!(
        "ulimit -n 20000; taskset -c 0 {} run {} --workers 1 -q --json --out {}",
        plimsoll(),
        plan.display(),
        out.display()
    );
    let run: Value =
        serde_json::from_str(&output("bash", &["-c", &command])?).context("plimsoll printed no JSON")?;
    std::fs::remove_dir_all(out)?;
    std::fs::remove_file(plan)?;
    let cpu_ns = run["generator"]["cpu_ns"].as_f64().context("no CPU time")?;
    let sent = run["totals"]["sent"].as_f64().context("no count")?;
    let memory = run["generator"]["memory_bytes_max"].as_f64().unwrap_or(f64::NAN) / (1024.0 * 1024.0);
    Ok((cpu_ns / 1e3 / sent, memory))
}

/// Title of the section.
pub(super) const MEMORY_TITLE: &str = "## Memory over ten minutes";

/// Full speed for ten minutes; resident memory at minute one and at the end.
pub(super) fn memory_over_ten_minutes() -> Result<String> {
    println!("memory over ten minutes");
    let script = format!(
        "taskset -c 0 {} hit {URL} -c 50 -d 600s --workers 1 -q >/dev/null & pid=$!; sleep 60; a=$(awk '/VmRSS/{{print $2}}' /proc/$pid/status); sleep 535; b=$(awk '/VmRSS/{{print $2}}' /proc/$pid/status); wait $pid; echo $a $b",
        plimsoll()
    );
    let printed = output("bash", &["-c", &script])?;
    let numbers: Vec<f64> = printed.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [first, last] = numbers[..] else { anyhow::bail!("no memory was read: {printed}") };
    Ok(format!(
        "{MEMORY_TITLE}\n\nMeasured by `--long` at commit {}. Full speed, 50 connections: {:.1} MiB resident after one minute, {:.1} MiB just before the end.\n",
        output("git", &["rev-parse", "--short", "HEAD"])?.trim(),
        first / 1024.0,
        last / 1024.0
    ))
}
