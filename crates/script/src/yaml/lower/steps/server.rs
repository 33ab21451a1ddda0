//! Which server a step is sent to, and whether it speaks what the step is written in.

use plimsoll_model::plan::without_credentials;

use super::super::super::diagnostics::suggest;
use super::super::super::read::Placed;
use super::super::Lowering;

/// What a target speaks, by the scheme of its address; a program speaks of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::yaml::lower) enum Speaks {
    Grpc,
    Http,
    Messages,
    /// A protocol that somebody else brings.
    Own,
    Redis,
    Sql,
    Talk,
    Tools,
}

impl Speaks {
    /// What is spoken under an address; nothing that is known, if its scheme is not.
    pub(in crate::yaml::lower) fn of(url: &str, own: &[&str]) -> Option<Self> {
        if url.starts_with("stdio:") {
            return Some(Self::Tools);
        }
        if url.starts_with("sqlite:") {
            return Some(Self::Sql);
        }
        Some(match url.split_once("://")?.0 {
            "grpc" | "grpcs" => Self::Grpc,
            "http" | "https" => Self::Http,
            "amqp" | "amqps" | "kafka" | "mqtt" | "mqtts" | "nats" | "tls" => Self::Messages,
            "redis" | "rediss" => Self::Redis,
            "ws" | "wss" | "tcp" | "tcps" | "udp" => Self::Talk,
            "postgres" | "postgresql" | "mysql" | "mariadb" => Self::Sql,
            scheme if own.contains(&scheme) => Self::Own,
            _ => return None,
        })
    }

    /// What such a target takes, and how its address looks.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Grpc => ("calls by gRPC", "grpc://127.0.0.1:50051"),
            Self::Http => ("HTTP requests", "http://127.0.0.1:8080"),
            Self::Messages => ("messages", "nats://127.0.0.1:4222"),
            Self::Own => ("calls of a protocol that is brought along", "name://127.0.0.1:9000"),
            Self::Redis => ("Redis commands", "redis://127.0.0.1:6379"),
            Self::Sql => ("SQL", "postgres://127.0.0.1:5432/test"),
            Self::Talk => ("conversations", "ws://127.0.0.1:8080/chat"),
            Self::Tools => ("calls of tools", "http://127.0.0.1:8080/mcp"),
        }
    }

    /// Whether what is written for `self` may go to a target that speaks `other`.
    fn fits(self, other: Option<Self>) -> bool {
        // Tools are reached over HTTP, WebSocket begins as HTTP, and Redis has channels.
        other == Some(self)
            || (matches!(self, Self::Talk | Self::Tools) && other == Some(Self::Http))
            || (self == Self::Messages && other == Some(Self::Redis))
    }
}

impl Lowering<'_> {
    /// The server of a step that is written for one that speaks `wanted`; `place` is where the step says what it does.
    pub(super) fn server<T>(
        &mut self,
        on: Option<&Placed<String>>,
        wanted: Speaks,
        place: &Placed<T>,
    ) -> Option<String> {
        let (what, example) = wanted.words();
        let name = on.map_or("", |on| on.value.as_str());
        if on.is_some() {
            self.used_targets.push(name.to_owned());
        }
        let Some(server) = self.targets.get(name).cloned() else {
            let known: Vec<_> = self.targets.keys().filter(|k| !k.is_empty()).cloned().collect();
            let is_declared = self.file.targets.iter().any(|(k, _)| k.value == name);
            match on {
                Some(on) if !is_declared => self.diagnostics.error(
                    &on.place,
                    format!("no target is called `{name}`"),
                    suggest(name, known.iter().map(String::as_str)),
                ),
                None if self.file.target.is_none() => self.diagnostics.error(
                    &place.place,
                    "this step has no target",
                    format!("add `target: {example}` to the plan"),
                ),
                _ => {}
            }
            return None;
        };
        if !wanted.fits(Speaks::of(&server, &self.own)) {
            self.diagnostics.error(
                on.map_or(&place.place, |on| &on.place),
                format!("{} takes no {what}", without_credentials(&server)),
                format!("such a step goes to a target such as {example}; name it with `on`"),
            );
            return None;
        }
        Some(server)
    }
}
