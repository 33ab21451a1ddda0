//! Steps: requests with their expectations, and what holds them together.

mod broker;
mod command;
mod exec;
mod expectations;
mod grpc;
mod message;
mod own;
mod query;
mod receive;
mod request;
mod server;
mod talk;
mod tool;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::http::HttpRequest;
use plimsoll_model::{Operation, Part, PartKind, PartUnit, Step, StepId, StepKind};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use regex::Regex;
use serde_json_path::JsonPath;

use super::super::read::{Placed, Table};
use super::super::types::{CallItem, StepItem};
use super::super::units::Duration;
use super::Lowering;
use crate::behaviour::data::DataSet;
use crate::behaviour::expect::{Expect, Expectations, StatusSet};
use crate::behaviour::names::Names;
use crate::behaviour::program::{
    Call, Compare, Condition, Delivered, Delivers, Good, Injected, Node, Reads, RequestTemplate, Save,
    SaveSource,
};
use crate::behaviour::template::{self, Form, Template};
use crate::behaviour::{Globals, Routine};

pub(super) use broker::Broker;
pub(super) use server::Speaks;

/// Of an operation that is no HTTP request, without a word about it.
const TIMEOUT: Duration = Duration(5_000_000_000);

/// How long tidying up looks for what was acknowledged.
const PATIENCE: Duration = Duration(10_000_000_000);

/// What a routine is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Load,
    Setup,
    Teardown,
}

/// What a step expects and keeps, while it is being lowered.
struct Draft {
    expect: Expectations,
    saves: Vec<Save>,
    /// Identities are looked for in what comes back.
    delivered: bool,
}

impl Draft {
    /// Whether somebody will look at what comes back.
    fn looks(&self) -> bool {
        self.expect.all().any(Expect::looks_beyond_status) || !self.saves.is_empty() || self.delivered
    }

    /// Replies of this protocol have no status.
    fn without_status(&mut self) {
        for expect in self.expect.all_mut() {
            if expect.status == StatusSet::default() {
                expect.status = StatusSet::any();
            }
        }
    }
}

/// What a step sends.
struct Sent {
    /// By which protocol.
    protocol: &'static str,
    /// What.
    request: RequestTemplate,
    /// What is measured besides.
    parts: &'static [PartKind],
    /// What makes a success a good one.
    good: Option<Good>,
}

/// A routine being lowered.
pub(super) struct Scope {
    pub(super) scenario: u16,
    pub(super) purpose: Purpose,
    slots: Vec<String>,
    names: Names,
    first_step: Option<StepId>,
}

