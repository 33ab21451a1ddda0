//! Where run events go.

use crate::{RunEvent, Sample};

/// A consumer of the one stream of run events: the terminal, the run file, a web page, an uplink.
pub trait Sink: Send {
    /// Takes one event, in order. Must not wait for anything slow; what fails here is the sink's to report,
    /// and never stops the run.
    fn take(&mut self, event: &RunEvent);

    /// Takes operations one by one, in no order, if the run was asked to keep them. They are no events: every
    /// number comes from windows, and the recorded stream does not grow with operations.
    fn samples(&mut self, _samples: &[Sample]) {}
}

/// Sends every event to several sinks.
impl Sink for Vec<Box<dyn Sink>> {
    fn take(&mut self, event: &RunEvent) {
        self.iter_mut().for_each(|sink| sink.take(event));
    }

    fn samples(&mut self, samples: &[Sample]) {
        self.iter_mut().for_each(|sink| sink.samples(samples));
    }
}
