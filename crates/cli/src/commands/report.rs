//! `plimsoll report`: a recorded run again.

use anyhow::Context;
use plimsoll_model::Record;
use plimsoll_report::{
    RunDirectory, View, csv, hgrm, hlog, html, json, junit, markdown, monitors_csv, openmetrics, read_log,
    text,
};

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
    let view = View::new(Record::from_events(&log.events)).recorded_as(log.digest).sampled(&directory);
    let render = match args.format {
        Format::Csv => csv,
        Format::Hgrm => hgrm,
        Format::Hlog => hlog,
        Format::Html => html,
        Format::Json => json,
        Format::Junit => junit,
        Format::Md => markdown,
        Format::Monitors => monitors_csv,
        Format::Openmetrics => openmetrics,
        Format::Text => text,
    };
    let rendered = render(&view);
    match &args.output {
        None if args.format == Format::Text => console::summary(&view, &rendered),
        None => console::result(&rendered),
        Some(path) => {
            std::fs::write(path, rendered).with_context(|| format!("failed to write {}", path.display()))?;
        }
    }
    Ok(Exit::of(&view.judgement))
}
