//! `plimsoll check`: everything wrong with a plan, then one call of each kind.

use plimsoll_audit::series::quantity;
use plimsoll_engine::run::canary;
use plimsoll_model::monitor::Gauge;
use plimsoll_model::{Plan, Schedule};
use plimsoll_monitors::monitor;
use plimsoll_report::format::{duration, time};
use plimsoll_script::Lowered;

use super::plan::read;
use crate::args::CheckArgs;
use crate::console;
use crate::execute::canary_settings;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let plan = read(&args.plan, &args.overrides, None)?;
    let lowered = &plan.lowered;
    console::result(&describe(&lowered.plan));
    if args.offline {
        return Ok(Exit::Success);
    }
    #[cfg(feature = "mcp")]
    crate::tools::check(lowered)?;
    let steps = canary(&lowered.plan, &canary_settings(lowered)?)
        .map_err(|e| anyhow::Error::new(e).context(Exit::Unproven))?;
    let mut text = String::from("One call of each kind\n");
    for step in &steps {
        let status = if step.status == 0 { String::new() } else { format!(" {}", step.status) };
        text.push_str(&format!(
            "  {:<14} {}{status}  {}  {}\n",
            step.outcome.name(),
            step.step,
            time(step.response_ns as f64),
            step.message
        ));
    }
    let (read, unread) = monitors(lowered);
    console::result(&(text + &read));
    if unread > 0 {
        console::remark(&format!(
            "{unread} of {} monitors cannot be read: claims about them would be unproven",
            lowered.monitors.len()
        ));
    }
    let failed = steps.iter().filter(|s| s.failed()).count();
    if failed == 0 {
        return Ok(if unread == 0 { Exit::Success } else { Exit::Unproven });
    }
    console::remark(&format!(
        "{failed} of {} calls failed: a load test of this plan would measure failures",
        steps.len()
    ));
    Ok(Exit::Unproven)
}

/// Every monitor once: what it read, or why not; and how many read nothing.
fn monitors(lowered: &Lowered) -> (String, usize) {
    let mut text = String::new();
    let mut unread = 0;
    for settings in &lowered.monitors {
        let source = settings.source.describe();
        let read = monitor(settings.clone()).watch().read();
        unread += usize::from(read.values.is_empty());
        text.push_str(&format!("  {}  {source}\n", settings.name));
        let shown: Vec<_> = read.values.iter().map(gauge).collect();
        if !shown.is_empty() {
            text.push_str(&format!("    {}\n", shown.join(", ")));
        }
        if let Some(missing) = read.missing {
            text.push_str(&format!("    not read: {missing}\n"));
        }
    }
    if text.is_empty() { (text, 0) } else { (format!("One reading of each monitor\n{text}"), unread) }
}

/// A number as it stands; of what is counted, only a second reading tells what happens by the second.
fn gauge(gauge: &Gauge) -> String {
    let name = &gauge.name;
    if gauge.is_counter {
        return format!("{name} by the second");
    }
    let limit = gauge.limit.map_or_else(String::new, |l| format!(" of {}", quantity(gauge.unit, l)));
    format!("{name} {}{limit}", quantity(gauge.unit, gauge.value))
}

/// The plan as it would be executed.
fn describe(plan: &Plan) -> String {
    let mut text = format!(
        "{}: {} scenarios, {} steps, {} claims, {}\n",
        plan.name,
        plan.scenarios.len(),
        plan.operations().count(),
        plan.claims.len(),
        duration(plan.duration_ns())
    );
    for (load, id) in plan.loads.iter().zip(0..) {
        let (unit, count) = match &load.schedule {
            Schedule::Closed(_) => (" users", String::new()),
            Schedule::Open(_) => (
                "/s",
                load.schedule
                    .arrivals(plan.arrival_seed(id))
                    .map_or_else(String::new, |n| format!(", {n} arrivals")),
            ),
        };
        text.push_str(&format!("  {} from {}{count}\n", load.name, duration(load.start_ns)));
        for stage in load.schedule.stages() {
            let level = if (stage.from - stage.to).abs() < 1e-9 {
                format!("{}{unit}", stage.from)
            } else {
                format!("{} -> {}{unit}", stage.from, stage.to)
            };
            text.push_str(&format!("    {:<12} {:>12}  {level}\n", stage.name, duration(stage.duration_ns)));
        }
    }
    text
}
