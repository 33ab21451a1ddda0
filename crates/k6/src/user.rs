//! A user: its world, and what it is given when it asks.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::future::LocalBoxFuture;
use plimsoll_model::workload::Sequence;
use plimsoll_model::{Driver, Host, Nanos, Observation, Outcome, Reply, User, WorkerContext};

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::coroutine::Asker;
use crate::desk::{Beside, Desk, until};
use crate::flow::{Common, Jar};
use crate::metrics::{Store, Tags};
use crate::run::{Abort, Level, Run};
use crate::vu::{Answer, Ask, Event, Pass, Stage, Thrown, Vu};
use crate::world::{Role, World, world};

/// Times a script that is to end may still ask for something.
const LAST_WORDS: usize = 1_000;

/// A user that sleeps so long gives back what it does not stand on of its stack: of those that wait a second each, a page of three.
const LONG_NS: Nanos = 100_000_000;

/// One user.
pub(crate) struct ScriptUser {
    role: Role,
    vu: Rc<Vu>,
    driver: Rc<dyn Driver>,
    calls: Option<Rc<dyn Driver>>,
    /// Numbers of iterations, by scenario.
    numbers: Vec<Sequence>,
    /// The world of a load's user, whose init code has run.
    alive: Option<Alive>,
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

impl ScriptUser {
    pub(crate) fn new(run: &Arc<Run>, context: &WorkerContext, role: Role) -> Self {
        let store = context.of_thread(|| Store::new(run.book.clone(), context.clock.clone()));
        let is_load = matches!(role, Role::Load);
        let id = if is_load { context.sequence("k6/vu").take() + 1 } else { 0 };
        let numbers =
            run.options.scenarios.iter().map(|s| context.sequence(&format!("k6/{}", s.name))).collect();
        let common = context.of_thread(Common::default);
        let vu = Rc::new(vu(run, context.clock.clone(), (store, common), id));
        let alive = is_load.then(|| begun(&vu)).flatten();
        Self {
            role,
            vu,
            driver: context.driver("http"),
            calls: context.driver_if_any("grpc"),
            numbers,
            alive,
        }
    }

