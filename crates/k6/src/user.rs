//! A user: its world, its session, and what passes between them.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::future::LocalBoxFuture;
use plimsoll_model::workload::Sequence;
use plimsoll_model::{Begun, Host, Nanos, Observation, Outcome, Reply, Session, User, WorkerContext};

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::coroutine::Asker;
use crate::metrics::{Store, Tags};
use crate::run::{Abort, Level, Run};
use crate::vu::{Answer, Ask, Call, Pass, Seen, Stage, Thrown, Vu};
use crate::world::{Role, World, world};

/// Times a script that is to end may still ask for something.
const LAST_WORDS: usize = 1_000;

/// One user.
pub(crate) struct ScriptUser {
    role: Role,
    vu: Rc<Vu>,
    session: Box<dyn Session>,
    /// Numbers of iterations, by scenario.
    numbers: Vec<Sequence>,
    /// The world of a load's user, whose init code has run.
    alive: Option<Alive>,
    /// Of the last response.
    headers: Rc<[(String, String)]>,
}

/// A world that is told to end when it is dropped: frames of C are on its stack, which only end by themselves.
struct Alive(World);

impl Drop for Alive {
    fn drop(&mut self) {
        for _ in 0..LAST_WORDS {
            if self.0.resume(Answer::Cancel).is_none() {
                return;
            }
        }
    }
}

/// An operation that was answered, and is not settled until the script has had its say.
struct Pending {
    begun: Begun,
    seen: Rc<Seen>,
}

impl ScriptUser {
    pub(crate) fn new(run: &Arc<Run>, context: &WorkerContext, role: Role) -> Self {
        let store = context.of_thread(|| Store::new(run.book.clone()));
        let is_load = matches!(role, Role::Load);
        let id = if is_load { context.sequence("k6/vu").take() + 1 } else { 0 };
        let numbers =
            run.options.scenarios.iter().map(|s| context.sequence(&format!("k6/{}", s.name))).collect();
        let vu = Rc::new(vu(run, context.clock.clone(), store, id));
        let alive = is_load.then(|| begun(&vu)).flatten();
        Self { role, vu, session: context.session("http"), numbers, alive, headers: Rc::default() }
    }

    async fn go(mut self: Box<Self>, mut host: Box<dyn Host + '_>) {
        let vu = self.vu.clone();
        vu.deadline_ns.set(self.deadline_ns());
        vu.run.users_running.fetch_add(1, Relaxed);
        match (&self.role, self.alive.take()) {
            (Role::Load, Some(mut alive)) => self.iterate(&mut alive.0, host.as_mut()).await,
            // Its init code threw, and the run is being ended for it.
            (Role::Load, None) => {}
            _ => match world(self.role.clone(), vu.clone()).map(Alive) {
                Ok(mut alive) => self.once(&mut alive.0, host.as_mut()).await,
                Err(problem) => vu.run.abort(Abort::Broken(problem.to_string())),
            },
        }
        vu.run.users_running.fetch_sub(1, Relaxed);
        vu.store.hand_over();
    }

    /// When the script's time is over at the latest, outside the load.
    fn deadline_ns(&self) -> Nanos {
        let options = &self.vu.run.options;
        match self.role {
            Role::Setup => self.vu.now() + options.setup_timeout_ns,
            Role::Teardown => self.vu.now() + options.teardown_timeout_ns,
            _ => Nanos::MAX,
        }
    }

    async fn iterate(&mut self, world: &mut World, host: &mut dyn Host) {
        let vu = self.vu.clone();
        while let Some(iteration) = poll_fn(|cx| host.poll_iteration(cx)).await {
            if !vu.run.options.no_cookies_reset {
                self.session.begin_iteration();
            }
            let scenario = usize::from(iteration.scenario);
            vu.deadline_ns.set(vu.run.options.scenarios[scenario].end_ns);
            let pass = Pass { scenario, number: self.numbers[scenario].take() };
            match self.converse(world, host, Answer::Iterate(pass)).await {
                Some(Ask::Idle(ended)) => {
                    vu.run.iterations_done.fetch_add(1, Relaxed);
                    if let Some(thrown) = &ended.thrown {
                        complain(&vu, thrown);
                    }
                    host.end_iteration(ended.thrown.is_none());
                }
                other => {
                    if let Some(Ask::Finished(Err(thrown))) = other {
                        vu.run.abort(Abort::Broken(thrown.text));
                    }
                    host.end_iteration(false);
                    return;
                }
            }
            if vu.store.hand_over_now_and_then(vu.now()) {
                vu.run.look(vu.now());
            }
        }
    }

    async fn once(&mut self, world: &mut World, host: &mut dyn Host) {
        if poll_fn(|cx| host.poll_iteration(cx)).await.is_none() {
            return;
        }
        let finished = self.converse(world, host, Answer::Go).await;
        let (run, vu) = (&self.vu.run, &self.vu);
        let is_setup = matches!(self.role, Role::Setup);
        match finished {
            Some(Ask::Finished(Ok(result))) if is_setup => {
                let _first = run.setup_data.set(result.unwrap_or_else(|| "null".to_owned()));
            }
            Some(Ask::Finished(Err(thrown))) => {
                run.failed_at(is_setup, &thrown);
                fail(host, vu, &thrown);
            }
            _ => {}
        }
        host.end_iteration(true);
    }

