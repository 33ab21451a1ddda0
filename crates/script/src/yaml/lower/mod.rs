//! From the file as written to plan and behaviour: names resolved, references checked, nothing left over.

mod brokers;
mod certificates;
mod checks;
mod claims;
mod data;
mod files;
mod grpc;
mod http;
mod loads;
mod mcp;
mod monitors;
mod network;
mod sql;
mod steps;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use plimsoll_model::delivery::Promise;
use plimsoll_model::monitor::Source;
use plimsoll_model::plan::without_credentials;
use plimsoll_model::{Plan, ProtocolSettings, Scenario, Step, Watched};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::diagnostics::{Diagnostics, Place};
use super::read::Placed;
use super::tools::ToolCalls;
use super::types::PlanFile;
use super::{Environment, HOLD, Lowered};
use crate::behaviour::data::DataSet;
use crate::behaviour::ledger::Ledger;
use crate::behaviour::names::Names;
use crate::behaviour::template::{Form, Template, TemplateError};
use crate::behaviour::{Behaviour, Routine};
pub(super) use files::{Merged, read_all};

/// The seed if nobody gives one. Fixed, so that two runs of a plan do the same.
const SEED: u64 = 1;

/// What is known while lowering.
struct Lowering<'a> {
    file: &'a PlanFile,
    diagnostics: &'a mut Diagnostics,
    /// Directory that relative paths start from.
    base: PathBuf,
    /// Base URLs: the default target under "".
    targets: BTreeMap<String, String>,
    /// The main target as it is told to people: variables filled in, a built-in service by its name, nobody's password.
    shown_target: String,
    /// Files that were read, by the names they have in the plan, with digests of what they hold.
    read: BTreeMap<String, String>,
    used_targets: Vec<String>,
    data: BTreeMap<String, usize>,
    data_sets: Vec<DataSet>,
    constants: BTreeMap<String, Value>,
    environment: BTreeMap<String, String>,
    globals: Vec<String>,
    used_names: Vec<String>,
    steps: Vec<Step>,
    /// Protocols that steps are sent by.
    protocols: Vec<&'static str>,
    /// Protocols that somebody else brings.
    own: Vec<&'static str>,
    /// Where conversations with a target are held, if a step begins one elsewhere.
    talks: BTreeMap<String, Arc<str>>,
    /// Whether a step writes something with an identity.
    has_delivers: bool,
    /// Whether tokens of streamed answers are counted.
    counts_tokens: bool,
    tools: ToolCalls,
    /// Where monitors read, by name.
    sources: BTreeMap<String, Source>,
    seed: u64,
    now_ms: u64,
    timeout_ns_max: u64,
}

