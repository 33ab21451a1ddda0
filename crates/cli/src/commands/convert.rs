//! `plimsoll convert`: a script as a plan that does the same, or what in it no plan can say.

use anyhow::Context;
use plimsoll_engine::StopHandle;
use plimsoll_k6::Unconvertible;

use super::plan::{no_overrides, read_text};
use super::script;
use crate::args::ConvertArgs;
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn convert(args: &ConvertArgs) -> anyhow::Result<Exit> {
    let script = script::read(&args.script, &args.env, StopHandle::default())?;
    let plan = match script.as_plan().map_err(|e| anyhow::anyhow!("{e}").context(Exit::ScriptThrew))? {
        Ok(plan) => plan,
        Err(Unconvertible(reasons)) => {
            reasons.iter().for_each(|reason| console::remark(reason));
            let (count, path) = (reasons.len(), args.script.display());
            let what = if count == 1 { "construct" } else { "constructs" };
            return Err(anyhow::anyhow!(
                "{count} {what} of {path} cannot be said in a plan; `plimsoll run {path}` runs the script as it is"
            )
            .context(Exit::WrongPlan));
        }
    };
    // What is printed is a plan: it is read before it is shown.
    let name = args.out.clone().unwrap_or_else(|| args.script.with_extension("yaml"));
    read_text(&name, plan.clone(), &no_overrides(None), None)
        .context("the plan that was made cannot be read; this is a mistake of ours")?;
    match &args.out {
        None => console::result(&plan),
        Some(path) => {
            std::fs::write(path, &plan).with_context(|| format!("failed to write {}", path.display()))?;
        }
    }
    Ok(Exit::Success)
}
