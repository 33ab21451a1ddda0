//! A script, read and ready to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use plimsoll_model::http::HttpSettings;
use plimsoll_model::testing::VirtualClock;
use plimsoll_model::{LoadId, Plan, Step, User, WorkerContext, Workload};
use serde_json::{Map, Value};

use crate::lower;
use crate::metrics::{Book, PointFormat, Points, Registry, Store};
use crate::options::{Options, merged};
use crate::run::{Abort, Level, Outside, Run};
use crate::sources::{ScriptError, Sources};
use crate::user::{ScriptUser, vu};
use crate::vu::{Answer, Ask, Thrown};
use crate::world::{Role, world};

/// What a script cannot know by itself.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `__ENV`.
    pub environment: BTreeMap<String, String>,
    /// Options of a configuration file: weaker than the script's own.
    pub config: Map<String, Value>,
    /// Options of `K6_*` variables and flags, the strongest last.
    pub overrides: Vec<Map<String, Value>>,
    /// Files that stand in for remote modules, by address.
    pub modules: BTreeMap<String, PathBuf>,
    /// The seed of everything random.
    pub seed: u64,
    /// Files that every value is written to.
    pub outputs: Vec<(PointFormat, PathBuf)>,
    /// How connections are made, apart from what options say.
    pub http: HttpSettings,
    /// Shortens all scenarios to this share of their durations.
    pub scale: Option<f64>,
}

/// A script, ready to run.
pub struct Script {
    /// What the engine needs.
    pub plan: Plan,
    /// How connections are made.
    pub http: HttpSettings,
    /// The longest timeout of any request, in nanoseconds.
    pub timeout_ns_max: u64,
    /// Script and options as they are executed, for people.
    pub effective: String,
    /// SHA-256 of `effective`.
    pub digest: String,
    pub(crate) run: Arc<Run>,
    functions: Vec<String>,
}

impl Script {
    /// Reads the script at `path`: its init code runs once, for its options.
    pub fn load(path: &Path, settings: Settings, outside: Outside) -> Result<Self, ScriptError> {
        let sources = Sources::open(path, settings.modules)?;
        let registry = Arc::new(Book {
            registry: Mutex::new(Registry::new()),
            subs: Vec::new(),
            totals: Mutex::default(),
            points: Points::default(),
        });
        let (nothing, _) = Options::read(&Map::new()).map_err(|e| wrong(&e))?;
        let first =
            Arc::new(Run::new(sources, (nothing, settings.seed), settings.environment, registry, outside, 0));
        let inspected = alone(&first, Role::Inspect).map_err(|thrown| ScriptError::Broken(thrown.text))?;
        let inspected: Value = serde_json::from_str(&inspected.unwrap_or_default())
            .map_err(|e| ScriptError::Options(format!("the options cannot be read: {e}")))?;
        let own = inspected["options"].as_object().cloned().unwrap_or_default();
        let layers = [settings.config, own].into_iter().chain(settings.overrides);
        let (mut options, warnings) = Options::read(&merged(layers)).map_err(|e| wrong(&e))?;
        options.shorten(settings.scale);
        warnings.iter().for_each(|warning| first.say(Level::Warning, warning));
        let functions = inspected["functions"].as_array().into_iter().flatten();
        let functions: Vec<_> = functions.filter_map(|f| f.as_str().map(str::to_owned)).collect();
        let (subs, mut problems) = crate::thresholds::sub_metrics(&options, &first.book.registry());
        for scenario in options.scenarios.iter().filter(|s| !functions.contains(&s.exec)) {
            problems.push(format!(
                "scenario `{}`: the script exports no function `{}`",
                scenario.name, scenario.exec
            ));
        }
        if !problems.is_empty() {
            return Err(ScriptError::Options(problems.join("\n")));
        }
        let name = path.file_stem().map_or_else(|| "script".to_owned(), |s| s.to_string_lossy().into_owned());
        let plan = lower::plan(&name, settings.seed, &options);
        let http = lower::http(settings.http, &options);
        let first = Arc::into_inner(first).expect("nobody else holds it after the script was read");
        let effective = lower::effective(&first.sources, &options);
        let book = Arc::new(Book {
            registry: Mutex::new(first.book.registry().clone()),
            subs,
            totals: Mutex::default(),
            points: Points::create(&settings.outputs, first.outside.started_ms)
                .map_err(ScriptError::Options)?
                .with_thresholds(&options.thresholds),
        });
        let run = Run::new(
            first.sources,
            (options, settings.seed),
            first.environment,
            book,
            first.outside,
            plan.steps.len(),
        );
        run.share_arrays(first.shared_arrays);
        Ok(Self {
            plan,
            http,
            timeout_ns_max: 60_000_000_000,
            digest: lower::digest(&effective),
            effective,
            run: Arc::new(run),
            functions,
        })
    }

    /// What its users do.
    pub fn workload(&self) -> Arc<dyn Workload> {
        Arc::new(ScriptWorkload { run: self.run.clone(), functions: self.functions.clone() })
    }

    /// Whether its `setup` threw, so that there was nothing to run.
    pub fn has_failed_in_setup(&self) -> bool {
        matches!(self.run.aborted(), Some(Abort::Setup(_)))
    }

    /// Whether it exports such a function.
    pub(crate) fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|f| f == function)
    }
}

fn wrong(problems: &crate::options::WrongOptions) -> ScriptError {
    ScriptError::Options(problems.0.join("\n"))
}

