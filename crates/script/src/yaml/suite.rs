//! Suites: a folder of plans, each declared with where it comes from, and run or not run with the reason.

pub mod types;

use std::path::{Path, PathBuf};

use plimsoll_metrics::expression::{ArmClaim, parse_arm_claim};
use plimsoll_model::{Nanos, SECOND_NS};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::diagnostics::{Diagnostics, SourceFile};
use super::lower::hex;
use super::read::{Placed, Read, Table};
use super::source;
use types::{ProgramItem, ScenarioEntry, SuiteFile, VariantItem};

/// The file of a suite in its folder.
pub const SUITE_FILE: &str = "suite.yaml";

/// The variant of a suite that names none.
const ONLY_VARIANT: &str = "default";

/// Runs of each plan of a comparison if nobody says: the fewest that a word can be given on.
const PAIRS: u32 = 6;

/// What programs print when they can be used, and how long they are given, if nobody says.
const READY: &str = "ready";
const READY_WITHIN_NS: Nanos = 60 * SECOND_NS;

/// A suite, checked.
#[derive(Clone, Debug)]
pub struct Suite {
    /// What it is called.
    pub name: String,
    /// What it is, in a sentence or two.
    pub about: Option<String>,
    /// A rest between scenarios, in nanoseconds.
    pub cool_down_ns: Nanos,
    /// What its scenarios can be run against; the first is the usual one.
    pub variants: Vec<Variant>,
    /// Scenarios in the order in which they run.
    pub scenarios: Vec<Scenario>,
    /// SHA-256 of its text, `sha256:...`.
    pub digest: String,
}

/// The same scenarios against something else.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Variables for every plan.
    pub env: Vec<(String, String)>,
    /// Programs that are started before the first scenario and stopped after the last.
    pub start: Vec<Program>,
    /// Programs that must be there, each with what would install it, if the suite says.
    pub needs: Vec<(String, Option<String>)>,
}

/// A program that is started for a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What is run: a program and its arguments.
    pub words: Vec<String>,
    /// What a line of its output holds once it can be used.
    pub ready: String,
    /// How long it is given until then, in nanoseconds.
    pub within_ns: Nanos,
    /// Variables for it.
    pub env: Vec<(String, String)>,
}

/// One declared scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What is run.
    pub work: Work,
    /// Variables for its plans.
    pub env: Vec<(String, String)>,
    /// Arguments for its command.
    pub args: Vec<String>,
    /// Where it was declared originally.
    pub from: Option<String>,
    /// Variants that it is for; all if it names none.
    pub only: Vec<String>,
}

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// The search for the load line of a plan.
    Capacity(PathBuf),
    /// Plans against the first of them.
    Compare(ComparedPlans),
    /// Nothing, for this reason.
    Nothing(String),
    /// A plan, or a script.
    Run(PathBuf),
}

/// Plans that are held against the first of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedPlans {
    /// The plans.
    pub files: Vec<PathBuf>,
    /// Runs of each.
    pub pairs: u32,
    /// What must hold of two of them, each called as its file is without its ending.
    pub claims: Vec<ArmClaim>,
}

impl Suite {
    /// The variant of a name, or the usual one.
    pub fn variant(&self, name: Option<&str>) -> Option<&Variant> {
        match name {
            None => self.variants.first(),
            Some(name) => self.variants.iter().find(|variant| variant.name == name),
        }
    }
}

impl Scenario {
    /// Whether it is for a variant.
    pub fn is_for(&self, variant: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == variant)
    }

    /// The files that it runs.
    pub fn files(&self) -> Vec<&Path> {
        match &self.work {
            Work::Capacity(file) | Work::Run(file) => vec![file],
            Work::Compare(plans) => plans.files.iter().map(PathBuf::as_path).collect(),
            Work::Nothing(_) => Vec::new(),
        }
    }
}

/// Reads a suite whose text stands at `path`. All mistakes are returned together.
pub fn load_suite(path: &Path, text: String) -> Result<Suite, Diagnostics> {
    let digest = format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())));
    let mut diagnostics = Diagnostics::default();
    let is_empty = text.trim().is_empty();
    diagnostics.files.push(SourceFile { path: path.to_owned(), text });
    if is_empty {
        diagnostics.general(
            "the suite is empty",
            "write `scenarios:` with items such as `- smoke: { plan: smoke.yaml }`",
        );
        return Err(diagnostics);
    }
    let node = source::parse(0, &mut diagnostics);
    let file = node.and_then(|node| SuiteFile::read(&node, &mut diagnostics));
    let suite =
        file.map(|file| Checking { base: base(path), diagnostics: &mut diagnostics }.suite(file, digest));
    match suite {
        Some(suite) if diagnostics.is_empty() => Ok(suite),
        _ => Err(diagnostics),
    }
}