/// Every name that steps save or set, in order of appearance.
pub(super) fn saved_names(items: &[StepItem]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |more: Vec<String>| {
        for name in more {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    };
    for item in items {
        add(match item {
            StepItem::Group(_, steps) | StepItem::Repeat(_, steps) => saved_names(steps),
            StepItem::Call(_, call) => {
                call.common().save.iter().map(|(name, _)| name.value.clone()).collect()
            }
            StepItem::If(_, then, otherwise) => [saved_names(then), saved_names(otherwise)].concat(),
            StepItem::OneOf(branches) => branches.iter().flat_map(|b| saved_names(&b.steps)).collect(),
            StepItem::Set(values) => values.iter().map(|(name, _)| name.value.clone()).collect(),
            StepItem::Think(_) => Vec::new(),
        });
    }
    names
}

impl Lowering<'_> {
    /// Lowers a list of steps; the second value is its first operation.
    pub(super) fn routine(
        &mut self,
        items: &[StepItem],
        scenario: u16,
        purpose: Purpose,
    ) -> (Routine, Option<StepId>) {
        // Where conversations are held is a matter of each scenario.
        self.talks.clear();
        let slots = saved_names(items);
        let mut names = self.names(&slots);
        if purpose == Purpose::Setup {
            // What setup saves is its own while it runs.
            names.globals.clear();
        }
        let mut scope = Scope { scenario, purpose, names, slots, first_step: None };
        let nodes = self.nodes(items, &mut scope);
        let publish = if purpose == Purpose::Setup {
            scope.slots.iter().cloned().enumerate().map(|(slot, name)| (name, slot)).collect()
        } else {
            Vec::new()
        };
        (Routine { nodes, slots: scope.slots.len(), publish }, scope.first_step)
    }

    fn nodes(&mut self, items: &[StepItem], scope: &mut Scope) -> Vec<Node> {
        items.iter().flat_map(|item| self.node(item, scope)).collect()
    }

    fn node(&mut self, item: &StepItem, scope: &mut Scope) -> Vec<Node> {
        match item {
            StepItem::Group(name, steps) => {
                let step = self.new_step(&name.value, BTreeMap::new(), StepKind::Group, scope);
                vec![Node::Group(step, self.nodes(steps, scope))]
            }
            StepItem::Call(name, item) => self
                .call(name.as_ref(), item, scope)
                .map(|call| Node::Call(Box::new(call)))
                .into_iter()
                .collect(),
            StepItem::If(condition, then, otherwise) => {
                let condition = self.condition(condition, scope);
                let (then, otherwise) = (self.nodes(then, scope), self.nodes(otherwise, scope));
                condition.map(|c| Node::If(c, then, otherwise)).into_iter().collect()
            }
            StepItem::OneOf(branches) => {
                for branch in branches
                    .iter()
                    .filter(|b| !b.weight.unwrap_or(1.0).is_normal() || b.weight.unwrap_or(1.0) < 0.0)
                {
                    self.diagnostics.error(
                        &branch.place,
                        "a branch's weight is a positive number",
                        "leave it out for 1",
                    );
                }
                vec![Node::OneOf(
                    branches.iter().map(|b| (b.weight.unwrap_or(1.0), self.nodes(&b.steps, scope))).collect(),
                )]
            }
            StepItem::Repeat(times, steps) => vec![Node::Repeat(*times, self.nodes(steps, scope))],
            StepItem::Set(values) => {
                let set = |(name, value): &(Placed<String>, Placed<serde_json::Value>)| {
                    let slot = scope.slots.iter().position(|s| *s == name.value)?;
                    Some(Node::Set(slot, self.json_template(value, &scope.names)?))
                };
                values.iter().filter_map(set).collect()
            }
            StepItem::Think(think) => vec![Node::Think(think.least, think.most)],
        }
    }

    fn new_step(
        &mut self,
        name: &str,
        tags: BTreeMap<String, String>,
        kind: StepKind,
        scope: &mut Scope,
    ) -> StepId {
        let kind = if scope.purpose == Purpose::Load { kind } else { StepKind::Solo };
        let same = |wanted: &str| {
            self.steps.iter().any(|s| {
                s.name == wanted
                    && s.scenario == scope.scenario
                    && (s.kind == StepKind::Solo) == (kind == StepKind::Solo)
            })
        };
        let mut unique = name.to_owned();
        let mut count = 1;
        while same(&unique) {
            count += 1;
            unique = format!("{name} ({count})");
        }
        let step = self.steps.len() as StepId;
        self.steps.push(Step { name: unique, scenario: scope.scenario, kind, tags });
        if kind == StepKind::Operation {
            scope.first_step.get_or_insert(step);
        }
        step
    }

    fn condition(&mut self, written: &Placed<String>, scope: &Scope) -> Option<Condition> {
        let signs = [
            ("==", Compare::Equal),
            ("!=", Compare::Unequal),
            ("<=", Compare::LessOrEqual),
            (">=", Compare::GreaterOrEqual),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        let part = |text: &str| Placed {
            value: text.trim().trim_matches(['"', '\'']).to_owned(),
            place: written.place.clone(),
        };
        for (sign, compare) in signs {
            if let Some((left, right)) = written.value.split_once(sign) {
                let left = self.template(&part(left), Form::Plain, &scope.names)?;
                let right = self.template(&part(right), Form::Plain, &scope.names)?;
                return Some(Condition { left, right: Some((compare, right)) });
            }
        }
        Some(Condition {
            left: self.template(&part(&written.value), Form::Plain, &scope.names)?,
            right: None,
        })
    }

    /// A step that sends something. Whatever is wrong with one part of it, the others are looked at all the same.
    fn call(&mut self, name: Option<&Placed<String>>, item: &CallItem, scope: &mut Scope) -> Option<Call> {
        let common = item.common();
        let usual = usual_name(item);
        let step_name = name.map(|n| n.value.as_str()).or(common.name).map_or(usual, str::to_owned);
        let step = self.operation(&step_name, common.tags, scope);
        let saves = self.saves(common.save, scope);
        let expects = self.expectations(common.expect, scope);
        let delivers = common.delivers.and_then(|id| self.delivers(id, scope));
        self.has_delivers |= delivers.is_some();
        let delivered = common.delivered.and_then(|path| self.delivered(path, item, scope));
        let mut draft = Draft { delivered: delivered.is_some(), expect: expects, saves };
        let sent = match item {
            CallItem::Http(written) => self.http_sent(written, &mut draft, scope),
            CallItem::Grpc(written) => self.grpc_sent(written, &mut draft, scope),
            CallItem::Message(written) => self.message_sent(written, &mut draft, scope),
            CallItem::Command(written) => self.command_sent(written, &mut draft, scope),
            CallItem::Query(written) => self.query_sent(written, &mut draft, scope),
            CallItem::Talk(written) => self.talk_sent(written, &mut draft, scope),
            CallItem::Exec(written) => self.exec_sent(written, &mut draft, scope),
            CallItem::Own(written) => self.own_sent(written, &mut draft, scope),
            CallItem::Tool(written) => self.tool_sent(written, &mut draft, scope),
        }?;
        self.refuse_without_network(sent.protocol, scope);
        let Draft { expect, saves, .. } = draft;
        let mut data_sets: Vec<_> =
            sent.request.templates().into_iter().flat_map(Template::data_sets).collect();
        data_sets.dedup();
        let parts = self.parts(&step_name, step, sent.parts, scope);
        let is_counted = expect.when_invalid.is_some() && scope.purpose == Purpose::Load;
        let injected = if is_counted { self.injected(&step_name, step, &data_sets, scope) } else { None };
        let good = sent.good.and_then(|good| {
            let own = self.parts(&step_name, step, &[PartKind::new("good", PartUnit::Event)], scope);
            own.first().map(|(_, step)| Good { step: *step, ..good })
        });
        let (protocol, fixed) = (self.protocol(sent.protocol), fixed(&sent.request));
        Some(Call {
            step,
            request: sent.request,
            protocol,
            fixed,
            expect,
            data_sets,
            injected,
            saves,
            parts,
            good,
            delivers,
            delivered,
        })
    }

    /// What is written: a batch by its name, or one thing by its identity.
    fn delivers(&mut self, written: &Placed<String>, scope: &Scope) -> Option<Delivers> {
        let template = self.template(written, Form::Plain, &scope.names)?;
        let batches = self.batches();
        if let Some(("", set, "")) = template.around_row().filter(|(_, set, _)| batches.contains(set)) {
            return Some(Delivers::Batch(set));
        }
        if template.data_sets().any(|set| batches.contains(&set)) {
            self.diagnostics.error(
                &written.place,
                "a batch is no part of an identity",
                "write the batch alone, such as `delivers: ${events}`",
            );
            return None;
        }
        Some(Delivers::One(template))
    }

    /// Where identities stand in what comes back.
    fn delivered(&mut self, written: &Placed<String>, item: &CallItem, scope: &Scope) -> Option<Delivered> {
        let reads = self.reads(item);
        // Tidying up looks again until everything is there.
        let patience_ns = (scope.purpose == Purpose::Teardown && reads == Reads::All).then(|| {
            let section = self.file.delivery.as_ref().and_then(|section| section.patience);
            section.unwrap_or(PATIENCE).0
        });
        match JsonPath::parse(&written.value) {
            Ok(path) => Some(Delivered { path, patience_ns, reads }),
            Err(error) => {
                self.diagnostics.error(
                    &written.place,
                    format!("`{}` is not a JSON path: {error}", written.value),
                    "write one such as $.rows[*].id",
                );
                None
            }
        }
    }

    /// The steps of what an operation measures besides.
    fn parts(
        &mut self,
        name: &str,
        of: StepId,
        kinds: &[PartKind],
        scope: &mut Scope,
    ) -> Vec<(PartUnit, StepId)> {
        if scope.purpose != Purpose::Load {
            return Vec::new();
        }
        let tags = self.steps[usize::from(of)].tags.clone();
        let mut part = |kind: &PartKind| {
            let name = format!("{name}.{}", kind.name);
            let as_step = StepKind::Part(Part { of, unit: kind.unit });
            (kind.unit, self.new_step(&name, tags.clone(), as_step, scope))
        };
        kinds.iter().map(&mut part).collect()
    }

    /// The steps that count what becomes of data with faults, and without; none if none has any.
    fn injected(
        &mut self,
        name: &str,
        of: StepId,
        data_sets: &[usize],
        scope: &mut Scope,
    ) -> Option<Injected> {
        let sets = data_sets.iter().map(|set| &self.data_sets[*set]);
        let planned = sets.map(DataSet::planned_ppm).find(|planned| !planned.is_empty())?;
        let tags = self.steps[usize::from(of)].tags.clone();
        let mut step = |kind: &str, planned_ppm: u32| {
            let part = Part { of, unit: PartUnit::Injected { planned_ppm } };
            self.new_step(&format!("{name}.{kind}"), tags.clone(), StepKind::Part(part), scope)
        };
        let broken_ppm: u32 = planned.values().sum();
        let valid = step("valid", 1_000_000 - broken_ppm);
        let kinds = planned.iter().map(|(kind, ppm)| (kind.clone(), step(kind, *ppm))).collect();
        Some(Injected { valid, kinds })
    }

    /// How long an operation may take, if it is not HTTP.
    fn timeout(&mut self, written: Option<Duration>) -> u64 {
        let timeout_ns = written.unwrap_or(TIMEOUT).0;
        self.timeout_ns_max = self.timeout_ns_max.max(timeout_ns);
        timeout_ns
    }

    /// The step of an operation.
    fn operation(&mut self, name: &str, own_tags: &Table<String>, scope: &mut Scope) -> StepId {
        let mut tags: BTreeMap<_, _> = super::super::read::sorted(&self.file.tags);
        tags.extend(super::super::read::sorted(own_tags));
        self.new_step(name, tags, StepKind::Operation, scope)
    }

    /// The number of a protocol that steps are sent by.
    fn protocol(&mut self, name: &'static str) -> usize {
        self.protocols.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.protocols.push(name);
            self.protocols.len() - 1
        })
    }

    fn saves(&mut self, written: &Table<Placed<String>>, scope: &Scope) -> Vec<Save> {
        let mut saves = Vec::new();
        for (name, written) in written.iter() {
            let Some(slot) = scope.slots.iter().position(|s| *s == name.value) else { continue };
            if let Some(source) = self.save_source(written) {
                saves.push(Save { slot, name: name.value.clone(), source });
            }
        }
        saves
    }

    fn save_source(&mut self, written: &Placed<String>) -> Option<SaveSource> {
        let text = written.value.as_str();
        if let Some(header) = text.strip_prefix("header:") {
            return Some(SaveSource::Header(header.trim().to_owned()));
        }
        let parsed = match text {
            "status" => return Some(SaveSource::Status),
            "body" => return Some(SaveSource::Body),
            _ if text.starts_with("regex:") => {
                Regex::new(text["regex:".len()..].trim()).map(SaveSource::Regex).map_err(|e| e.to_string())
            }
            _ => JsonPath::parse(text).map(SaveSource::Json).map_err(|e| e.to_string()),
        };
        match parsed {
            Ok(source) => Some(source),
            Err(problem) => {
                self.diagnostics.error(
                    &written.place,
                    format!("`{text}` is nothing that can be saved: {problem}"),
                    "write a JSON path such as $.order_id, header:NAME, regex:PATTERN, status or body",
                );
                None
            }
        }
    }
}

