//! `plimsoll history`: where in a series of runs something changed.

use plimsoll_report::render::history::{RUNS_MIN, history_text, stories};

use super::arms::side;
use crate::args::HistoryArgs;
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn history(args: &HistoryArgs) -> anyhow::Result<Exit> {
    let (mut runs, mut left_out) = (Vec::new(), Vec::new());
    for run in side(&args.runs)? {
        match run.fault() {
            Some(why) => left_out.push(format!("left out, {why}: {}", run.path.display())),
            None => runs.push(run),
        }
    }
    runs.sort_by(|a, b| a.began().cmp(b.began()));
    left_out.iter().for_each(|line| console::remark(line));
    if runs.len() < RUNS_MIN {
        console::remark(&format!("{} runs are no history: {RUNS_MIN} are needed", runs.len()));
        return Ok(Exit::Unproven);
    }
    let stories = stories(&runs, args.seed);
    console::result(&history_text(&runs, &stories));
    Ok(Exit::Success)
}
