//! Where a suite stands, for whoever waits: in place on a terminal, else a line now and then.

use plimsoll_model::{Nanos, SECOND_NS};
use plimsoll_report::format::duration;

use crate::console;

/// Between two looks of a person at a log.
const LINE_EVERY_NS: Nanos = 30 * SECOND_NS;

/// Between two updates in place.
const UPDATE_EVERY_NS: Nanos = SECOND_NS / 2;

/// How far a suite has come.
pub(super) struct Progress {
    is_quiet: bool,
    is_live: bool,
    /// Scenarios that are to run.
    pub(super) of: usize,
    /// What those take that are still to come, as far as that is known.
    pub(super) to_come_ns: Nanos,
    last_ns: Nanos,
}

/// The scenario that runs.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    /// Its place among those that run, from 1.
    pub(super) number: usize,
    /// Its name.
    pub(super) name: &'a str,
    /// How long it takes, about; `None` if nobody can know.
    pub(super) estimate_ns: Option<Nanos>,
}

impl Progress {
    pub(super) fn new(is_quiet: bool, of: usize, to_come_ns: Nanos) -> Self {
        Self { is_quiet, is_live: console::is_live(), of, to_come_ns, last_ns: 0 }
    }

    /// A scenario begins.
    pub(super) fn begin(&mut self, now: Now<'_>) {
        self.last_ns = 0;
        if !self.is_quiet && !self.is_live {
            console::remark(&self.line(now, 0));
        }
    }

    /// A scenario has been running for so long.
    pub(super) fn tick(&mut self, now: Now<'_>, elapsed_ns: Nanos) {
        let every_ns = if self.is_live { UPDATE_EVERY_NS } else { LINE_EVERY_NS };
        if self.is_quiet || elapsed_ns < self.last_ns + every_ns {
            return;
        }
        self.last_ns = elapsed_ns;
        let line = self.line(now, elapsed_ns);
        if self.is_live { console::in_place(&line) } else { console::remark(&line) }
    }

    /// A scenario is over: what came of it stays.
    pub(super) fn end(&self, now: Now<'_>, came: &str, took_ns: Nanos) {
        if self.is_quiet {
            return;
        }
        if self.is_live {
            console::in_place("");
        }
        console::remark(&format!(
            "{} of {}  {}: {came} in {}",
            now.number,
            self.of,
            now.name,
            duration(took_ns)
        ));
    }

    fn line(&self, now: Now<'_>, elapsed_ns: Nanos) -> String {
        let so_far =
            if elapsed_ns == 0 { "begins".to_owned() } else { format!("{} so far", duration(elapsed_ns)) };
        let (this, all_ns) = match now.estimate_ns.map(|whole| whole.saturating_sub(elapsed_ns)) {
            Some(0) => (", about to end".to_owned(), self.to_come_ns),
            Some(left) => (format!(", about {} left", duration(left)), self.to_come_ns + left),
            None => (", nobody knows for how long".to_owned(), self.to_come_ns),
        };
        let rest = if now.number < self.of {
            format!("; the suite about {}", duration(all_ns))
        } else {
            String::new()
        };
        format!("{} of {}  {}: {so_far}{this}{rest}", now.number, self.of, now.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_which_of_how_many_and_how_long_still() {
        let progress =
            Progress { is_quiet: false, is_live: false, of: 3, to_come_ns: 60 * SECOND_NS, last_ns: 0 };
        let now = Now { number: 2, name: "smoke", estimate_ns: Some(30 * SECOND_NS) };
        let line = progress.line(now, 10 * SECOND_NS);
        assert_eq!(line, "2 of 3  smoke: 10.0 s so far, about 20.0 s left; the suite about 1 min 20 s");
        let unknown = Now { number: 3, name: "line", estimate_ns: None };
        assert_eq!(progress.line(unknown, 0), "3 of 3  line: begins, nobody knows for how long");
    }
}
