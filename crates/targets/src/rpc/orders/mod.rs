//! The order service behind the small NATS server: `order_processing_service`, as the load test of Cliffracer meant it.
//!
//! Answers come as late as the original's sleeps make them (`costs`): it pretends work, and says so. Before the service's name a
//! namespace may stand:
//!
//! | namespace | costs | rules | envelope |
//! |---|---|---|---|
//! | none | the original's | fraud and inventory, with plenty of everything in stock | 1.0 |
//! | `free` | none: what is measured is the way there and back, and validation | as without | 1.0 |
//! | `strict` | the original's | the original's: by them nearly every generated order is refused | 1.0 |
//! | `july` | the original's | as without | that of July 2025 |
//!
//! `test.ping`, `test.echo` and `test.compute` are plain requests without an envelope.

mod costs;
mod plain;
mod state;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::envelope::{self, Kind, Method, Model, Style};
use super::wire::Message;
use costs::Cost;
use state::{Rules, Shop};

const NAME: &str = "order_processing_service";

const METHODS: [Method; 9] = [
    Method { name: "process_order", parameters: &[("order", Kind::Model(Model::Order))], returns: "dict" },
    Method { name: "batch_process_orders", parameters: &[("orders", Kind::Mappings)], returns: "dict" },
    Method { name: "analytics_ingestion", parameters: &[("events", Kind::Mappings)], returns: "dict" },
    Method {
        name: "large_payload_processing",
        parameters: &[("request", Kind::Model(Model::Batch))],
        returns: "dict",
    },
    Method {
        name: "error_scenario_test",
        parameters: &[("test", Kind::Model(Model::Validation))],
        returns: "dict",
    },
    Method { name: "get_service_metrics", parameters: &[], returns: "dict" },
    Method {
        name: "charge",
        parameters: &[("order_id", Kind::Text), ("amount", Kind::Number)],
        returns: "dict",
    },
    Method {
        name: "restock",
        parameters: &[("sku", Kind::Text), ("quantity", Kind::Number)],
        returns: "dict",
    },
    Method { name: "inventory", parameters: &[("sku", Kind::Text)], returns: "dict" },
];

/// How the service of a namespace is.
struct Setting {
    name: &'static str,
    style: Style,
    has_costs: bool,
    rules: Rules,
}

const SETTINGS: [Setting; 4] = [
    Setting { name: "", style: Style::One, has_costs: true, rules: Rules::Lenient },
    Setting { name: "free", style: Style::One, has_costs: false, rules: Rules::Lenient },
    Setting { name: "strict", style: Style::One, has_costs: true, rules: Rules::Strict },
    Setting { name: "july", style: Style::July, has_costs: true, rules: Rules::Lenient },
];

/// An answer, and how long it is to be kept back.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rpc) struct Answer {
    pub(in crate::rpc) payload: Vec<u8>,
    pub(in crate::rpc) after_ns: u64,
}

/// The services of all namespaces, each with its own state.
#[derive(Default)]
pub(in crate::rpc) struct Orders {
    shops: BTreeMap<&'static str, Shop>,
}

impl Orders {
    /// The answer to a message, if it is for one of these services.
    pub(in crate::rpc) fn answer(&mut self, message: &Message) -> Option<Answer> {
        let (setting, rest) = addressed(&message.subject)?;
        let after = |cost: Cost| if setting.has_costs { cost.ns() } else { 0 };
        if let Some(method) = rest.strip_prefix("test.") {
            let (payload, cost) = plain::answer(method, &message.payload)?;
            return Some(Answer { payload, after_ns: after(cost) });
        }
        let rest = rest.strip_prefix(NAME)?.strip_prefix('.')?;
        if rest == "describe" {
            return Some(Answer { payload: envelope::description(NAME, &METHODS), after_ns: 0 });
        }
        let method = rest.strip_prefix("rpc.")?;
        let shop = self.shops.entry(setting.name).or_insert_with(|| Shop::new(setting.rules));
        let mut cost = Cost::default();
        let payload = envelope::answer(setting.style, &METHODS, (method, message), |method, arguments| {
            let (result, took) = perform(shop, method, arguments);
            cost = took;
            Some(result)
        });
        Some(Answer { payload, after_ns: after(cost) })
    }
}

/// Whose a subject is, and what stands behind the namespace.
fn addressed(subject: &str) -> Option<(&'static Setting, &str)> {
    let is_ours = |rest: &str| rest.starts_with(NAME) || rest.starts_with("test.");
    if is_ours(subject) {
        return Some((&SETTINGS[0], subject));
    }
    let (namespace, rest) = subject.split_once('.')?;
    let setting = SETTINGS.iter().find(|setting| setting.name == namespace)?;
    is_ours(rest).then_some((setting, rest))
}

fn perform(shop: &mut Shop, method: &str, arguments: &Map<String, Value>) -> (Value, Cost) {
    let list = |name: &str| arguments[name].as_array().map_or(&[][..], Vec::as_slice);
    let text = |name: &str| arguments[name].as_str().unwrap_or_default();
    let number = |name: &str| arguments[name].as_f64().unwrap_or_default();
    match method {
        "process_order" => shop.process(&arguments["order"]),
        "batch_process_orders" => shop.process_all(list("orders")),
        "analytics_ingestion" => state::ingest(list("events")),
        "large_payload_processing" => state::large(&arguments["request"]),
        "error_scenario_test" => (serde_json::json!({ "success": true, "validated": true }), Cost::default()),
        "charge" => (shop.charge(text("order_id"), number("amount")), Cost::CHARGE),
        "restock" => (shop.restock(text("sku"), number("quantity") as u64), Cost::default()),
        "inventory" => (shop.inventory(text("sku")), Cost::default()),
        _ => (shop.metrics(), Cost::default()),
    }
}

#[cfg(test)]
mod tests;
