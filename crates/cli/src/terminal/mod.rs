//! What a person sees while a run goes on.

mod lines;
mod live;
mod milestones;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::console;
use crate::execute::Shared;
use crate::watch::Progress;
use milestones::Milestones;

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A line every few seconds.
    Lines,
    /// A view in place.
    Live,
    /// Not at all.
    Silent,
}

/// Two updates a second: calm enough to read.
const REFRESH: Duration = Duration::from_millis(500);

/// Refreshes between two lines.
const LINE_EVERY: u32 = 10;

/// The display, on a thread of its own.
pub(crate) struct Display {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    pub(crate) fn start(mode: Mode, progress: &Shared<Progress>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (progress, finished) = (progress.clone(), done.clone());
        let body = move || match mode {
            Mode::Silent => {}
            Mode::Lines => by_lines(&progress, &finished),
            Mode::Live => {
                // A terminal that cannot be drawn on still gets lines.
                if live::show(&progress, &finished).is_err() {
                    by_lines(&progress, &finished);
                }
            }
        };
        // Without a thread the run goes on unseen.
        let thread = thread::Builder::new().name("display".to_owned()).spawn(body).ok();
        Self { done, thread }
    }

    /// Removes the view.
    pub(crate) fn finish(self) {
        self.done.store(true, Ordering::Release);
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            // A panic of the display has already been printed; the result is worth more.
            let _panicked = thread.join();
        }
    }
}

fn by_lines(progress: &Shared<Progress>, done: &AtomicBool) {
    let mut turn = 0u32;
    let mut milestones = Milestones::default();
    while !wait(done) {
        turn += 1;
        let passed = milestones.passed(&progress.lock().unwrap_or_else(PoisonError::into_inner));
        passed.iter().for_each(|line| console::remark(line));
        if turn.is_multiple_of(LINE_EVERY) {
            let line = lines::line(&progress.lock().unwrap_or_else(PoisonError::into_inner));
            console::remark(&line);
        }
    }
}

/// Waits for the next refresh; true if the run is over.
fn wait(done: &AtomicBool) -> bool {
    thread::park_timeout(REFRESH);
    done.load(Ordering::Acquire)
}
