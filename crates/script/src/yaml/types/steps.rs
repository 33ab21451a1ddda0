//! Steps as they are written.

use serde_json::{Map, Value, json};

use super::super::diagnostics::{Diagnostics, suggest};
use super::super::read::{Placed, Read, Table, describe, named_schema, record};
use super::super::source::{Node, NodeKind};
use super::super::units::Think;
use super::BranchItem;
use super::calls::CallItem;

/// One step.
#[derive(Clone, Debug)]
pub enum StepItem {
    /// Several steps, timed together: name and steps.
    Group(Placed<String>, Vec<StepItem>),
    /// Something that is sent, with its name if it has one.
    Call(Option<Placed<String>>, CallItem),
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
        // A step is known by the key that names what it does; only what is sent may stand behind a name, and then the name may
        // be any word: `send: { post: /a }` is a request called `send`.
        if let [(key, value)] = node.entries()
            && !KINDS.contains(&key.text.as_str())
            && CallItem::is_meant(value)
        {
            return Self::read_named(node, diagnostics);
        }
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
            () if CallItem::is_meant(node) => {
                CallItem::read(node, diagnostics).map(|call| Self::Call(None, call))
            }
            () => Self::read_named(node, diagnostics),
        }
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        named_schema("Step", named, |named| {
            let calls = CallItem::schemas(named);
            let mut behind_name = json!({ "type": "object", "minProperties": 1, "maxProperties": 1 });
            behind_name["additionalProperties"] = json!({ "anyOf": calls });
            behind_name["propertyNames"] = json!({ "not": { "enum": KINDS } });
            describe(&mut behind_name, "What is sent, behind its name.");
            let mut all = calls;
            all.extend([
                behind_name,
                ThinkStep::schema(named),
                GroupStep::schema(named),
                IfStep::schema(named),
                RepeatStep::schema(named),
                OneOfStep::schema(named),
                SetStep::schema(named),
            ]);
            json!({ "anyOf": all })
        })
    }
}

impl StepItem {
    fn read_named(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let [(key, value)] = node.entries() {
            if matches!(value.kind, NodeKind::Map(_)) {
                let name = Some(Placed { value: key.text.clone(), place: key.place.clone() });
                return Some(Self::Call(name, CallItem::read(value, diagnostics)?));
            }
            let known = CallItem::keys().chain(KINDS);
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
            format!("give it one of {}", CallItem::keys().collect::<Vec<_>>().join(", ")),
        );
        None
    }
}
