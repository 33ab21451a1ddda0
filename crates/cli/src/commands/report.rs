//! `plimsoll report`: a recorded run again.

use anyhow::Context;
use plimsoll_model::Record;
use plimsoll_report::{RunDirectory, View, json, read_log, text};

use crate::args::{Format, ReportArgs};
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn report(args: &ReportArgs) -> anyhow::Result<Exit> {
    let directory = RunDirectory::open(&args.run);
    let log = read_log(&directory.events())
        .with_context(|| format!("{} is not a run directory that can be shown", args.run.display()))?;
    if let Some(damage) = &log.damage {
        console::remark(&format!(
            "warning: the record is damaged ({damage}); what stands before the damage is shown"
        ));
    }
    let view = View::new(Record::from_events(&log.events));
    console::result(&match args.format {
        Format::Json => json(&view),
        Format::Text => text(&view),
    });
    Ok(Exit::of(&view.judgement))
}
