//! What is known of services: from files, or asked of the servers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor,
    SerializeOptions,
};

use serde_json::Value;

use super::error::CallError;

/// Where files look for each other, and which were asked for.
type Files = (Vec<PathBuf>, Vec<PathBuf>);

/// What is known of services, for a whole run.
#[derive(Default)]
pub(super) struct Schemas {
    /// From files: by what they were asked for with, so that each is read once.
    given: Mutex<Vec<(Files, DescriptorPool)>>,
    /// Servers are not asked for what no file describes.
    is_all_given: AtomicBool,
    /// What servers said, by their address and the service.
    asked: Mutex<HashMap<(Arc<str>, String), DescriptorPool>>,
}

impl Schemas {
    /// Nothing but what files describe is there: servers are not asked.
    pub(super) fn asks_nobody(&self) {
        self.is_all_given.store(true, Ordering::Relaxed);
    }

    /// Reads files that describe services; what they describe, in the order of their services.
    pub(super) fn load(
        &self,
        includes: &[PathBuf],
        files: &[PathBuf],
    ) -> Result<Vec<MethodDescriptor>, String> {
        let key = (includes.to_vec(), files.to_vec());
        let mut given = held(&self.given);
        if let Some((_, pool)) = given.iter().find(|(known, _)| *known == key) {
            return Ok(methods(pool));
        }
        let is_set = |file: &&PathBuf| file.extension().is_none_or(|e| e != "proto");
        let pool = match files {
            [file] if is_set(&file) => {
                let bytes =
                    std::fs::read(file).map_err(|e| format!("failed to read {}: {e}", file.display()))?;
                DescriptorPool::decode(bytes.as_slice()).map_err(|e| e.to_string())?
            }
            _ => {
                let beside = files.iter().filter_map(|file| file.parent());
                let mut places: Vec<_> = includes.iter().map(PathBuf::as_path).chain(beside).collect();
                places.dedup();
                let set = protox::compile(files, places).map_err(|e| format!("{e:?}"))?;
                DescriptorPool::from_file_descriptor_set(set).map_err(|e| e.to_string())?
            }
        };
        let described = methods(&pool);
        given.push((key, pool));
        Ok(described)
    }

    /// The method `package.Service/Method` of a server; nothing, if the server has to be asked first.
    pub(super) fn method(
        &self,
        server: &Arc<str>,
        name: &str,
    ) -> Result<Option<MethodDescriptor>, CallError> {
        let (service, method) = parts(name)?;
        let (given, asked) = (held(&self.given), held(&self.asked));
        let known = asked.get(&(server.clone(), service.to_owned()));
        let mut pools = given.iter().map(|(_, pool)| pool).chain(known);
        let Some(found) = pools.find_map(|pool| pool.get_service_by_name(service)) else {
            if !self.is_all_given.load(Ordering::Relaxed) && known.is_none() {
                return Ok(None);
            }
            let pools = given.iter().map(|(_, pool)| pool).chain(known);
            let known: Vec<_> =
                pools.flat_map(DescriptorPool::services).map(|s| s.full_name().to_owned()).collect();
            let why = format!("there is no service {service}; there are {}", known.join(", "));
            return Err(CallError::Request("no service", why));
        };
        let method = found.methods().find(|m| m.name() == method);
        let known = || found.methods().map(|m| m.name().to_owned()).collect::<Vec<_>>().join(", ");
        let missing =
            || CallError::Request("no method", format!("{service} has no such method; it has {}", known()));
        method.map(Some).ok_or_else(missing)
    }

    /// Nobody calls this server any more under this name.
    pub(super) fn forget(&self, server: &Arc<str>) {
        held(&self.asked).retain(|(known, _), _| known != server);
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

/// How messages become JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Fields are named as JSON has it, and not as the description does.
    pub(super) json_names: bool,
    /// Fields that have not been set are there with their defaults.
    pub(super) defaults: bool,
}

/// A message as JSON.
pub(super) fn decoded(kind: &MessageDescriptor, bytes: &[u8], style: Style) -> Result<String, CallError> {
    let bad = |why: String| CallError::Protocol("bad message", format!("{}: {why}", kind.full_name()));
    let message = DynamicMessage::decode(kind.clone(), bytes).map_err(|e| bad(e.to_string()))?;
    let options =
        SerializeOptions::new().use_proto_field_name(!style.json_names).skip_default_fields(!style.defaults);
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::new(&mut json);
    message.serialize_with_options(&mut writer, &options).map_err(|e| bad(e.to_string()))?;
    if style.json_names && style.defaults {
        let mut value = serde_json::from_slice(&json).map_err(|e| bad(e.to_string()))?;
        show_unset(kind, &mut value);
        return Ok(value.to_string());
    }
    Ok(String::from_utf8_lossy(&json).into_owned())
}

/// Messages within a message that are not there are `null` (protojson in Go, `EmitUnpopulated`).
fn show_unset(kind: &MessageDescriptor, value: &mut Value) {
    let Value::Object(shown) = value else { return };
    for field in kind.fields().filter(|field| field.containing_oneof().is_none()) {
        let Kind::Message(inner) = field.kind() else { continue };
        match shown.get_mut(field.json_name()) {
            Some(Value::Array(items)) if field.is_list() => {
                items.iter_mut().for_each(|item| show_unset(&inner, item));
            }
            Some(there) if !field.is_map() => show_unset(&inner, there),
            Some(_) => {}
            None => {
                shown.insert(field.json_name().to_owned(), Value::Null);
            }
        }
    }
}

fn methods(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
