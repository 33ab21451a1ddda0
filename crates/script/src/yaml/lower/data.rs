//! Data sets: read or generated, and checked, before the run.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Map, Value};

use super::super::diagnostics::Place;
use super::super::read::Placed;
use super::super::source::{Node, NodeKind};
use super::super::types::{BatchItem, DataItem, InvalidItem};
use super::Lowering;
use crate::behaviour::batch::{self, BATCH_MAX, Batch, BatchError, Keys};
use crate::behaviour::data::{DataSet, Pick, Row};
use crate::behaviour::generate::{self, GENERATORS, fault_kinds, generate, rules};
use crate::behaviour::template::{Scope, Template, rfc3339_ms};

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
            let rows = match &item.batch {
                None => rows,
                Some(batch) => match self.batched(name, (item, pick), batch, &rows) {
                    Some(batches) => batches,
                    None => {
                        self.diagnostics.lost.insert(name.value.clone());
                        continue;
                    }
                },
            };
            self.data.insert(name.value.clone(), self.data_sets.len());
            self.data_sets.push(DataSet { name: name.value.clone(), rows, pick });
        }
    }

    /// Data sets whose rows are batches.
    pub(super) fn batches(&self) -> BTreeSet<usize> {
        let is_batch = |set: &DataSet| set.rows.first().is_some_and(|row| row.batch.is_some());
        self.data_sets.iter().enumerate().filter(|(_, set)| is_batch(set)).map(|(number, _)| number).collect()
    }

    /// Rows put together, so many at a time.
    fn batched(
        &mut self,
        name: &Placed<String>,
        (item, pick): (&DataItem, Pick),
        batch: &BatchItem,
        rows: &[Arc<Row>],
    ) -> Option<Vec<Arc<Row>>> {
        let size = batch.size as usize;
        let problem = match () {
            () if batch.size == 0 || batch.size > BATCH_MAX => {
                Some((format!("a batch has 1 to {BATCH_MAX} rows"), "write `size: 1000`".to_owned()))
            }
            () if !rows.len().is_multiple_of(size) => Some((
                format!("{} rows make no whole batches of {size}", rows.len()),
                format!("give `{}` a multiple of {size} rows, such as `rows: {}`", name.value, 16 * size),
            )),
            () if item.invalid.is_some() => Some((
                "a batch is refused as a whole, so that its rows cannot be broken one by one".to_owned(),
                "remove `invalid`, or send those rows from a data set without `batch`".to_owned(),
            )),
            () if pick == Pick::Random => Some((
                "batches are counted, so that they come one after the other".to_owned(),
                "remove `pick: random`".to_owned(),
            )),
            () => None,
        };
        if let Some((message, hint)) = problem {
            self.diagnostics.error(&batch.place, message, hint);
            return None;
        }
        let keys = Keys { id: &batch.id.value, time: batch.time.as_ref().map(|key| key.value.as_str()) };
        let base = batch::base(self.seed, self.now_ms, &name.value);
        let made = rows.chunks(size).map(|rows| {
            let values: Vec<_> = rows.iter().map(|row| &row.value).collect();
            let (text, batch) = Batch::of(&values, keys, base)?;
            Ok(Arc::new(Row { value: Value::Null, text, invalid: None, batch: Some(batch) }))
        });
        match made.collect::<Result<Vec<_>, BatchError>>() {
            Ok(batches) => Some(batches),
            Err(error) => {
                let (message, hint) = match error {
                    BatchError::NoMapping => (
                        "a row of a batch is a mapping".to_owned(),
                        "so that its identity has a key".to_owned(),
                    ),
                    BatchError::NoPlace(key) => (
                        format!("there is no place for `{key}` in every row of `{}`", name.value),
                        "`id` names a key of the rows, `time` one with 13 digits or a text such as \
                         2026-01-31T12:00:00.000Z"
                            .to_owned(),
                    ),
                };
                self.diagnostics.error(&batch.place, message, hint);
                None
            }
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
                    size: self.payload_size(text, item)?,
                    list: item.list.as_ref().map(|list| list.value.0.clone()),
                    seed,
                    invalid_share: item.invalid.as_ref().map_or(0.0, |i| i.rate.0),
                    kinds: &kinds,
                    now_ms: self.now_ms,
                };
                self.check_broken_rows(item, &order);
                Some(generate(&order))
            }
            NodeKind::Scalar { text, .. } => {
                let written = Placed { value: text.clone(), place: generator.place.clone() };
                self.unknown(&written, "generator", &GENERATORS);
                None
            }
            _ => {
                for written in [&item.size, &item.list].into_iter().flatten() {
                    self.diagnostics.error(
                        &written.place,
                        "only a built-in generator has a size or makes lists",
                        "remove it",
                    );
                }
                self.templated(generator, rows, seed)
            }
        }
    }

    /// The parts of a payload, if the generator has any. The outer `None` says that what is written makes no sense.
    #[expect(clippy::option_option, reason = "no size, and a wrong one, are different things")]
    fn payload_size(&mut self, generator: &str, item: &DataItem) -> Option<Option<RangeInclusive<u64>>> {
        let Some(written) = &item.size else { return Some(None) };
        let most = generate::size_max(generator);
        let problem = match generate::sized(generator) {
            None => Some((format!("the generator `{generator}` has no size"), "remove `size`".to_owned())),
            Some((parts, _)) if *written.value.0.end() > most => {
                Some((format!("so many {parts} make no valid payload"), format!("at most {most}")))
            }
            Some(_) => None,
        };
        let Some((message, hint)) = problem else { return Some(Some(written.value.0.clone())) };
        self.diagnostics.error(&written.place, message, hint);
        None
    }

    /// A share of a few rows may be less than one.
    fn check_broken_rows(&mut self, item: &DataItem, order: &generate::Order<'_>) {
        let Some(invalid) = &item.invalid else { return };
        if order.list.is_none() && order.invalid_share > 0.0 && order.broken_rows() == 0 {
            let needed = (0.5 / order.invalid_share).ceil();
            self.diagnostics.error(
                &invalid.place,
                format!("{}% of {} rows is less than one row", order.invalid_share * 100.0, order.rows),
                format!("make at least {needed} rows"),
            );
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
        let usual = || generate::usual_faults(generator).map(str::to_owned).collect();
        clean.then(|| if asked.is_empty() { usual() } else { asked })
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
                spare: &mut None,
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
        let rule_of = item.generate.as_ref().and_then(Node::scalar).filter(|_| item.schema.is_none());
        let now = rfc3339_ms(self.now_ms);
        let problem = |value: &Value| {
            let by_schema =
                || validator.validate(value).err().map(|e| (e.to_string(), e.instance_path().to_string()));
            let by_rule = || {
                let broken = rules::broken(rule_of?, value, &now).into_iter().next()?;
                Some((format!("it must be {}", broken.rule), broken.at))
            };
            by_schema().or_else(by_rule)
        };
        // In a list some may be broken on purpose; that they are as many as it says is the generator's own business.
        let sound = rows.iter().enumerate().filter(|(_, row)| row.invalid.is_none() && item.list.is_none());
        let failing =
            sound.into_iter().find_map(|(n, row)| problem(&row.value).map(|(problem, at)| (n, problem, at)));
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
