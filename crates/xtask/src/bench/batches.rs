//! Batches of a thousand events, every event with an identity of its own, beside k6 doing the same: events per CPU-second of the
//! client; and the million a second, on all cores of this machine, target included.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{median, plimsoll, timed};
use crate::shell::{has, output, root};

/// Title of the section.
pub(super) const TITLE: &str = "## Batches of events";

const PORT: u16 = 18_098;

/// Events of a batch.
const SIZE: f64 = 1_000.0;

/// The built-in pipeline on the other core.
struct Pipeline(Child);

impl Pipeline {
    fn start() -> Result<Self> {
        let child = Command::new("taskset")
            .args(["-c", "1", &plimsoll(), "target", "events", "--port", &PORT.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start the pipeline")?;
        let pipeline = Self(child);
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", PORT)).is_ok() {
                return Ok(pipeline);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        bail!("the pipeline does not listen")
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let _gone = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ended = self.0.wait();
    }
}

/// Interleaved turns of both, and then the million.
pub(super) fn batches(turns: usize, seconds: u32) -> Result<String> {
    let mut text = format!(
        "{TITLE}\n\nThe built-in pipeline on one core, the client with 8 users on the other, {turns} turns of {seconds} s each, interleaved; batches of 1,000 events of about 200 bytes, every event with an identity of its own. k6 puts prepared texts together (`examples/unmogrowp/k6/batches.js`).\n\n| client | events a second | events per CPU-second of the client |\n|---|---|---|\n"
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..turns {
        println!("batches, turn {} of {turns}", turn + 1);
        ours.push(plimsolls(seconds)?);
        if has("k6") {
            theirs.push(k6s(seconds)?);
        }
    }
    let row = |name: &str, turns: &[Turn]| {
        let per_second = median(turns.iter().map(|t| t.events / f64::from(seconds)).collect());
        format!(
            "| {name} | {per_second:.0} | {:.0} |\n",
            median(turns.iter().map(Turn::per_cpu_second).collect())
        )
    };
    text.push_str(&row("plimsoll", &ours));
    if theirs.is_empty() {
        text.push_str("| k6 | not installed | |\n");
    } else {
        text.push_str(&row("k6", &theirs));
        let ratio =
            median(ours.iter().zip(&theirs).map(|(a, b)| a.per_cpu_second() / b.per_cpu_second()).collect());
        text.push_str(&format!("\nPlimsoll sends {ratio:.0} × as many events per CPU-second.\n"));
    }
    text.push_str(&million()?);
    Ok(text)
}

/// One turn of a client.
struct Turn {
    events: f64,
    cpu_s: f64,
}

impl Turn {
    fn per_cpu_second(&self) -> f64 {
        self.events / self.cpu_s
    }
}

fn plimsolls(seconds: u32) -> Result<Turn> {
    let _pipeline = Pipeline::start()?;
    let out = std::env::temp_dir().join(format!("plimsoll-bench-batches-{}", std::process::id()));
    let plan = root().join("crates/xtask/assets/batches.yaml");
    let command = format!(
        "bash -c '{} run {} -e URL=http://127.0.0.1:{PORT} -d {seconds}s --workers 1 -q --out {} >/dev/null 2>&1'",
        plimsoll(),
        plan.display(),
        out.display()
    );
    let cpu_s = timed(&command)?.cpu_s;
    let text = std::fs::read_to_string(out.join("run.json")).context("no run.json was written")?;
    std::fs::remove_dir_all(&out).context("failed to remove the run")?;
    let run: Value = serde_json::from_str(&text).context("run.json is no JSON")?;
    Ok(Turn { events: run["totals"]["ok"].as_f64().context("nothing was counted")? * SIZE, cpu_s })
}

fn k6s(seconds: u32) -> Result<Turn> {
    let _pipeline = Pipeline::start()?;
    let summary = std::env::temp_dir().join(format!("plimsoll-bench-batches-{}.json", std::process::id()));
    let script = root().join("examples/unmogrowp/k6/batches.js");
    let command = format!(
        "bash -c 'k6 run --no-usage-report -q -e BASE_URL=http://127.0.0.1:{PORT} -e FOR={seconds}s --summary-export {} {} >/dev/null 2>&1'",
        summary.display(),
        script.display()
    );
    let cpu_s = timed(&command)?.cpu_s;
    let text = std::fs::read_to_string(&summary).context("no summary was written")?;
    let read: Value = serde_json::from_str(&text).context("the summary is no JSON")?;
    Ok(Turn {
        events: read["metrics"]["events_sent"]["count"].as_f64().context("nothing was counted")?,
        cpu_s,
    })
}

/// The plan of the suite, with the pipeline in the same process.
fn million() -> Result<String> {
    println!("batches, a million a second for a minute");
    let plan = root().join("examples/unmogrowp/million.yaml").display().to_string();
    let command = format!("{} run {plan} --workers 1 -q --json || true", plimsoll());
    let run: Value = serde_json::from_str(&output("bash", &["-c", &command])?).context("no result")?;
    let delivered = &run["deliveries"];
    let seconds = run["duration_ns"].as_f64().unwrap_or(f64::NAN) / 1e9;
    Ok(format!(
        "\nA million a second for a minute, generator and pipeline together on this machine (`examples/unmogrowp/million.yaml`): {} events acknowledged in {seconds:.1} s, {} of them found again, {} lost, {} found twice, {} arrivals dropped.\n",
        delivered["acknowledged"],
        delivered["found"],
        delivered["lost"],
        delivered["duplicated"],
        run["totals"]["dropped"]
    ))
}
