//! `plimsoll demo`: an embedded service and plan.

use std::path::Path;

use super::plan::{no_overrides, read_text};
use crate::args::DemoArgs;
use crate::console;
use crate::execute::{Keep, execute, usual_directory};
use crate::exit_code::Exit;

/// The demo's plan, which is also the first example.
pub(crate) const PLAN: &str = include_str!("../../../../examples/demo.yaml");

/// See the module.
pub(crate) fn demo(args: &DemoArgs) -> anyhow::Result<Exit> {
    if args.print_plan {
        console::result(PLAN);
        return Ok(Exit::Success);
    }
    let plan =
        read_text(Path::new("demo.yaml"), PLAN.to_owned(), &no_overrides(args.duration), args.common.seed)?;
    if !args.common.quiet {
        console::remark(
            "the built-in order service runs on a free loopback port; the plan is `plimsoll demo --print-plan`",
        );
    }
    let directory = args.common.directory().unwrap_or_else(|| usual_directory("demo"));
    execute(&plan.lowered, &args.common, &Keep::Directory(directory))
}
