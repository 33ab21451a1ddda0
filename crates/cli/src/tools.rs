//! Before the load: what a plan passes to tools is held against what their servers say of them.

use std::sync::Arc;

use anyhow::{Context, bail};
use plimsoll_engine::clock::{MonotonicClock, now};
use plimsoll_protocols::http::Http;
use plimsoll_protocols::mcp::Mcp;
use plimsoll_script::Lowered;

use crate::console;
use crate::exit_code::Exit;

/// Asks every server of tools for its list. A server that cannot be asked is no mistake of the plan: the run will show it.
///
/// # Errors
///
/// Tools that are not there, and arguments that their schemas do not allow; all of them have been printed.
pub(crate) fn check(lowered: &Lowered) -> anyhow::Result<()> {
    let servers = lowered.tools.servers();
    if servers.is_empty() {
        return Ok(());
    }
    let http = Http::new(lowered.protocols.http.clone()).context(Exit::WrongPlan)?;
    let mcp = Mcp::new(Arc::new(http), lowered.protocols.tools.clone());
    let mut count = 0;
    for server in servers {
        match mcp.list_tools(MonotonicClock::starting_at(now()), &server, lowered.timeout_ns_max) {
            Ok(listed) => {
                let wrong = lowered.tools.against(&server, &listed);
                count += wrong.found.len();
                if !wrong.is_empty() {
                    console::remark(&wrong.render(console::has_colour()));
                }
            }
            Err(why) => {
                console::remark(&format!("the arguments of tools were not checked beforehand: {why}"));
            }
        }
    }
    if count > 0 {
        let mistakes = if count == 1 { "mistake" } else { "mistakes" };
        bail!(anyhow::anyhow!("{count} {mistakes} in calls of tools").context(Exit::WrongPlan));
    }
    Ok(())
}
