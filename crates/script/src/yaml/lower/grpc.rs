//! How services are called by gRPC.

use plimsoll_model::grpc::GrpcSettings;
use plimsoll_model::http::Connections;

use super::super::types::ConnectionsItem;
use super::Lowering;

impl Lowering<'_> {
    pub(super) fn grpc_settings(&mut self) -> GrpcSettings {
        let defaults = GrpcSettings::default();
        let file = self.file;
        let Some(section) = &file.grpc else { return defaults };
        let client_pair = self.client_pair(section.cert.as_ref(), section.key.as_ref(), &section.place);
        let path = |written: &String| self.base.join(written);
        GrpcSettings {
            connections: match section.connections {
                Some(ConnectionsItem::Shared(limit)) => Connections::Shared(limit),
                _ => Connections::PerUser,
            },
            connect_timeout_ns: section.connect_timeout.map_or(defaults.connect_timeout_ns, |d| d.0),
            protos: section.protos.iter().map(|written| path(&written.value)).collect(),
            includes: section.includes.iter().map(|written| path(&written.value)).collect(),
            ca_file: section.ca.as_ref().map(path),
            client_pair,
            skip_verify: section.skip_verify.unwrap_or(false),
        }
    }
}
