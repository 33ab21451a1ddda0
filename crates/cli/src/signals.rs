//! Ctrl-C: the first stops sending, drains and judges; the second leaves at once.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use plimsoll_engine::StopHandle;
use plimsoll_model::StopReason;
use rustix::process::{Pid, Signal, kill_process};
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

/// Where interrupts go while runs are made in processes of their own: to the one that is being made.
#[derive(Default)]
pub(crate) struct HandedOn {
    stop: StopHandle,
    child: Mutex<Option<Pid>>,
}

/// Interrupts are handed on, for the rest of the process's life. The run that gets one writes and judges what it measured.
pub(crate) fn handing_on() -> anyhow::Result<Arc<HandedOn>> {
    let handed = Arc::new(HandedOn::default());
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("failed to listen for interrupts")?;
    let listener = handed.clone();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(|signal| listener.interrupt(signal)))
        .context("failed to listen for interrupts")?;
    Ok(handed)
}

impl HandedOn {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_stopped()
    }

    /// Starts a process that gets the next interrupt; `None` if there was one already.
    pub(crate) fn start(&self, command: &mut Command) -> std::io::Result<Option<Child>> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_stopped() {
            return Ok(None);
        }
        let started = command.spawn()?;
        *child = Pid::from_raw(started.id().cast_signed());
        Ok(Some(started))
    }

    /// The process has ended, and nobody has asked for its end yet.
    pub(crate) fn ended(&self) {
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn interrupt(&self, signal: i32) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *child {
            let signal = if signal == SIGTERM { Signal::TERM } else { Signal::INT };
            // It may have ended just now.
            let _gone = kill_process(pid, signal);
        }
        if self.is_stopped() {
            leave();
        }
        console::remark(
            "stopping after this run, which writes and judges what it measured; interrupt again to leave at once",
        );
        self.stop.stop(StopReason::Interrupted);
    }
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

/// Interrupts, counted for the rest of the process's life: for who hands them on.
#[derive(Clone, Default)]
pub(crate) struct Interrupts(Arc<AtomicUsize>);

impl Interrupts {
    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// Whether there was one.
    pub(crate) fn any(&self) -> bool {
        self.count() > 0
    }
}

/// Counts interrupts from now on; `said` is printed at the first.
pub(crate) fn counted(said: &'static str) -> anyhow::Result<Interrupts> {
    let interrupts = Interrupts::default();
    let counting = interrupts.clone();
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("failed to listen for interrupts")?;
    let listening = move || {
        for _ in signals.forever() {
            if counting.0.fetch_add(1, Ordering::AcqRel) == 0 {
                console::remark(said);
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(listening)
        .context("failed to listen for interrupts")?;
    Ok(interrupts)
}

/// Blocks until somebody interrupts.
pub(crate) fn wait_for_interrupt() -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    signals.forever().next();
    Ok(())
}
