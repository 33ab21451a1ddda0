//! The load line of several numbers of instances, one search after another.

use std::path::Path;

use anyhow::bail;
use plimsoll_engine::StopHandle;
use plimsoll_report::instances::{Sweep, Swept};
use plimsoll_report::render::capacity::capacity_text;
use plimsoll_report::render::html::instances::instances_html;
use plimsoll_report::render::instances::instances_text;
use plimsoll_script::Lowered;

use super::{Going, margins, told_where, write_shown};
use crate::args::CapacityArgs;
use crate::commands::plan::Services;
use crate::console;
use crate::exit_code::Exit;

/// Numbers of instances with their targets, ascending: those of the command line, or else the plan's.
pub(super) fn asked_for(args: &CapacityArgs, plan: &Lowered) -> anyhow::Result<Vec<(u32, String)>> {
    if args.instances.is_empty() {
        return Ok(plan.instances.clone());
    }
    let mut all = args.instances.clone();
    all.sort_by_key(|(number, _)| *number);
    if let Some(twice) = all.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let (number, one, other) = (twice[0].0, &twice[0].1, &twice[1].1);
        bail!(
            anyhow::anyhow!(
                "--instances names {number} twice, {one} and {other}; give every number one target"
            )
            .context(Exit::WrongPlan)
        );
    }
    Ok(all)
}

/// Searches the line of each, and says what the numbers together come to.
pub(super) fn sweep(
    args: &CapacityArgs,
    plan: &Lowered,
    directory: &Path,
    instances: &[(u32, String)],
    stop: &StopHandle,
) -> anyhow::Result<Exit> {
    let mut sweep = Sweep::new(&plan.plan.name, &plan.digest);
    let mut exits = Vec::new();
    let margins = margins(args);
    for (number, target) in instances {
        let name = format!("instances-{number}");
        let mut going =
            Going::begin(args, Some(target.clone()), directory.join(&name), Services::new(), stop)?;
        if !args.common.quiet {
            let noun = if *number == 1 { "instance" } else { "instances" };
            console::remark(&format!("{number} {noun}: {}", going.found.target));
        }
        going.search()?;
        let text = capacity_text(&going.found, &margins, &[]);
        going.write(&text, &margins);
        exits.push(going.exit());
        sweep.swept.push(Swept::new(*number, &going.found, name.into()));
        sweep.write(directory)?;
        if stop.is_stopped() {
            break;
        }
    }
    let text = instances_text(&sweep, &margins, &args.loads);
    if args.common.json {
        console::result(&serde_json::to_string_pretty(&sweep).unwrap_or_default());
    } else {
        console::result(&text);
    }
    write_shown(directory, &text, &instances_html(&sweep, &margins, &args.loads));
    let exit = worst(&exits);
    told_where(directory, exit, args.common.quiet);
    Ok(exit)
}

/// The exit code of several searches: whatever one of them could not say, all together cannot.
fn worst(exits: &[Exit]) -> Exit {
    let order = [Exit::Interrupted, Exit::Unproven, Exit::Refuted];
    order.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::Success)
}
