//! The compiled steps of a routine.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_model::http::{Body, HttpRequest};
use plimsoll_model::{Begun, Nanos, Operation, PartUnit, Reading, StepId};
use regex::Regex;
use serde_json_path::JsonPath;

use super::expect::Expectations;
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
    pub expect: Expectations,
    /// Data sets the request uses, for `when_invalid`.
    pub data_sets: Vec<usize>,
    /// Counts what becomes of valid data and of data with a fault, if some was made to be refused.
    pub injected: Option<Injected>,
    /// What is kept of the response.
    pub saves: Vec<Save>,
    /// Steps for what the operation measures besides, in the protocol's order; none if it measures nothing.
    pub parts: Vec<(PartUnit, StepId)>,
    /// What makes a success a good one.
    pub good: Option<Good>,
    /// The identity of what is written.
    pub delivers: Option<Delivers>,
    /// Where identities of what was written stand in what comes back.
    pub delivered: Option<Delivered>,
}

/// The steps that count what becomes of data by what is wrong with it.
#[derive(Debug)]
pub struct Injected {
    /// Of valid data.
    pub valid: StepId,
    /// By kind of fault.
    pub kinds: Vec<(String, StepId)>,
}

impl Injected {
    /// The step for data with this fault, or with none.
    pub fn step(&self, fault: Option<&str>) -> Option<StepId> {
        let Some(fault) = fault else { return Some(self.valid) };
        self.kinds.iter().find(|(kind, _)| kind == fault).map(|(_, step)| *step)
    }
}

/// What a step writes.
#[derive(Debug)]
pub enum Delivers {
    /// All rows of a batch: the data set.
    Batch(usize),
    /// One thing, by its name.
    One(Template),
}

/// Where identities stand that were read back.
#[derive(Debug)]
pub struct Delivered {
    /// In the response.
    pub path: JsonPath,
    /// Tidying up asks again, for so long, until everything that was acknowledged is there. Nothing in the load.
    pub patience_ns: Option<Nanos>,
    /// Whose it is that is read.
    pub reads: Reads,
}

/// Whose it is that a step reads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Everybody's, who may look again and again.
    All,
    /// A copy of the user's own.
    Copies,
    /// What others do not get then.
    Shared,
}

/// What makes a success a good one.
#[derive(Clone, Debug, Default)]
pub struct Good {
    /// The step that counts good ones.
    pub step: StepId,
    /// For the whole operation, from when it was due; in nanoseconds.
    pub total_ns: Option<Nanos>,
    /// For parts, in nanoseconds. One that was not measured is not within its time.
    pub parts: Vec<(u8, Nanos)>,
}

impl Good {
    /// Whether a success that took so long, and of which this was read, is a good one.
    pub fn holds(&self, begun: Begun, took_ns: Nanos, readings: &[Reading]) -> bool {
        let read = |part: u8| readings.iter().find(|r| r.part == part).map(|r| r.recorded(begun));
        let within = |(part, most): &(u8, Nanos)| read(*part).is_some_and(|ns| ns <= *most);
        self.total_ns.is_none_or(|most| took_ns <= most) && self.parts.iter().all(within)
    }
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
    Http(Box<HttpTemplate>),
    /// Anything else.
    Other(Filled),
}

/// What makes an operation of filled holes, in the order of the holes.
pub type Build = dyn Fn(&mut dyn Iterator<Item = String>) -> Operation + Send + Sync;

/// An operation with holes, whatever it is: a list of texts, and what is made of them.
pub struct Filled {
    holes: Vec<Template>,
    build: Box<Build>,
}

impl Filled {
    /// What `build` makes of the filled holes: it is given as many texts as there are holes.
    pub fn new(
        holes: Vec<Template>,
        build: impl Fn(&mut dyn Iterator<Item = String>) -> Operation + Send + Sync + 'static,
    ) -> Self {
        Self { holes, build: Box::new(build) }
    }

    fn render(&self, scope: &mut Scope<'_>) -> Result<Operation, Missing> {
        let texts: Vec<_> = self.holes.iter().map(|hole| hole.render(scope)).collect::<Result<_, _>>()?;
        Ok((self.build)(&mut texts.into_iter()))
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled").field("holes", &self.holes).finish_non_exhaustive()
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
    /// A batch of a data set, with what stands before and behind it.
    Batch(Box<BatchBody>),
    /// None.
    Empty,
    /// A file, streamed.
    File(PathBuf),
    /// Fixed and templated parts one after the other (multipart).
    Parts(Vec<BodyPart>),
    /// Text, in chunks of so many bytes if asked for.
    Text(Template, Option<usize>),
}

/// A batch with what stands before and behind it.
#[derive(Debug)]
pub struct BatchBody {
    /// Before it.
    pub before: String,
    /// The data set.
    pub set: usize,
    /// Behind it.
    pub after: String,
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
            BodyTemplate::Batch(body) => Body::Bytes(batch(body, scope)?),
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

/// A batch with what stands around it. A body of the same length that was sent before is written over: nothing of that size
/// is allocated while there is load.
fn batch(body: &BatchBody, scope: &mut Scope<'_>) -> Result<Arc<[u8]>, Missing> {
    let BatchBody { before, set, after } = body;
    let picked = (scope.rows)(*set).ok_or_else(|| Missing("the data of the batch is used up".to_owned()))?;
    let texts = [before, &picked.row.text, after];
    let from = before.len();
    let length = texts.iter().map(|text| text.len()).sum();
    let is_free = |spare: &Arc<[u8]>| spare.len() == length && Arc::strong_count(spare) == 1;
    let mut body = scope.spare.take().filter(is_free).unwrap_or_else(|| Arc::from(vec![0; length]));
    let bytes = Arc::get_mut(&mut body).expect("nobody else has it");
    let mut at = 0;
    for text in texts {
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        at += text.len();
    }
    if let Some(batch) = &picked.row.batch {
        batch.write(picked.number, scope.wall_ns, &mut bytes[from..from + picked.row.text.len()]);
    }
    Ok(body)
}

impl RequestTemplate {
    /// Fills the holes.
    pub fn render(&self, scope: &mut Scope<'_>) -> Result<Operation, Missing> {
        match self {
            Self::Http(request) => request.render(scope).map(Operation::Http),
            Self::Other(filled) => filled.render(scope),
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
                    BodyTemplate::Batch(..) | BodyTemplate::Empty | BodyTemplate::File(_) => {}
                }
                all
            }
            Self::Other(filled) => filled.holes.iter().collect(),
        }
    }

    /// The data set whose batches are its body.
    pub fn batch_set(&self) -> Option<usize> {
        let Self::Http(request) = self else { return None };
        if let BodyTemplate::Batch(body) = &request.body { Some(body.set) } else { None }
    }

    /// True if it has no holes.
    pub fn is_fixed(&self) -> bool {
        self.batch_set().is_none() && self.templates().iter().all(|t| t.as_fixed().is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_is_good_if_all_of_it_was_in_time() {
        let good = Good { step: 0, total_ns: Some(100), parts: vec![(1, 20), (8, 5)] };
        let begun = Begun { step: 0, due_ns: 1_000 };
        let holds = |took_ns, readings: &[Reading]| good.holds(begun, took_ns, readings);
        let readings = [Reading::at(1, 1_020), Reading::took(8, 5)];
        assert!(holds(100, &readings));
        assert!(!holds(101, &readings));
        assert!(!holds(100, &[Reading::at(1, 1_021), Reading::took(8, 5)]));
        // Of an answer of one token there is no time per token: it is not 0.
        assert!(!holds(100, &readings[..1]));
    }
}
