//! The compiled steps of a routine.

use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_model::command::CommandRequest;
use plimsoll_model::http::{Body, HttpRequest};
use plimsoll_model::message::MessageRequest;
use plimsoll_model::{Nanos, Operation, StepId};
use regex::Regex;
use serde_json_path::JsonPath;

use super::expect::Expect;
use super::template::{Missing, Scope, Template};

/// One thing a user does.
#[derive(Debug)]
pub enum Node {
    /// An operation.
    Call(Box<Call>),
    /// Several things, timed together.
    Group(StepId, Vec<Node>),
    /// One thing or another.
    If(Condition, Vec<Node>, Vec<Node>),
    /// One of several, by weight.
    OneOf(Vec<(f64, Vec<Node>)>),
    /// The same several times.
    Repeat(u64, Vec<Node>),
    /// Values by slot.
    Set(usize, Template),
    /// Nothing, for a while: shortest and longest.
    Think(Nanos, Nanos),
}

/// An operation with what is expected and saved.
#[derive(Debug)]
pub struct Call {
    /// Its step.
    pub step: StepId,
    /// What is sent.
    pub request: RequestTemplate,
    /// Which of the behaviour's protocols it is sent by.
    pub protocol: usize,
    /// What is sent, if it is always the same.
    pub fixed: Option<Arc<Operation>>,
    /// What must come back.
    pub expect: Expect,
    /// What must come back if the data was made to be refused.
    pub when_invalid: Option<Expect>,
    /// Data sets the request uses, for `when_invalid`.
    pub data_sets: Vec<usize>,
    /// What is kept of the response.
    pub saves: Vec<Save>,
}

/// What is kept of a response.
#[derive(Debug)]
pub struct Save {
    /// Where it goes.
    pub slot: usize,
    /// What it is called, for messages.
    pub name: String,
    /// What it is.
    pub source: SaveSource,
}

/// Where a saved value comes from.
#[derive(Debug)]
pub enum SaveSource {
    /// The whole body, as text.
    Body,
    /// A header.
    Header(String),
    /// What a JSON path finds first.
    Json(JsonPath),
    /// The first group of a pattern, or all of its match.
    Regex(Regex),
    /// The status.
    Status,
}

/// Something with holes that is sent.
#[derive(Debug)]
pub enum RequestTemplate {
    /// An HTTP request.
    Http(HttpTemplate),
    /// A message.
    Message(MessageTemplate),
    /// Commands.
    Command(CommandTemplate),
}

/// Commands with holes.
#[derive(Debug)]
pub struct CommandTemplate {
    /// Server and settings; the words are filled in.
    pub base: CommandRequest,
    /// Words of every command.
    pub commands: Vec<Vec<Template>>,
}

impl CommandTemplate {
    fn render(&self, scope: &mut Scope<'_>) -> Result<CommandRequest, Missing> {
        let mut request = self.base.clone();
        for words in &self.commands {
            let words = words.iter().map(|word| word.render(scope).map(String::into_bytes));
            request.commands.push(words.collect::<Result<_, _>>()?);
        }
        Ok(request)
    }
}

/// A message with holes.
#[derive(Debug)]
pub struct MessageTemplate {
    /// Server and settings; address, headers and payload are filled in.
    pub base: MessageRequest,
    /// The address.
    pub address: Template,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// The payload; empty without.
    pub payload: Template,
}

impl MessageTemplate {
    fn render(&self, scope: &mut Scope<'_>) -> Result<MessageRequest, Missing> {
        let mut request = self.base.clone();
        request.address = self.address.render(scope)?;
        for (name, value) in &self.headers {
            request.headers.push((name.clone(), value.render(scope)?));
        }
        request.payload = self.payload.render(scope)?.into_bytes().into();
        Ok(request)
    }
}

/// An HTTP request with holes.
#[derive(Debug)]
pub struct HttpTemplate {
    /// Method and settings; URL, headers and body are filled in.
    pub base: HttpRequest,
    /// The URL.
    pub url: Template,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: BodyTemplate,
}

