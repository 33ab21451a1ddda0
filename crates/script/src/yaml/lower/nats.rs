//! How servers of messages are connected to.

use plimsoll_model::http::Connections;
use plimsoll_model::message::MessageSettings;

use super::super::types::ConnectionsItem;
use super::Lowering;

impl Lowering<'_> {
    pub(super) fn message_settings(&mut self) -> MessageSettings {
        let defaults = MessageSettings::default();
        let file = self.file;
        let Some(section) = &file.nats else { return defaults };
        let path = |written: &Option<String>| written.as_ref().map(|p| self.base.join(p));
        let (credentials_file, ca_file) = (path(&section.credentials), path(&section.ca));
        let client_pair = match (path(&section.cert), path(&section.key)) {
            (Some(chain), Some(key)) => Some((chain, key)),
            (None, None) => None,
            _ => {
                self.diagnostics.error(
                    &section.place,
                    "a client certificate needs its key, and a key its certificate",
                    "give both `cert` and `key`",
                );
                None
            }
        };
        let user = section.user.as_ref().and_then(|user| {
            let text = self.known_before_the_run(user)?;
            let Some((name, password)) = text.split_once(':') else {
                self.diagnostics.error(
                    &user.place,
                    "this is no name with a password",
                    "write `name:password`",
                );
                return None;
            };
            Some((name.to_owned(), password.to_owned()))
        });
        MessageSettings {
            connections: match section.connections {
                Some(ConnectionsItem::Shared(limit)) => Connections::Shared(limit),
                _ => Connections::PerUser,
            },
            connect_timeout_ns: section.connect_timeout.map_or(defaults.connect_timeout_ns, |d| d.0),
            user,
            token: section.token.as_ref().and_then(|token| self.known_before_the_run(token)),
            credentials_file,
            ca_file,
            client_pair,
        }
    }
}
