//! Data sets: read or generated, and checked, before the run.

use std::sync::Arc;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Map, Value};

use super::super::diagnostics::Place;
use super::super::read::Placed;
use super::super::source::{Node, NodeKind};
use super::super::types::{DataItem, InvalidItem};
use super::Lowering;
use crate::behaviour::data::{DataSet, Pick, Row};
use crate::behaviour::generate::{self, GENERATORS, fault_kinds, generate};
use crate::behaviour::template::{Scope, Template};

/// Rows a generator makes if nobody says how many.
const ROWS: u64 = 1_000;

/// More rows than this do not belong in memory before a run.
const ROWS_MAX: u64 = 1_000_000;

impl Lowering<'_> {
    pub(super) fn data(&mut self) {
        let file = self.file;
        for (name, item) in file.data.iter() {
            let Some(rows) = self.rows(name, item) else {
                self.diagnostics.lost.insert(name.value.clone());
                continue;
            };
            if rows.is_empty() {
                self.diagnostics.error(
                    &name.place,
                    format!("the data set `{}` has no rows", name.value),
                    "add at least one",
                );
                continue;
            }
            self.check_rows(name, item, &rows);
            let pick = self.pick(item);
            self.data.insert(name.value.clone(), self.data_sets.len());
            self.data_sets.push(DataSet { name: name.value.clone(), rows, pick });
        }
    }

    fn pick(&mut self, item: &DataItem) -> Pick {
        match item.pick.as_ref().map(|p| (p, p.value.as_str())) {
            None | Some((_, "sequential")) => Pick::Sequential,
            Some((_, "random")) => Pick::Random,
            Some((_, "unique")) => Pick::Unique,
            Some((written, _)) => {
                self.unknown(written, "way to pick", &["sequential", "random", "unique"]);
                Pick::Sequential
            }
        }
    }

    fn rows(&mut self, name: &Placed<String>, item: &DataItem) -> Option<Vec<Arc<Row>>> {
        let given =
            [item.inline.is_some(), item.csv.is_some(), item.jsonl.is_some(), item.generate.is_some()];
        if given.iter().filter(|g| **g).count() != 1 {
            self.diagnostics.error_of_whole(
                &item.place,
                &name.place,
                format!("the data set `{}` must come from one place", name.value),
                "give it one of inline, csv, jsonl or generate",
            );
            return None;
        }
        if let Some(rows) = &item.inline {
            return Some(rows.iter().cloned().map(|value| Arc::new(Row::valid(value))).collect());
        }
        if let Some(path) = &item.csv {
            return self.csv(path);
        }
        if let Some(path) = &item.jsonl {
            return self.jsonl(path);
        }
        self.generated(item, item.generate.as_ref()?)
    }

    fn csv(&mut self, path: &Placed<String>) -> Option<Vec<Arc<Row>>> {
        let text = self.read_file(path, |p| std::fs::read_to_string(p))?;
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = reader.headers().ok()?.clone();
        let mut rows = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let entries: Map<_, _> = headers
                        .iter()
                        .zip(&record)
                        .map(|(h, v)| (h.to_owned(), Value::String(v.to_owned())))
                        .collect();
                    rows.push(Arc::new(Row::valid(Value::Object(entries))));
                }
                Err(error) => {
                    self.diagnostics.error(
                        &path.place,
                        format!("{} is not CSV: {error}", path.value),
                        "every line needs as many fields as the header",
                    );
                    return None;
                }
            }
        }
        Some(rows)
    }

    fn jsonl(&mut self, path: &Placed<String>) -> Option<Vec<Arc<Row>>> {
        let text = self.read_file(path, |p| std::fs::read_to_string(p))?;
        let mut rows = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(value) => rows.push(Arc::new(Row::valid(value))),
                Err(error) => {
                    self.diagnostics.error(
                        &path.place,
                        format!("{}:{}: not JSON: {error}", path.value, number + 1),
                        "every line must be one JSON value",
                    );
                    return None;
                }
            }
        }
        Some(rows)
    }

    fn generated(&mut self, item: &DataItem, generator: &Node) -> Option<Vec<Arc<Row>>> {
        let rows = item.rows.unwrap_or(ROWS);
        if rows > ROWS_MAX {
            self.diagnostics.error(
                &item.place,
                format!("{rows} rows are too many to make before a run"),
                format!("at most {ROWS_MAX}; rows are used again from the beginning"),
            );
            return None;
        }
        let seed = item.seed.unwrap_or(self.seed);
        match &generator.kind {
            NodeKind::Scalar { text, .. } if GENERATORS.contains(&text.as_str()) => {
                let kinds = self.fault_kinds(text, item.invalid.as_ref())?;
                let order = generate::Order {
                    generator: text,
                    rows: rows as usize,
                    seed,
                    invalid_share: item.invalid.as_ref().map_or(0.0, |i| i.rate.0),
                    kinds: &kinds,
                    now_ms: self.now_ms,
                };
                Some(generate(&order))
            }
            NodeKind::Scalar { text, .. } => {
                let written = Placed { value: text.clone(), place: generator.place.clone() };
                self.unknown(&written, "generator", &GENERATORS);
                None
            }
            _ => self.templated(generator, rows, seed),
        }
    }

    fn fault_kinds(&mut self, generator: &str, invalid: Option<&InvalidItem>) -> Option<Vec<String>> {
        let known = fault_kinds(generator);
        let Some(invalid) = invalid else { return Some(Vec::new()) };
        if known.is_empty() {
            self.diagnostics.error(
                &invalid.place,
                format!("the generator `{generator}` knows no faults"),
                "remove `invalid`",
            );
            return None;
        }
        let mut clean = true;
        for kind in invalid.kinds.iter().filter(|k| !known.contains(&k.value.as_str())) {
            clean = false;
            self.unknown(kind, "fault", known);
        }
        let asked = invalid.kinds.iter().map(|k| k.value.clone()).collect::<Vec<_>>();
        clean.then(|| if asked.is_empty() { known.iter().map(|k| (*k).to_owned()).collect() } else { asked })
    }

    fn templated(&mut self, node: &Node, rows: u64, seed: u64) -> Option<Vec<Arc<Row>>> {
        let names = self.names(&[]);
        let template: Template =
            self.json_template(&Placed { value: node.to_json(), place: node.place.clone() }, &names)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let globals = crate::behaviour::Globals::default();
        let wall_ns = self.now_ms * 1_000_000;
        let mut made = Vec::new();
        for number in 0..rows {
            let mut scope = Scope {
                slots: &[],
                globals: &globals,
                rows: &mut |_| None,
                iteration: number,
                user: 0,
                random: &mut random,
                wall_ns,
            };
            let text = template.render(&mut scope).ok()?;
            made.push(Arc::new(Row::valid(serde_json::from_str(&text).ok()?)));
        }
        Some(made)
    }

    /// Rows meant to be valid must satisfy their schema before any load is sent.
    fn check_rows(&mut self, name: &Placed<String>, item: &DataItem, rows: &[Arc<Row>]) {
        let built_in = item.generate.as_ref().and_then(Node::scalar).and_then(generate::schema);
        let schema = match &item.schema {
            Some(node) => self.schema(node),
            None => built_in,
        };
        let Some(schema) = schema else { return };
        let place: &Place = item.schema.as_ref().map_or(&name.place, |n| &n.place);
        let validator = match jsonschema::validator_for(&schema) {
            Ok(validator) => validator,
            Err(error) => {
                return self.diagnostics.error(place, format!("this is not a JSON Schema: {error}"), "");
            }
        };
        let failing = rows.iter().enumerate().filter(|(_, r)| r.invalid.is_none()).find_map(|(n, r)| {
            validator.validate(&r.value).err().map(|e| (n, e.to_string(), e.instance_path().to_string()))
        });
        if let Some((number, problem, at)) = failing {
            let message = format!(
                "row {} of `{}` is meant to be valid and is not: {problem} at {at:?}",
                number + 1,
                name.value
            );
            self.diagnostics.error(
                place,
                message,
                "mend the data or the schema; no load is sent with data that measures nothing but validation",
            );
        }
    }

    /// A JSON Schema written in place, or in a file.
    pub(super) fn schema(&mut self, node: &Node) -> Option<Value> {
        let Some(path) = node.scalar() else { return Some(node.to_json()) };
        let text = self.read_file(&Placed { value: path.to_owned(), place: node.place.clone() }, |p| {
            std::fs::read_to_string(p)
        })?;
        match serde_json::from_str(&text) {
            Ok(schema) => Some(schema),
            Err(error) => {
                self.diagnostics.error(
                    &node.place,
                    format!("{path} is not JSON: {error}"),
                    "a schema's file holds one JSON value",
                );
                None
            }
        }
    }
}
