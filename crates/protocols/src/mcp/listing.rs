//! What a server says of its tools, asked once and outside the load.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::tool::ToolRequest;
use plimsoll_model::{Clock, Nanos, Operation, Outcome, Protocol, Session};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::Mcp;

/// Pages of a list that are asked for at most: a server that never ends its list is not followed for ever.
const PAGES_MAX: usize = 100;

impl Mcp {
    /// The tools of a server as its `tools/list` describes them. Blocks until they are there.
    ///
    /// # Errors
    ///
    /// In words, if the server cannot be asked.
    pub fn list_tools(
        &self,
        clock: Rc<dyn Clock>,
        server: &Arc<str>,
        timeout_ns: Nanos,
    ) -> Result<Vec<Value>, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("failed to begin: {error}"))?;
        let asking = async {
            let mut session = self.driver(clock).session();
            listed(session.as_mut(), server, timeout_ns).await
        };
        LocalSet::new().block_on(&runtime, asking)
    }
}

async fn listed(
    session: &mut dyn Session,
    server: &Arc<str>,
    timeout_ns: Nanos,
) -> Result<Vec<Value>, String> {
    let (mut tools, mut params) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let request = ToolRequest {
            server: server.clone(),
            method: "tools/list".into(),
            params,
            timeout_ns,
            network: None,
        };
        let reply = session.perform(&Arc::new(Operation::Tool(request))).await;
        if reply.outcome != Outcome::Ok {
            let why = reply.failure.map(|failure| format!("{}: {}", failure.class, failure.message));
            return Err(why.unwrap_or_else(|| reply.outcome.name().to_owned()));
        }
        let mut page: Value = serde_json::from_slice(session.response().body).map_err(|e| e.to_string())?;
        if let Value::Array(some) = page["tools"].take() {
            tools.extend(some);
        }
        match page["nextCursor"].as_str() {
            Some(next) => params = json!({ "cursor": next }).to_string(),
            None => break,
        }
    }
    Ok(tools)
}
