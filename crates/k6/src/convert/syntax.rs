//! The script's text as a tree (ESTree), with lines for whoever wrote it.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;
use serde_json::Value;

/// A node of the tree.
pub(super) type Node = Value;

/// Something that a plan cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// From 1; 0 if it is nowhere in particular.
    pub(super) line: u32,
    pub(super) what: String,
}

impl Refusal {
    pub(super) fn said(&self) -> String {
        if self.line == 0 { self.what.clone() } else { format!("line {}: {}", self.line, self.what) }
    }
}

/// A script's text and its tree.
pub(super) struct Source {
    text: String,
    tree: Node,
    back: Option<crate::typescript::Back>,
}

impl Source {
    pub(super) fn read(path: &str) -> Result<Self, String> {
        let written = std::fs::read_to_string(path).map_err(|e| format!("failed to read {path}: {e}"))?;
        let is_typed = Path::new(path)
            .extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| matches!(e, "ts" | "mts" | "cts"));
        let (text, back) = if is_typed {
            let stripped = crate::typescript::strip(path, &written)?;
            (stripped.text, Some(stripped.back))
        } else {
            (written, None)
        };
        Self::parse(text, back)
    }

    pub(super) fn parse(text: String, back: Option<crate::typescript::Back>) -> Result<Self, String> {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
        if parsed.panicked {
            return Err("the script cannot be parsed".to_owned());
        }
        let tree = serde_json::from_str(&parsed.program.to_estree_json(false, false))
            .map_err(|e| format!("the script's tree cannot be read: {e}"))?;
        Ok(Self { text, tree, back })
    }

    /// Where a node stands.
    pub(super) fn line(&self, node: &Node) -> u32 {
        let at = node["start"].as_u64().unwrap_or(0) as usize;
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.rsplit('\n').next().map_or(0, str::len) as u32 + 1;
        self.back.as_ref().map_or(line, |back| back.original(line, column).0)
    }

    /// The text of a node, in short.
    pub(super) fn shown(&self, node: &Node) -> String {
        let part = |key: &str| node[key].as_u64().unwrap_or(0) as usize;
        let text = self.text.get(part("start")..part("end")).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        if line.len() < text.len() || line.chars().count() > 60 {
            format!("{}…", line.chars().take(59).collect::<String>())
        } else {
            line.to_owned()
        }
    }

    pub(super) fn refuse(&self, node: &Node, why: &str) -> Refusal {
        Refusal { line: self.line(node), what: format!("`{}`: {why}", self.shown(node)) }
    }

    /// The body of an exported function; `default` is one, too.
    pub(super) fn function(&self, name: &str) -> Option<&Node> {
        self.statements().iter().find_map(|statement| match kind(statement) {
            "ExportDefaultDeclaration" if name == "default" => body(&statement["declaration"]),
            "ExportNamedDeclaration" => {
                let declared = &statement["declaration"];
                if declared["id"]["name"] == name {
                    return body(declared);
                }
                let one = declared["declarations"].as_array()?.iter().find(|d| d["id"]["name"] == name)?;
                body(&one["init"])
            }
            _ => None,
        })
    }

    /// Values that the script gives names at its top.
    pub(super) fn constants(&self) -> impl Iterator<Item = (&str, &Node)> {
        let declared = self
            .statements()
            .iter()
            .map(|s| if kind(s) == "ExportNamedDeclaration" { &s["declaration"] } else { s });
        let each = declared.filter(|d| kind(d) == "VariableDeclaration" && d["kind"] == "const");
        each.flat_map(|d| d["declarations"].as_array().into_iter().flatten())
            .filter_map(|d| Some((d["id"]["name"].as_str()?, &d["init"])))
    }

    fn statements(&self) -> &[Node] {
        self.tree["body"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// What kind of a node it is.
pub(super) fn kind(node: &Node) -> &str {
    node["type"].as_str().unwrap_or_default()
}

/// The body of a function, whether written as one or as an arrow.
pub(super) fn body(function: &Node) -> Option<&Node> {
    kind(function).contains("Function").then(|| &function["body"])
}

/// `object.property` of a call, or the name that is called alone.
pub(super) fn callee(call: &Node) -> Option<String> {
    let called = &call["callee"];
    match kind(called) {
        "Identifier" => called["name"].as_str().map(str::to_owned),
        "MemberExpression" if called["computed"] == false => {
            Some(format!("{}.{}", called["object"]["name"].as_str()?, called["property"]["name"].as_str()?))
        }
        _ => None,
    }
}
