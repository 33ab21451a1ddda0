//! Calls of tools: which, and with what arguments.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::tool::{self, ToolRequest};
use serde_json::{Value, json};

use super::super::super::read::Placed;
use super::super::super::tools::ToolCall;
use super::super::super::types::ToolStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};

impl Lowering<'_> {
    pub(super) fn tool_sent(&mut self, step: &ToolStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        draft.without_status();
        draft.expect.usual.by_protocol = true;
        let (what, method, params) = match (&step.tool, &step.mcp) {
            (Some(name), None) => {
                let args = step.args.as_ref().map_or_else(|| json!({}), |args| args.value.clone());
                (name, "tools/call", json!({ "name": name.value, "arguments": args }))
            }
            (None, Some(method)) => {
                let args = step.args.as_ref().map_or_else(|| json!({}), |args| args.value.clone());
                (method, method.value.as_str(), args)
            }
            _ => {
                self.diagnostics.error(
                    &step.place,
                    "this step does two things at once",
                    "write `tool: NAME` with its `args`, or `mcp: METHOD`",
                );
                return None;
            }
        };
        if let Some(args) = step.args.as_ref().filter(|args| !is_mapping(&args.value)) {
            self.diagnostics.error(
                &args.place,
                "`args` is a mapping of names to values",
                "such as `args: { query: cats }`",
            );
        }
        let place = step.args.as_ref().map_or(&what.place, |args| &args.place).clone();
        let params = self.json_template(&Placed { value: params, place }, &scope.names);
        let server: Arc<str> = self.server(step.on.as_ref(), Speaks::Tools, what)?.into();
        self.remember_tool(step, &server);
        let section = self.file.mcp.as_ref().and_then(|section| section.timeout);
        let timeout_ns = self.timeout(step.timeout.or(section));
        let method: Arc<str> = method.into();
        let network = self.network(scope);
        // Only a program is started.
        let parts = if server.starts_with("stdio:") { &tool::PARTS[..] } else { &tool::PARTS[..1] };
        let request = Filled::new(vec![params?], move |texts| {
            let params = texts.next().unwrap_or_default();
            let (server, method) = (server.clone(), method.clone());
            Operation::Tool(ToolRequest { server, method, params, timeout_ns, network })
        });
        let request = RequestTemplate::Other(request);
        Some(Sent { protocol: "mcp", request, parts, good: None })
    }

    /// The call of a tool, for being held against what the server says of it.
    fn remember_tool(&mut self, step: &ToolStep, server: &Arc<str>) {
        let Some(tool) = &step.tool else { return };
        let arguments = step.args.as_ref();
        self.tools.calls.push(ToolCall {
            server: server.clone(),
            tool: tool.value.clone(),
            arguments: arguments.map_or_else(|| json!({}), |args| args.value.clone()),
            tool_place: tool.place.clone(),
            arguments_place: arguments.map_or(&tool.place, |args| &args.place).clone(),
        });
    }
}

/// A mapping, or a text that will be one.
fn is_mapping(value: &Value) -> bool {
    value.is_object() || value.as_str().is_some_and(|text| text.starts_with("${"))
}

/// The tool, or the method.
pub(super) fn usual_name(step: &ToolStep) -> String {
    let named = step.tool.as_ref().or(step.mcp.as_ref());
    named.map_or_else(String::new, |name| name.value.clone())
}
