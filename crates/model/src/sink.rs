//! Where run events go.

use crate::RunEvent;

/// A consumer of the one stream of run events: the terminal, the run file, a web page, an uplink.
pub trait Sink: Send {
    /// Takes one event, in order. Must not wait for anything slow; what fails here is the sink's to report,
    /// and never stops the run.
    fn take(&mut self, event: &RunEvent);
}

/// Sends every event to several sinks.
impl Sink for Vec<Box<dyn Sink>> {
    fn take(&mut self, event: &RunEvent) {
        self.iter_mut().for_each(|sink| sink.take(event));
    }
}
