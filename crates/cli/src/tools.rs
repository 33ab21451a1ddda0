//! Before the load: what a plan passes to tools is held against what their servers say of them.

use std::sync::Arc;

use anyhow::{Context, bail};
use plimsoll_engine::clock::{MonotonicClock, now};
use plimsoll_protocols::http::Http;
use plimsoll_protocols::mcp::Mcp;
use plimsoll_script::{Diagnostics, Lowered};

use crate::console;
use crate::exit_code::Exit;

/// What there is to say about calls of tools before the load.
pub(crate) struct Checked {
    /// What is wrong, for each server that has something against the plan.
    pub(crate) wrong: Vec<Diagnostics>,
    /// Why a server could not be asked. That is no mistake of the plan: the run will show it.
    pub(crate) unasked: Vec<String>,
}

impl Checked {
    /// How many mistakes there are.
    pub(crate) fn count(&self) -> usize {
        self.wrong.iter().map(|of_server| of_server.found.len()).sum()
    }
}

/// Asks every server of tools for its list.
pub(crate) fn look(lowered: &Lowered) -> anyhow::Result<Checked> {
    let mut checked = Checked { wrong: Vec::new(), unasked: Vec::new() };
    let servers = lowered.tools.servers();
    if servers.is_empty() {
        return Ok(checked);
    }
    let http = Http::new(lowered.protocols.http.clone()).context(Exit::WrongPlan)?;
    let mcp = Mcp::new(Arc::new(http), lowered.protocols.tools.clone());
    for server in servers {
        match mcp.list_tools(MonotonicClock::starting_at(now()), &server, lowered.timeout_ns_max) {
            Ok(listed) => {
                let wrong = lowered.tools.against(&server, &listed);
                checked.wrong.extend((!wrong.is_empty()).then_some(wrong));
            }
            Err(why) => checked.unasked.push(why),
        }
    }
    Ok(checked)
}

/// The same; what there is to say is printed.
///
/// # Errors
///
/// Tools that are not there, and arguments that their schemas do not allow; all of them have been printed.
pub(crate) fn check(lowered: &Lowered) -> anyhow::Result<()> {
    let checked = look(lowered)?;
    checked.wrong.iter().for_each(|wrong| console::remark(&wrong.render(console::has_colour())));
    for why in &checked.unasked {
        console::remark(&format!("the arguments of tools were not checked beforehand: {why}"));
    }
    let count = checked.count();
    if count > 0 {
        let mistakes = if count == 1 { "mistake" } else { "mistakes" };
        bail!(anyhow::anyhow!("{count} {mistakes} in calls of tools").context(Exit::WrongPlan));
    }
    Ok(())
}
