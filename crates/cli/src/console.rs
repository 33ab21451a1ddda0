//! Standard output and standard error: results go to the one, everything else to the other.

use std::io::{IsTerminal, Write};

use plimsoll_report::{View, sparklines};
use ratatui::crossterm::terminal;

/// Prints a result. A closed pipe is a clean end: somebody has seen enough.
pub(crate) fn result(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _closed_pipe = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Terminals from this width on have room for charts.
const COLUMNS_FOR_CHARTS: u16 = 100;

/// Wider charts are no clearer.
const COLUMNS_MAX: u16 = 160;

/// Prints the summary of a run, with small charts after it where a person sees them and has room.
pub(crate) fn summary(view: &View, text: &str) {
    let columns = terminal::size().map_or(0, |(columns, _)| columns);
    if !std::io::stdout().is_terminal() || columns < COLUMNS_FOR_CHARTS {
        return result(text);
    }
    let charts = sparklines(view, usize::from(columns.min(COLUMNS_MAX)));
    result(&format!("{text}\n{charts}"));
}

/// Prints a remark.
pub(crate) fn remark(text: &str) {
    let _closed_pipe = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a line over the one that was printed so before; at a terminal only.
pub(crate) fn in_place(text: &str) {
    let columns = usize::from(terminal::size().map_or(80, |(columns, _)| columns));
    let shown: String = text.chars().take(columns.saturating_sub(1)).collect();
    let mut stderr = std::io::stderr().lock();
    let _closed_pipe = write!(stderr, "\r\x1b[2K{shown}").and_then(|()| stderr.flush());
}

/// Prints an error with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    remark(&format!("error: {error:#}"));
}

/// Whether remarks are seen by a person at a terminal that can do more than lines.
pub(crate) fn is_live() -> bool {
    std::io::stderr().is_terminal() && variable("TERM").is_none_or(|term| term != "dumb")
}

/// Whether results are seen by a person.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether colour is wanted on standard error.
pub(crate) fn has_colour() -> bool {
    std::io::stderr().is_terminal() && variable("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// An environment variable.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
