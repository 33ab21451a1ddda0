//! YAML text to a tree in which every node knows its place.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

use super::diagnostics::{Diagnostics, Place};

/// Nesting deeper than this is refused: no plan means it.
const DEPTH_MAX: usize = 64;

/// A node with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Keys and values in order.
    Map(Vec<(Key, Node)>),
    /// Text; plain text may be a number, a boolean or nothing.
    Scalar {
        /// The text.
        text: String,
        /// Neither quoted nor a block.
        plain: bool,
    },
    /// Items in order.
    Seq(Vec<Node>),
}

/// A key with its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// The key.
    pub text: String,
}

impl Node {
    /// What the node is, in words.
    pub fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Map(_) => "a mapping".to_owned(),
            NodeKind::Seq(_) => "a list".to_owned(),
            NodeKind::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            NodeKind::Scalar { text, .. } => format!("`{text}`"),
        }
    }

    /// True for an empty plain scalar, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// The text of a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key of a mapping.
    pub fn entry(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }

    /// As JSON, by YAML's core schema.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            NodeKind::Map(entries) => Value::Object(
                entries.iter().map(|(k, v)| (k.text.clone(), v.to_json())).collect::<Map<_, _>>(),
            ),
            NodeKind::Seq(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            NodeKind::Scalar { text, plain: true } => plain_to_json(text),
            NodeKind::Scalar { text, .. } => Value::String(text.clone()),
        }
    }
}

fn plain_to_json(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let whole = text.parse::<i64>().ok().map(Number::from);
            let looks_numeric = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
            let number = whole.or_else(|| {
                looks_numeric.then(|| text.parse::<f64>().ok().and_then(Number::from_f64)).flatten()
            });
            number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
    }
}

/// Reads file number `file` of `diagnostics`. `None` if it is not YAML, which is then said there.
pub fn parse(file: usize, diagnostics: &mut Diagnostics) -> Option<Node> {
    let text = diagnostics.files[file].text.clone();
    let offsets = CharOffsets::of(&text);
    let mut builder =
        Builder { file, offsets: &offsets, text: &text, anchors: HashMap::new(), problem: None };
    let mut parser = Parser::new_from_str(&text);
    let mut root = None;
    loop {
        match parser.next() {
            None | Some(Ok((Event::StreamEnd, _))) => break,
            Some(Ok((Event::DocumentStart(_), span))) if root.is_some() => {
                diagnostics.error(
                    &builder.place(span),
                    "a plan is one document",
                    "remove the `---` and what follows, or make it a file of its own",
                );
                return None;
            }
            Some(Ok((
                event @ (Event::MappingStart(..)
                | Event::SequenceStart(..)
                | Event::Scalar(..)
                | Event::Alias(_)),
                span,
            ))) => {
                root = builder.node(&mut parser, event, span, 0);
                if root.is_none() {
                    break;
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                builder.problem = Some((builder.point(error.marker()), error.info().to_owned()));
                break;
            }
        }
    }
    if let Some((place, message)) = builder.problem {
        diagnostics.error(
            &place,
            format!("this is not YAML: {message}"),
            "check indentation, quotes and colons here and in the line above",
        );
        return None;
    }
    if root.is_none() {
        diagnostics.error(
            &Place { file, span: 0..0 },
            "the file is empty",
            "a plan needs at least `target`, `load` and `scenarios`; `plimsoll demo --print-plan` shows one",
        );
    }
    root
}

/// Byte offset of every character: the parser counts characters.
struct CharOffsets(Vec<usize>);

impl CharOffsets {
    fn of(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    fn byte(&self, character: usize) -> usize {
        self.0[character.min(self.0.len() - 1)]
    }
}

struct Builder<'a> {
    file: usize,
    offsets: &'a CharOffsets,
    text: &'a str,
    anchors: HashMap<usize, Node>,
    problem: Option<(Place, String)>,
}

impl Builder<'_> {
    fn place(&self, span: Span) -> Place {
        let range: Range<usize> = self.offsets.byte(span.start.index())..self.offsets.byte(span.end.index());
        // The end of a block is where the next thing begins; what the reader should see ends before that.
        let trimmed = self.text[range.clone()].trim_end().len();
        Place { file: self.file, span: range.start..range.start + trimmed.max(1).min(range.len().max(1)) }
    }

    fn point(&self, marker: &Marker) -> Place {
        let at = self.offsets.byte(marker.index());
        Place { file: self.file, span: at..at + 1 }
    }

    fn fail(&mut self, place: Place, message: &str) -> Option<Node> {
        self.problem.get_or_insert((place, message.to_owned()));
        None
    }

    fn next<'i>(
        &mut self,
        parser: &mut Parser<'i, saphyr_parser::StrInput<'i>>,
    ) -> Option<(Event<'i>, Span)> {
        match parser.next()? {
            Ok(next) => Some(next),
            Err(error) => {
                let place = self.point(error.marker());
                self.fail(place, error.info());
                None
            }
        }
    }

    fn node<'i>(
        &mut self,
        parser: &mut Parser<'i, saphyr_parser::StrInput<'i>>,
        event: Event<'i>,
        span: Span,
        depth: usize,
    ) -> Option<Node> {
        if depth > DEPTH_MAX {
            return self.fail(self.place(span), "it is nested too deeply");
        }
        let mut place = self.place(span);
        let (kind, anchor) = match event {
            Event::Alias(anchor) => {
                let Some(known) = self.anchors.get(&anchor) else {
                    return self.fail(place, "the alias names no anchor");
                };
                return Some(Node { place, kind: known.kind.clone() });
            }
            Event::Scalar(text, style, anchor, _) => {
                (NodeKind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                (NodeKind::Seq(self.sequence(parser, &mut place, depth)?), anchor)
            }
            Event::MappingStart(anchor, _) => {
                (NodeKind::Map(self.mapping(parser, &mut place, depth)?), anchor)
            }
            _ => return self.fail(place, "something unexpected stands here"),
        };
        let node = Node { place, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }

    fn sequence<'i>(
        &mut self,
        parser: &mut Parser<'i, saphyr_parser::StrInput<'i>>,
        place: &mut Place,
        depth: usize,
    ) -> Option<Vec<Node>> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next(parser)?;
            if event == Event::SequenceEnd {
                extend(place, items.last());
                return Some(items);
            }
            items.push(self.node(parser, event, span, depth + 1)?);
        }
    }

    fn mapping<'i>(
        &mut self,
        parser: &mut Parser<'i, saphyr_parser::StrInput<'i>>,
        place: &mut Place,
        depth: usize,
    ) -> Option<Vec<(Key, Node)>> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.next(parser)?;
            let key = match event {
                Event::MappingEnd => {
                    extend(place, entries.last().map(|(_, v)| v));
                    return Some(entries);
                }
                Event::Scalar(text, ..) => Key { place: self.place(span), text: text.into_owned() },
                _ => {
                    self.fail(self.place(span), "a key is plain text here");
                    return None;
                }
            };
            if let Some((first, _)) = entries.iter().find(|(k, _)| k.text == key.text) {
                let line = self.text[..first.place.span.start].matches('\n').count() + 1;
                self.fail(
                    key.place,
                    &format!("the key `{}` stands here twice, first in line {line}", key.text),
                );
                return None;
            }
            let (event, span) = self.next(parser)?;
            let value = self.node(parser, event, span, depth + 1)?;
            entries.push((key, value));
        }
    }
}

/// A collection reaches from its start to the end of its last member.
fn extend(place: &mut Place, last: Option<&Node>) {
    if let Some(last) = last {
        place.span.end = place.span.end.max(last.place.span.end);
    }
}