/// The directory of a file.
fn base(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The JSON Schema of `suite.yaml`.
pub fn suite_schema() -> Value {
    let mut named = serde_json::Map::new();
    let root = SuiteFile::schema(&mut named);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "plimsoll.suite-file/1",
        "title": "Plimsoll suite",
        "$ref": root["$ref"],
        "$defs": named,
    })
}

struct Checking<'a> {
    base: PathBuf,
    diagnostics: &'a mut Diagnostics,
}

impl Checking<'_> {
    fn suite(&mut self, file: SuiteFile, digest: String) -> Suite {
        let mut variants: Vec<_> =
            file.variants.iter().map(|(name, item)| self.variant(name, item)).collect();
        if variants.is_empty() {
            variants.push(Variant {
                name: ONLY_VARIANT.to_owned(),
                env: Vec::new(),
                start: Vec::new(),
                needs: Vec::new(),
            });
        }
        if file.scenarios.is_empty() {
            self.diagnostics.error_of_whole(
                &file.place,
                &file.place,
                "a suite needs at least one scenario",
                "add `scenarios:` with items such as `- smoke: { plan: smoke.yaml }`",
            );
        }
        let names: Vec<_> = variants.iter().map(|variant| variant.name.clone()).collect();
        let scenarios: Vec<_> =
            file.scenarios.iter().filter_map(|entry| self.scenario(entry, &names)).collect();
        self.refuse_twins(&file.scenarios);
        let folder =
            std::fs::canonicalize(if self.base.as_os_str().is_empty() { Path::new(".") } else { &self.base });
        let of_folder = folder.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        Suite {
            name: file.name.or(of_folder).unwrap_or_else(|| "suite".to_owned()),
            about: file.about,
            cool_down_ns: file.cool_down.map_or(0, |time| time.0),
            variants,
            scenarios,
            digest,
        }
    }

    fn variant(&mut self, name: &Placed<String>, item: &VariantItem) -> Variant {
        Variant {
            name: name.value.clone(),
            env: pairs(&item.env),
            start: item.start.iter().filter_map(|program| self.program(program)).collect(),
            needs: item.needs.iter().map(|need| (need.name.clone(), need.installed_by.clone())).collect(),
        }
    }

    fn program(&mut self, item: &Placed<ProgramItem>) -> Option<Program> {
        let words = item.value.words.clone();
        let Some(first) = words.first() else {
            self.diagnostics.error(
                &item.place,
                "no program is named here",
                "write `services/start.sh`, or `{ run: [PROGRAM, ARGUMENT] }`",
            );
            return None;
        };
        // A name without a directory is looked for where the system keeps programs.
        if first.contains('/') && !self.base.join(first).is_file() {
            let message = format!("there is no program {}", self.base.join(first).display());
            self.diagnostics.error(&item.place, message, "paths start from the suite's folder");
            return None;
        }
        Some(Program {
            words,
            ready: item.value.ready.clone().unwrap_or_else(|| READY.to_owned()),
            within_ns: item.value.within.map_or(READY_WITHIN_NS, |time| time.0),
            env: pairs(&item.value.env),
        })
    }

    fn scenario(&mut self, entry: &ScenarioEntry, variants: &[String]) -> Option<Scenario> {
        let item = &entry.item;
        for name in item.only.iter().filter(|name| !variants.contains(&name.value)) {
            let known: Vec<_> = variants.iter().map(String::as_str).collect();
            self.diagnostics.unknown(&name.place, "variant", &name.value, &known);
        }
        let work = self.work(entry)?;
        let is_compared = matches!(work, Work::Compare(..));
        if let Some(pairs) = item.pairs.as_ref().filter(|_| !is_compared) {
            self.diagnostics.error(
                &pairs.place,
                "`pairs` is for comparisons",
                "leave it out, or write `compare: [one.yaml, other.yaml]`",
            );
        }
        if let Some(claim) = item.claims.first().filter(|_| !is_compared) {
            self.diagnostics.error(
                &claim.place,
                "`claims` are for comparisons; those of a plan stand in the plan",
                "leave them out, or write `compare: [one.yaml, other.yaml]`",
            );
        }
        if let Some(argument) = item.args.first().filter(|_| is_compared || matches!(work, Work::Nothing(_)))
        {
            self.diagnostics.error(&argument.place, "`args` go with `plan` and `capacity`", "leave them out");
        }
        Some(Scenario {
            name: entry.name.value.clone(),
            work,
            env: pairs(&item.env),
            args: item.args.iter().map(|argument| argument.value.clone()).collect(),
            from: item.from.clone(),
            only: item.only.iter().map(|name| name.value.clone()).collect(),
        })
    }

    fn work(&mut self, entry: &ScenarioEntry) -> Option<Work> {
        let item = &entry.item;
        let compared = (!item.compare.is_empty()).then_some(&item.compare);
        match (&item.plan, &item.capacity, compared, &item.not_run) {
            (Some(plan), None, None, None) => self.file(plan).map(Work::Run),
            (None, Some(plan), None, None) => self.file(plan).map(Work::Capacity),
            (None, None, Some(plans), None) => self.compared(entry, plans),
            (None, None, None, Some(why)) => Some(Work::Nothing(why.clone())),
            _ => {
                self.diagnostics.error_of_whole(
                    &item.place,
                    &entry.name.place,
                    format!("the scenario `{}` must say one thing", entry.name.value),
                    "give it one of `plan` (a plan or a script), `capacity` (a plan), `compare` (two plans or more) or `not_run` (the reason)",
                );
                None
            }
        }
    }

    fn compared(&mut self, entry: &ScenarioEntry, plans: &[Placed<String>]) -> Option<Work> {
        if plans.len() < 2 {
            self.diagnostics.error(
                &plans[0].place,
                "a comparison needs two plans at least",
                "write `compare: [one.yaml, other.yaml]`",
            );
            return None;
        }
        let files: Vec<_> = plans.iter().filter_map(|plan| self.file(plan)).collect();
        let claims = self.arm_claims(&entry.item.claims, &files);
        let pairs = entry.item.pairs.as_ref().map_or(PAIRS, |pairs| pairs.value);
        (files.len() == plans.len()).then_some(Work::Compare(ComparedPlans { files, pairs, claims }))
    }

    /// Claims about plans, which are called as their files are.
    fn arm_claims(&mut self, written: &[Placed<String>], files: &[PathBuf]) -> Vec<ArmClaim> {
        let names: Vec<_> = files.iter().filter_map(|file| file.file_stem()?.to_str()).collect();
        // Of two that are called the same nobody knows which is meant.
        let is_alone = |name: &&str| names.iter().filter(|other| *other == name).count() == 1;
        let arms: Vec<_> = names.iter().copied().filter(is_alone).collect();
        let mut claims = Vec::with_capacity(written.len());
        for Placed { value, place } in written {
            match parse_arm_claim(value) {
                Ok(claim) => {
                    for arm in
                        [&claim.over, &claim.under].into_iter().filter(|arm| !arms.contains(&arm.as_str()))
                    {
                        self.diagnostics.unknown(place, "plan of this comparison", arm, &arms);
                    }
                    if claim.over == claim.under {
                        self.diagnostics.error(place, "a plan is always as it is", "name two");
                    }
                    claims.push(claim);
                }
                Err(wrong) => self.diagnostics.error(place, wrong.message, wrong.hint),
            }
        }
        claims
    }

    fn file(&mut self, path: &Placed<String>) -> Option<PathBuf> {
        let full = self.base.join(&path.value);
        if full.is_file() {
            return Some(full);
        }
        let message = format!("there is no file {}", full.display());
        self.diagnostics.error(&path.place, message, "paths start from the suite's folder");
        None
    }

    fn refuse_twins(&mut self, entries: &[ScenarioEntry]) {
        for (number, entry) in entries.iter().enumerate() {
            if entries[..number].iter().any(|other| other.name.value == entry.name.value) {
                let message = format!("two scenarios are called `{}`", entry.name.value);
                self.diagnostics.error(&entry.name.place, message, "give each a name of its own");
            }
        }
    }
}

fn pairs(table: &Table<String>) -> Vec<(String, String)> {
    table.iter().map(|(key, value)| (key.value.clone(), value.clone())).collect()
}
