//! Connection settings.

use std::net::SocketAddr;

use plimsoll_model::dial::DialSettings;
use plimsoll_model::http::{Connections, HttpSettings, HttpVersion};

use super::super::Environment;
use super::super::types::ConnectionsItem;
use super::Lowering;

const VERSIONS: [(&str, HttpVersion); 3] =
    [("1", HttpVersion::One), ("2", HttpVersion::Two), ("agreed", HttpVersion::Agreed)];

impl Lowering<'_> {
    pub(super) fn http_settings(&mut self, environment: &Environment<'_>) -> HttpSettings {
        let dial = DialSettings { networks: self.networks(), ..DialSettings::default() };
        let defaults = HttpSettings {
            dial: dial.clone(),
            proxy: environment.proxy.clone(),
            cookies: true,
            counts_tokens: self.counts_tokens,
            ..HttpSettings::default()
        };
        let file = self.file;
        let Some(section) = &file.http else { return defaults };
        for (_, address) in section.resolve.iter() {
            if address.value.parse::<SocketAddr>().is_err() {
                self.diagnostics.error(
                    &address.place,
                    format!("`{}` is not an address with a port", address.value),
                    "write `ip:port`, such as 127.0.0.1:8443 or [::1]:8443",
                );
            }
        }
        let mut version = HttpVersion::One;
        if let Some(written) = &section.version {
            match VERSIONS.iter().find(|(name, _)| *name == written.value) {
                Some((_, found)) => version = *found,
                None => self.unknown(written, "version", &VERSIONS.map(|(name, _)| name)),
            }
        }
        let path = |written: &Option<String>| written.as_ref().map(|p| self.base.join(p));
        HttpSettings {
            dial,
            connections: match section.connections {
                Some(ConnectionsItem::Shared(limit)) => Connections::Shared(limit),
                _ => Connections::PerUser,
            },
            version,
            reuse: section.reuse.unwrap_or(true),
            cookies: section.cookies.unwrap_or(true),
            ca_file: path(&section.ca),
            skip_verify: section.skip_verify.unwrap_or(false),
            client_cert: path(&section.cert),
            client_key: path(&section.key),
            user_agent: section.user_agent.clone().unwrap_or_else(|| defaults.user_agent.clone()),
            resolve: section
                .resolve
                .iter()
                .map(|(host, address)| (host.value.clone(), address.value.clone()))
                .collect(),
            ..defaults
        }
    }
}
