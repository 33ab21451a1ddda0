//! One user as its script's functions see it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::conversation::{Listener, Message, Opened};
use plimsoll_model::dial::{TlsSpoken, TlsVersion};
use plimsoll_model::http::{HttpRequest, Keep};
use plimsoll_model::{Clock, Failure, Nanos, Operation, Outcome, Reply, StepId};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::coroutine::Asker;
use crate::flow::{Common, Expected, Flow, Jar};
use crate::metrics::{Kind, MetricId, Store, Tagged, Tags};
use crate::options::Scenario;
use crate::run::Run;

/// What a script asks of whoever drives it. Everything else it does by itself.
#[derive(Debug)]
pub(crate) enum Ask {
    /// The script has been read, or an iteration is over: what next?
    Idle(Ended),
    /// Send this and tell what came of it.
    Perform(Box<Flow>),
    /// Send all of these, as many at once as options allow, and tell what came of them.
    PerformAll(Vec<Flow>),
    /// Send this meanwhile: what came of it is an event, under this number.
    Start(Token, Box<Flow>),
    /// Begin a conversation: what came of it, and all that is heard, are events under this number.
    Dial(Token, Box<Dial>),
    /// Make this call and tell what came of it.
    Call(Call),
    /// Make this call meanwhile: what came of it is an event, under this number.
    StartCall(Token, Call),
    /// Begin a conversation in which nobody speaks, and hold it until it is forgotten: a connection.
    Hold(Token, Box<Dial>),
    /// Say this in a conversation.
    Say(Token, Message),
    /// Nobody listens to a conversation any more.
    Forget(Token),
    /// The next event, or nothing once this moment has come.
    Await(Option<Nanos>),
    /// Go on so many nanoseconds later.
    Sleep(Nanos),
    /// A role that has one thing to do has done it.
    Finished(Result<Option<String>, Thrown>),
}

/// Number of something that goes on beside the script.
pub(crate) type Token = u32;

/// Something that went on beside the script has come to something.
pub(crate) enum Event {
    /// A request was answered.
    Replied(Token, Box<Flow>),
    /// A call has come to something.
    Called(Token, Rc<Seen>),
    /// A conversation has begun, or not.
    Opened(Token, Box<Opened>),
    /// The other side has said something; with nothing, the conversation is over.
    Heard(Token, Option<Result<Message, Failure>>, Box<dyn Listener>),
}

/// A conversation that is to begin.
#[derive(Debug)]
pub(crate) struct Dial {
    pub(crate) step: StepId,
    pub(crate) request: HttpRequest,
}

/// An operation of a step.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) step: StepId,
    pub(crate) operation: Arc<Operation>,
}

/// How an iteration ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub(crate) thrown: Option<Thrown>,
    /// When.
    pub(crate) at_ns: Nanos,
}

/// What was thrown and not caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thrown {
    /// Message and stack, as a person should see them.
    pub(crate) text: String,
    /// The script did not throw: it was made to end.
    pub(crate) is_interrupt: bool,
}

/// What the script is told.
pub(crate) enum Answer {
    Go,
    Iterate(Pass),
    Flow(Box<Flow>),
    Flows(Vec<Flow>),
    Event(Event),
    /// What came of a call.
    Seen(Rc<Seen>),
    /// Something was said, or held, in a conversation, or why not.
    Said(Option<String>),
    /// The user's time is over: end whatever it is.
    Cancel,
}

/// One iteration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub(crate) scenario: usize,
    /// Number among the scenario's iterations.
    pub(crate) number: u64,
}

/// What came of an operation.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) reply: Reply,
    pub(crate) status: u16,
    pub(crate) headers: Rc<[(String, String)]>,
    pub(crate) body: Vec<u8>,
    /// Fields behind the body.
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) tls: Option<TlsSpoken>,
    /// What the script has made of it so far.
    pub(crate) judged: RefCell<Judged>,
}

impl Seen {
    /// The version of TLS as k6 writes it; empty without.
    pub(crate) fn tls_version(&self) -> &'static str {
        match self.tls.map(|tls| tls.version) {
            Some(TlsVersion::V12) => "tls1.2",
            Some(TlsVersion::V13) => "tls1.3",
            None => "",
        }
    }
}

