//! What all users of a run have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use plimsoll_model::{Nanos, Step, StepId, StepKind};

use crate::bytecode::Compiled;
use crate::metrics::{Book, BuiltIn, Kind};
use crate::options::Options;
use crate::secrets::Secrets;
use crate::services::Services;
use crate::sources::Sources;

/// Different steps that a run may have; what is beyond is counted as one.
const STEPS_MAX: usize = 1_000;

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `console.debug`.
    Debug,
    /// `console.log`.
    Info,
    /// `console.warn`, and what goes wrong with a request.
    Warning,
    /// `console.error`, and what a script throws.
    Error,
}

/// Why a run was ended by its script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abort {
    /// `exec.test.abort()`.
    Asked(String),
    /// A threshold with `abortOnFail` failed.
    Threshold(String),
    /// `setup` threw.
    Setup(String),
    /// `teardown` threw.
    Teardown(String),
    /// The script cannot be run: its init code threw where it had not before.
    Broken(String),
}

/// Takes a message.
pub type Say = dyn Fn(Level, &str) + Send + Sync;

/// What a script says to the outside.
pub struct Outside {
    /// Wall clock when the script was read, in milliseconds since 1970.
    pub started_ms: u64,
    /// Takes messages: console output and warnings.
    pub say: Box<Say>,
    /// Ends the run.
    pub stop: Box<dyn Fn(&Abort) + Send + Sync>,
    /// What a script may know and nobody may read.
    pub secrets: Secrets,
    /// Reads descriptions of services, if they can be called by gRPC.
    pub services: Option<Arc<dyn Services>>,
}

/// What all users of a run have in common.
pub(crate) struct Run {
    pub(crate) sources: Sources,
    pub(crate) compiled: Compiled,
    pub(crate) options: Options,
    /// Of everything random.
    pub(crate) seed: u64,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) book: Arc<Book>,
    pub(crate) outside: Outside,
    /// What `setup` returned, as JSON.
    pub(crate) setup_data: OnceLock<String>,
    pub(crate) users_running: AtomicU64,
    pub(crate) iterations_done: AtomicU64,
    pub(crate) iterations_cut: AtomicU64,
    /// `exec.test.fail()` was called.
    pub(crate) marked_failed: std::sync::atomic::AtomicBool,
    aborted: Mutex<Option<Abort>>,
    steps: Mutex<Steps>,
    looked_ns: AtomicU64,
    /// When the next request may be sent, if options say how many a second.
    next_request_ns: AtomicU64,
    warned: Mutex<BTreeSet<String>>,
    pub(crate) shared_arrays: Mutex<SharedArrays>,
}

/// Lists that all users read, as a JSON text for each element.
pub(crate) type SharedArrays = BTreeMap<String, Arc<[Box<str>]>>;

/// Steps that users have come upon.
struct Steps {
    /// Steps that the plan names.
    planned: usize,
    found: Vec<Step>,
    numbers: BTreeMap<(usize, String), StepId>,
}

/// Between two looks at thresholds that may end the run.
const LOOK_NS: Nanos = 2_000_000_000;

impl Run {
    pub(crate) fn new(
        sources: Sources,
        (options, seed): (Options, u64),
        environment: BTreeMap<String, String>,
        book: Arc<Book>,
        outside: Outside,
        steps_planned: usize,
    ) -> Self {
        Self {
            sources,
            compiled: Compiled::default(),
            options,
            seed,
            environment,
            book,
            outside,
            setup_data: OnceLock::new(),
            users_running: AtomicU64::new(0),
            iterations_done: AtomicU64::new(0),
            iterations_cut: AtomicU64::new(0),
            marked_failed: false.into(),
            aborted: Mutex::new(None),
            steps: Mutex::new(Steps { planned: steps_planned, found: Vec::new(), numbers: BTreeMap::new() }),
            looked_ns: AtomicU64::new(0),
            next_request_ns: AtomicU64::new(0),
            warned: Mutex::default(),
            shared_arrays: Mutex::default(),
        }
    }

