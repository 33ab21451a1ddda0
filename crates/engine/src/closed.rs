//! The closed loop: so many users over time, each going on when its last iteration has ended.

use std::ops::ControlFlow;
use std::rc::Rc;

use futures::future::{Either, select};
use plimsoll_model::schedule::user_changes;
use plimsoll_model::{Closed, LoadId};

use crate::worker::Worker;

/// Seats and retires users as the schedule says, until it is over or no user has anything left to do.
pub(crate) async fn populate(worker: &Rc<Worker>, load: LoadId, closed: &Closed) {
    let start_ns = worker.plan.loads[usize::from(load)].start_ns;
    worker.load(load).budget = closed.iterations_shared.map(|total| worker.segment.share(total));
    for change in user_changes(&closed.stages) {
        // A shared budget that is used up ends the schedule. Users with budgets of their own may all be done and
        // others still to come.
        let may_end = closed.iterations_shared.is_some() && worker.load(load).active > 0;
        let at_ns = start_ns + change.at_ns;
        if wait_and_dismiss(worker, load, at_ns, may_end).await.is_break() {
            return;
        }
        let target = worker.segment.share(change.users);
        let before = std::mem::replace(&mut worker.load(load).target, target);
        if let Some(leave_ns) = closed.leave_ns {
            worker.load(load).retire(target as usize, at_ns + leave_ns);
        }
        // Whoever sits below `before` was seated then; if such a user is gone, its iterations are done.
        for seat in before as usize..target as usize {
            if worker.load(load).seats.get(seat).is_none_or(|s| !s.alive) {
                worker.seat_user(load, seat);
            }
        }
    }
    let end_ns = worker.plan.loads[usize::from(load)].end_ns();
    let may_end = closed.iterations_shared.is_some() || closed.iterations_per_user.is_some();
    // Either way the schedule is over; the caller drains.
    let _ended = wait_and_dismiss(worker, load, end_ns, may_end).await;
}

/// Waits until `at_ns`, and meanwhile makes users leave whose last iteration takes too long.
async fn wait_and_dismiss(worker: &Rc<Worker>, load: LoadId, at_ns: u64, may_end: bool) -> ControlFlow<()> {
    loop {
        let leave_ns = worker.load(load).next_leave_ns().filter(|leave_ns| *leave_ns < at_ns);
        wait_or_empty(worker, load, leave_ns.unwrap_or(at_ns), may_end).await?;
        match leave_ns {
            Some(leave_ns) => worker.load(load).dismiss(leave_ns),
            None => return ControlFlow::Continue(()),
        }
    }
}

/// Waits until `at_ns`; breaks if sending was stopped, or, if `may_end`, as soon as no user is left.
async fn wait_or_empty(worker: &Rc<Worker>, load: LoadId, at_ns: u64, may_end: bool) -> ControlFlow<()> {
    let wait = worker.wait_until(at_ns);
    let stopped = if may_end {
        match select(Box::pin(wait), Box::pin(worker.emptied(load))).await {
            Either::Left((waited, _)) => waited.is_stopped(),
            Either::Right(_) => true,
        }
    } else {
        wait.await.is_stopped()
    };
    if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
