//! Operations of protocols that somebody else brings.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::own::OwnRequest;

use super::super::super::read::Placed;
use super::super::super::types::OwnStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};

impl Lowering<'_> {
    pub(super) fn own_sent(&mut self, step: &OwnStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        draft.without_status();
        let call = Placed { value: step.call.value.clone(), place: step.call.place.clone() };
        let call = self.json_template(&call, &scope.names);
        let server: Arc<str> = self.server(step.on.as_ref(), Speaks::Own, &step.call)?.into();
        let scheme = server.split_once("://").map_or("", |(scheme, _)| scheme);
        let protocol = self.own.iter().copied().find(|own| *own == scheme)?;
        let timeout_ns = self.timeout(step.timeout);
        let request = Filled::new(vec![call?], move |texts| {
            let call = texts.next().unwrap_or_default();
            Operation::Own(OwnRequest { server: server.clone(), call, timeout_ns })
        });
        Some(Sent { protocol, request: RequestTemplate::Other(request), parts: &[], good: None })
    }
}
