//! `plimsoll suite DIR`: a folder of plans, one after another, and what came of all of them.

mod conduct;
mod prepare;
mod progress;
mod services;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use plimsoll_model::schedule::scaled;
use plimsoll_report::format::duration;
use plimsoll_report::render::html::suite::suite_html;
use plimsoll_report::render::suite::{suite_markdown, suite_text};
use plimsoll_report::render::table::{Lean, table};
use plimsoll_report::suite::{SCHEMA, State, SuiteRun};
use plimsoll_report::suite_junit;
use plimsoll_script::yaml::{SUITE_FILE, Variant};
use plimsoll_script::{Suite, load_suite};

use self::conduct::Conductor;
use self::prepare::{Prepared, prepare};
use self::services::{Services, missing};
use super::plan::said;
use crate::args::{Scale, SuiteArgs};
use crate::execute::usual_directory;
use crate::exit_code::Exit;
use crate::{console, facts, signals};

/// See the module.
pub(crate) fn suite(args: &SuiteArgs) -> anyhow::Result<Exit> {
    let (folder, suite) = read(&args.folder)?;
    let variant = variant(&suite, args.variant.as_deref())?;
    refuse_unknown(&suite, &args.only)?;
    if !args.list {
        refuse_missing(variant)?;
    }
    let prepared = prepare(&suite, variant, &folder, args)?;
    if args.list {
        list(&suite, variant, &prepared, args);
        return Ok(Exit::Success);
    }
    let directory = args.out.clone().unwrap_or_else(|| usual_directory(&suite.name));
    let begun = resumed(&directory, begun(&suite, variant, &prepared, args))?;
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("failed to make the directory {}", directory.display()))?;
    let interrupts = signals::counted(
        "stopping: what runs is waited for and judged as far as it came; interrupt again to leave it at once",
    )?;
    let services = Services::start(variant, &folder, &directory.join("services"), &interrupts)?;
    let mut conductor = Conductor::new(directory, begun, interrupts, args.quiet);
    let rest = args
        .scale
        .and_then(Scale::share)
        .map_or(suite.cool_down_ns, |scale| scaled(suite.cool_down_ns, scale));
    let conducted = conductor.conduct(&prepared, rest);
    drop(services);
    conducted?;
    conclude(&conductor, args)
}

/// The folder of a suite and what its file says. What is wrong with it is printed, all of it.
fn read(path: &Path) -> anyhow::Result<(PathBuf, Suite)> {
    let file = if path.is_dir() { path.join(SUITE_FILE) } else { path.to_owned() };
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("failed to read the suite {}", file.display()))
        .context(Exit::WrongPlan)?;
    let suite = load_suite(&file, text).map_err(|wrong| said(&wrong, "the suite"))?;
    // A file without a directory stands here.
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((folder.to_owned(), suite))
}

fn variant<'a>(suite: &'a Suite, wanted: Option<&str>) -> anyhow::Result<&'a Variant> {
    let known = || suite.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ");
    suite
        .variant(wanted)
        .with_context(|| {
            format!("no variant is called `{}`; there are {}", wanted.unwrap_or_default(), known())
        })
        .context(Exit::WrongPlan)
}

fn refuse_unknown(suite: &Suite, only: &[String]) -> anyhow::Result<()> {
    let Some(unknown) = only.iter().find(|name| !suite.scenarios.iter().any(|s| s.name == **name)) else {
        return Ok(());
    };
    let known: Vec<_> = suite.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    bail!(
        anyhow::anyhow!("--only {unknown}: there is no such scenario; there are {}", known.join(", "))
            .context(Exit::WrongPlan)
    )
}

fn refuse_missing(variant: &Variant) -> anyhow::Result<()> {
    let missing = missing(variant);
    if missing.is_empty() {
        return Ok(());
    }
    for (name, installed_by) in &missing {
        console::remark(&format!("`{name}` is not there; {installed_by}"));
    }
    bail!(
        anyhow::anyhow!("the variant `{}` needs programs that are not there", variant.name)
            .context(Exit::Failed)
    )
}

/// A suite of which nothing has run yet.
fn begun(suite: &Suite, variant: &Variant, prepared: &[Prepared], args: &SuiteArgs) -> SuiteRun {
    SuiteRun {
        schema: SCHEMA.to_owned(),
        name: suite.name.clone(),
        about: suite.about.clone(),
        suite_digest: suite.digest.clone(),
        variant: variant.name.clone(),
        scale: args.scale.and_then(Scale::share),
        tool: format!("plimsoll {}", env!("CARGO_PKG_VERSION")),
        started_at: facts::now().1,
        ended_at: None,
        scenarios: prepared.iter().map(|one| one.run.clone()).collect(),
    }
}

