//! Steps as they are written.

use serde_json::{Map, Value, json};

use super::super::diagnostics::{Diagnostics, suggest};
use super::super::read::{Placed, Read, Table, describe, named_schema, record};
use super::super::source::{Node, NodeKind};
use super::super::units::{Bytes, Duration, Think};
use super::{AuthItem, BranchItem, ExpectItem, PartItem};

record! {
    /// An HTTP request, what must come back, and what is kept.
    pub struct HttpStep, "a step" {
        /// Request this URL or path.
        get: Option<Placed<String>>,
        /// Post to this URL or path.
        post: Option<Placed<String>>,
        /// Put to this URL or path.
        put: Option<Placed<String>>,
        /// Patch this URL or path.
        patch: Option<Placed<String>>,
        /// Delete this URL or path.
        delete: Option<Placed<String>>,
        /// Request the head of this URL or path.
        head: Option<Placed<String>>,
        /// Request the options of this URL or path.
        options: Option<Placed<String>>,
        /// Which of `targets` the path is relative to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or method and path).
        name: Option<String>,
        /// Added to the URL, encoded.
        query: Table<Placed<String>>,
        /// Sent as they are.
        headers: Table<Placed<String>>,
        /// A JSON body; a text that is one `${...}` becomes the value itself.
        json: Option<Placed<Value>>,
        /// A text body.
        body: Option<Placed<String>>,
        /// A file, streamed.
        body_file: Option<Placed<String>>,
        /// A form body.
        form: Table<Placed<String>>,
        /// A multipart form: texts, or mappings with `file` and `type`.
        multipart: Table<Placed<PartItem>>,
        /// Send a text or JSON body in chunks of so many bytes.
        chunked: Option<Bytes>,
        /// Send the body only after `100 Continue`.
        expect_continue: Option<bool>,
        /// Credentials.
        auth: Option<AuthItem>,
        /// For the whole request.
        timeout: Option<Duration>,
        /// Redirects followed at most.
        redirects: Option<u32>,
        /// What must come back.
        expect: Option<ExpectItem>,
        /// What is kept: `name: $.json.path`, `name: header:NAME`, `name: regex:PATTERN`, `name: status`, `name: body`.
        save: Table<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// A message, what must come back, and what is kept.
    pub struct MessageStep, "a step" {
        /// Send a message to this subject. It is done when the socket has it; with `ack`, when the server has stored it.
        publish: Option<Placed<String>>,
        /// Send a message to this subject and wait for the answer.
        request: Option<Placed<String>>,
        /// Call a method, written `service.method`: the answer must be that of a call that succeeded.
        rpc: Option<Placed<String>>,
        /// Ask a service what it can do.
        describe: Option<Placed<String>>,
        /// Which of `targets` it is sent to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or what is done and where).
        name: Option<String>,
        /// Sent as they are.
        headers: Table<Placed<String>>,
        /// A JSON message; a text that is one `${...}` becomes the value itself.
        json: Option<Placed<Value>>,
        /// A message as text.
        body: Option<Placed<String>>,
        /// Arguments of `rpc`, by name.
        args: Option<Placed<Value>>,
        /// Wait until JetStream has stored what was published.
        ack: Option<bool>,
        /// For the whole operation.
        timeout: Option<Duration>,
        /// What must come back.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// Commands to Redis, what must come back, and what is kept.
    pub struct CommandStep, "a step" {
        /// A command as text (`GET user:7`), as a list of its words, or a list of such lists: these go together.
        redis: Placed<Value>,
        /// Which of `targets` it is sent to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or the command's name).
        name: Option<String>,
        /// For all of them together (default 5s).
        timeout: Option<Duration>,
        /// What must come back: a text is the body as it is, everything else is JSON; a key that is not there has no body.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

/// One step.
#[derive(Clone, Debug)]
pub enum StepItem {
    /// Several steps, timed together: name and steps.
    Group(Placed<String>, Vec<StepItem>),
    /// A request, with its name if it has one.
    Http(Option<Placed<String>>, Box<HttpStep>),
    /// A message, with its name if it has one.
    Message(Option<Placed<String>>, Box<MessageStep>),
    /// Commands, with their name if they have one.
    Command(Option<Placed<String>>, Box<CommandStep>),
    /// Steps under a condition: condition, then, else.
    If(Placed<String>, Vec<StepItem>, Vec<StepItem>),
    /// One of several branches.
    OneOf(Vec<BranchItem>),
    /// Steps several times.
    Repeat(u64, Vec<StepItem>),
    /// Values for later steps.
    Set(Table<Placed<Value>>),
    /// Nothing, for a while.
    Think(Think),
}

record! {
    /// Several steps, timed together.
    pub struct GroupStep, "a group" {
        /// What reports call it.
        group: Placed<String>,
        /// What is done.
        steps: Vec<StepItem>,
    }
}

record! {
    /// Steps under a condition.
    pub struct IfStep, "an `if`" {
        /// Such as `${status} == 201`, or `${flag}`.
        condition = "if": Placed<String>,
        /// What is done if it holds.
        then: Vec<StepItem>,
        /// What is done if it does not.
        otherwise = "else": Vec<StepItem>,
    }
}

record! {
    /// Steps several times.
    pub struct RepeatStep, "a `repeat`" {
        /// How many times.
        repeat: u64,
        /// What is done.
        steps: Vec<StepItem>,
    }
}

record! {
    /// One of several branches.
    pub struct OneOfStep, "a `one_of`" {
        /// The branches.
        one_of: Vec<BranchItem>,
    }
}

record! {
    /// A pause.
    pub struct ThinkStep, "a `think`" {
        /// Such as 1s, or 0.5s..2s.
        think: Think,
    }
}

record! {
    /// Values for later steps.
    pub struct SetStep, "a `set`" {
        /// Names with their values.
        set: Table<Placed<Value>>,
    }
}

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
const MESSAGES: [&str; 4] = ["publish", "request", "rpc", "describe"];
const COMMANDS: [&str; 1] = ["redis"];
const KINDS: [&str; 6] = ["think", "group", "if", "repeat", "one_of", "set"];

impl Read for StepItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let has = |key: &str| node.entry(key).is_some();
        if !matches!(node.kind, NodeKind::Map(_)) || node.entries().is_empty() {
            diagnostics.error(
                &node.place,
                format!("a step is a mapping, not {}", node.describe()),
                "write `- get: /path`, `- NAME: { get: /path }` or `- think: 1s`",
            );
            return None;
        }
        // A step is known by the key that names what it does; only a request may stand behind a name.
        match () {
            () if has("think") => ThinkStep::read(node, diagnostics).map(|s| Self::Think(s.think)),
            () if has("group") => GroupStep::read(node, diagnostics).map(|s| Self::Group(s.group, s.steps)),
            () if has("if") => {
                IfStep::read(node, diagnostics).map(|s| Self::If(s.condition, s.then, s.otherwise))
            }
            () if has("repeat") => {
                RepeatStep::read(node, diagnostics).map(|s| Self::Repeat(s.repeat, s.steps))
            }
            () if has("one_of") => OneOfStep::read(node, diagnostics).map(|s| Self::OneOf(s.one_of)),
            () if has("set") => SetStep::read(node, diagnostics).map(|s| Self::Set(s.set)),
            () if METHODS.into_iter().any(has) => {
                HttpStep::read(node, diagnostics).map(|s| Self::Http(None, Box::new(s)))
            }
            () if COMMANDS.into_iter().any(has) => {
                CommandStep::read(node, diagnostics).map(|s| Self::Command(None, Box::new(s)))
            }
            () if MESSAGES.into_iter().any(has) => {
                MessageStep::read(node, diagnostics).map(|s| Self::Message(None, Box::new(s)))
            }
            () => Self::read_named(node, diagnostics),
        }
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        named_schema("Step", named, |named| {
            let [http, message, command] =
                [HttpStep::schema(named), MessageStep::schema(named), CommandStep::schema(named)];
            let named_one = json!({ "anyOf": [http.clone(), message.clone(), command.clone()] });
            let mut behind_name = json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": named_one });
            let taken: Vec<_> = METHODS.iter().chain(&MESSAGES).chain(&COMMANDS).chain(&KINDS).collect();
            behind_name["propertyNames"] = json!({ "not": { "enum": taken } });
            describe(&mut behind_name, "A request or a message behind its name.");
            json!({ "anyOf": [
                http, message, command, behind_name, ThinkStep::schema(named), GroupStep::schema(named), IfStep::schema(named),
                RepeatStep::schema(named), OneOfStep::schema(named), SetStep::schema(named),
            ] })
        })
    }
}

impl StepItem {
    fn read_named(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let [(key, value)] = node.entries() {
            if matches!(value.kind, NodeKind::Map(_)) {
                let name = Some(Placed { value: key.text.clone(), place: key.place.clone() });
                if MESSAGES.into_iter().any(|key| value.entry(key).is_some()) {
                    let step = MessageStep::read(value, diagnostics)?;
                    return Some(Self::Message(name, Box::new(step)));
                }
                if COMMANDS.into_iter().any(|key| value.entry(key).is_some()) {
                    let step = CommandStep::read(value, diagnostics)?;
                    return Some(Self::Command(name, Box::new(step)));
                }
                let step = HttpStep::read(value, diagnostics)?;
                return Some(Self::Http(name, Box::new(step)));
            }
            let known = METHODS.into_iter().chain(MESSAGES).chain(COMMANDS).chain(KINDS);
            diagnostics.error(
                &key.place,
                format!("`{}` is not something a user can do", key.text),
                suggest(&key.text, known),
            );
            return None;
        }
        diagnostics.error(
            &node.place,
            "this step does not say what to do",
            "give it one of get, post, put, patch, delete, head, options, publish, request, rpc or redis",
        );
        None
    }
}