/// A request without holes, rendered once for all users.
fn fixed(request: &RequestTemplate) -> Option<Arc<Operation>> {
    if !request.is_fixed() {
        return None;
    }
    let globals = Globals::default();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut scope = template::Scope {
        slots: &[],
        globals: &globals,
        rows: &mut |_| None,
        iteration: 0,
        user: 0,
        random: &mut random,
        wall_ns: 0,
        spare: &mut None,
    };
    Some(Arc::new(match request.render(&mut scope).ok()? {
        Operation::Http(request) => Operation::Http(HttpRequest { is_fixed: true, ..request }),
        other => other,
    }))
}

/// What a step is called if nobody gave it a name.
fn usual_name(item: &CallItem) -> String {
    match item {
        CallItem::Http(step) => request::usual_name(step),
        CallItem::Grpc(step) => grpc::usual_name(step),
        CallItem::Message(step) => message::usual_name(step),
        CallItem::Command(step) => command::usual_name(step),
        CallItem::Query(step) => query::usual_name(step),
        CallItem::Talk(step) => talk::usual_name(step).to_owned(),
        CallItem::Exec(step) => exec::usual_name(step),
        CallItem::Own(_) => "call".to_owned(),
        CallItem::Tool(step) => tool::usual_name(step),
    }
}