/// Lowers a plan. Whatever is wrong is said in `diagnostics`; the result is then of no use.
pub(super) fn lower(
    merged: &Merged,
    environment: &mut Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> Lowered {
    let file = &merged.file;
    let mut lowering = Lowering::of(merged, environment, diagnostics);
    lowering.environment(environment);
    lowering.targets(environment);
    lowering.data();
    lowering.globals = steps::saved_names(&file.setup);
    let (scenarios, routines) = lowering.scenarios();
    let (setup, teardown) = (lowering.solo(&file.setup, true), lowering.solo(&file.teardown, false));
    let (loads, phases) = lowering.loads(&scenarios, environment);
    let plan = Plan {
        name: file.name.clone().unwrap_or_else(|| merged.stem.clone()),
        seed: lowering.seed,
        target: std::mem::take(&mut lowering.shown_target),
        scenarios,
        steps: std::mem::take(&mut lowering.steps),
        loads,
        phases,
        claims: Vec::new(),
        scale: environment.scale,
        monitors: Vec::new(),
        price: lowering.price(),
    };
    let monitors = lowering.monitors(&plan);
    let plan = Plan { monitors: monitors.iter().map(Watched::from).collect(), ..plan };
    lowering.sources = monitors.iter().map(|m| (m.name.clone(), m.source.clone())).collect();
    let plan = Plan { claims: lowering.claims(&plan, environment.constant.map(|_| HOLD)), ..plan };
    let protocols = lowering.protocol_settings(environment);
    let ledger = Ledger::new(lowering.promise())
        .with_copies(file.delivery.as_ref().and_then(|section| section.copies));
    lowering.refuse_unused(&plan);
    let instances = lowering.instances();
    let tools = lowering.tool_calls();
    let read = std::mem::take(&mut lowering.read);
    let (effective, digest) = effective(lowering.diagnostics, environment, &plan, &read);
    let variables = std::mem::take(&mut lowering.environment);
    let behaviour = Behaviour {
        protocols: lowering.protocols,
        scenarios: routines,
        setup,
        teardown,
        data: lowering.data_sets,
        ledger,
        globals: Arc::default(),
        wall_start_ns: OnceLock::from(environment.now_ms * 1_000_000),
    };
    Lowered {
        plan,
        behaviour: Arc::new(behaviour),
        protocols,
        timeout_ns_max: lowering.timeout_ns_max,
        effective,
        digest,
        variables,
        tools,
        instances,
        monitors,
    }
}

impl<'a> Lowering<'a> {
    /// Nothing is known yet but what was written and given.
    fn of(merged: &'a Merged, environment: &Environment<'_>, diagnostics: &'a mut Diagnostics) -> Self {
        let file = &merged.file;
        let seed = environment.seed.or(file.seed).unwrap_or(SEED);
        Self {
            file,
            diagnostics,
            base: merged.base.clone(),
            targets: BTreeMap::new(),
            shown_target: String::new(),
            read: BTreeMap::new(),
            used_targets: Vec::new(),
            data: BTreeMap::new(),
            data_sets: Vec::new(),
            constants: file.vars.iter().map(|(k, v)| (k.value.clone(), v.clone())).collect(),
            environment: BTreeMap::new(),
            globals: Vec::new(),
            used_names: Vec::new(),
            steps: Vec::new(),
            protocols: Vec::new(),
            own: environment.own.clone(),
            talks: BTreeMap::new(),
            has_delivers: false,
            counts_tokens: false,
            tools: ToolCalls::default(),
            sources: BTreeMap::new(),
            seed,
            now_ms: environment.now_ms,
            timeout_ns_max: 0,
        }
    }
}

impl Lowering<'_> {
    /// Tools that steps call, with the files in which they stand.
    fn tool_calls(&mut self) -> ToolCalls {
        ToolCalls { files: self.diagnostics.files.clone(), ..std::mem::take(&mut self.tools) }
    }

    /// How every protocol is configured.
    fn protocol_settings(&mut self, environment: &mut Environment<'_>) -> ProtocolSettings {
        ProtocolSettings {
            http: self.http_settings(environment),
            brokers: self.broker_settings(),
            grpc: self.grpc_settings(),
            queries: self.query_settings(),
            tools: self.tool_settings(),
        }
    }

    /// Variables the plan declares, from whoever runs it or with their defaults.
    fn environment(&mut self, given: &Environment<'_>) {
        for (name, default) in self.file.env.iter() {
            match given.variables.get(&name.value).or(default.as_ref()) {
                Some(value) => {
                    self.environment.insert(name.value.clone(), value.clone());
                }
                None => self.diagnostics.error(
                    &name.place,
                    format!("the environment variable `{}` is not set", name.value),
                    format!("set it with `-e {}=VALUE`, or give it a default here", name.value),
                ),
            }
        }
    }

    fn targets(&mut self, environment: &mut Environment<'_>) {
        let named = self.file.targets.iter().map(|(name, url)| (name.value.clone(), url.clone()));
        let main = self.main_target(environment).map(|url| (String::new(), url));
        let all: Vec<_> = main.into_iter().chain(named).collect();
        for (name, written) in &all {
            let Some(text) = self.target_text(written) else { continue };
            if name.is_empty() {
                self.shown_target = without_credentials(&text);
            }
            if let Some(url) = self.target_url(&text, &written.place, environment) {
                self.targets.insert(name.clone(), url);
            }
        }
    }

    /// The target of steps that name none: the plan's, or whoever runs it replaces it.
    fn main_target(&self, environment: &Environment<'_>) -> Option<Placed<String>> {
        let own = self.file.target.clone();
        let Some(value) = environment.target.clone() else { return own };
        let place = own.map_or_else(|| self.file.place.clone(), |own| own.place);
        Some(Placed { value, place })
    }

    /// Targets by the number of instances behind them.
    fn instances(&mut self) -> Vec<(u32, String)> {
        let file = self.file;
        let mut all: Vec<(u32, String)> = Vec::new();
        for (number, url) in file.instances.iter() {
            match number.value.parse().ok().filter(|n| *n > 0) {
                None => self.diagnostics.error(
                    &number.place,
                    format!("`{}` is not a number of instances", number.value),
                    "write a whole number from 1 with the target that has so many behind it, such as `2: http://127.0.0.1:8082`",
                ),
                Some(n) if all.iter().any(|(known, _)| *known == n) => self.diagnostics.error(
                    &number.place,
                    format!("{n} instances stand here twice"),
                    "give every number one target",
                ),
                Some(n) => all.push((n, url.value.clone())),
            }
        }
        all.sort_by_key(|(n, _)| *n);
        all
    }

    /// A target with its variables filled in.
    fn target_text(&mut self, written: &Placed<String>) -> Option<String> {
        let names = self.names(&[]);
        let text = self.template(written, Form::Plain, &names)?.as_fixed().map(str::to_owned);
        if text.is_none() {
            self.diagnostics.error(
                &written.place,
                "a target must be known before the run",
                "use only `env` and `vars` in it",
            );
        }
        text
    }

    /// Where a target is reached; a built-in service is started for it.
    fn target_url(&mut self, text: &str, place: &Place, environment: &mut Environment<'_>) -> Option<String> {
        let Some(service) = text.strip_prefix("demo:") else {
            if steps::Speaks::of(text, &self.own).is_some() {
                return Some(text.trim_end_matches('/').to_owned());
            }
            self.diagnostics.error(
                place,
                format!("`{text}` is not a target Plimsoll can reach"),
                "write a URL such as http://127.0.0.1:8080, nats://127.0.0.1:4222, redis://127.0.0.1:6379 or postgres://127.0.0.1:5432/test, or demo:shop for a built-in service",
            );
            return None;
        };
        let start = environment.start_service.as_mut()?;
        match start(service) {
            Ok(url) => Some(url),
            Err(problem) => {
                self.diagnostics.error(
                    place,
                    problem,
                    "built-in services are listed by `plimsoll target --help`",
                );
                None
            }
        }
    }

    fn promise(&mut self) -> Promise {
        const PROMISES: [(&str, Promise); 3] = [
            ("at_least_once", Promise::AtLeastOnce),
            ("at_most_once", Promise::AtMostOnce),
            ("exactly_once", Promise::ExactlyOnce),
        ];
        let file = self.file;
        let Some(written) = file.delivery.as_ref().and_then(|section| section.promise.as_ref()) else {
            return Promise::default();
        };
        let found = PROMISES.iter().find(|(name, _)| *name == written.value);
        if found.is_none() {
            self.unknown(written, "promise", &PROMISES.map(|(name, _)| name));
        }
        found.map_or(Promise::default(), |(_, promise)| *promise)
    }

    fn scenarios(&mut self) -> (Vec<Scenario>, Vec<Routine>) {
        if self.file.scenarios.0.is_empty() {
            self.diagnostics.error_of_whole(
                &self.file.place,
                &self.file.place,
                "a plan needs at least one scenario",
                "add `scenarios:` with a name and a list of steps below it",
            );
        }
        let mut scenarios = Vec::new();
        let mut routines = Vec::new();
        for (number, (name, items)) in self.file.scenarios.iter().enumerate() {
            if items.is_empty() {
                self.diagnostics.error(
                    &name.place,
                    format!("the scenario `{}` has no steps", name.value),
                    "add one, such as `- get: /`",
                );
            }
            let (routine, first_step) = self.routine(items, number as u16, steps::Purpose::Load);
            scenarios.push(Scenario { name: name.value.clone(), first_step });
            routines.push(routine);
        }
        (scenarios, routines)
    }

    fn solo(&mut self, items: &[super::types::StepItem], publishes: bool) -> Option<Routine> {
        if items.is_empty() {
            return None;
        }
        let purpose = if publishes { steps::Purpose::Setup } else { steps::Purpose::Teardown };
        Some(self.routine(items, 0, purpose).0)
    }

    /// Names for a routine that saves `slots`.
    fn names(&self, slots: &[String]) -> Names {
        Names {
            slots: slots.iter().enumerate().map(|(slot, name)| (name.clone(), slot)).collect(),
            globals: self.globals.iter().cloned().collect(),
            data: self.data.clone(),
            batches: self.batches(),
            constants: self.constants.clone(),
            environment: self.environment.clone(),
            lost: self.diagnostics.lost.clone(),
            used: std::cell::RefCell::default(),
        }
    }

    fn template(&mut self, text: &Placed<String>, form: Form, names: &Names) -> Option<Template> {
        let parsed = Template::parse(&text.value, form, names);
        self.note_template(&text.value, &text.place, parsed, names)
    }

    fn json_template(&mut self, value: &Placed<Value>, names: &Names) -> Option<Template> {
        let parsed = Template::json(&value.value, names);
        self.note_template("", &value.place, parsed, names)
    }

    fn note_template(
        &mut self,
        text: &str,
        place: &Place,
        parsed: Result<Template, TemplateError>,
        names: &Names,
    ) -> Option<Template> {
        self.used_names.extend(names.used.borrow_mut().iter().cloned());
        match parsed {
            Ok(template) => Some(template),
            Err(error) => {
                let written = text.get(error.span.clone()).unwrap_or_default();
                let place = self.within(place, written);
                self.diagnostics.error(&place, error.message, error.hint);
                None
            }
        }
    }

    /// A text that may use `env` and `vars`, and nothing that only a user knows.
    fn known_before_the_run(&mut self, written: &Placed<String>) -> Option<String> {
        let names = self.names(&[]);
        let text = self.template(written, Form::Plain, &names)?.as_fixed().map(str::to_owned);
        if text.is_none() {
            self.diagnostics.error(
                &written.place,
                "this must be known before the run",
                "use only `env` and `vars` in it",
            );
        }
        text
    }

    /// Reads a file that the plan names, relative to the plan's directory. What it holds is part of the plan.
    fn read_file<T: AsRef<[u8]>>(
        &mut self,
        path: &Placed<String>,
        read: impl FnOnce(&Path) -> std::io::Result<T>,
    ) -> Option<T> {
        let full = self.base.join(&path.value);
        match read(&full) {
            Ok(content) => {
                self.read.insert(path.value.clone(), hex(&Sha256::digest(content.as_ref())));
                Some(content)
            }
            Err(error) => {
                let message = format!("failed to read {}: {error}", full.display());
                self.diagnostics.error(&path.place, message, "paths start from the plan's directory");
                None
            }
        }
    }

    /// The place of a part of a scalar, found by its text; the whole scalar if it stands there otherwise.
    fn within(&self, place: &Place, part: &str) -> Place {
        let source = &self.diagnostics.files[place.file].text;
        let found =
            (!part.is_empty()).then(|| source.get(place.span.clone()).and_then(|s| s.find(part))).flatten();
        match found {
            Some(at) => {
                Place { file: place.file, span: place.span.start + at..place.span.start + at + part.len() }
            }
            None => place.clone(),
        }
    }

    fn unknown(&mut self, written: &Placed<String>, what: &str, known: &[&str]) {
        self.diagnostics.unknown(&written.place, what, &written.value, known);
    }
}

