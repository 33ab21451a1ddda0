//! Ctrl-C: the first stops sending, drains and judges; the second leaves at once.

use anyhow::Context;
use plimsoll_engine::StopHandle;
use plimsoll_model::StopReason;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::console;
use crate::exit_code::Exit;

/// A handle that interrupts stop, for the rest of the process's life.
pub(crate) fn interruptible() -> anyhow::Result<StopHandle> {
    let stop = StopHandle::default();
    stop_on_interrupt(stop.clone())?;
    Ok(stop)
}

/// The same for a handle that is there.
pub(crate) fn stop_on_interrupt(stop: StopHandle) -> anyhow::Result<()> {
    listen(stop).context("failed to listen for interrupts")
}

fn listen(stop: StopHandle) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            if stop.is_stopped() {
                leave();
            }
            console::remark(
                "stopping: what is in flight is waited for, then judged; interrupt again to leave at once",
            );
            stop.stop(StopReason::Interrupted);
        }
    })?;
    Ok(())
}

#[expect(clippy::exit, reason = "asked to leave at once; what was measured up to the last second is on disk")]
fn leave() -> ! {
    std::process::exit(Exit::Interrupted as i32)
}

/// Blocks until somebody interrupts.
pub(crate) fn wait_for_interrupt() -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    signals.forever().next();
    Ok(())
}
