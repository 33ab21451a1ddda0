//! What a server says of its services: `grpc.reflection.v1`, or its older name.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use plimsoll_model::{Clock, Nanos, Reply};
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value};

use super::channel::{Answered, Call, Channel};
use super::error::CallError;
use super::schema::encoded;

/// The part of the reflection service that is needed here, in its own numbers
/// (github.com/grpc/grpc, src/proto/grpc/reflection/v1/reflection.proto).
const DESCRIPTION: &str = r#"
syntax = "proto3";
message Request {
  oneof asks {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
  }
}
message Files { repeated bytes file_descriptor_proto = 1; }
message Refusal { int32 error_code = 1; string error_message = 2; }
message Response {
  oneof answer {
    Files file_descriptor_response = 4;
    Refusal error_response = 7;
  }
}
"#;

/// The service's names, the current one first.
const NAMES: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// UNIMPLEMENTED: there is no such service.
const NOT_THERE: u16 = 12;

/// The files that describe a service, those that they need first.
pub(super) async fn describe(
    clock: &dyn Clock,
    channel: &Channel,
    service: &str,
    timeout_ns: Nanos,
) -> Result<Vec<FileDescriptorProto>, CallError> {
    let mut last = None;
    for name in NAMES {
        match described(clock, channel, name, service, timeout_ns).await {
            Err(CallError::Status(NOT_THERE, why)) => last = Some(why),
            ended => return ended,
        }
    }
    let why = last.unwrap_or_default();
    let help = "give its description with `grpc: { protos: [FILE.proto] }`";
    Err(CallError::Request("no reflection", format!("the server does not describe itself ({why}); {help}")))
}

async fn described(
    clock: &dyn Clock,
    channel: &Channel,
    reflection: &str,
    service: &str,
    timeout_ns: Nanos,
) -> Result<Vec<FileDescriptorProto>, CallError> {
    let asker = Asker { clock, channel, path: format!("/{reflection}/ServerReflectionInfo"), timeout_ns };
    let mut known: HashMap<String, FileDescriptorProto> = HashMap::new();
    let mut wanted = VecDeque::from([("file_containing_symbol", service.to_owned())]);
    while let Some((by, what)) = wanted.pop_front() {
        if known.contains_key(&what) {
            continue;
        }
        for file in asker.files(by, &what).await? {
            wanted.extend(file.dependency.iter().map(|name| ("file_by_filename", name.clone())));
            known.insert(file.name().to_owned(), file);
        }
    }
    Ok(known.into_values().collect())
}

struct Asker<'a> {
    clock: &'a dyn Clock,
    channel: &'a Channel,
    path: String,
    timeout_ns: Nanos,
}

impl Asker<'_> {
    async fn files(&self, by: &str, what: &str) -> Result<Vec<FileDescriptorProto>, CallError> {
        let odd = |why: &str| CallError::Protocol("bad description", format!("{what}: {why}"));
        let pool = pool().map_err(|e| odd(&e))?;
        let [request, response] = ["Request", "Response"].map(|name| pool.get_message_by_name(name));
        let (Some(request), Some(response)) = (request, response) else { return Err(odd("no such message")) };
        let asked = encoded(&request, &serde_json::json!({ by: what }).to_string())?;
        let (path, timeout_ns) = (self.path.clone(), self.timeout_ns);
        let call = Call { path, metadata: &[], messages: vec![asked], timeout_ns };
        // What it takes is put down by whoever asks.
        let mut answered = Answered::default();
        self.channel.call(self.clock, &call, &mut answered, &mut Reply::new()).await?;
        let answer = answered.messages.first().ok_or_else(|| odd("the server says nothing"))?;
        let answer = DynamicMessage::decode(response, answer.clone()).map_err(|e| odd(&e.to_string()))?;
        if let Some(refusal) = part(&answer, "error_response") {
            let text = refusal.get_field_by_name("error_message").map(Cow::into_owned);
            let text = text.as_ref().and_then(Value::as_str).unwrap_or_default();
            return Err(CallError::Request("no service", format!("{what}: the server says {text}")));
        }
        let files =
            part(&answer, "file_descriptor_response").ok_or_else(|| odd("the answer holds no files"))?;
        let files = files.get_field_by_name("file_descriptor_proto").map(Cow::into_owned);
        let files = files.as_ref().and_then(Value::as_list).unwrap_or_default();
        let decoded =
            files.iter().filter_map(Value::as_bytes).map(|bytes| FileDescriptorProto::decode(bytes.clone()));
        decoded.collect::<Result<_, _>>().map_err(|e| odd(&e.to_string()))
    }
}

fn part(answer: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let field = answer.descriptor().get_field_by_name(name)?;
    if !answer.has_field(&field) {
        return None;
    }
    answer.get_field(&field).as_message().cloned()
}

fn pool() -> Result<DescriptorPool, String> {
    let file = protox_parse(DESCRIPTION)?;
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file).map_err(|e| e.to_string())?;
    Ok(pool)
}

fn protox_parse(text: &str) -> Result<FileDescriptorProto, String> {
    let mut compiler = protox::Compiler::with_file_resolver(Only(text.to_owned()));
    compiler.open_file("reflection.proto").map_err(|e| e.to_string())?;
    let mut files = compiler.file_descriptor_set().file;
    files.pop().ok_or_else(|| "no file".to_owned())
}

/// A file that is not on any disk.
struct Only(String);

impl protox::file::FileResolver for Only {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        protox::file::File::from_source(name, &self.0)
    }
}
