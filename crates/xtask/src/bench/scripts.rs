//! Scripts for k6, beside k6 itself: iterations per CPU-second, memory of many users, lateness of arrivals.

use anyhow::{Context, Result};
use serde_json::Value;

use super::closed::wrk_rate;
use super::{URL, median, plimsoll, timed};
use crate::shell::{has, output, root};

/// Title of the section.
pub(super) const TITLE: &str = "## Scripts for k6";

/// How long a turn takes: a fifth of a second of CPU time goes into the start of a run, its look at the generator, and its report, which
/// wrk has none of.
pub(super) const BENCH_SECONDS: u32 = 15;

/// Interleaved turns of both, and of wrk for the small script.
pub(super) fn scripts(turns: usize, seconds: u32) -> Result<String> {
    if !has("k6") {
        return Ok(format!("{TITLE}\n\nNot measured: k6 is not installed.\n"));
    }
    let version = output("k6", &["version"])?;
    let mut text = format!(
        "{TITLE}\n\n{}; 50 users, one load thread, both pinned to one core, {turns} turns of {seconds} s each, interleaved.\n\n| script | plimsoll, iterations per CPU-second | k6 | plimsoll is |\n|---|---|---|---|\n",
        version.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    );
    let mut wrk = Vec::new();
    for name in ["small", "realistic"] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for turn in 0..turns {
            println!("scripts, {name}, turn {} of {turns}", turn + 1);
            ours.push(rate(&ours_of(name, 50, seconds))?);
            theirs.push(rate(&theirs_of(name, 50, seconds))?);
            if name == "small" {
                let plain = wrk_rate(seconds)?;
                wrk.push(ours[turn] / plain);
            }
        }
        let ratio = median(ours.iter().zip(&theirs).map(|(a, b)| a / b).collect());
        text.push_str(&format!("| {name} | {:.0} | {:.0} | {ratio:.1} × |\n", median(ours), median(theirs)));
    }
    text.push_str(&format!(
        "\nAgainst the requests of wrk, which runs no script, the small one does {:.2} ×.\n",
        median(wrk)
    ));
    println!("scripts, 5,000 users");
    let (ours, theirs) =
        (memory_mib(&ours_of("sleeping", 5_000, 8))?, memory_mib(&theirs_of("sleeping", 5_000, 8))?);
    text.push_str(&format!(
        "\n5,000 users of a small script that sleep a second: {ours:.0} MiB beside k6's {theirs:.0} MiB ({:.2} ×).\n",
        ours / theirs
    ));
    text.push_str(&lateness()?);
    Ok(text)
}

fn script(name: &str) -> String {
    root().join(format!("crates/xtask/assets/k6/{name}.js")).display().to_string()
}

fn summary() -> String {
    std::env::temp_dir().join("plimsoll-bench-summary.json").display().to_string()
}

fn ours_of(name: &str, users: u32, seconds: u32) -> String {
    let out = std::env::temp_dir().join(format!("plimsoll-bench-script-{}", std::process::id()));
    format!(
        "bash -c 'rm -rf {out}; {} run {} -e URL={URL} -u {users} -d {seconds}s --workers 1 -q --k6-verdict --summary-export {} --out {out} >/dev/null 2>&1; rm -rf {out}'",
        plimsoll(),
        script(name),
        summary(),
        out = out.display()
    )
}

fn theirs_of(name: &str, users: u32, seconds: u32) -> String {
    format!(
        "bash -c 'k6 run --no-usage-report -q -e URL={URL} -u {users} -d {seconds}s --summary-export {} {} >/dev/null 2>&1'",
        summary(),
        script(name)
    )
}

/// Iterations per CPU-second of a command that leaves a summary.
fn rate(command: &str) -> Result<f64> {
    let cpu_s = timed(command)?.cpu_s;
    let text = std::fs::read_to_string(summary()).context("no summary was written")?;
    let summary: Value = serde_json::from_str(&text).context("the summary is no JSON")?;
    Ok(summary["metrics"]["iterations"]["count"].as_f64().context("no iterations were counted")? / cpu_s)
}

/// Peak resident memory of a command, in MiB.
fn memory_mib(command: &str) -> Result<f64> {
    let measured = format!(
        "import resource, subprocess; subprocess.run({command:?}, shell=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    );
    let kib = output("python3", &["-c", &measured])?;
    Ok(kib.trim().parse::<f64>().context("no memory was told")? / 1024.0)
}

fn lateness() -> Result<String> {
    println!("scripts, 5,000 arrivals a second");
    let out = std::env::temp_dir().join(format!("plimsoll-bench-arrivals-{}", std::process::id()));
    let command = format!(
        "rm -rf {out}; {} run {} -e URL={URL} --workers 1 -q --k6-verdict --out {out} >/dev/null 2>&1; cat {out}/run.json; rm -rf {out}",
        plimsoll(),
        script("arrivals"),
        out = out.display()
    );
    let run: Value = serde_json::from_str(&output("bash", &["-c", &command])?).context("no run.json")?;
    let audits = run["audits"].as_array().into_iter().flatten();
    let late_ns = audits.filter(|a| a["id"] == "on_time").find_map(|a| a["value"].as_f64());
    Ok(format!(
        "\n5,000 arrivals a second of a small script: woken {:.0} µs late (p99), {} dropped, {} sent.\n",
        late_ns.unwrap_or(f64::NAN) / 1e3,
        run["totals"]["dropped"],
        run["totals"]["sent"]
    ))
}
