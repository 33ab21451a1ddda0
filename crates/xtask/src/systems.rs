//! The four systems: their suites run, and what came of every scenario as a page (docs/SYSTEMS.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use plimsoll_report::suite::{Kind, ScenarioRun, SuiteRun};
use plimsoll_script::yaml::SUITE_FILE;
use plimsoll_script::{Suite, load_suite};
use serde::{Deserialize, Serialize};

use crate::shell::root;

/// Folders below `examples/`.
const SYSTEMS: [&str; 4] = ["cliffracer", "sparkle", "conexus", "unmogrowp"];

/// What came of every scenario when it was run last, and the page that is made of it.
const KEPT: &str = "docs/systems.json";
const PAGE: &str = "docs/SYSTEMS.md";

/// To see that every scenario runs: every stage at its shortest.
const SHORTEST: &str = "0.01";

/// What came of a scenario.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Folder of its suite below `examples/`.
    system: String,
    /// What it was run against.
    variant: String,
    /// The day its suite was begun.
    date: String,
    /// The share to which it was shortened.
    scale: Option<f64>,
    /// The scenario with its verdict and claims.
    scenario: ScenarioRun,
}

/// Runs every suite against built-in services, all of them at once and as short as can be: that everything declared still runs. Claims
/// are not held against anybody: the machine is shared, and so short a time proves little.
pub(crate) fn run_all() -> Result<()> {
    begin_all()?.end()
}

/// Suites that are running: nearly all of the time they wait.
pub(crate) struct Running {
    out: PathBuf,
    suites: [Result<Child>; SYSTEMS.len()],
}

/// Begins what [`run_all`] runs.
pub(crate) fn begin_all() -> Result<Running> {
    let out = root().join("target/suites");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("failed to remove {}", out.display()))?;
    }
    fs::create_dir_all(&out).with_context(|| format!("failed to make {}", out.display()))?;
    let suites = SYSTEMS.map(|system| begin(system, &out.join(system)));
    Ok(Running { out, suites })
}

impl Running {
    /// Waits for all of them.
    pub(crate) fn end(self) -> Result<()> {
        let mut wrong = Vec::new();
        for (system, started) in SYSTEMS.into_iter().zip(self.suites) {
            // Services of a suite end with it: all of them are waited for before anything is said to be wrong.
            match started.and_then(|child| ended(system, child, &self.out.join(system))) {
                Ok(line) => println!("{line}"),
                Err(error) => wrong.push(format!("{system}: {error:#}")),
            }
        }
        if wrong.is_empty() { Ok(()) } else { bail!("not every scenario ran:\n{}", wrong.join("\n")) }
    }
}

fn begin(system: &str, out: &Path) -> Result<Child> {
    let program = root().join("target/debug/plimsoll");
    Command::new(&program)
        .arg("suite")
        .arg(root().join("examples").join(system))
        .args(["--scale", SHORTEST, "--quiet", "--out"])
        .arg(out)
        // Plans and scripts write files where they run: not among those of the project.
        .current_dir(root().join("target/suites"))
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("failed to start {}", program.display()))
}

