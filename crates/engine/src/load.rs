//! One load entry on one load thread: its users, who is idle, and whether it is over.

use std::task::Waker;

use plimsoll_model::{Iteration, LoadId, Nanos, Plan, ScenarioId, Segment};
use rand::{RngCore, SeedableRng};
use rand_xoshiro::SplitMix64;

/// An iteration waiting for its user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigned {
    pub(crate) iteration: Iteration,
    pub(crate) woke_ns: Nanos,
}

/// A place for one user.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    pub(crate) alive: bool,
    pub(crate) idle: bool,
    pub(crate) assigned: Option<Assigned>,
    /// Its user has to leave, and is made to at that moment.
    leaves_ns: Option<Nanos>,
    /// Its user is to go at once.
    pub(crate) cancelled: bool,
    pub(crate) waker: Option<Waker>,
}

/// One load entry on one load thread.
#[derive(Debug)]
pub(crate) struct LoadState {
    pub(crate) id: LoadId,
    pub(crate) seats: Vec<Seat>,
    /// Seats of idle users, last in first out: a small set stays warm.
    pub(crate) idle: Vec<usize>,
    pub(crate) active: u64,
    /// Integral of `active` since it was last taken, and when it last grew.
    users_ns: u64,
    changed_ns: Nanos,
    /// Closed loop: how many users there are to be on this thread.
    pub(crate) target: u64,
    /// Closed loop: iterations left for this thread; `None` without a shared budget.
    pub(crate) budget: Option<u64>,
    /// No further iterations.
    pub(crate) ended: bool,
    /// Users are to go at once.
    pub(crate) cancelled: bool,
    /// Woken when the last user leaves.
    pub(crate) emptied: Option<Waker>,
}

impl LoadState {
    pub(crate) fn new(id: LoadId) -> Self {
        Self {
            id,
            seats: Vec::new(),
            idle: Vec::new(),
            active: 0,
            users_ns: 0,
            changed_ns: 0,
            target: 0,
            budget: None,
            ended: false,
            cancelled: false,
            emptied: None,
        }
    }

    /// Wakes every user, to notice that something changed for all of them.
    pub(crate) fn wake_all(&self) {
        self.seats.iter().filter(|s| s.alive).filter_map(|s| s.waker.as_ref()).for_each(Waker::wake_by_ref);
    }

    /// Closed loop: users from seat `first` on have to leave, and are made to at `at_ns`; those before may stay.
    pub(crate) fn retire(&mut self, first: usize, at_ns: Nanos) {
        for (number, seat) in self.seats.iter_mut().enumerate().filter(|(_, seat)| seat.alive) {
            seat.leaves_ns = (number >= first).then(|| seat.leaves_ns.unwrap_or(at_ns));
        }
    }

    /// When the next user is made to leave.
    pub(crate) fn next_leave_ns(&self) -> Option<Nanos> {
        let waiting = self.seats.iter().filter(|seat| seat.alive && !seat.cancelled);
        waiting.filter_map(|seat| seat.leaves_ns).min()
    }

    /// Makes users leave whose time is over.
    pub(crate) fn dismiss(&mut self, now_ns: Nanos) {
        let over = |seat: &&mut Seat| seat.alive && seat.leaves_ns.is_some_and(|at| at <= now_ns);
        for seat in self.seats.iter_mut().filter(over) {
            seat.cancelled = true;
            seat.waker.iter().for_each(Waker::wake_by_ref);
        }
    }

    /// Users in the middle of an iteration.
    pub(crate) fn busy(&self) -> u64 {
        self.seats.iter().filter(|s| s.alive && !s.idle).count() as u64
    }

    /// A new user sits in `seat`.
    pub(crate) fn sit(&mut self, seat: usize, now_ns: Nanos) {
        self.integrate(now_ns);
        if self.seats.len() <= seat {
            self.seats.resize_with(seat + 1, Seat::default);
        }
        self.seats[seat] = Seat { alive: true, ..Seat::default() };
        self.active += 1;
    }

    fn integrate(&mut self, now_ns: Nanos) {
        self.users_ns += self.active * now_ns.saturating_sub(self.changed_ns);
        self.changed_ns = now_ns.max(self.changed_ns);
    }

    /// User-nanoseconds since the last call.
    pub(crate) fn take_users_ns(&mut self, now_ns: Nanos) -> u64 {
        self.integrate(now_ns);
        std::mem::take(&mut self.users_ns)
    }

    /// The user in `seat` has left.
    pub(crate) fn leave(&mut self, seat: usize, now_ns: Nanos) {
        if !std::mem::replace(&mut self.seats[seat].alive, false) {
            return;
        }
        self.integrate(now_ns);
        self.active -= 1;
        if self.active == 0
            && let Some(waker) = self.emptied.take()
        {
            waker.wake();
        }
    }

    /// Number of the user in `seat`, unique within the run: threads take turns, loads get a range each.
    pub(crate) fn user_number(&self, seat: usize, segment: Segment) -> u64 {
        (u64::from(self.id) << 40) | (seat as u64 * u64::from(segment.count) + u64::from(segment.index))
    }
}

/// The scenario of the arrival or user called `number`: by weight, and by nothing but plan, seed and number.
pub(crate) fn scenario_of(plan: &Plan, load: LoadId, number: u64) -> ScenarioId {
    let mix = &plan.loads[usize::from(load)].mix;
    if let [(only, _)] = mix.as_slice() {
        return *only;
    }
    let total: f64 = mix.iter().map(|(_, weight)| weight).sum();
    let random =
        SplitMix64::seed_from_u64(plan.arrival_seed(load) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03))
            .next_u64();
    let mut point = random as f64 / u64::MAX as f64 * total;
    for (scenario, weight) in mix {
        point -= weight;
        if point < 0.0 {
            return *scenario;
        }
    }
    mix.last().map_or(0, |(scenario, _)| *scenario)
}
