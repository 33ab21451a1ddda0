//! Operations in flight, counted by events of their own, apart from the books.

use plimsoll_metrics::window::InFlight;
use std::sync::Arc;

use plimsoll_model::Nanos;

use crate::signals::ThreadSignals;

/// An event-driven gauge: integrates the number in flight over time, and shows it to whoever samples it.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    signals: Arc<ThreadSignals>,
    current: u64,
    changed_ns: Nanos,
    seen: InFlight,
}

impl Gauge {
    pub(crate) fn showing(signals: Arc<ThreadSignals>) -> Self {
        Self { signals, ..Self::default() }
    }

    pub(crate) fn enter(&mut self, at_ns: Nanos) {
        self.advance(at_ns);
        self.current += 1;
        self.seen.max = self.seen.max.max(self.current);
        self.signals.set_in_flight(self.current);
    }

    pub(crate) fn leave(&mut self, at_ns: Nanos) {
        self.advance(at_ns);
        debug_assert!(self.current > 0, "an operation left that never entered");
        self.current = self.current.saturating_sub(1);
        self.signals.set_in_flight(self.current);
    }

    fn advance(&mut self, at_ns: Nanos) {
        let at_ns = at_ns.max(self.changed_ns);
        self.seen.integral_ns += self.current * (at_ns - self.changed_ns);
        self.changed_ns = at_ns;
    }

    /// What was seen since the last call.
    pub(crate) fn take(&mut self, at_ns: Nanos) -> InFlight {
        self.advance(at_ns);
        std::mem::replace(&mut self.seen, InFlight { integral_ns: 0, max: self.current })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_the_sum_of_times_in_flight() {
        let mut gauge = Gauge::default();
        gauge.enter(0);
        gauge.enter(10);
        gauge.leave(30);
        gauge.leave(40);
        assert_eq!(gauge.take(100), InFlight { integral_ns: 40 + 20, max: 2 });
        assert_eq!(gauge.take(200), InFlight::default());
    }
}