/// A suite that was interrupted goes on; another one, or one that was changed meanwhile, is not touched.
fn resumed(directory: &Path, begun: SuiteRun) -> anyhow::Result<SuiteRun> {
    let known = SuiteRun::read(directory)
        .with_context(|| format!("failed to read {}", SuiteRun::file(directory).display()))?;
    let Some(known) = known else { return Ok(begun) };
    let refused = |what: String| {
        let place = directory.display();
        Err(anyhow::anyhow!("{place} holds {what}; give another directory with --out")
            .context(Exit::WrongPlan))
    };
    let same = (&known.suite_digest, &known.variant) == (&begun.suite_digest, &begun.variant);
    if !same || known.scale != begun.scale || known.scenarios.len() != begun.scenarios.len() {
        return refused("another suite, variant or scale".to_owned());
    }
    let mut going_on = SuiteRun { started_at: known.started_at, ..begun };
    for (now, before) in going_on.scenarios.iter_mut().zip(known.scenarios) {
        if !before.state.is_finished() {
            continue;
        }
        // Whoever asks for others only has not read these again.
        let is_read = now.plans.iter().all(|plan| plan.digest.is_some());
        if is_read && now.plans != before.plans {
            return refused(format!("`{}` as it was run by a plan that has been changed since", before.name));
        }
        *now = before;
    }
    let done = going_on.scenarios.iter().filter(|scenario| scenario.state.is_finished()).count();
    console::remark(&format!("going on after {done} scenarios in {}", directory.display()));
    Ok(going_on)
}

/// Says what would run, and for how long.
fn list(suite: &Suite, variant: &Variant, prepared: &[Prepared], args: &SuiteArgs) {
    let head = ["", "scenario", "what", "about", ""].map(str::to_owned).to_vec();
    let row = |(number, one): (usize, &Prepared)| {
        let files: Vec<_> = one.run.plans.iter().map(|plan| plan.file.display().to_string()).collect();
        let about = match (&one.task, one.estimate_ns) {
            (None, _) => String::new(),
            (Some(_), Some(ns)) => duration(ns),
            (Some(_), None) => "not known".to_owned(),
        };
        let why = one.run.why.as_ref().map_or_else(String::new, |why| format!("not run: {why}"));
        vec![
            number.to_string(),
            one.run.name.clone(),
            format!("{} {}", one.run.kind.name(), files.join(", ")),
            about,
            why,
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain((1..).zip(prepared).map(row)).collect();
    let leans = [Lean::Right, Lean::Left, Lean::Left, Lean::Right, Lean::Left];
    let running = prepared.iter().filter(|one| one.task.is_some());
    let total: u64 = running.clone().filter_map(|one| one.estimate_ns).sum();
    let searches = running.clone().filter(|one| one.estimate_ns.is_none()).count();
    let more = if searches > 0 {
        format!(", and {searches} of which nobody knows beforehand")
    } else {
        String::new()
    };
    let scale =
        args.scale.and_then(Scale::share).map_or_else(String::new, |scale| format!(", scaled by {scale}"));
    let mut text = format!(
        "{}, variant {}{scale}: {} of {} scenarios would run, about {}{more}\n{}",
        suite.name,
        variant.name,
        running.count(),
        prepared.len(),
        duration(total),
        table(&leans, &rows)
    );
    let others: Vec<_> =
        suite.variants.iter().map(|v| v.name.as_str()).filter(|name| *name != variant.name).collect();
    if !others.is_empty() {
        text.push_str(&format!("\nOther variants: {}\n", others.join(", ")));
    }
    for (name, installed_by) in missing(variant) {
        text.push_str(&format!("\n`{name}` is not there; {installed_by}\n"));
    }
    console::result(&text);
}

/// Prints the result. The exit code is the worst of all.
fn conclude(conductor: &Conductor, args: &SuiteArgs) -> anyhow::Result<Exit> {
    let (directory, run) = (&conductor.directory, &conductor.run);
    write_reports(directory, run)?;
    if args.json {
        let text = serde_json::to_string_pretty(run).context("a suite can be written")?;
        console::result(&format!("{text}\n"));
    } else {
        console::result(&suite_text(run));
    }
    let place = directory.display();
    if conductor.interrupts.any() {
        console::remark(&format!(
            "interrupted; what was run is kept in {place}, and the same command with --out {place} goes on from there"
        ));
    } else if !args.quiet {
        console::remark(&format!("recorded in {place}; index.html shows it"));
    }
    let interrupted = conductor.interrupts.any().then_some(Exit::Interrupted);
    let ran = run.scenarios.iter().filter(|s| s.state != State::NotRun);
    let codes = ran.filter_map(|scenario| scenario.exit_code).map(Exit::of_code);
    // Where nothing was run nothing was shown.
    Ok(Exit::worst(codes.chain(interrupted)).unwrap_or(Exit::Unproven))
}

/// Writes everything that shows a suite.
pub(super) fn write_reports(directory: &Path, run: &SuiteRun) -> anyhow::Result<()> {
    run.write(directory).with_context(|| format!("failed to write into {}", directory.display()))?;
    let files = [
        ("index.html", suite_html(run)),
        ("report.txt", suite_text(run)),
        ("report.md", suite_markdown(run)),
        ("junit.xml", suite_junit(run)),
    ];
    for (name, content) in files {
        let file = directory.join(name);
        std::fs::write(&file, content).with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(())
}
