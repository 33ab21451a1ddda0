//! The engine as one user sees it, and the user's task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;
use plimsoll_model::{Begun, Clock, Host, Iteration, LoadId, Nanos, Observation, Outcome, Schedule, StepId};

use crate::load::{Assigned, scenario_of};
use crate::worker::Worker;

/// One user's host.
pub(crate) struct UserHost {
    worker: Rc<Worker>,
    load: LoadId,
    seat: usize,
    current: Option<Iteration>,
    /// The first operation of the iteration has not begun: it is due with the iteration.
    first: Option<Assigned>,
    /// When the thread woke for the first operation, until that has been sent.
    woke_ns: Option<Nanos>,
    /// Begun and not finished; a user may do several things at once.
    open: Vec<Begun>,
    /// Closed loop: iterations done, and when the next is due at the earliest.
    iterations: u64,
    next_due_ns: Nanos,
    /// Something was really sent since the last iteration began: the task has been waiting.
    waited: bool,
    pause: Option<LocalBoxFuture<'static, ()>>,
    paused_since_ns: Option<Nanos>,
}

impl UserHost {
    pub(crate) fn new(worker: Rc<Worker>, load: LoadId, seat: usize) -> Self {
        Self {
            worker,
            load,
            seat,
            current: None,
            first: None,
            woke_ns: None,
            open: Vec::new(),
            iterations: 0,
            next_due_ns: 0,
            waited: true,
            pause: None,
            paused_since_ns: None,
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Option<Assigned>> {
        let mut load = self.worker.load(self.load);
        let ended = load.ended;
        let seat = &mut load.seats[self.seat];
        if let Some(assigned) = seat.assigned.take() {
            return Poll::Ready(Some(assigned));
        }
        if ended {
            return Poll::Ready(None);
        }
        remember(&mut seat.waker, cx);
        if !std::mem::replace(&mut seat.idle, true) {
            load.idle.push(self.seat);
        }
        Poll::Pending
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Assigned>> {
        let Schedule::Closed(closed) = &self.worker.plan.loads[usize::from(self.load)].schedule else {
            unreachable!("an open schedule is polled by poll_open")
        };
        let over = {
            let load = self.worker.load(self.load);
            load.ended || self.seat as u64 >= load.target || load.budget == Some(0)
        };
        if over || closed.iterations_per_user == Some(self.iterations) {
            return Poll::Ready(None);
        }
        // An iteration that never had to wait (nothing could be sent) must not keep others from their turn.
        if !std::mem::replace(&mut self.waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.wait_for_pace(cx).is_pending() {
            return Poll::Pending;
        }
        let mut load = self.worker.load(self.load);
        if let Some(budget) = &mut load.budget {
            *budget -= 1;
        }
        let user = load.user_number(self.seat, self.worker.segment);
        let now = self.worker.clock.now();
        let due_ns = if self.next_due_ns == 0 { now } else { self.next_due_ns.min(now) };
        let scenario = scenario_of(&self.worker.plan, self.load, user);
        let iteration = Iteration { scenario, number: self.iterations, due_ns, user };
        self.iterations += 1;
        Poll::Ready(Some(Assigned { iteration, woke_ns: now }))
    }

    /// With a shortest iteration time, the next one is due that long after the last began.
    fn wait_for_pace(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let least = self.worker.plan.loads[usize::from(self.load)].iteration_ns_min;
        if least == 0 {
            self.next_due_ns = 0;
            return Poll::Ready(());
        }
        if self.worker.clock.now() >= self.next_due_ns {
            self.pause = None;
            // How late it woke is part of the response time, which begins when it was due.
            self.paused_until(self.next_due_ns);
            return Poll::Ready(());
        }
        if self.paused_since_ns.is_none() {
            self.pause_begins();
        }
        let (clock, at) = (&self.worker.clock, self.next_due_ns);
        remember(&mut self.worker.load(self.load).seats[self.seat].waker, cx);
        self.pause.get_or_insert_with(|| clock.sleep_until(at)).as_mut().poll(cx)
    }

    fn paused_until(&mut self, until_ns: Nanos) {
        if let Some(since_ns) = self.paused_since_ns.take() {
            self.worker.recorder().paused(self.load, until_ns, until_ns.saturating_sub(since_ns));
        }
    }

    fn is_open_loop(&self) -> bool {
        matches!(self.worker.plan.loads[usize::from(self.load)].schedule, Schedule::Open(_))
    }
}

fn remember(slot: &mut Option<std::task::Waker>, cx: &Context<'_>) {
    if slot.as_ref().is_none_or(|w| !w.will_wake(cx.waker())) {
        *slot = Some(cx.waker().clone());
    }
}

impl Host for UserHost {
    fn poll_iteration(&mut self, cx: &mut Context<'_>) -> Poll<Option<Iteration>> {
        let polled = if self.is_open_loop() { self.poll_open(cx) } else { self.poll_closed(cx) };
        polled.map(|assigned| {
            let assigned = assigned?;
            self.first = Some(assigned);
            self.waited = false;
            self.current = Some(assigned.iteration);
            let least = self.worker.plan.loads[usize::from(self.load)].iteration_ns_min;
            self.next_due_ns = assigned.iteration.due_ns + least;
            Some(assigned.iteration)
        })
    }

    fn end_iteration(&mut self, complete: bool) {
        if let Some(iteration) = self.current.take() {
            self.worker.recorder().iteration(self.load, iteration.due_ns, complete);
        }
    }

    fn begin(&mut self, step: StepId) -> Begun {
        let (due_ns, at_ns) = match self.first.take() {
            Some(assigned) => {
                self.woke_ns = Some(assigned.woke_ns);
                (assigned.iteration.due_ns, assigned.woke_ns)
            }
            None => {
                let now = self.worker.clock.now();
                (now, now)
            }
        };
        let begun = Begun { step, due_ns };
        self.worker.recorder().begin(step, due_ns, at_ns);
        self.open.push(begun);
        begun
    }

    fn finish(&mut self, observation: &Observation<'_>) {
        if let Some(at) = self.open.iter().position(|begun| *begun == observation.begun) {
            self.open.swap_remove(at);
        }
        self.waited |= observation.reply.sent_ns.is_some();
        let mut recorder = self.worker.recorder();
        if let Some(woke_ns) = self.woke_ns.take()
            && self.is_open_loop()
            && let Some(sent_ns) = observation.reply.sent_ns
        {
            recorder.queued(self.load, observation.begun.due_ns, woke_ns, sent_ns);
        }
        recorder.finish(observation);
    }

    fn part(&mut self, step: StepId, begun: Begun, outcome: Outcome, number: u64) {
        self.worker.recorder().number(Begun { step, ..begun }, outcome, number);
    }

    fn group(&mut self, step: StepId, begun_ns: Nanos, outcome: Outcome) {
        let now = self.worker.clock.now();
        self.worker.recorder().number(
            Begun { step, due_ns: begun_ns },
            outcome,
            now.saturating_sub(begun_ns),
        );
    }

    fn pause_begins(&mut self) {
        self.paused_since_ns = Some(self.worker.clock.now());
    }

    fn pause_ends(&mut self) {
        self.paused_until(self.worker.clock.now());
    }

    fn clock(&self) -> Rc<dyn Clock> {
        self.worker.clock.clone()
    }
}

impl Drop for UserHost {
    fn drop(&mut self) {
        let now = self.worker.clock.now();
        self.pause_ends();
        for begun in self.open.drain(..) {
            self.worker.recorder().in_flight_at_end(begun, now);
        }
        // An arrival that was assigned and never taken up did become due: it is dropped, not forgotten.
        let waiting = self.worker.load(self.load).seats[self.seat].assigned.take();
        if let Some(assigned) = waiting.or(self.first.take().filter(|_| self.current.is_some())) {
            self.worker.drop_arrival(&assigned.iteration);
        }
        self.end_iteration(false);
        self.worker.load(self.load).leave(self.seat, now);
    }
}

/// A user's task: its life, unless its load is cancelled first.
pub(crate) struct UserTask {
    pub(crate) worker: Rc<Worker>,
    pub(crate) load: LoadId,
    pub(crate) seat: usize,
    pub(crate) life: Option<LocalBoxFuture<'static, ()>>,
}

impl Future for UserTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let cancelled = {
            let mut load = self.worker.load(self.load);
            let all = load.cancelled;
            let seat = &mut load.seats[self.seat];
            remember(&mut seat.waker, cx);
            all || seat.cancelled
        };
        if cancelled {
            self.life = None;
        }
        // A mistake in one user's code must end the run, not leave it waiting for that user.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.life.as_mut().map_or(Poll::Ready(()), |life| life.as_mut().poll(cx))
        }));
        let polled = polled.unwrap_or_else(|panic| {
            self.worker.panicked(panic);
            Poll::Ready(())
        });
        if polled.is_ready() {
            self.life = None;
        }
        polled
    }
}
