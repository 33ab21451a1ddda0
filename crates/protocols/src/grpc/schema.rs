//! What is known of services: from files, or asked of the servers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_model::grpc::GrpcSettings;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};

use super::error::CallError;

/// What is known of services, for a whole run.
#[derive(Default)]
pub(super) struct Schemas {
    /// From files.
    given: Option<DescriptorPool>,
    /// What servers said, by their address and the service.
    asked: Mutex<HashMap<(Arc<str>, String), DescriptorPool>>,
}

impl Schemas {
    /// Reads the files that the settings name.
    pub(super) fn read(settings: &GrpcSettings) -> Result<Self, String> {
        if settings.protos.is_empty() {
            return Ok(Self::default());
        }
        let beside = settings.protos.iter().filter_map(|file| file.parent());
        let mut includes: Vec<_> =
            settings.includes.iter().map(std::path::PathBuf::as_path).chain(beside).collect();
        includes.dedup();
        let files = protox::compile(&settings.protos, includes).map_err(|e| format!("{e:?}"))?;
        let pool = DescriptorPool::from_file_descriptor_set(files).map_err(|e| e.to_string())?;
        Ok(Self { given: Some(pool), asked: Mutex::default() })
    }

    /// The method `package.Service/Method` of a server; nothing, if the server has to be asked first.
    pub(super) fn method(
        &self,
        server: &Arc<str>,
        name: &str,
    ) -> Result<Option<MethodDescriptor>, CallError> {
        let (service, method) = parts(name)?;
        let asked = held(&self.asked);
        let known = asked.get(&(server.clone(), service.to_owned()));
        let Some(pool) = self.given.as_ref().or(known) else { return Ok(None) };
        let Some(found) = pool.get_service_by_name(service) else {
            let known: Vec<_> = pool.services().map(|s| s.full_name().to_owned()).collect();
            let why = format!("there is no service {service}; there are {}", known.join(", "));
            return Err(CallError::Request("no service", why));
        };
        let method = found.methods().find(|m| m.name() == method);
        let known = || found.methods().map(|m| m.name().to_owned()).collect::<Vec<_>>().join(", ");
        let missing =
            || CallError::Request("no method", format!("{service} has no such method; it has {}", known()));
        method.map(Some).ok_or_else(missing)
    }

    /// A server has described a service.
    pub(super) fn learn(
        &self,
        server: &Arc<str>,
        name: &str,
        files: Vec<FileDescriptorProto>,
    ) -> Result<(), CallError> {
        let (service, _) = parts(name)?;
        let bad = |e: prost_reflect::DescriptorError| CallError::Protocol("bad description", e.to_string());
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(files).map_err(bad)?;
        held(&self.asked).insert((server.clone(), service.to_owned()), pool);
        Ok(())
    }
}

/// Service and method of `package.Service/Method`.
pub(super) fn parts(name: &str) -> Result<(&str, &str), CallError> {
    let parts = name.trim_start_matches('/').rsplit_once('/');
    parts.ok_or_else(|| CallError::Request("no method", format!("{name}: write package.Service/Method")))
}

/// A message from JSON, as it travels.
pub(super) fn encoded(kind: &MessageDescriptor, json: &str) -> Result<Vec<u8>, CallError> {
    let text = if json.is_empty() { "{}" } else { json };
    let mut reader = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new();
    let message = DynamicMessage::deserialize_with_options(kind.clone(), &mut reader, &options);
    let message =
        message.map_err(|e| CallError::Request("bad message", format!("{}: {e}", kind.full_name())))?;
    Ok(message.encode_to_vec())
}

/// A message as JSON, fields as they are called in the description.
pub(super) fn decoded(kind: &MessageDescriptor, bytes: &[u8]) -> Result<String, CallError> {
    let bad = |why: String| CallError::Protocol("bad message", format!("{}: {why}", kind.full_name()));
    let message = DynamicMessage::decode(kind.clone(), bytes).map_err(|e| bad(e.to_string()))?;
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::new(&mut json);
    message.serialize_with_options(&mut writer, &options).map_err(|e| bad(e.to_string()))?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