/// What a script makes of a response.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// A check has looked at it.
    pub(crate) looked: bool,
    /// The first check that did not hold.
    pub(crate) failed_check: Option<String>,
    /// A status that is no success.
    pub(crate) unexpected: Option<u16>,
}

/// A group that has ended.
pub(crate) struct GroupEnded {
    pub(crate) step: StepId,
    pub(crate) begun_ns: Nanos,
    pub(crate) outcome: Outcome,
}

/// Where in its life a script is: some functions are only there in some parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Init,
    Setup,
    Load,
    Teardown,
    Summary,
}

/// One user.
pub(crate) struct Vu {
    pub(crate) run: Arc<Run>,
    pub(crate) asker: Asker<Ask, Answer>,
    pub(crate) clock: Rc<dyn Clock>,
    pub(crate) store: Rc<Store>,
    /// From 1; 0 outside the load.
    pub(crate) id: u64,
    pub(crate) stage: Cell<Stage>,
    pub(crate) scenario: Cell<usize>,
    /// Iterations this user has begun, before the present one.
    pub(crate) iteration: Cell<u64>,
    /// Number of the present iteration among its scenario's.
    pub(crate) in_scenario: Cell<u64>,
    pub(crate) cancelled: Cell<bool>,
    /// The path of the present group, `::outer::inner`.
    pub(crate) group: RefCell<String>,
    /// What every sample of this user is tagged with.
    pub(crate) tags: RefCell<Tags>,
    /// Kinds of the script's own metrics, by number: looked up at every value, and never shared between threads.
    pub(crate) kinds: RefCell<Vec<(MetricId, Kind)>>,
    /// Chance, from the run's seed and the user's number.
    pub(crate) random: RefCell<Xoshiro256PlusPlus>,
    /// Whether the script's `Math.random` is no longer the engine's.
    pub(crate) has_chance: Cell<bool>,
    /// Timers that have not run out.
    pub(crate) timers: Cell<u32>,
    pub(crate) groups_ended: RefCell<Vec<GroupEnded>>,
    /// Requests and sockets that go on beside the script.
    pub(crate) outstanding: Cell<u32>,
    pub(crate) tokens: Cell<Token>,
    /// Cookies, unless a request brings its own jar.
    pub(crate) jar: RefCell<Jar>,
    /// Operations that were sent as they are: their encoded form is worth keeping.
    pub(crate) fixed: RefCell<Vec<Arc<Operation>>>,
    /// Those of all users of the thread.
    pub(crate) common: Rc<Common>,
    /// Which statuses count as successes, unless a request says otherwise.
    pub(crate) expected: RefCell<Expected>,
    /// Numbers of steps by scenario, group, method and name, as far as this user has met them.
    pub(crate) steps: RefCell<Vec<KnownStep>>,
    /// After which moment a script that does not end is made to.
    pub(crate) deadline_ns: Cell<Nanos>,
}

/// Tags of a sample made now: the user's, its scenario and its group.
impl Tagged for Vu {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(own) = self.tags.borrow().get(name) {
            return Some(Cow::Owned(own.to_owned()));
        }
        match name {
            "scenario" if self.tags_with(name) => self.scenario().map(|s| Cow::Borrowed(s.name.as_str())),
            "group" if self.tags_with(name) => Some(Cow::Owned(self.group.borrow().clone())),
            _ => self.scenario()?.tags.get(name).map(|v| Cow::Borrowed(v.as_str())),
        }
    }

    fn each(&self, put: &mut dyn FnMut(&str, &str)) {
        self.tags.borrow().each(put);
        for name in ["group", "scenario"] {
            if let Some(value) = self.tag(name) {
                put(name, &value);
            }
        }
        for (name, number) in [("vu", self.id), ("iter", self.iteration.get())] {
            if self.tags_with(name) {
                put(name, &number.to_string());
            }
        }
        if let Some(scenario) = self.scenario() {
            scenario.tags.iter().for_each(|(name, value)| put(name, value));
        }
    }
}

impl Vu {
    /// Whether samples are given a tag that options may leave out.
    pub(crate) fn tags_with(&self, name: &str) -> bool {
        self.run.options.tags_with(name)
    }

