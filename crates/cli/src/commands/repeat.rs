//! `plimsoll run --repeat N`: runs that can be compared, each in a process of its own.

use std::ffi::OsString;

use crate::args::{Idle, RunArgs, Scale};
use crate::console;
use crate::execute::usual_directory;
use crate::exit_code::Exit;
use crate::fresh::Fresh;

/// See the module.
pub(crate) fn repeat(args: &RunArgs, count: u32) -> anyhow::Result<Exit> {
    let name = args.plan.file_stem().map_or_else(|| "plan".into(), |stem| stem.to_string_lossy());
    let directory = args.common.directory().unwrap_or_else(|| usual_directory(&name));
    let fresh = Fresh::new()?;
    let (more, mut worst) = (passed_on(args), 0);
    for number in 1..=count {
        let out = directory.join(format!("{number:03}"));
        let code = fresh.run(&args.plan, &more, &out)?;
        if out.exists() {
            let recorded = out.display();
            console::remark(&format!("run {number} of {count}: exit code {code}, recorded in {recorded}"));
        }
        if fresh.is_stopped() {
            console::remark(&format!("interrupted; what was made is kept in {}", directory.display()));
            return Ok(Exit::Interrupted);
        }
        if code == Exit::WrongPlan as u8 || Exit::of_code(code) == Exit::Failed {
            return Ok(Exit::of_code(code));
        }
        worst = worst.max(code);
    }
    console::remark(&format!("plimsoll compare {} -- OTHER compares them", directory.display()));
    Ok(Exit::of_code(worst))
}

/// What was asked for, as each run is to be told.
fn passed_on(args: &RunArgs) -> Vec<OsString> {
    let (common, own) = (&args.common, &args.overrides);
    let mut more: Vec<OsString> = Vec::new();
    let mut put = |flag: &str, value: Option<String>| {
        more.extend(value.into_iter().flat_map(|value| [flag.into(), value.into()]));
    };
    own.env.iter().for_each(|(key, value)| put("--env", Some(format!("{key}={value}"))));
    put("--vus", own.vus.map(|n| n.to_string()));
    put("--rate", own.rate.map(|rate| rate.to_string()));
    put("--duration", own.duration.map(|ns| format!("{}us", ns / 1_000)));
    put("--iterations", own.iterations.map(|n| n.to_string()));
    put("--scale", own.scale.and_then(Scale::share).map(|share| share.to_string()));
    put("--workers", common.workers.map(|n| n.to_string()));
    put("--seed", common.seed.map(|n| n.to_string()));
    let idle = match common.idle {
        _ if common.spin => "spin",
        Idle::Hybrid => "hybrid",
        Idle::Sleep => "sleep",
        Idle::Spin => "spin",
    };
    put("--idle", Some(idle.to_owned()));
    if let Some(share) = common.samples {
        more.push(format!("--samples={share}").into());
    }
    more
}
