//! Expectations.

use std::ops::RangeInclusive;

use regex::Regex;
use serde_json_path::JsonPath;

use super::super::super::diagnostics::suggest;
use super::super::super::read::Placed;
use super::super::super::source::{Key, Node, NodeKind};
use super::super::super::types::ExpectItem;
use super::super::Lowering;
use super::Scope;
use crate::behaviour::expect::{Check, Expect, Expectations, Matcher, StatusSet};
use crate::behaviour::template::Form;

const MATCHERS: [&str; 6] = ["exists", "matches", "contains", "length", "at_least", "at_most"];

impl Lowering<'_> {
    /// What must come back.
    pub(super) fn expectations(&mut self, written: Option<&ExpectItem>, scope: &Scope) -> Expectations {
        let Some(ExpectItem { node }) = written else { return Expectations::default() };
        let mut nested = |name: &str| {
            let inner = node.entry(name)?;
            for other in ExpectItem::NESTED.into_iter().filter(|other| inner.entry(other).is_some()) {
                let message = if other == name {
                    format!("`{name}` cannot stand inside itself")
                } else {
                    format!("`{other}` cannot stand inside `{name}`")
                };
                self.diagnostics.error(&inner.place, message, "remove the inner one");
            }
            Some(self.expect(inner, scope))
        };
        let (when_invalid, refused) = (nested("when_invalid"), nested("refused"));
        Expectations { usual: self.expect(node, scope), when_invalid, refused }
    }

    fn expect(&mut self, node: &Node, scope: &Scope) -> Expect {
        let mut expect = Expect::default();
        for (key, value) in node.entries() {
            match key.text.as_str() {
                "status" => expect.status = self.statuses(value).unwrap_or_default(),
                nested if ExpectItem::NESTED.contains(&nested) => {}
                "headers" => {
                    for (name, value) in value.entries() {
                        let matcher = self.matcher(value, scope);
                        expect.checks.extend(matcher.map(|m| Check::Header(name.text.clone(), m)));
                    }
                }
                // An unknown key has been said already.
                text if !text.starts_with('$') && !ExpectItem::KEYS.contains(&text) => {}
                _ => expect.checks.extend(self.body_check(key, value, scope)),
            }
        }
        expect
    }

    fn body_check(&mut self, key: &Key, value: &Node, scope: &Scope) -> Option<Check> {
        match key.text.as_str() {
            "text" => {
                let text = Placed { value: value.scalar()?.to_owned(), place: value.place.clone() };
                self.template(&text, Form::Plain, &scope.names).map(Check::Text)
            }
            "matches" => self.pattern(value).map(Check::Regex),
            "size" => self.size(value).map(Check::Size),
            "schema" => {
                let schema = self.schema(value)?;
                match jsonschema::validator_for(&schema) {
                    Ok(validator) => Some(Check::Schema(Box::new(validator))),
                    Err(error) => {
                        self.diagnostics.error(
                            &value.place,
                            format!("this is not a JSON Schema: {error}"),
                            "",
                        );
                        None
                    }
                }
            }
            path => match JsonPath::parse(path) {
                Ok(parsed) => self.matcher(value, scope).map(|m| Check::Json(parsed, path.to_owned(), m)),
                Err(error) => {
                    self.diagnostics.error(
                        &key.place,
                        format!("`{path}` is not a JSON path: {error}"),
                        "write one such as $.order.id, $.items[0].name or $['a-b']",
                    );
                    None
                }
            },
        }
    }

    fn statuses(&mut self, node: &Node) -> Option<StatusSet> {
        let items: Vec<&Node> = match &node.kind {
            NodeKind::Seq(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut ranges = Vec::new();
        for item in items {
            match item.scalar().and_then(status_range) {
                Some(range) => ranges.push(range),
                None => self.diagnostics.error(
                    &item.place,
                    format!("{} is not a status", item.describe()),
                    "write a status such as 201, a class such as 2xx, or a list of them",
                ),
            }
        }
        (!ranges.is_empty()).then_some(StatusSet(ranges))
    }

    fn pattern(&mut self, node: &Node) -> Option<Regex> {
        match Regex::new(node.scalar().unwrap_or_default()) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.diagnostics.error(
                    &node.place,
                    format!("this is not a pattern: {error}"),
                    "patterns are those of the regex crate",
                );
                None
            }
        }
    }

    fn size(&mut self, node: &Node) -> Option<RangeInclusive<u64>> {
        let text = node.scalar().unwrap_or_default();
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let bound = |text: &str, open: u64| {
            if text.trim().is_empty() { Some(open) } else { text.trim().parse().ok() }
        };
        match (bound(least, 0), bound(most, u64::MAX)) {
            (Some(least), Some(most)) if least <= most && !text.is_empty() => Some(least..=most),
            _ => {
                self.diagnostics.error(
                    &node.place,
                    format!("{} is not a size", node.describe()),
                    "write a number of bytes such as 512, or a range such as 100..2000 or 1..",
                );
                None
            }
        }
    }

    fn matcher(&mut self, node: &Node, scope: &Scope) -> Option<Matcher> {
        let NodeKind::Map(entries) = &node.kind else {
            let value = Placed { value: node.to_json(), place: node.place.clone() };
            return self.json_template(&value, &scope.names).map(Matcher::Equals);
        };
        let [(key, value)] = entries.as_slice() else {
            self.diagnostics.error(
                &node.place,
                "one thing can be asked of a value here",
                format!("write one of {} with its value", MATCHERS.join(", ")),
            );
            return None;
        };
        let number = || value.scalar().and_then(|t| t.parse::<f64>().ok());
        let matcher = match key.text.as_str() {
            "exists" => value.scalar().and_then(|t| t.parse().ok()).map(Matcher::Exists),
            "matches" => return self.pattern(value).map(Matcher::Matches),
            "contains" => Some(Matcher::Contains(value.to_json())),
            "length" => value.scalar().and_then(|t| t.parse().ok()).map(Matcher::Length),
            "at_least" => number().map(Matcher::AtLeast),
            "at_most" => number().map(Matcher::AtMost),
            other => {
                self.diagnostics.error(
                    &key.place,
                    format!("`{other}` is nothing that can be asked of a value"),
                    suggest(other, MATCHERS),
                );
                return None;
            }
        };
        if matcher.is_none() {
            self.diagnostics.error(
                &value.place,
                format!("{} does not fit `{}`", value.describe(), key.text),
                "`exists` takes true or false, the others a number",
            );
        }
        matcher
    }
}

fn status_range(text: &str) -> Option<RangeInclusive<u16>> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|c| (1..=5).contains(c))?;
        return Some(class * 100..=class * 100 + 99);
    }
    let status = text.parse().ok().filter(|s| (100..=599).contains(s))?;
    Some(status..=status)
}