    /// Gives the script what it asks for, until it asks for something only the caller can give.
    async fn converse(&mut self, world: &mut World, host: &mut dyn Host, first: Answer) -> Option<Ask> {
        let (mut answer, mut pending) = (first, None);
        loop {
            let asked = world.resume(answer);
            self.settle(pending.take(), host);
            answer = match asked {
                Some(Ask::Perform(call)) => {
                    let answered = self.perform(call, host).await;
                    let seen = answered.seen.clone();
                    pending = Some(answered);
                    Answer::Reply(seen)
                }
                Some(Ask::Sleep(ns)) => {
                    let until = self.vu.now().saturating_add(ns);
                    host.pause_begins();
                    self.vu.clock.sleep_until(until).await;
                    host.pause_ends();
                    Answer::Go
                }
                other => return other,
            };
        }
    }

    async fn perform(&mut self, call: Call, host: &mut dyn Host) -> Pending {
        let begun = host.begin(call.step);
        let reply = self.session.perform(&call.operation).await;
        let view = self.session.response();
        // Servers say the same again and again: comparing is cheaper than copying.
        if *self.headers != *view.headers {
            self.headers = view.headers.into();
        }
        let has_failed = reply.failure.is_some() && !matches!(reply.outcome, Outcome::Ok);
        let seen = Seen {
            status: if has_failed { 0 } else { view.status },
            headers: self.headers.clone(),
            body: view.body.to_vec(),
            reply,
        };
        Pending { begun, seen: Rc::new(seen) }
    }

    /// The script has gone on: what it made of the last response stands now.
    fn settle(&self, pending: Option<Pending>, host: &mut dyn Host) {
        for ended in self.vu.groups_ended.take() {
            host.group(ended.step, ended.begun_ns, ended.outcome);
        }
        let Some(Pending { begun, seen }) = pending else { return };
        let (checked, unexpected) = (self.vu.checked.take(), self.vu.verdict.take());
        let failed = checked.failed.map(|name| ("check failed", name));
        let failed = failed.or(unexpected.map(|status| ("unexpected status", status)));
        let failed = failed.filter(|_| seen.reply.outcome == Outcome::Ok);
        let class = failed.as_ref().map(|(class, what)| (format!("{class}: {what}"), what));
        host.finish(&Observation {
            begun,
            outcome: if class.is_some() { Outcome::AppError } else { seen.reply.outcome },
            reply: &seen.reply,
            failure: class.as_ref().map(|(class, what)| (class.as_str(), what.as_str())),
            checked: checked.looked,
        });
    }
}

/// Tells the engine that a user with one thing to do has not done it.
fn fail(host: &mut dyn Host, vu: &Vu, thrown: &Thrown) {
    let begun = host.begin(0);
    let reply = Reply { done_ns: vu.now(), ..Reply::new() };
    let failure = Some(("exception", thrown.text.as_str()));
    host.finish(&Observation { begun, outcome: Outcome::AppError, reply: &reply, failure, checked: true });
}

/// The world of a user whose init code has run; `None` if that threw.
fn begun(vu: &Rc<Vu>) -> Option<Alive> {
    let problem = match world(Role::Load, vu.clone()).map(Alive) {
        Ok(mut alive) => match alive.0.resume(Answer::Go) {
            Some(Ask::Idle(_)) => return Some(alive),
            Some(Ask::Finished(Err(thrown))) => thrown.text,
            _ => "the script ended before it began".to_owned(),
        },
        Err(problem) => problem.to_string(),
    };
    vu.run.abort(Abort::Broken(problem));
    None
}

/// A user as its script sees it, before it has done anything.
pub(crate) fn vu(run: &Arc<Run>, clock: Rc<dyn plimsoll_model::Clock>, store: Rc<Store>, id: u64) -> Vu {
    let mut tags = Tags::default();
    run.options.tags.iter().for_each(|(name, value)| tags.set(name, value));
    Vu {
        run: run.clone(),
        asker: Asker::new(),
        clock,
        store,
        id,
        stage: Cell::new(Stage::Init),
        scenario: Cell::new(0),
        iteration: Cell::new(0),
        in_scenario: Cell::new(0),
        cancelled: Cell::new(false),
        group: RefCell::default(),
        tags: RefCell::new(tags),
        kinds: RefCell::default(),
        random: RefCell::new(Xoshiro256PlusPlus::seed_from_u64(
            run.seed ^ id.wrapping_mul(0xa076_1d64_78bd_642f),
        )),
        timers: Cell::new(0),
        groups_ended: RefCell::default(),
        checked: RefCell::default(),
        fixed: RefCell::default(),
        expected: RefCell::default(),
        verdict: RefCell::default(),
        steps: RefCell::default(),
        deadline_ns: Cell::new(Nanos::MAX),
    }
}

fn complain(vu: &Vu, thrown: &Thrown) {
    let text = if thrown.is_interrupt {
        format!("an iteration was still running when its time was over, and was ended:\n{}", thrown.text)
    } else {
        thrown.text.clone()
    };
    vu.run.say(Level::Error, &text);
}

impl User for ScriptUser {
    fn live<'a>(self: Box<Self>, host: Box<dyn Host + 'a>) -> LocalBoxFuture<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(self.go(host))
    }
}