    pub(crate) fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// The scenario of the present iteration; `None` outside the load.
    pub(crate) fn scenario(&self) -> Option<&Scenario> {
        self.run.options.scenarios.get(self.scenario.get()).filter(|_| self.stage.get() == Stage::Load)
    }

    /// Suspends the script. An error if its time is over: it must end without another word.
    pub(crate) fn ask(&self, question: Ask) -> Result<Answer, TimeIsUp> {
        if self.cancelled.get() {
            return Err(TimeIsUp);
        }
        let answer = self.asker.ask(question);
        if matches!(answer, Answer::Cancel) {
            self.cancelled.set(true);
            return Err(TimeIsUp);
        }
        Ok(answer)
    }

    /// The number of the step that a group stands for in the present scenario.
    pub(crate) fn group_step(&self, path: &str) -> StepId {
        self.step(path, "", "", || (path.replace("::", " / "), Vec::new()))
    }

    /// The number of the step that requests of a name stand for, in the present scenario and group.
    pub(crate) fn request_step(&self, group: &str, method: &str, name: &str) -> StepId {
        self.step(group, method, name, || {
            let head =
                if group.is_empty() { String::new() } else { format!("{} / ", group.replace("::", " / ")) };
            let tags = [("method", method), ("name", name), ("group", group)];
            let tags =
                tags.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v.to_owned()));
            (format!("{head}{method} {name}"), tags.collect())
        })
    }

    fn step(
        &self,
        group: &str,
        method: &str,
        name: &str,
        describe: impl FnOnce() -> (String, Vec<(String, String)>),
    ) -> StepId {
        if self.stage.get() != Stage::Load {
            return 0;
        }
        let scenario = self.scenario.get();
        let same = |s: &&KnownStep| {
            s.name == name && s.method == method && s.group == group && s.scenario == scenario
        };
        if let Some(known) = self.steps.borrow().iter().find(same) {
            return known.number;
        }
        let (full, tags) = describe();
        let number = self.run.step(scenario, &full, method.is_empty(), tags);
        let known = KnownStep {
            scenario,
            group: group.to_owned(),
            method: method.to_owned(),
            name: name.to_owned(),
            number,
        };
        let mut steps = self.steps.borrow_mut();
        if steps.len() < STEPS_KEPT {
            steps.push(known);
        }
        number
    }

    /// The operation of a request that was sent as it is before, of whose response as much was kept.
    pub(crate) fn sent(&self, method: &str, url: &str, keep: Keep) -> Option<Arc<Operation>> {
        let fixed = self.fixed.borrow();
        fixed.iter().find(|known| request_of(known, method, url).is_some_and(|r| r.keep == keep)).cloned()
    }

    /// The present group, as steps are named by it.
    pub(crate) fn group_path(&self) -> String {
        path_of(&self.group.borrow()).to_owned()
    }

    /// Something beside the script is over.
    pub(crate) fn ended(&self) {
        self.outstanding.set(self.outstanding.get().saturating_sub(1));
    }

    /// The number of something that begins beside the script.
    pub(crate) fn begin(&self) -> Token {
        self.outstanding.set(self.outstanding.get() + 1);
        self.tokens.set(self.tokens.get() + 1);
        self.tokens.get()
    }
}

/// The request of an operation, if it is of that method and address.
fn request_of<'o>(operation: &'o Operation, method: &str, url: &str) -> Option<&'o HttpRequest> {
    match operation {
        Operation::Http(request) => (request.method == method && request.url == url).then_some(request),
        _ => None,
    }
}

/// A group, `::outer::inner`, without what stands before its path.
pub(crate) fn path_of(group: &str) -> &str {
    group.strip_prefix("::").unwrap_or(group)
}

/// Steps that a user remembers the numbers of: a script with more has names that never come again.
const STEPS_KEPT: usize = 64;

/// A step that a user has met.
pub(crate) struct KnownStep {
    scenario: usize,
    group: String,
    method: String,
    name: String,
    number: StepId,
}

/// The user's time is over.
#[derive(Debug)]
pub(crate) struct TimeIsUp;