    /// Wall clock in milliseconds since 1970, at a moment of the run's clock.
    pub(crate) fn wall_ms(&self, at_ns: Nanos) -> f64 {
        (self.outside.started_ms as f64 + at_ns as f64 / 1e6).floor()
    }

    pub(crate) fn say(&self, level: Level, text: &str) {
        if self.outside.secrets.is_empty() {
            (self.outside.say)(level, text);
        } else {
            (self.outside.say)(level, &self.outside.secrets.redacted(text));
        }
    }

    /// Warns the first time only: what is wrong with every request is said once.
    pub(crate) fn warn_once(&self, text: &str) {
        let is_new = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
        if is_new {
            self.say(Level::Warning, text);
        }
    }

    /// Ends the run. The first reason stands.
    pub(crate) fn abort(&self, abort: Abort) {
        let mut first = self.aborted.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            (self.outside.stop)(&abort);
            *first = Some(abort);
        }
    }

    pub(crate) fn aborted(&self) -> Option<Abort> {
        self.aborted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over lists that were made while the script was read for its options.
    pub(crate) fn share_arrays(&self, known: Mutex<SharedArrays>) {
        let known = known.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.shared_arrays.lock().unwrap_or_else(PoisonError::into_inner).extend(known);
    }

    pub(crate) fn shared_array(&self, name: &str) -> Option<Arc<[Box<str>]>> {
        self.shared_arrays.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Shares a list of JSON texts; whoever came first has shared his.
    pub(crate) fn share_array(&self, name: String, elements: Vec<Box<str>>) -> Arc<[Box<str>]> {
        let mut all = self.shared_arrays.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name).or_insert_with(|| elements.into()).clone()
    }

    /// The number of a step, which may be new.
    pub(crate) fn step(
        &self,
        scenario: usize,
        name: &str,
        is_group: bool,
        tags: Vec<(String, String)>,
    ) -> StepId {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if steps.found.len() >= STEPS_MAX { "further names" } else { name };
        let key = (scenario, name.to_owned());
        if let Some(known) = steps.numbers.get(&key) {
            return *known;
        }
        let number = (steps.planned + steps.found.len()) as StepId;
        steps.found.push(Step {
            name: name.to_owned(),
            scenario: scenario as u16,
            kind: if is_group { StepKind::Group } else { StepKind::Operation },
            tags: tags.into_iter().collect(),
        });
        steps.numbers.insert(key, number);
        number
    }

    /// Steps from the `known`-th on, planned ones included.
    pub(crate) fn steps_found(&self, known: usize) -> Vec<Step> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.found.get(known.saturating_sub(steps.planned)..).unwrap_or_default().to_vec()
    }

    /// When a request that is ready now may be sent: `rps` is a limit for all users together.
    pub(crate) fn turn(&self, now_ns: Nanos, rps: u64) -> Nanos {
        let gap_ns = 1_000_000_000 / rps;
        let taken = |next: Nanos| Some(next.max(now_ns) + gap_ns);
        let before = self.next_request_ns.fetch_update(Relaxed, Relaxed, taken);
        before.map_or(now_ns, |next| next.max(now_ns))
    }

    /// Every now and then: counts users, and ends the run if a threshold says so.
    pub(crate) fn look(&self, now_ns: Nanos) {
        {
            let mut totals = self.book.totals();
            totals.add(BuiltIn::Vus as usize, Kind::Gauge, self.users_running.load(Relaxed) as f64);
            totals.add(BuiltIn::VusMax as usize, Kind::Gauge, self.options.users_max() as f64);
        }
        if now_ns < self.looked_ns.load(Relaxed) + LOOK_NS {
            return;
        }
        self.looked_ns.store(now_ns, Relaxed);
        let lost = crate::thresholds::lost(self, now_ns);
        if let Some(lost) = lost {
            self.abort(Abort::Threshold(lost));
        }
    }
}