/// The plan as it is executed, and its digest. Ports of built-in services are not part of it.
fn effective(
    diagnostics: &Diagnostics,
    environment: &Environment<'_>,
    plan: &Plan,
    read: &BTreeMap<String, String>,
) -> (String, String) {
    let mut text = String::new();
    for file in &diagnostics.files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("# --- {name}\n{}\n", file.text.trim_end()));
    }
    text.push_str(&format!("# --- as executed\n# seed: {}\n", plan.seed));
    let overrides = [
        environment.target.as_ref().map(|target| format!("target: {}", without_credentials(target))),
        environment.users.map(|u| format!("users: {u}")),
        environment.rate.map(|r| format!("rate: {r}/s")),
        environment.duration_ns.map(|d| format!("duration: {}s", d as f64 / 1e9)),
        environment.iterations.map(|i| format!("iterations: {i}")),
        environment.scale.map(|scale| format!("scaled by {scale}")),
    ];
    overrides.into_iter().flatten().for_each(|line| text.push_str(&format!("# {line}\n")));
    read.iter().for_each(|(path, digest)| text.push_str(&format!("# {path}: sha256:{digest}\n")));
    for load in &plan.loads {
        for stage in load.schedule.stages() {
            text.push_str(&format!(
                "# {}: {} {}s {} -> {}\n",
                load.name,
                stage.name,
                stage.duration_ns as f64 / 1e9,
                stage.from,
                stage.to
            ));
        }
    }
    let digest = format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())));
    (text, digest)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
