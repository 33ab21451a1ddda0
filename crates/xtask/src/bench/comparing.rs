//! How long comparing takes: a thousand runs, and a history of ten thousand points.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use plimsoll_audit::statistics::change_points::{Settings, change_points};
use plimsoll_audit::testing::Synthetic;
use plimsoll_report::comparison::{Arm, Rules, RunSummary, compared, runs_in};
use plimsoll_report::render::comparison::comparison_text;
use plimsoll_report::{View, json};

use super::judging::timed;

/// Where the section stands in docs/BENCH.md.
pub(super) const TITLE: &str = "## Comparing";

/// Runs of both arms together, and steps of each.
const RUNS: usize = 1_000;
const STEPS: u16 = 10;

/// Points of the history.
const POINTS: usize = 10_000;

/// A generator of its own: what is measured is to be the same every time.
struct Noise(u64);

impl Noise {
    /// Evenly in `[-1, 1)`.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Writes as many `run.json` as there are runs, compares them, and looks through a history that changes twice.
pub(super) fn comparing() -> Result<String> {
    println!("comparing {RUNS} runs");
    let directory = std::env::temp_dir().join(format!("plimsoll-comparing-{}", std::process::id()));
    let measured = compare_in(&directory);
    let _left = fs::remove_dir_all(&directory);
    let (read_s, compared_s, measures) = measured?;
    let mut noise = Noise(1);
    let level = |at: usize| {
        if at < POINTS / 3 {
            100.0
        } else if at < POINTS / 2 {
            104.0
        } else {
            100.0
        }
    };
    let values: Vec<f64> = (0..POINTS).map(|at| level(at) * (1.0 + 0.02 * noise.next())).collect();
    let (history, history_s) = timed(|| change_points(&values, &Settings::of_history(1)));
    let changes = history.context("values are finite")?.changes.len();
    let profile = if cfg!(debug_assertions) { "debug build" } else { "release build" };
    Ok(format!(
        "{TITLE}\n\n{RUNS} runs of {STEPS} steps in two arms: `run.json` of one synthetic run, its numbers varied, written so many times and read from disk; a history of {POINTS} points in memory ({profile}).\n\n| | time | |\n|---|---|---|\n| reading {RUNS} runs | {read_s:.2} s | |\n| comparing them, with the table | {compared_s:.2} s | {measures} measures |\n| both | {:.2} s | meant to stay below 5 s |\n| history of {POINTS} points | {history_s:.2} s | {changes} changes; meant to stay below 10 s |\n",
        read_s + compared_s
    ))
}

/// Seconds to read and to compare, and how many measures were compared.
fn compare_in(directory: &Path) -> Result<(f64, f64, usize)> {
    let template: serde_json::Value =
        serde_json::from_str(&json(&View::new(Synthetic::repeated(60, STEPS))))?;
    let mut noise = Noise(2);
    for number in 0..RUNS {
        let mut run = template.clone();
        vary(&mut run, &mut noise);
        // Whole and valid, whatever the audits say of a synthetic one: what may not be compared costs nothing.
        (run["ended"], run["verdict"]) = ("completed".into(), "VALID".into());
        run["started_at"] = format!("2026-01-01T{:02}:{:02}:00Z", number / 60, number % 60).into();
        let path = directory.join(["a", "b"][number % 2]).join(format!("{number:04}"));
        fs::create_dir_all(&path)?;
        fs::write(path.join("run.json"), run.to_string())?;
    }
    let read = |name: &str| -> Result<Arm> {
        let runs: Vec<PathBuf> = runs_in(&directory.join(name))?;
        let runs = runs.iter().map(|run| Ok(RunSummary::read(run)?)).collect::<Result<Vec<_>>>()?;
        Ok(Arm::new(name, runs))
    };
    let (arms, read_s) = timed(|| ["a", "b"].map(read));
    let [a, b] = arms;
    let arms = vec![a?, b?];
    let (found, compared_s) = timed(|| {
        let found = compared(arms, &Rules::default());
        (comparison_text(&found).len(), found)
    });
    Ok((read_s, compared_s, found.1.measures().count()))
}

/// Every number below `steps` that is a time or a rate, up to two percent up or down.
fn vary(run: &mut serde_json::Value, noise: &mut Noise) {
    match run {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_f64().filter(|_| ["value", "mean", "rate_per_s"].contains(&name.as_str())) {
                    Some(number) => *value = (number * (1.0 + 0.02 * noise.next())).into(),
                    None => vary(value, noise),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| vary(item, noise)),
        _ => {}
    }
}
