//! `plimsoll run --repeat N`: runs that can be compared, each in a process of its own.

use std::ffi::OsString;

use crate::args::RunArgs;
use crate::execute::usual_directory;
use crate::exit_code::Exit;
use crate::{console, fresh};

/// See the module.
pub(crate) fn repeat(args: &RunArgs, count: u32) -> anyhow::Result<Exit> {
    let name = args.plan.file_stem().map_or_else(|| "plan".into(), |stem| stem.to_string_lossy());
    let directory = args.common.directory().unwrap_or_else(|| usual_directory(&name));
    let more = passed_on(std::env::args_os().skip(1), args);
    let mut worst = 0;
    for number in 1..=count {
        let out = directory.join(format!("{number:03}"));
        let code = fresh::run(&args.plan, &more, &out)?;
        console::remark(&format!("run {number} of {count}: exit code {code}, recorded in {}", out.display()));
        if code == Exit::Interrupted as u8 || code == Exit::WrongPlan as u8 {
            return Ok(Exit::of_code(code));
        }
        worst = worst.max(code);
    }
    console::remark(&format!("plimsoll compare {} -- OTHER compares them", directory.display()));
    Ok(Exit::of_code(worst))
}

/// What was given on the command line, without what this command decides itself.
fn passed_on(given: impl Iterator<Item = OsString>, args: &RunArgs) -> Vec<OsString> {
    let mut more = Vec::new();
    let mut given = given.filter(|arg| arg != "run" && arg != args.plan.as_os_str());
    while let Some(arg) = given.next() {
        let text = arg.to_string_lossy();
        if ["--repeat", "--out", "-o"].contains(&&*text) {
            given.next();
        } else if !["--repeat=", "--out=", "-o"].iter().any(|own| text.starts_with(own)) {
            more.push(arg);
        }
    }
    more
}
