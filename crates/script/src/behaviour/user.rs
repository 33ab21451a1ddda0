//! A user: goes through its routine, iteration after iteration.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

use futures::future::LocalBoxFuture;
use plimsoll_model::delivery::Written;
use plimsoll_model::workload::{Sequence, give_way};
use plimsoll_model::{
    Begun, Clock, Host, Iteration, Nanos, Observation, Operation, Outcome, PartUnit, Reading, Reply,
    ResponseView, Session, User, WorkerContext,
};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

use super::data::Row;
use super::expect::{LazyJson, Unexpected};
use super::ledger::{Part, identity};
use super::program::{Call, Delivered, Node, Reads, Save, SaveSource};
use super::template::{Missing, Scope};
use super::{Behaviour, Routine};

/// Which routine a user goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Load,
    Setup,
    Teardown,
}

/// How long to wait before looking again whether everything is there, in nanoseconds.
const LOOK_AGAIN_NS: Nanos = 200_000_000;

/// The rest of the iteration makes no sense any more.
struct Cut;

/// One simulated client.
pub(super) struct ScriptUser {
    behaviour: Arc<Behaviour>,
    role: Role,
    /// One for each of the behaviour's protocols.
    sessions: Vec<Box<dyn Session>>,
    clock: Rc<dyn Clock>,
    sequences: Vec<Sequence>,
    /// Made when something is written.
    ledger_part: Option<Arc<Part>>,
    state: State,
}

/// What changes from iteration to iteration.
struct State {
    slots: Vec<Option<Value>>,
    rows: Vec<Drawn>,
    random: Xoshiro256PlusPlus,
    seed: u64,
    iteration: u64,
    user: u64,
}

/// This iteration's row of a data set.
#[derive(Clone, Default)]
enum Drawn {
    #[default]
    NotYet,
    Row(Arc<Row>),
    UsedUp,
}

impl Drawn {
    fn row(&self) -> Option<Arc<Row>> {
        if let Self::Row(row) = self { Some(row.clone()) } else { None }
    }
}

impl ScriptUser {
    pub(super) fn new(behaviour: Arc<Behaviour>, context: &WorkerContext, number: u64, role: Role) -> Self {
        let sequences = behaviour.data.iter().map(|set| context.sequence(&set.name)).collect();
        let state = State {
            slots: Vec::new(),
            rows: vec![Drawn::NotYet; behaviour.data.len()],
            random: Xoshiro256PlusPlus::seed_from_u64(
                context.seed ^ number.wrapping_mul(0xa076_1d64_78bd_642f),
            ),
            seed: context.seed,
            iteration: 0,
            user: number,
        };
        Self {
            sessions: behaviour.protocols.iter().map(|name| context.session(name)).collect(),
            behaviour,
            role,
            clock: context.clock.clone(),
            sequences,
            ledger_part: None,
            state,
        }
    }

    async fn go(mut self: Box<Self>, mut host: Box<dyn Host + '_>) {
        let behaviour = self.behaviour.clone();
        while let Some(iteration) = poll_fn(|cx| host.poll_iteration(cx)).await {
            let routine = match self.role {
                Role::Load => &behaviour.scenarios[usize::from(iteration.scenario)],
                Role::Setup => behaviour.setup.as_ref().expect("a setup user has a setup routine"),
                Role::Teardown => {
                    behaviour.teardown.as_ref().expect("a teardown user has a teardown routine")
                }
            };
            self.begin(iteration, routine);
            let complete = self.perform(&routine.nodes, host.as_mut()).await.is_ok();
            self.publish(routine);
            host.end_iteration(complete);
        }
    }

    fn begin(&mut self, iteration: Iteration, routine: &Routine) {
        self.sessions.iter_mut().for_each(|session| session.begin_iteration());
        self.state.iteration = iteration.number;
        self.state.slots.clear();
        self.state.slots.resize(routine.slots, None);
        self.state.rows.fill(Drawn::NotYet);
    }

    /// What setup saved is there for all users.
    fn publish(&self, routine: &Routine) {
        for (name, slot) in &routine.publish {
            if let Some(value) = &self.state.slots[*slot] {
                let mut globals = self.behaviour.globals.write().unwrap_or_else(PoisonError::into_inner);
                globals.insert(name.clone(), value.clone());
            }
        }
    }

