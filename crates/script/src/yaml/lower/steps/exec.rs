//! Programs of the system: which, with what.

use std::path::Path;
use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::exec::ExecRequest;
use serde_json::Value;

use super::super::super::read::Placed;
use super::super::super::types::ExecStep;
use super::super::Lowering;
use super::command::{line, word};
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::Form;

impl Lowering<'_> {
    pub(super) fn exec_sent(&mut self, step: &ExecStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        draft.without_status();
        if let Some(on) = &step.on {
            self.diagnostics.error(&on.place, "a program has no target", "remove `on`");
        }
        let words = words(&step.exec.value).filter(|words| !words.is_empty());
        let Some(words) = words else {
            self.diagnostics.error(
                &step.exec.place,
                "this is no command line",
                "write `exec: [curl, -s, \"${url}\"]`, or a line such as `exec: sh -c 'exit 0'`",
            );
            return None;
        };
        let count = words.len();
        let mut holes = Vec::new();
        for word in words {
            let word = Placed { value: word, place: step.exec.place.clone() };
            holes.push(self.template(&word, Form::Plain, &scope.names)?);
        }
        let mut names = Vec::new();
        for (name, value) in step.environment.iter() {
            names.push(name.value.clone());
            holes.push(self.template(value, Form::Plain, &scope.names)?);
        }
        if let Some(input) = &step.stdin {
            holes.push(self.template(input, Form::Plain, &scope.names)?);
        }
        let exit = step.exit.and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
        let directory = if self.base.as_os_str().is_empty() { Path::new(".") } else { &self.base };
        let directory: Arc<Path> = directory.into();
        let timeout_ns = self.timeout(step.timeout);
        let request = Filled::new(holes, move |texts| {
            let words = texts.take(count).collect();
            let environment =
                names.iter().map(|name| (name.clone(), texts.next().unwrap_or_default())).collect();
            let input = texts.next().unwrap_or_default();
            let directory = directory.clone();
            Operation::Exec(ExecRequest { words, input, environment, directory, exit, timeout_ns })
        });
        let request = RequestTemplate::Other(request);
        Some(Sent { protocol: "exec", request, parts: &[], good: None })
    }
}

/// The words of a command line.
fn words(written: &Value) -> Option<Vec<String>> {
    match written {
        Value::String(text) => Some(line(text)),
        Value::Array(words) => words.iter().map(word).collect(),
        _ => None,
    }
}

/// The program's name, without where it stands.
pub(super) fn usual_name(step: &ExecStep) -> String {
    let program = words(&step.exec.value).and_then(|words| words.into_iter().next());
    program.map_or_else(|| "exec".to_owned(), |path| path.rsplit('/').next().unwrap_or_default().to_owned())
}