    async fn go(mut self: Box<Self>, host: Box<dyn Host + '_>) {
        let vu = self.vu.clone();
        vu.deadline_ns.set(self.deadline_ns());
        vu.run.users_running.fetch_add(1, Relaxed);
        let desk = Desk::new(vu.clone(), (self.driver.clone(), self.calls.clone()), host);
        match (&self.role, self.alive.take()) {
            (Role::Load, Some(mut alive)) => self.iterate(&mut alive.0, &desk).await,
            // Its init code threw, and the run is being ended for it.
            (Role::Load, None) => {}
            _ => match world(self.role.clone(), vu.clone()).map(Alive) {
                Ok(mut alive) => self.once(&mut alive.0, &desk).await,
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

    async fn iterate(&self, world: &mut World, desk: &Desk<'_>) {
        let vu = &self.vu;
        let mut beside = Beside::default();
        while let Some(iteration) = poll_fn(|cx| desk.host.borrow_mut().poll_iteration(cx)).await {
            if !vu.run.options.no_cookies_reset && !vu.jar.borrow().is_as_new() {
                vu.jar.replace(Jar::default());
            }
            let scenario = usize::from(iteration.scenario);
            vu.deadline_ns.set(vu.run.options.scenarios[scenario].end_ns);
            let pass = Pass { scenario, number: self.numbers[scenario].take() };
            let ended_ns = match self.converse(world, desk, &mut beside, Answer::Iterate(pass)).await {
                Some(Ask::Idle(ended)) => {
                    let was_cut = ended.thrown.as_ref().is_some_and(|thrown| thrown.is_interrupt);
                    let count = if was_cut { &vu.run.iterations_cut } else { &vu.run.iterations_done };
                    count.fetch_add(1, Relaxed);
                    if let Some(thrown) = &ended.thrown {
                        complain(vu, thrown);
                    }
                    desk.host.borrow_mut().end_iteration(ended.thrown.is_none());
                    ended.at_ns
                }
                other => {
                    if let Some(Ask::Finished(Err(thrown))) = other {
                        vu.run.abort(Abort::Broken(thrown.text));
                    }
                    desk.host.borrow_mut().end_iteration(false);
                    return;
                }
            };
            if !beside.is_empty() {
                // An iteration that was made to end does not wait for what it began.
                beside = Beside::default();
                desk.hang_up();
            }
            if vu.store.hand_over_now_and_then(ended_ns) {
                vu.run.look(ended_ns);
            }
        }
    }

    async fn once(&self, world: &mut World, desk: &Desk<'_>) {
        if poll_fn(|cx| desk.host.borrow_mut().poll_iteration(cx)).await.is_none() {
            return;
        }
        let finished = self.converse(world, desk, &mut Beside::default(), Answer::Go).await;
        let (run, vu) = (&self.vu.run, &self.vu);
        let is_setup = matches!(self.role, Role::Setup);
        match finished {
            Some(Ask::Finished(Ok(result))) if is_setup => {
                let _first = run.setup_data.set(result.unwrap_or_else(|| "null".to_owned()));
            }
            Some(Ask::Finished(Err(thrown))) => {
                run.failed_at(is_setup, &thrown);
                fail(desk.host.borrow_mut().as_mut(), vu, &thrown);
            }
            _ => {}
        }
        desk.host.borrow_mut().end_iteration(true);
    }

    /// Gives the script what it asks for, until it asks for something only the caller can give.
    async fn converse<'d>(
        &self,
        world: &mut World,
        desk: &'d Desk<'_>,
        beside: &mut Beside<'d>,
        first: Answer,
    ) -> Option<Ask> {
        let mut answer = first;
        loop {
            let asked = world.resume(answer);
            desk.settle();
            answer = match asked {
                Some(Ask::Perform(mut flow)) => {
                    beside.during(desk.perform(&mut flow)).await;
                    Answer::Flow(flow)
                }
                Some(Ask::PerformAll(flows)) => {
                    Answer::Flows(Box::pin(beside.during(desk.perform_all(flows))).await)
                }
                Some(Ask::Start(token, mut flow)) => {
                    beside.start(async move {
                        desk.perform(&mut flow).await;
                        Event::Replied(token, flow)
                    });
                    Answer::Go
                }
                Some(Ask::Dial(token, dial)) => {
                    beside.start(desk.dial(token, dial));
                    Answer::Go
                }
                Some(Ask::Call(call)) => Answer::Seen(Box::pin(beside.during(desk.call(call))).await),
                Some(Ask::StartCall(token, call)) => {
                    beside.start(async move { Event::Called(token, desk.call(call).await) });
                    Answer::Go
                }
                Some(Ask::Hold(token, dial)) => {
                    Answer::Said(Box::pin(beside.during(desk.hold(token, dial))).await)
                }
                Some(Ask::Say(token, message)) => {
                    Answer::Said(Box::pin(beside.during(desk.say(token, message))).await)
                }
                Some(Ask::Forget(token)) => {
                    desk.forget(token);
                    Answer::Go
                }
                Some(Ask::Await(moment)) => {
                    let event = Box::pin(beside.next(until(&self.vu, moment))).await;
                    event.and_then(|event| desk.passed(event, beside)).map_or(Answer::Go, Answer::Event)
                }
                Some(Ask::Sleep(ns)) => {
                    let moment = self.vu.now().saturating_add(ns);
                    if ns >= LONG_NS {
                        world.give_back();
                    }
                    desk.host.borrow_mut().pause_begins();
                    beside.during(self.vu.clock.sleep_until(moment)).await;
                    desk.host.borrow_mut().pause_ends();
                    Answer::Go
                }
                other => return other,
            };
        }
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
            Some(Ask::Idle(_)) => {
                alive.0.give_back();
                return Some(alive);
            }
            Some(Ask::Finished(Err(thrown))) => thrown.text,
            _ => "the script ended before it began".to_owned(),
        },
        Err(problem) => problem.to_string(),
    };
    vu.run.abort(Abort::Broken(problem));
    None
}

/// A user as its script sees it, before it has done anything.
pub(crate) fn vu(
    run: &Arc<Run>,
    clock: Rc<dyn plimsoll_model::Clock>,
    (store, common): (Rc<Store>, Rc<Common>),
    id: u64,
) -> Vu {
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
        has_chance: Cell::new(false),
        timers: Cell::new(0),
        groups_ended: RefCell::default(),
        outstanding: Cell::new(0),
        tokens: Cell::new(0),
        jar: RefCell::default(),
        fixed: RefCell::default(),
        common,
        expected: RefCell::default(),
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
