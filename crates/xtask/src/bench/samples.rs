//! Keeping operations one by one: what it costs, and how large the file is.

use anyhow::{Context, Result};

use super::{URL, median, plimsoll};
use crate::shell::output;

/// Requests of a turn.
const REQUESTS: u32 = 400_000;

/// Interleaved turns with and without samples.
pub(super) fn samples(pairs: usize) -> Result<String> {
    let directory = std::env::temp_dir().join(format!("plimsoll-samples-{}", std::process::id()));
    let (mut ratios, mut bytes) = (Vec::new(), Vec::new());
    for turn in 0..pairs {
        println!("samples, turn {} of {pairs}", turn + 1);
        let (mut cpu_ns, out) = ([0.0; 2], directory.join(turn.to_string()));
        for (index, option) in ["", "--samples"].into_iter().enumerate() {
            let out = out.join(index.to_string());
            let command = format!(
                "taskset -c 0 {} hit {URL} -c 50 -n {REQUESTS} --workers 1 -q --json --out {} {option}",
                plimsoll(),
                out.display()
            );
            // The exit code is the verdict, which is not asked for here.
            let stdout = output("bash", &["-c", &format!("{command} || true")])?;
            let run: serde_json::Value = serde_json::from_str(&stdout).context("plimsoll printed no JSON")?;
            cpu_ns[index] = run["generator"]["cpu_ns"].as_f64().context("no CPU time")?;
            if index == 1 {
                let size = std::fs::metadata(out.join("samples.parquet"))?.len();
                bytes.push(size as f64 / f64::from(REQUESTS));
            }
        }
        ratios.push(cpu_ns[1] / cpu_ns[0]);
    }
    let _left = std::fs::remove_dir_all(&directory);
    Ok(format!(
        "## Operations one by one\n\nClosed loop with `--samples`, {pairs} turns of {REQUESTS} requests with and without, all on one core: {:.1} bytes an operation in samples.parquet, {:.2} × the CPU time of the whole process, writing the file included.\n",
        median(bytes),
        median(ratios)
    ))
}
