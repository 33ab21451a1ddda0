//! The open loop: arrivals at times fixed in advance, whatever the target does.

use std::rc::Rc;

use plimsoll_model::workload::give_way;
use plimsoll_model::{Arrivals, Iteration, LoadId, Nanos, Open};

use crate::load::{Assigned, scenario_of};
use crate::worker::Worker;

/// Overdue arrivals issued in a row before other tasks get a turn: sending them is what the turn is for.
const BURST_MAX: u32 = 64;

/// Issues every arrival of this thread's part when it is due, or at once if it is overdue.
pub(crate) async fn pace(worker: &Rc<Worker>, load: LoadId, open: &Open) {
    let start_ns = worker.plan.loads[usize::from(load)].start_ns;
    let mut burst = 0;
    for (number, offset_ns) in (0..).zip(Arrivals::new(open, worker.plan.arrival_seed(load))) {
        if !worker.segment.owns(number) {
            continue;
        }
        let due_ns = start_ns + offset_ns;
        if worker.clock.now() < due_ns {
            burst = 0;
            if worker.wait_until_due(due_ns).await.is_stopped() {
                return;
            }
        } else {
            burst += 1;
            if burst % BURST_MAX == 0 {
                give_way().await;
            }
            if worker.stop.is_set() {
                return;
            }
        }
        issue(worker, load, open, Arrival { number, due_ns, woke_ns: worker.clock.now() });
    }
}

#[derive(Clone, Copy)]
struct Arrival {
    number: u64,
    due_ns: Nanos,
    woke_ns: Nanos,
}

fn issue(worker: &Rc<Worker>, load: LoadId, open: &Open, arrival: Arrival) {
    let Arrival { number, due_ns, woke_ns } = arrival;
    worker.recorder().arrival(load, due_ns, woke_ns);
    let scenario = scenario_of(&worker.plan, load, number);
    let Some(seat) = free_seat(worker, load, open) else {
        worker.drop_arrival(&Iteration { scenario, number, due_ns, user: 0 });
        return;
    };
    let mut state = worker.load(load);
    let user = state.user_number(seat, worker.segment);
    let place = &mut state.seats[seat];
    place.idle = false;
    place.assigned = Some(Assigned { iteration: Iteration { scenario, number, due_ns, user }, woke_ns });
    if let Some(waker) = &place.waker {
        waker.wake_by_ref();
    }
}

/// The seat of an idle user, or of a new one if there may be more.
fn free_seat(worker: &Rc<Worker>, load: LoadId, open: &Open) -> Option<usize> {
    let mut state = worker.load(load);
    if let Some(seat) = state.idle.pop() {
        return Some(seat);
    }
    if state.seats.len() as u64 >= worker.segment.share(open.max_users).max(1) {
        return None;
    }
    let seat = state.seats.len();
    drop(state);
    worker.seat_user(load, seat);
    Some(seat)
}