    /// Runs `with` with everything that templates may name.
    fn scoped<T>(&mut self, with: impl FnOnce(&mut Scope<'_>, &[Box<dyn Session>]) -> T) -> T {
        let wall_ns = self.behaviour.wall_start_ns.get().copied().unwrap_or(0) + self.clock.now();
        let Self { behaviour, sequences, state, sessions, .. } = self;
        let State { slots, rows, random, seed, iteration, user } = state;
        // A data set gives one row an iteration, drawn when it is first asked for.
        let mut row = |set: usize| {
            if let Drawn::NotYet = rows[set] {
                rows[set] = behaviour.data[set]
                    .row(&sequences[set], *seed, *user, *iteration)
                    .map_or(Drawn::UsedUp, Drawn::Row);
            }
            rows[set].row()
        };
        let mut scope = Scope {
            slots,
            globals: &behaviour.globals,
            rows: &mut row,
            iteration: *iteration,
            user: *user,
            random,
            wall_ns,
        };
        with(&mut scope, sessions)
    }

    async fn perform(&mut self, nodes: &[Node], host: &mut dyn Host) -> Result<(), Cut> {
        for node in nodes {
            match node {
                Node::Call(call) => self.call(call, host).await?,
                // Everything else may nest, so its future lives on the heap; plain calls do not pay for that.
                nested => Box::pin(self.nested(nested, host)).await?,
            }
        }
        Ok(())
    }

    async fn nested(&mut self, node: &Node, host: &mut dyn Host) -> Result<(), Cut> {
        match node {
            Node::Call(call) => self.call(call, host).await,
            Node::Group(step, nodes) => {
                let begun = self.clock.now();
                let done = self.perform(nodes, host).await;
                host.group(*step, begun, if done.is_ok() { Outcome::Ok } else { Outcome::AppError });
                done
            }
            Node::If(condition, then, otherwise) => {
                // What was never saved is not true.
                let holds = self.scoped(|scope, _| condition.holds(scope)).unwrap_or(false);
                self.perform(if holds { then } else { otherwise }, host).await
            }
            Node::OneOf(branches) => {
                let total: f64 = branches.iter().map(|(weight, _)| weight).sum();
                let mut point = self.state.random.random_range(0.0..total);
                let chosen = branches.iter().find(|(weight, _)| {
                    point -= weight;
                    point < 0.0
                });
                match chosen {
                    Some((_, nodes)) => self.perform(nodes, host).await,
                    None => Ok(()),
                }
            }
            Node::Repeat(times, nodes) => {
                for _ in 0..*times {
                    self.perform(nodes, host).await?;
                }
                Ok(())
            }
            Node::Set(slot, template) => {
                let text = self.scoped(|scope, _| template.render(scope)).map_err(|_missing| Cut)?;
                self.state.slots[*slot] = Some(serde_json::from_str(&text).unwrap_or(Value::String(text)));
                Ok(())
            }
            Node::Think(least, most) => {
                let nanos =
                    if least == most { *least } else { self.state.random.random_range(*least..=*most) };
                host.pause_begins();
                self.clock.sleep_until(self.clock.now() + nanos).await;
                host.pause_ends();
                Ok(())
            }
        }
    }

    async fn call(&mut self, call: &Call, host: &mut dyn Host) -> Result<(), Cut> {
        let Some(Delivered { patience_ns: Some(patience_ns), .. }) = &call.delivered else {
            return self.call_once(call, host).await;
        };
        // What was accepted may take its time until it is there.
        let until_ns = self.clock.now() + patience_ns;
        loop {
            self.call_once(call, host).await?;
            let read = self.behaviour.ledger.deliveries().and_then(|all| all.read);
            let is_all_there = read.is_some_and(|read| read.lost == 0);
            if is_all_there || self.clock.now() >= until_ns {
                return Ok(());
            }
            self.clock.sleep_until(self.clock.now() + LOOK_AGAIN_NS).await;
        }
    }

    async fn call_once(&mut self, call: &Call, host: &mut dyn Host) -> Result<(), Cut> {
        let rendered;
        let operation = match &call.fixed {
            Some(fixed) => fixed,
            None => match self.scoped(|scope, _| call.request.render(scope)) {
                Ok(operation) => {
                    rendered = Arc::new(operation);
                    &rendered
                }
                Err(missing) => return self.give_up(call, host, &missing),
            },
        };
        let write = match &call.delivers {
            None => None,
            Some(template) => match self.scoped(|scope, _| template.render(scope)) {
                Ok(id) => Some(self.ledger_part().begin(identity(&id))),
                Err(missing) => return self.give_up(call, host, &missing),
            },
        };
        let begun = host.begin(call.step);
        let reply = self.sessions[call.protocol].perform(operation).await;
        if reply.sent_ns.is_none() {
            // It failed without waiting for anything; others are to have their turn before the next attempt.
            give_way().await;
        }
        let outcome = self.finish((call, operation), begun, &reply, host);
        if let Some(write) = write {
            self.ledger_part().end(write, written(outcome, &reply));
        }
        if call.delivered.is_some() && matches!(outcome, Outcome::Ok | Outcome::Rejected) {
            self.behaviour.ledger.looked();
        }
        if outcome == Outcome::Ok {
            if let Some(delivered) = &call.delivered {
                self.found(call, delivered);
            }
            if !call.saves.is_empty() {
                self.save(call);
            }
        }
        Ok(())
    }

    /// Judges a reply and records what became of its operation.
    fn finish(
        &mut self,
        (call, sent): (&Call, &Operation),
        begun: Begun,
        reply: &Reply,
        host: &mut dyn Host,
    ) -> Outcome {
        let (outcome, checked, unexpected) = match reply.outcome {
            Outcome::Ok => self.judge(call, sent),
            failed => (failed, false, None),
        };
        let failure = unexpected.as_ref().map(|u| (u.class.as_str(), u.message.as_str()));
        host.finish(&Observation { begun, outcome, reply, failure, checked });
        parts(call, begun, (outcome, reply.done_ns), self.sessions[call.protocol].parts(), host);
        outcome
    }

    /// This load thread's part of the ledger.
    fn ledger_part(&mut self) -> &Part {
        self.ledger_part.get_or_insert_with(|| self.behaviour.ledger.part())
    }

    /// What was written is there.
    fn found(&mut self, call: &Call, delivered: &Delivered) {
        let view = self.sessions[call.protocol].response();
        let mut json = LazyJson::default();
        let Some(body) = json.of(&view) else { return };
        let id = |value: &Value| match value {
            Value::String(text) => identity(text),
            other => identity(&other.to_string()),
        };
        let ids: Vec<u64> = delivered.path.query(body).iter().map(|value| id(value)).collect();
        match (delivered.reads, delivered.patience_ns) {
            (Reads::Shared, _) => self.ledger_part().take(ids),
            (Reads::Copies, _) => {
                let user = self.state.user;
                self.ledger_part().copied_to(user, ids);
            }
            (Reads::All, Some(_)) => self.behaviour.ledger.found_by(call.step, ids),
            (Reads::All, None) => self.behaviour.ledger.found(ids),
        }
    }

    /// A step that cannot be rendered was due all the same: it counts as cancelled, with the reason.
    fn give_up(&self, call: &Call, host: &mut dyn Host, missing: &Missing) -> Result<(), Cut> {
        let begun = host.begin(call.step);
        let reply = Reply { outcome: Outcome::Cancelled, done_ns: self.clock.now(), ..Reply::new() };
        host.finish(&Observation {
            begun,
            outcome: Outcome::Cancelled,
            reply: &reply,
            failure: Some(("no value", &missing.0)),
            checked: false,
        });
        parts(call, begun, (Outcome::Cancelled, reply.done_ns), &[], host);
        Err(Cut)
    }

    /// Outcome, whether anything beyond the status was looked at, and what was wrong.
    fn judge(&mut self, call: &Call, sent: &Operation) -> (Outcome, bool, Option<Unexpected>) {
        // The plain case touches no scope: nothing but the status is of interest.
        if !call.expect.looks_beyond_status() && call.when_invalid.is_none() {
            let view = ResponseView { headers: &[], ..self.sessions[call.protocol].response() };
            let judged = self.status_only(call, sent, view.status);
            let outcome = if judged.is_none() { Outcome::Ok } else { Outcome::AppError };
            return (outcome, call.expect.is_checked(), judged);
        }
        let broken = call.data_sets.iter().find_map(|set| self.state.rows[*set].row()?.invalid.clone());
        let refusal = call.when_invalid.as_ref().zip(broken);
        self.scoped(|scope, sessions| {
            let view = sessions[call.protocol].response();
            let mut json = LazyJson::default();
            match refusal {
                None => match call.expect.judge(sent, &view, &mut json, scope) {
                    Ok(()) => (Outcome::Ok, call.expect.is_checked(), None),
                    Err(unexpected) => (Outcome::AppError, true, Some(unexpected)),
                },
                Some((expect, kind)) => match expect.judge(sent, &view, &mut json, scope) {
                    Ok(()) => (Outcome::Rejected, true, None),
                    Err(Unexpected { message, .. }) => {
                        let class = format!("invalid {kind} not refused");
                        (
                            Outcome::AppError,
                            true,
                            Some(Unexpected {
                                class,
                                message: format!("data broken by {kind} was to be refused, but: {message}"),
                            }),
                        )
                    }
                },
            }
        })
    }

    fn status_only(&mut self, call: &Call, sent: &Operation, status: u16) -> Option<Unexpected> {
        if call.expect.status.holds(status) {
            return None;
        }
        self.scoped(|scope, sessions| {
            let view = sessions[call.protocol].response();
            call.expect.judge(sent, &view, &mut LazyJson::default(), scope).err()
        })
    }

    fn save(&mut self, call: &Call) {
        let view = self.sessions[call.protocol].response();
        let mut json = LazyJson::default();
        for save in &call.saves {
            self.state.slots[save.slot] = extract(save, &view, &mut json);
        }
    }
}

/// What became of a write. What was never sent, was refused as the plan expected, or by an answer that says so, is certainly
/// not there; of all else that is no success nobody knows: a server that failed may have kept it.
fn written(outcome: Outcome, reply: &Reply) -> Written {
    const REQUEST_TIMEOUT: u16 = 408;
    // Protocols without a status refuse in their own words; what only the plan's expectations did not like is no refusal.
    let says_no = match reply.status {
        0 => reply.outcome == Outcome::AppError,
        status => (400..500).contains(&status) && status != REQUEST_TIMEOUT,
    };
    match outcome {
        Outcome::Ok => Written::Acknowledged,
        Outcome::Rejected => Written::Refused,
        Outcome::AppError if says_no => Written::Refused,
        _ if reply.sent_ns.is_none() => Written::Refused,
        _ => Written::Unknown,
    }
}

/// Records what an operation measured besides. A time that every operation has, and that one which failed has not, is at
/// least as long as the operation took.
fn parts(
    call: &Call,
    begun: Begun,
    (outcome, done_ns): (Outcome, Nanos),
    readings: &[Reading],
    host: &mut dyn Host,
) {
    let took_ns = done_ns.saturating_sub(begun.due_ns);
    if let Some(good) = call.good.as_ref().filter(|_| outcome == Outcome::Ok)
        && good.holds(begun, took_ns, readings)
    {
        host.part(good.step, begun, outcome, 1);
    }
    if call.parts.is_empty() {
        return;
    }
    for reading in readings {
        if let Some((_, step)) = call.parts.get(usize::from(reading.part)) {
            host.part(*step, begun, outcome, reading.recorded(begun));
        }
    }
    if outcome.is_failure() {
        let was_read = |part: usize| readings.iter().any(|reading| usize::from(reading.part) == part);
        let is_missing = |at: usize, unit: PartUnit| unit == PartUnit::Time && !was_read(at);
        for (_, (_, step)) in call.parts.iter().enumerate().filter(|(at, (unit, _))| is_missing(*at, *unit)) {
            host.part(*step, begun, outcome, took_ns);
        }
    }
}

fn extract(save: &Save, view: &ResponseView<'_>, json: &mut LazyJson) -> Option<Value> {
    match &save.source {
        SaveSource::Body => Some(Value::String(String::from_utf8_lossy(view.body).into_owned())),
        SaveSource::Header(name) => view.header(name).map(|v| Value::String(v.to_owned())),
        SaveSource::Json(path) => path.query(json.of(view)?).first().cloned(),
        SaveSource::Regex(pattern) => {
            let body = String::from_utf8_lossy(view.body);
            let found = pattern.captures(&body)?;
            Some(Value::String(found.get(1).or(found.get(0))?.as_str().to_owned()))
        }
        SaveSource::Status => Some(Value::from(view.status)),
    }
}

impl User for ScriptUser {
    fn live<'a>(self: Box<Self>, host: Box<dyn Host + 'a>) -> LocalBoxFuture<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(self.go(host))
    }
}
