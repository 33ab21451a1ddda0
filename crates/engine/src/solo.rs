//! One user on its own, outside any load: setup, teardown, and the canary of `plimsoll check`.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use plimsoll_model::{
    Begun, Clock, Host, Iteration, Nanos, Observation, Outcome, Plan, ScenarioId, StepId, User,
};

/// What became of one operation of a solo user.
#[derive(Clone, Debug)]
pub struct SoloStep {
    /// The step's name; setup and teardown steps have a number.
    pub step: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The protocol's status.
    pub status: u16,
    /// Done − due.
    pub response_ns: Nanos,
    /// Why it failed; empty if it did not.
    pub message: String,
}

impl SoloStep {
    /// Whether it failed.
    pub fn failed(&self) -> bool {
        self.outcome.is_failure()
    }
}

struct SoloHost {
    clock: Rc<dyn Clock>,
    names: Vec<String>,
    left: Vec<ScenarioId>,
    number: u64,
    seen: Rc<RefCell<Vec<SoloStep>>>,
}

impl Host for SoloHost {
    fn poll_iteration(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Iteration>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let scenario = self.left.remove(0);
        self.number += 1;
        Poll::Ready(Some(Iteration { scenario, number: self.number - 1, due_ns: self.clock.now(), user: 0 }))
    }

    fn end_iteration(&mut self, _complete: bool) {}

    fn begin(&mut self, step: StepId) -> Begun {
        Begun { step, due_ns: self.clock.now() }
    }

    fn finish(&mut self, observation: &Observation<'_>) {
        let step = usize::from(observation.begun.step);
        let own = observation.reply.failure.as_ref().map(|f| f.message.as_str());
        self.seen.borrow_mut().push(SoloStep {
            step: self.names.get(step).cloned().unwrap_or_else(|| format!("#{}", step + 1)),
            outcome: observation.outcome,
            status: observation.reply.status,
            response_ns: observation.reply.done_ns.saturating_sub(observation.begun.due_ns),
            message: observation.failure.map(|(_, m)| m).or(own).unwrap_or_default().to_owned(),
        });
    }

    fn part(&mut self, _step: StepId, _begun: Begun, _outcome: Outcome, _number: u64) {}

    fn group(&mut self, _step: StepId, _begun_ns: Nanos, _outcome: Outcome) {}

    fn pause_begins(&mut self) {}

    fn pause_ends(&mut self) {}

    fn clock(&self) -> Rc<dyn Clock> {
        self.clock.clone()
    }
}

/// Lets `user` perform each of `scenarios` once and returns what became of every operation.
pub async fn solo(
    user: Box<dyn User>,
    clock: &Rc<dyn Clock>,
    plan: &Plan,
    scenarios: &[ScenarioId],
) -> Vec<SoloStep> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let host = SoloHost {
        clock: clock.clone(),
        names: plan.steps.iter().map(|s| s.name.clone()).collect(),
        left: scenarios.to_vec(),
        number: 0,
        seen: seen.clone(),
    };
    user.live(Box::new(host)).await;
    seen.take()
}
