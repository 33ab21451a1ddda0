//! Calls by gRPC: which method, and what is said.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::grpc::{self, GrpcRequest};
use serde_json::{Value, json};

use super::super::super::read::Placed;
use super::super::super::types::GrpcStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::{Form, Template};

impl Lowering<'_> {
    pub(super) fn grpc_sent(&mut self, step: &GrpcStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        draft.without_status();
        draft.expect.usual.by_protocol = true;
        let place = &step.grpc.place;
        if step
            .grpc
            .value
            .trim_start_matches('/')
            .rsplit_once('/')
            .is_none_or(|(s, m)| s.is_empty() || m.is_empty())
        {
            self.diagnostics.error(
                place,
                format!("`{}` names no method of a service", step.grpc.value),
                "write package.Service/Method",
            );
        }
        let method: Arc<str> = self.known_before_the_run(&step.grpc)?.into();
        let server: Arc<str> = self.server(step.on.as_ref(), Speaks::Grpc, &step.grpc)?.into();
        let mut holes = self.messages(step, scope)?;
        let count = holes.len();
        let mut names = Vec::new();
        for (name, value) in step.headers.iter() {
            names.push(name.value.clone());
            holes.push(self.template(value, Form::Plain, &scope.names)?);
        }
        let section = self.file.grpc.as_ref().and_then(|section| section.timeout);
        let timeout_ns = self.timeout(step.timeout.or(section));
        let request = Filled::new(holes, move |texts| {
            let messages = (0..count).map(|_| texts.next().unwrap_or_default()).collect();
            let metadata =
                names.iter().map(|name| (name.clone(), texts.next().unwrap_or_default())).collect();
            let (server, method) = (server.clone(), method.clone());
            Operation::Grpc(GrpcRequest { server, method, metadata, messages, json_names: false, timeout_ns })
        });
        let request = RequestTemplate::Other(request);
        Some(Sent { protocol: "grpc", request, parts: &grpc::PARTS, good: None })
    }

    /// One message, or several.
    fn messages(&mut self, step: &GrpcStep, scope: &Scope) -> Option<Vec<Template>> {
        let several = match (&step.json, &step.messages) {
            (Some(_), Some(both)) => {
                self.diagnostics.error(
                    &both.place,
                    "this step says both one message and several",
                    "write `json` for one message, `messages` for a stream of them",
                );
                return None;
            }
            (Some(one), None) => vec![one.clone()],
            (None, Some(Placed { value: Value::Array(all), place })) => {
                all.iter().map(|value| Placed { value: value.clone(), place: place.clone() }).collect()
            }
            (None, Some(other)) => {
                self.diagnostics.error(
                    &other.place,
                    "`messages` is a list",
                    "such as `messages: [{ text: one }, { text: two }]`",
                );
                return None;
            }
            (None, None) => vec![Placed { value: json!({}), place: step.grpc.place.clone() }],
        };
        several.iter().map(|message| self.json_template(message, &scope.names)).collect()
    }
}

/// The method.
pub(super) fn usual_name(step: &GrpcStep) -> String {
    step.grpc.value.rsplit('/').next().unwrap_or_default().to_owned()
}
