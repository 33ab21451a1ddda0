//! `plimsoll run`: a plan, or a script.

use super::plan::read;
use super::repeat::repeat;
use super::script;
use crate::args::RunArgs;
use crate::execute::{Keep, execute, usual_directory};
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    if script::is_script(&args.plan) && args.repeat.is_some() {
        return Err(anyhow::anyhow!("--repeat is for plans").context(Exit::WrongPlan));
    }
    if script::is_script(&args.plan) {
        return script::run(args);
    }
    if !args.common.outputs().is_empty() {
        return Err(anyhow::anyhow!(
            "--out json=FILE and csv=FILE are for scripts; --samples keeps every operation of a plan"
        )
        .context(Exit::WrongPlan));
    }
    if let Some(count) = args.repeat {
        return repeat(args, count);
    }
    let plan = read(&args.plan, &args.overrides, args.common.seed)?;
    let directory = args.common.directory().unwrap_or_else(|| usual_directory(&plan.lowered.plan.name));
    execute(&plan.lowered, &args.common, &Keep::Directory(directory))
}