/// Lets a world do its one thing without a load, and without anything to send with.
pub(crate) fn alone(run: &Arc<Run>, role: Role) -> Result<Option<String>, Thrown> {
    let clock = Rc::new(VirtualClock::new());
    let store = Store::new(run.book.clone(), clock.clone());
    let vu = Rc::new(vu(run, clock, (Rc::new(store), Rc::default()), 0));
    let thrown = |text: &str| Thrown { text: text.to_owned(), is_interrupt: false };
    let mut world = world(role, vu).map_err(|e| thrown(&e.to_string()))?;
    let mut answer = Answer::Go;
    loop {
        match world.resume(answer) {
            Some(Ask::Finished(result)) => {
                let _ended = world.resume(Answer::Go);
                return result;
            }
            Some(Ask::Sleep(_)) => answer = Answer::Go,
            Some(_) => answer = Answer::Cancel,
            None => return Err(thrown("requests cannot be made here")),
        }
    }
}

struct ScriptWorkload {
    run: Arc<Run>,
    functions: Vec<String>,
}

impl ScriptWorkload {
    fn solo(
        &self,
        context: &WorkerContext,
        function: &str,
        is_off: bool,
        role: Role,
    ) -> Option<Box<dyn User>> {
        let is_there = self.functions.iter().any(|f| f == function);
        (is_there && !is_off).then(|| Box::new(ScriptUser::new(&self.run, context, role)) as Box<dyn User>)
    }
}

impl Workload for ScriptWorkload {
    fn user(&self, context: &WorkerContext, _number: u64) -> Box<dyn User> {
        Box::new(ScriptUser::new(&self.run, context, Role::Load))
    }

    fn setup(&self, context: &WorkerContext) -> Option<Box<dyn User>> {
        self.solo(context, "setup", self.run.options.no_setup, Role::Setup)
    }

    fn teardown(&self, context: &WorkerContext) -> Option<Box<dyn User>> {
        self.solo(context, "teardown", self.run.options.no_teardown, Role::Teardown)
    }

    fn users_ready(&self, load: LoadId) -> u64 {
        self.run.options.scenarios.get(usize::from(load)).map_or(0, |s| s.executor.users_before())
    }

    fn steps_found(&self, known: usize) -> Vec<Step> {
        self.run.steps_found(known)
    }
}

impl Run {
    /// `setup` or `teardown` threw: without a setup there is nothing to run.
    pub(crate) fn failed_at(&self, is_setup: bool, thrown: &Thrown) {
        self.say(Level::Error, &thrown.text);
        self.abort(if is_setup {
            Abort::Setup(thrown.text.clone())
        } else {
            Abort::Teardown(thrown.text.clone())
        });
    }
}

/// Options that environment variables set: `K6_VUS`, `K6_DURATION`, ...
pub fn of_variables<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in variables {
        let Some(option) = name.strip_prefix("K6_") else { continue };
        match option {
            "STAGES" => {
                let stages = value.split(',').filter_map(|stage| stage.split_once(':'));
                let stages =
                    stages.map(|(time, users)| serde_json::json!({ "duration": time, "target": users }));
                all.insert("stages".to_owned(), stages.collect());
            }
            "TAGS" => {
                let tags = value.split(',').filter_map(|tag| tag.split_once('='));
                let tags: Map<String, Value> = tags.map(|(k, v)| (k.to_owned(), Value::from(v))).collect();
                all.insert("tags".to_owned(), tags.into());
            }
            _ => {
                if let Some((_, key)) = VARIABLES.iter().find(|(variable, _)| *variable == option) {
                    all.insert((*key).to_owned(), Value::from(value));
                }
            }
        }
    }
    all
}

/// Variables and the options that they set.
const VARIABLES: [(&str, &str); 32] = [
    ("VUS", "vus"),
    ("DURATION", "duration"),
    ("ITERATIONS", "iterations"),
    ("SETUP_TIMEOUT", "setupTimeout"),
    ("TEARDOWN_TIMEOUT", "teardownTimeout"),
    ("NO_SETUP", "noSetup"),
    ("NO_TEARDOWN", "noTeardown"),
    ("MAX_REDIRECTS", "maxRedirects"),
    ("USER_AGENT", "userAgent"),
    ("INSECURE_SKIP_TLS_VERIFY", "insecureSkipTLSVerify"),
    ("DISCARD_RESPONSE_BODIES", "discardResponseBodies"),
    ("THROW", "throw"),
    ("NO_CONNECTION_REUSE", "noConnectionReuse"),
    ("MIN_ITERATION_DURATION", "minIterationDuration"),
    ("SUMMARY_TREND_STATS", "summaryTrendStats"),
    ("SUMMARY_TIME_UNIT", "summaryTimeUnit"),
    ("BATCH", "batch"),
    ("BATCH_PER_HOST", "batchPerHost"),
    ("RPS", "rps"),
    ("NO_COOKIES_RESET", "noCookiesReset"),
    ("NO_VU_CONNECTION_REUSE", "noVUConnectionReuse"),
    ("HTTP_DEBUG", "httpDebug"),
    ("BLACKLIST_IPS", "blacklistIPs"),
    ("BLOCK_HOSTNAMES", "blockHostnames"),
    ("SYSTEM_TAGS", "systemTags"),
    ("DNS", "dns"),
    ("LOCAL_IPS", "localIPs"),
    ("CONSOLE_OUTPUT", "consoleOutput"),
    ("PAUSED", "paused"),
    ("LINGER", "linger"),
    ("EXECUTION_SEGMENT", "executionSegment"),
    ("EXECUTION_SEGMENT_SEQUENCE", "executionSegmentSequence"),
];
