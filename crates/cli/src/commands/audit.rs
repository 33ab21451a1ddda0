//! `plimsoll audit`: is a result to be believed? Our own run, or what another tool left.

use anyhow::Context;
use plimsoll_audit::RunVerdict;
use plimsoll_audit::foreign::judge;
use plimsoll_foreign::read;
use plimsoll_report::{foreign_json, foreign_text};
use plimsoll_script::yaml::read_json;

use super::report::report;
use crate::args::{AuditArgs, Format, ReportArgs};
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn audit(args: &AuditArgs) -> anyhow::Result<Exit> {
    if args.result.is_dir() {
        let format = if args.json { Format::Json } else { Format::Text };
        return report(&ReportArgs { run: args.result.clone(), format, output: None });
    }
    let foreign = read(&args.result, read_json).context(Exit::Failed)?;
    let judged = judge(&foreign);
    console::result(&if args.json {
        foreign_json(&foreign, &judged)
    } else {
        foreign_text(&foreign, &judged)
    });
    // What others claim is never proven by their say-so.
    let proven = judged.verdict != RunVerdict::Invalid && foreign.claims.is_empty();
    Ok(if proven { Exit::Success } else { Exit::Unproven })
}
