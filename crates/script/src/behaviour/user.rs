//! A user: goes through its routine, iteration after iteration.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

use futures::future::LocalBoxFuture;
use plimsoll_model::delivery::{Span, Written};
use plimsoll_model::http::{Body, HttpRequest};
use plimsoll_model::workload::{Sequence, give_way};
use plimsoll_model::{
    Begun, Clock, Host, Iteration, Nanos, Observation, Operation, Outcome, PartUnit, Reading, Reply,
    ResponseView, Session, User, WorkerContext,
};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

use super::batch::APART;
use super::data::Picked;
use super::expect::{Expect, Expectations, LazyJson, Unexpected};
use super::ledger::{Part, identity, uuid};
use super::program::{Call, Delivered, Delivers, Node, Reads, Save, SaveSource};
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
    /// A body that was sent and is needed no more.
    spare: Option<Arc<[u8]>>,
}

/// This iteration's row of a data set.
#[derive(Clone, Default)]
enum Drawn {
    #[default]
    NotYet,
    Row(Picked),
    UsedUp,
}

impl Drawn {
    fn row(&self) -> Option<Picked> {
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
            spare: None,
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
        let Self { behaviour, sequences, state, sessions, role, .. } = self;
        let State { slots, rows, random, seed, iteration, user, spare } = state;
        let apart = if *role == Role::Load { 0 } else { APART };
        // A data set gives one row an iteration, drawn when it is first asked for.
        let mut row = |set: usize| {
            if let Drawn::NotYet = rows[set] {
                rows[set] = behaviour.data[set]
                    .row(&sequences[set], *seed, *user, *iteration)
                    .map(|Picked { row, number }| Picked { row, number: number + apart })
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
            spare,
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
        let mut rendered = None;
        let operation = match &call.fixed {
            Some(fixed) => fixed,
            None => match self.scoped(|scope, _| call.request.render(scope)) {
                Ok(operation) => &*rendered.insert(Arc::new(operation)),
                Err(missing) => return self.give_up(call, host, &missing),
            },
        };
        let write = match &call.delivers {
            None => None,
            Some(delivers) => match self.scoped(|scope, _| delivers.ids(scope)) {
                Ok(ids) => Some(self.ledger_part().begin(ids)),
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
        if call.request.batch_set().is_some() {
            self.state.spare = rendered.and_then(Arc::into_inner).and_then(body);
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
        let Judged { outcome, checked, unexpected, seen } = match reply.outcome {
            Outcome::Ok => self.judge(call, sent),
            failed => Judged { checked: false, ..Judged::as_expected(failed) },
        };
        let failure = unexpected.as_ref().map(|u| (u.class.as_str(), u.message.as_str()));
        host.finish(&Observation { begun, outcome, reply, failure, checked });
        let injected = call.injected.as_ref().and_then(|injected| injected.step(self.fault(call).as_deref()));
        if let Some(step) = injected {
            host.part(step, begun, seen, 1);
        }
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
        let ids: Vec<Span> = delivered.path.query(body).iter().map(|value| ids(value)).collect();
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

    /// What a reply came to that the protocol found nothing wrong with.
    fn judge(&mut self, call: &Call, sent: &Operation) -> Judged {
        // The plain case touches no scope: nothing but the status is of interest.
        if call.expect.is_plain() {
            let view = ResponseView { headers: &[], ..self.sessions[call.protocol].response() };
            return match self.status_only(call, sent, view.status) {
                None => {
                    Judged { checked: call.expect.usual.is_checked(), ..Judged::as_expected(Outcome::Ok) }
                }
                Some(unexpected) => Judged {
                    checked: call.expect.usual.is_checked(),
                    ..Judged::failed(unexpected, Outcome::AppError)
                },
            };
        }
        let fault = self.fault(call);
        self.scoped(|scope, sessions| {
            let view = sessions[call.protocol].response();
            let mut json = LazyJson::default();
            let mut of = |expect: &Expect| expect.judge(sent, &view, &mut json, scope);
            judged(&call.expect, fault.as_deref(), &mut of)
        })
    }

    /// What is wrong with the data that a step sent, if anything.
    fn fault(&self, call: &Call) -> Option<String> {
        call.data_sets.iter().find_map(|set| self.state.rows[*set].row()?.row.invalid.clone())
    }

    fn status_only(&mut self, call: &Call, sent: &Operation, status: u16) -> Option<Unexpected> {
        let expect = &call.expect.usual;
        if expect.status.holds(status) {
            return None;
        }
        self.scoped(|scope, sessions| {
            let view = sessions[call.protocol].response();
            expect.judge(sent, &view, &mut LazyJson::default(), scope).err()
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

/// The body of what was sent, to be written over.
fn body(sent: Operation) -> Option<Arc<[u8]>> {
    match sent {
        Operation::Http(HttpRequest { body: Body::Bytes(bytes), .. }) => Some(bytes),
        _ => None,
    }
}

/// What is named by a value that was read back: one thing, or a range such as `{ "first": UUID, "count": 1000 }`.
fn ids(value: &Value) -> Span {
    let range = || {
        let first = uuid(value.get("first")?.as_str()?)?;
        let count = value.get("count")?;
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        Some(Span::new(first, u32::try_from(count).ok()?))
    };
    match value {
        Value::String(text) => Span::one(identity(text)),
        other => range().unwrap_or_else(|| Span::one(identity(&other.to_string()))),
    }
}

impl Delivers {
    fn ids(&self, scope: &mut Scope<'_>) -> Result<Span, Missing> {
        match self {
            Self::One(template) => template.render(scope).map(|id| Span::one(identity(&id))),
            Self::Batch(set) => {
                let picked = (scope.rows)(*set)
                    .ok_or_else(|| Missing("the data of the batch is used up".to_owned()))?;
                let batch = picked.row.batch.as_ref().expect("lowered for a batch");
                Ok(batch.span(picked.number))
            }
        }
    }
}

/// What a reply came to.
struct Judged {
    outcome: Outcome,
    /// Whether anything beyond the status was looked at.
    checked: bool,
    /// What was wrong.
    unexpected: Option<Unexpected>,
    /// What became of the data, whatever was to be expected: passed (`ok`), refused as invalid (`rejected`), or neither.
    seen: Outcome,
}

impl Judged {
    fn as_expected(outcome: Outcome) -> Self {
        Self { outcome, checked: true, unexpected: None, seen: outcome }
    }

    fn failed(unexpected: Unexpected, seen: Outcome) -> Self {
        Self { outcome: Outcome::AppError, checked: true, unexpected: Some(unexpected), seen }
    }
}

/// Judges a reply to data that has this fault, or none; `of` tells whether it is as expected.
fn judged(
    expect: &Expectations,
    fault: Option<&str>,
    of: &mut dyn FnMut(&Expect) -> Result<(), Unexpected>,
) -> Judged {
    let holds = |expect: Option<&Expect>, of: &mut dyn FnMut(&Expect) -> Result<(), Unexpected>| {
        expect.is_some_and(|expect| of(expect).is_ok())
    };
    let Some((refusal, kind)) = expect.when_invalid.as_ref().zip(fault) else {
        return match of(&expect.usual) {
            Ok(()) => Judged { checked: expect.usual.is_checked(), ..Judged::as_expected(Outcome::Ok) },
            // A refusal for another reason: as far as validity goes, the data passed.
            Err(_) if holds(expect.refused.as_ref(), of) => {
                Judged { seen: Outcome::Ok, ..Judged::as_expected(Outcome::Rejected) }
            }
            Err(Unexpected { message, .. }) if holds(expect.when_invalid.as_ref(), of) => {
                let class = "valid data refused".to_owned();
                Judged::failed(Unexpected { class, message }, Outcome::Rejected)
            }
            Err(unexpected) => Judged::failed(unexpected, Outcome::AppError),
        };
    };
    match of(refusal) {
        Ok(()) => Judged::as_expected(Outcome::Rejected),
        Err(Unexpected { message, .. }) => {
            let class = format!("invalid {kind} not refused");
            let message = format!("data broken by {kind} was to be refused, but: {message}");
            let has_passed = of(&expect.usual).is_ok() || holds(expect.refused.as_ref(), of);
            let seen = if has_passed { Outcome::Ok } else { Outcome::AppError };
            Judged::failed(Unexpected { class, message }, seen)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::expect::StatusSet;

    fn of_status(status: u16) -> Expect {
        Expect { status: StatusSet(vec![status..=status]), ..Expect::default() }
    }

    /// Outcome and what was observed, of a step that wants 200, 422 for broken data, and may get 409.
    fn judge(fault: Option<&str>, status: u16) -> (Outcome, Outcome, Option<String>) {
        let (when_invalid, refused) = (Some(of_status(422)), Some(of_status(409)));
        let expect = Expectations { usual: of_status(200), when_invalid, refused };
        let mut of = |expect: &Expect| {
            let unexpected = || Unexpected { class: format!("status {status}"), message: String::new() };
            if expect.status.holds(status) { Ok(()) } else { Err(unexpected()) }
        };
        let judged = judged(&expect, fault, &mut of);
        (judged.outcome, judged.seen, judged.unexpected.map(|unexpected| unexpected.class))
    }

    #[test]
    fn what_was_expected_and_what_was_observed_are_two_things() {
        use Outcome::{AppError, Ok, Rejected};
        let class = |text: &str| Some(text.to_owned());
        let table = [
            (None, 200, (Ok, Ok, None)),
            (None, 409, (Rejected, Ok, None)),
            (None, 422, (AppError, Rejected, class("valid data refused"))),
            (None, 500, (AppError, AppError, class("status 500"))),
            (Some("bad_email"), 422, (Rejected, Rejected, None)),
            (Some("bad_email"), 200, (AppError, Ok, class("invalid bad_email not refused"))),
            (Some("bad_email"), 409, (AppError, Ok, class("invalid bad_email not refused"))),
            (Some("bad_email"), 500, (AppError, AppError, class("invalid bad_email not refused"))),
        ];
        for (fault, status, expected) in table {
            assert_eq!(judge(fault, status), expected, "{fault:?}, {status}");
        }
    }
}
