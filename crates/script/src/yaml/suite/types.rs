//! A suite as it is written.

use serde_json::{Map, Value, json};

use crate::yaml::diagnostics::Diagnostics;
use crate::yaml::read::{Placed, Read, Table, record};
use crate::yaml::source::{Node, NodeKind};
use crate::yaml::units::Duration;

record! {
    /// A folder of plans: what is declared, what is run of it, and against what.
    pub struct SuiteFile, "a suite" {
        /// What it is called; the folder's name if absent.
        name: Option<String>,
        /// What it is, in a sentence or two.
        about: Option<String>,
        /// A rest between scenarios (default: none).
        cool_down: Option<Duration>,
        /// What the scenarios are run against, by name; the first is the usual one.
        variants: Table<VariantItem>,
        /// What is declared, in the order in which it runs.
        scenarios: Vec<ScenarioEntry>,
    }
}

record! {
    /// The same scenarios against something else.
    pub struct VariantItem, "a variant" {
        /// Variables for every plan of the suite, as with `-e KEY=VALUE`.
        env: Table<String>,
        /// Programs that are started before the first scenario and stopped after the last; each prints `ready` when it is.
        start: Vec<Placed<ProgramItem>>,
        /// Programs that must be there. `NAME`, or `NAME: COMMAND` with what would install it.
        needs: Vec<NeedItem>,
    }
}

record! {
    /// A declared scenario: what is run, or why nothing is.
    pub struct ScenarioItem, "a scenario" {
        /// A plan, or a script written for k6.
        plan: Option<Placed<String>>,
        /// A plan whose load line is searched.
        capacity: Option<Placed<String>>,
        /// Two plans or more, run in turn; each is compared with the first.
        compare: Vec<Placed<String>>,
        /// Why it is not run.
        not_run: Option<String>,
        /// Variables for its plans; they win over those of the variant.
        env: Table<String>,
        /// Further arguments of `plimsoll run` or `plimsoll capacity`.
        args: Vec<Placed<String>>,
        /// Where it was declared originally.
        from: Option<String>,
        /// Variants that it is for (default: all).
        only: Vec<Placed<String>>,
        /// Runs of each plan of a comparison (default 6: fewer allow no word).
        pairs: Option<Placed<u32>>,
        /// What must hold of the plans of a comparison, as with `plimsoll compare --claim`; a plan is called as its file.
        claims: Vec<Placed<String>>,
    }
}

record! {
    /// A program that is started for a suite.
    pub struct ProgramMapping, "a program" {
        /// The program with its arguments, as a list or as a line that is split at its blanks.
        run: Words,
        /// What a line of its output holds once it can be used (default `ready`).
        ready: Option<String>,
        /// How long it is given until then (default 60s).
        within: Option<Duration>,
        /// Variables for it.
        env: Table<String>,
    }
}

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Words(pub Vec<String>);

impl Read for Words {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.kind {
            NodeKind::Seq(_) => Vec::read(node, diagnostics).map(Self),
            _ => String::read(node, diagnostics)
                .map(|line| Self(line.split_whitespace().map(str::to_owned).collect())),
        }
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [String::schema(named), Vec::<String>::schema(named)] })
    }
}

/// A program as it is written.
#[derive(Clone, Debug)]
pub struct ProgramItem {
    /// The program with its arguments.
    pub words: Vec<String>,
    /// What a line of its output holds once it can be used.
    pub ready: Option<String>,
    /// How long it is given until then.
    pub within: Option<Duration>,
    /// Variables for it.
    pub env: Table<String>,
}

impl Read for ProgramItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if matches!(node.kind, NodeKind::Map(_)) {
            let item = ProgramMapping::read(node, diagnostics)?;
            return Some(Self { words: item.run.0, ready: item.ready, within: item.within, env: item.env });
        }
        let words = Words::read(node, diagnostics)?.0;
        Some(Self { words, ready: None, within: None, env: Table::default() })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [String::schema(named), Vec::<String>::schema(named), ProgramMapping::schema(named)] })
    }
}

/// A program that must be there.
#[derive(Clone, Debug)]
pub struct NeedItem {
    /// Its name.
    pub name: String,
    /// What would install it, if the suite says.
    pub installed_by: Option<String>,
}

impl Read for NeedItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let [(name, command)] = node.entries() {
            let command = String::read(command, diagnostics)?;
            return Some(Self { name: name.text.clone(), installed_by: Some(command) });
        }
        if matches!(node.kind, NodeKind::Map(_)) {
            diagnostics.error(
                &node.place,
                "one program an item",
                "write `- NAME`, or `- NAME: COMMAND` with what would install it",
            );
            return None;
        }
        String::read(node, diagnostics).map(|name| Self { name, installed_by: None })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [
            String::schema(named),
            { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": String::schema(named) },
        ] })
    }
}

/// A scenario with its name.
#[derive(Clone, Debug)]
pub struct ScenarioEntry {
    /// Its name.
    pub name: Placed<String>,
    /// What it is.
    pub item: ScenarioItem,
}

impl Read for ScenarioEntry {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let [(name, item)] = node.entries() else {
            diagnostics.error(
                &node.place,
                format!("a scenario is a name with what it is, not {}", node.describe()),
                "write `- smoke: { plan: smoke.yaml }`",
            );
            return None;
        };
        let name = Placed { value: name.text.clone(), place: name.place.clone() };
        ScenarioItem::read(item, diagnostics).map(|item| Self { name, item })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": ScenarioItem::schema(named) })
    }
}
