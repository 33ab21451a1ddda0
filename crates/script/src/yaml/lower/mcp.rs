//! How servers of tools are spoken with.

use plimsoll_model::http::Connections;
use plimsoll_model::tool::{ToolSessions, ToolSettings};

use super::super::types::ConnectionsItem;
use super::Lowering;

const SESSIONS: [(&str, ToolSessions); 3] = [
    ("per_user", ToolSessions::PerUser),
    ("per_iteration", ToolSessions::PerIteration),
    ("none", ToolSessions::Stateless),
];

impl Lowering<'_> {
    pub(super) fn tool_settings(&mut self) -> ToolSettings {
        let defaults = ToolSettings::default();
        let file = self.file;
        let Some(section) = &file.mcp else { return defaults };
        let mut sessions = ToolSessions::default();
        if let Some(written) = &section.sessions {
            match SESSIONS.iter().find(|(name, _)| *name == written.value) {
                Some((_, found)) => sessions = *found,
                None => self.unknown(written, "kind of session", &SESSIONS.map(|(name, _)| name)),
            }
        }
        let mut headers = Vec::new();
        for (name, value) in section.headers.iter() {
            headers.extend(self.known_before_the_run(value).map(|value| (name.value.clone(), value)));
        }
        ToolSettings {
            sessions,
            version: section.version.clone().unwrap_or(defaults.version),
            headers,
            programs: match section.programs {
                Some(ConnectionsItem::PerUser) => Connections::PerUser,
                _ => defaults.programs,
            },
        }
    }
}
