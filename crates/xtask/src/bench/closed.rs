//! Closed loop: requests per CPU-second, and instructions per request.

use anyhow::{Context, Result};

use super::{Timed, URL, median, plimsoll, timed};
use crate::shell::{has, output};

/// Requests per CPU-second of one tool in one turn.
fn plimsoll_rate(seconds: u32) -> Result<f64> {
    let Timed { stdout, cpu_s } =
        timed(&format!("{} hit {URL} -c 50 -d {seconds}s --workers 1 -q --json", plimsoll()))?;
    let run: serde_json::Value = serde_json::from_str(&stdout).context("plimsoll printed no JSON")?;
    let ok = run["totals"]["ok"].as_f64().context("no totals")?;
    Ok(ok / cpu_s)
}

/// Requests per CPU-second of wrk in one turn.
pub(super) fn wrk_rate(seconds: u32) -> Result<f64> {
    let Timed { stdout, cpu_s } = timed(&format!("wrk -t1 -c50 -d{seconds}s --latency {URL}"))?;
    Ok(wrk_requests(&stdout).context("wrk printed no count")? / cpu_s)
}

fn oha_rate(seconds: u32) -> Result<f64> {
    let Timed { stdout, cpu_s } = timed(&format!(
        "env TOKIO_WORKER_THREADS=1 oha -c 50 -z {seconds}s --no-tui --output-format json {URL}"
    ))?;
    let run: serde_json::Value = serde_json::from_str(&stdout).context("oha printed no JSON")?;
    let ok = run["statusCodeDistribution"]["200"].as_f64().context("oha counted no success")?;
    Ok(ok / cpu_s)
}

fn wrk_requests(stdout: &str) -> Option<f64> {
    let line = stdout.lines().find(|l| l.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Interleaved turns of all tools.
pub(super) fn closed(pairs: usize, quick: bool) -> Result<String> {
    let seconds = if quick { 2 } else { 8 };
    let with_oha = has("oha");
    let (mut ours, mut wrk, mut oha) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..pairs {
        println!("closed loop, turn {} of {pairs}", turn + 1);
        ours.push(plimsoll_rate(seconds)?);
        wrk.push(wrk_rate(seconds)?);
        if with_oha {
            oha.push(oha_rate(seconds)?);
        }
    }
    let ratio = |peer: &[f64]| median(ours.iter().zip(peer).map(|(a, b)| a / b).collect());
    let mut text = format!(
        "## Closed loop\n\nHTTP/1.1 keep-alive, 50 connections, one load thread, {pairs} turns of {seconds} s each.\n\n| tool | requests per CPU-second, median | plimsoll is |\n|---|---|---|\n| plimsoll | {:.0} | |\n| wrk | {:.0} | {:.2} × |\n",
        median(ours.clone()),
        median(wrk.clone()),
        ratio(&wrk)
    );
    if with_oha {
        text.push_str(&format!("| oha | {:.0} | {:.2} × |\n", median(oha.clone()), ratio(&oha)));
    }
    if has("valgrind") {
        let (mine, theirs) = instructions()?;
        text.push_str(&format!("\nUser-space instructions per request (callgrind): plimsoll {mine:.0}, wrk {theirs:.0}, ratio {:.2}.\n", mine / theirs));
    }
    Ok(text)
}

/// Instructions per request of both, from the difference of a long and a short run, so that start-up cancels.
fn instructions() -> Result<(f64, f64)> {
    println!("instructions per request");
    let ours = |n: u32| {
        counted(&format!("{} hit {URL} -c 50 -n {n} --workers 1 -q", plimsoll()))
            .map(|(instructions, _)| (instructions, f64::from(n)))
    };
    let wrk = |seconds: u32| {
        let (instructions, stdout) = counted(&format!("wrk -t1 -c50 -d{seconds}s {URL}"))?;
        Ok::<_, anyhow::Error>((instructions, wrk_requests(&stdout).context("wrk printed no count")?))
    };
    let slope = |(i1, n1): (f64, f64), (i2, n2): (f64, f64)| (i2 - i1) / (n2 - n1);
    Ok((slope(ours(5_000)?, ours(45_000)?), slope(wrk(2)?, wrk(10)?)))
}

fn counted(command: &str) -> Result<(f64, String)> {
    let log = std::env::temp_dir().join(format!("plimsoll-callgrind-{}", std::process::id()));
    let script = format!(
        "valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file={} {command}",
        log.display()
    );
    let stdout = output("bash", &["-c", &script])?;
    let text = std::fs::read_to_string(&log)?;
    let line = text
        .lines()
        .find(|l| l.contains("Collected :"))
        .with_context(|| format!("callgrind counted nothing: {text}"))?;
    let instructions =
        line.rsplit(' ').next().and_then(|n| n.parse().ok()).context("callgrind printed no number")?;
    std::fs::remove_file(log)?;
    Ok((instructions, stdout))
}