/// A body with holes.
#[derive(Debug)]
pub enum BodyTemplate {
    /// None.
    Empty,
    /// A file, streamed.
    File(PathBuf),
    /// Fixed and templated parts one after the other (multipart).
    Parts(Vec<BodyPart>),
    /// Text, in chunks of so many bytes if asked for.
    Text(Template, Option<usize>),
}

/// A part of a body.
#[derive(Debug)]
pub enum BodyPart {
    /// Fixed bytes.
    Bytes(Vec<u8>),
    /// Text with holes.
    Text(Template),
}

impl HttpTemplate {
    /// Fills the holes.
    fn render(&self, scope: &mut Scope<'_>) -> Result<HttpRequest, Missing> {
        let mut request = self.base.clone();
        request.url = self.url.render(scope)?;
        for (name, value) in &self.headers {
            request.headers.push((name.clone(), value.render(scope)?));
        }
        request.body = match &self.body {
            BodyTemplate::Empty => Body::Empty,
            BodyTemplate::File(path) => Body::File(path.clone()),
            BodyTemplate::Parts(parts) => {
                let mut bytes = Vec::new();
                for part in parts {
                    match part {
                        BodyPart::Bytes(fixed) => bytes.extend_from_slice(fixed),
                        BodyPart::Text(template) => {
                            bytes.extend_from_slice(template.render(scope)?.as_bytes());
                        }
                    }
                }
                Body::Bytes(bytes.into())
            }
            BodyTemplate::Text(template, None) => Body::Bytes(template.render(scope)?.into_bytes().into()),
            BodyTemplate::Text(template, Some(chunk)) => {
                Body::Chunked(template.render(scope)?.into_bytes().into(), *chunk)
            }
        };
        Ok(request)
    }
}

impl RequestTemplate {
    /// Fills the holes.
    pub fn render(&self, scope: &mut Scope<'_>) -> Result<Operation, Missing> {
        match self {
            Self::Http(request) => request.render(scope).map(Operation::Http),
            Self::Message(request) => request.render(scope).map(Operation::Message),
            Self::Command(request) => request.render(scope).map(Operation::Command),
        }
    }

    /// Every template in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Http(request) => {
                let mut all = vec![&request.url];
                all.extend(request.headers.iter().map(|(_, t)| t));
                match &request.body {
                    BodyTemplate::Text(template, _) => all.push(template),
                    BodyTemplate::Parts(parts) => all.extend(parts.iter().filter_map(|part| match part {
                        BodyPart::Text(template) => Some(template),
                        BodyPart::Bytes(_) => None,
                    })),
                    BodyTemplate::Empty | BodyTemplate::File(_) => {}
                }
                all
            }
            Self::Message(request) => {
                let headers = request.headers.iter().map(|(_, t)| t);
                [&request.address, &request.payload].into_iter().chain(headers).collect()
            }
            Self::Command(request) => request.commands.iter().flatten().collect(),
        }
    }

    /// True if it has no holes.
    pub fn is_fixed(&self) -> bool {
        self.templates().iter().all(|t| t.as_fixed().is_some())
    }
}

/// What an `if` asks.
#[derive(Debug)]
pub struct Condition {
    /// Left side.
    pub left: Template,
    /// Comparison and right side; without them the left side must be true and not empty.
    pub right: Option<(Compare, Template)>,
}

/// How an `if` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `==`
    Equal,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `!=`
    Unequal,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, scope: &mut Scope<'_>) -> Result<bool, Missing> {
        let left = self.left.render(scope)?;
        let Some((compare, right)) = &self.right else {
            return Ok(!matches!(left.as_str(), "" | "false" | "0" | "null"));
        };
        let right = right.render(scope)?;
        let ordering = match (left.parse::<f64>(), right.parse::<f64>()) {
            (Ok(left), Ok(right)) => left.total_cmp(&right),
            _ => left.cmp(&right),
        };
        Ok(match compare {
            Compare::Equal => ordering.is_eq(),
            Compare::Greater => ordering.is_gt(),
            Compare::GreaterOrEqual => ordering.is_ge(),
            Compare::Less => ordering.is_lt(),
            Compare::LessOrEqual => ordering.is_le(),
            Compare::Unequal => ordering.is_ne(),
        })
    }
}