/// Waits for a suite. Every scenario that is to be run must have come to a verdict.
fn ended(system: &str, mut child: Child, out: &Path) -> Result<String> {
    let status = child.wait().context("failed to wait for it")?;
    let run = SuiteRun::read(out)?.with_context(|| format!("it left nothing behind ({status})"))?;
    let declared = read(system)?;
    let variant = declared.variant(None).context("a suite has a variant")?;
    let (mut ran, mut failed) = (0, Vec::new());
    for (scenario, run) in declared.scenarios.iter().zip(&run.scenarios) {
        if !scenario.files().is_empty() && scenario.is_for(&variant.name) {
            ran += 1;
            if !run.state.is_finished() || !has_successes(run, out) {
                let why = run.why.as_deref().unwrap_or("nothing succeeded");
                failed.push(format!("{} {}: {why}", run.name, run.state.name()));
            }
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(format!("{system}: {ran} scenarios ran, of {} that are declared", declared.scenarios.len()))
}

/// Whether anything succeeded in a run. Searches and comparisons say themselves what they came to.
fn has_successes(scenario: &ScenarioRun, out: &Path) -> bool {
    let Some(directory) = scenario.directory.as_ref().filter(|_| scenario.run_verdict.is_some()) else {
        return true;
    };
    let text = fs::read_to_string(out.join(directory).join("run.json")).unwrap_or_default();
    let run: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    run["totals"]["ok"].as_u64() > Some(0)
}

/// Keeps what came of suites that were run into these directories, and writes the page.
pub(crate) fn keep(directories: &[String]) -> Result<()> {
    let mut all = kept()?;
    for directory in directories {
        let run = SuiteRun::read(Path::new(directory))?
            .with_context(|| format!("{directory} holds no suite that was run"))?;
        let system = run.name.to_lowercase();
        let date: String = run.started_at.chars().take("2026-11-27".len()).collect();
        for scenario in run.scenarios.into_iter().filter(|scenario| scenario.state.is_finished()) {
            all.retain(|old| {
                (&old.system, &old.variant, &old.scenario.name) != (&system, &run.variant, &scenario.name)
            });
            let (system, variant, date) = (system.clone(), run.variant.clone(), date.clone());
            all.push(Kept { system, variant, date, scale: run.scale, scenario });
        }
    }
    let mut text = serde_json::to_string_pretty(&all)?;
    text.push('\n');
    fs::write(root().join(KEPT), text).with_context(|| format!("failed to write {KEPT}"))?;
    fs::write(root().join(PAGE), page(&all)?).with_context(|| format!("failed to write {PAGE}"))
}

/// The page with its place.
pub(crate) fn page_file() -> Result<(&'static str, String)> {
    Ok((PAGE, page(&kept()?)?))
}

fn kept() -> Result<Vec<Kept>> {
    let Ok(text) = fs::read_to_string(root().join(KEPT)) else { return Ok(Vec::new()) };
    serde_json::from_str(&text).with_context(|| format!("{KEPT} cannot be read"))
}

fn read(system: &str) -> Result<Suite> {
    let file = root().join("examples").join(system).join(SUITE_FILE);
    let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    load_suite(&file, text).map_err(|wrong| anyhow::anyhow!("{}: {wrong:?}", file.display()))
}

const HEAD: &str = "# The four systems

Four load-test suites that were published with numbers nobody could defend, every scenario of them, and what came of it when it was run here: on
one machine with two cores, which target and generator share. *Built-in* is a service of Plimsoll, so that a verdict is about that
service and shows that the scenario can be run and judged; *real* is what the README of each suite names. Nothing here is about the systems
themselves, which were not at hand.

A scenario is VERIFIED if all its claims are, REFUTED if one is, and UNPROVEN if one cannot be told. `2/5` are claims verified, of all; `× 0.1` means
that all schedules were shortened to a tenth (`docs/SUITES.md`). The command is that of the built-in column; the other one adds `--variant real`, and
a shortened run `--scale 0.1`. Made by `cargo xtask systems --keep` from what `plimsoll suite` recorded.
";

fn page(all: &[Kept]) -> Result<String> {
    let mut text = HEAD.to_owned();
    for system in SYSTEMS {
        let suite = read(system)?;
        text.push_str(&format!("\n## {}\n\n", suite.name));
        let variants: Vec<_> = suite.variants.iter().map(|variant| variant.name.as_str()).collect();
        let of = |scenario: &str, variant: &str| {
            all.iter().find(|k| k.system == system && k.variant == variant && k.scenario.name == scenario)
        };
        text.push_str(&format!(
            "| scenario | run by | {} |\n|---|---|{}\n",
            variants.join(" | "),
            "---|".repeat(variants.len())
        ));
        for scenario in &suite.scenarios {
            let cells = variants.iter().map(|variant| match of(&scenario.name, variant) {
                Some(kept) => verdict(kept),
                None if scenario.files().is_empty() => "not run".to_owned(),
                None if !scenario.is_for(variant) => "–".to_owned(),
                None => "not run yet".to_owned(),
            });
            let cells: Vec<_> = cells.collect();
            text.push_str(&format!(
                "| {} | {} | {} |\n",
                scenario.name,
                command(system, scenario),
                cells.join(" | ")
            ));
        }
        text.push_str("\n| scenario | claim |");
        variants.iter().for_each(|variant| text.push_str(&format!(" {variant} |")));
        text.push_str(&format!("\n|---|---|{}\n", "---|".repeat(variants.len())));
        for scenario in &suite.scenarios {
            let found: Vec<_> = variants.iter().map(|variant| of(&scenario.name, variant)).collect();
            for line in claims(&scenario.name, &found) {
                text.push_str(&line);
            }
        }
    }
    Ok(text)
}

/// What runs a scenario alone.
fn command(system: &str, scenario: &plimsoll_script::yaml::Scenario) -> String {
    match &scenario.work {
        plimsoll_script::yaml::Work::Nothing(why) => why.replace('|', "\\|"),
        _ => format!("`plimsoll suite examples/{system} --only '{}'`", scenario.name),
    }
}

/// `VERIFIED 5/5, 2026-11-27, × 0.1`
fn verdict(kept: &Kept) -> String {
    let run = &kept.scenario;
    let claims = run.verified().map_or_else(String::new, |share| format!(" {}", share.replace(" of ", "/")));
    let invalid = run.run_verdict.as_deref().filter(|v| *v == "INVALID").map_or("", |_| ", run INVALID");
    let scale = kept.scale.map_or_else(String::new, |scale| format!(", × {scale}"));
    let line = match run.kind {
        Kind::Capacity | Kind::Comparison => {
            run.sentences.first().map_or_else(String::new, |s| format!(": {}", cell(s)))
        }
        _ => String::new(),
    };
    format!("{}{claims}{invalid}, {}{scale}{line}", run.state.name(), kept.date)
}

/// A line for every claim of a scenario, with its verdict in every variant that was run.
fn claims(name: &str, found: &[Option<&Kept>]) -> Vec<String> {
    let mut texts: Vec<&str> = Vec::new();
    for claim in found.iter().flatten().flat_map(|kept| &kept.scenario.claims) {
        if !texts.contains(&claim.text.as_str()) {
            texts.push(&claim.text);
        }
    }
    let line = |text: &&str| {
        let cells = found.iter().map(|kept| {
            let claim = kept.and_then(|kept| kept.scenario.claims.iter().find(|claim| claim.text == **text));
            claim.map_or_else(String::new, |claim| {
                let measured = claim.measured().map_or_else(String::new, |m| format!(" {m}"));
                let why = if claim.verdict == "VERIFIED" {
                    String::new()
                } else {
                    format!(": {}", cell(&claim.reason))
                };
                format!("{}{measured}{why}", claim.verdict)
            })
        });
        format!("| {name} | `{}` | {} |\n", text.replace('|', "\\|"), cells.collect::<Vec<_>>().join(" | "))
    };
    texts.iter().map(line).collect()
}

/// On one line, without what would end a cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
