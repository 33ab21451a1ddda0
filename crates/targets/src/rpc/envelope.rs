//! What goes around a call: Cliffracer's envelope, as the package of version 1.0 writes it, and as the repository wrote it
//! in July 2025. What a method is given is checked completely, and what goes wrong is said as Cliffracer says it.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::wire::Message;
use crate::validate::{self, Problem};

/// Whose envelope it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// The repository in July 2025: a failure has the key `error`. A model's fields stand at the top.
    July,
    /// The package 1.0: `success` tells. A model stands under its parameter's name.
    One,
}

/// What a parameter must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    /// Mappings, each of which is looked at by itself.
    Mappings,
    Model(Model),
    Number,
    Numbers,
    Text,
}

/// What is validated as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Batch,
    Order,
    Validation,
}

impl Model {
    fn problems(self, value: &Value) -> Vec<Problem> {
        match self {
            Self::Batch => validate::batch_request(value),
            Self::Order => validate::complex_order(value),
            Self::Validation => validate::validation_test(value),
        }
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Mappings => "list[dict]",
            Self::Model(Model::Batch) => "BatchProcessingRequest",
            Self::Model(Model::Order) => "ComplexOrder",
            Self::Model(Model::Validation) => "ValidationErrorTest",
            Self::Number => "number",
            Self::Numbers => "list",
            Self::Text => "str",
        }
    }

    fn problems(self, name: &str, value: &Value) -> Vec<Value> {
        let fits = match self {
            Self::Any | Self::Model(_) => true,
            Self::Mappings => value.as_array().is_some_and(|list| list.iter().all(Value::is_object)),
            Self::Number => value.is_number(),
            Self::Numbers => value.as_array().is_some_and(|list| list.iter().all(Value::is_number)),
            Self::Text => value.is_string(),
        };
        match self {
            Self::Model(model) => model.problems(value).iter().map(|problem| detail(name, problem)).collect(),
            _ if fits => Vec::new(),
            _ => vec![
                json!({ "type": format!("{}_type", self.name()), "loc": [name], "msg": format!("Input should be a valid {}", self.name()), "input": value }),
            ],
        }
    }
}

fn detail(name: &str, Problem { field, message }: &Problem) -> Value {
    // `items[0].quantity` is the path items, 0, quantity.
    let keys = field.split(['.', '[', ']']).filter(|key| !key.is_empty());
    let keys = keys.map(|key| key.parse::<u64>().map_or_else(|_| json!(key), |index| json!(index)));
    let loc: Vec<_> = std::iter::once(json!(name)).chain(keys).collect();
    let kind = if message == "is required" { "missing" } else { "value_error" };
    json!({ "type": kind, "loc": loc, "msg": message })
}

/// A method with its parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [(&'static str, Kind)],
    pub(super) returns: &'static str,
}

/// What calls a method came to: nothing where it failed.
pub(super) type Outcome = Option<Value>;

/// Answers a call of one of `methods`; `perform` is given arguments that are what they must be.
pub(super) fn answer(
    style: Style,
    methods: &[Method],
    (method, message): (&str, &Message),
    perform: impl FnOnce(&str, &Map<String, Value>) -> Outcome,
) -> Vec<u8> {
    let (mut reply, correlation) = called(style, methods, (method, message), perform);
    reply["timestamp"] = json!(now());
    let is_said = style == Style::One || correlation.is_some();
    if is_said {
        reply["correlation_id"] = json!(correlation);
    }
    reply.to_string().into_bytes()
}

/// When it was answered; nothing depends on it.
#[expect(
    clippy::disallowed_methods,
    reason = "the envelope tells when it was answered, and nothing depends on it"
)]
pub(super) fn now() -> String {
    jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default().to_string()
}

fn called(
    style: Style,
    methods: &[Method],
    (method, message): (&str, &Message),
    perform: impl FnOnce(&str, &Map<String, Value>) -> Outcome,
) -> (Value, Option<String>) {
    let Some(known) = methods.iter().find(|known| known.name == method) else {
        return (failed(style, &format!("Unknown method: {method}")), None);
    };
    let text = if message.payload.is_empty() { b"{}" } else { message.payload.as_slice() };
    let Ok(Value::Object(mut arguments)) = serde_json::from_slice(text) else {
        let detail =
            json!({ "type": "payload_invalid", "loc": ["__root__"], "msg": "the payload is no JSON object" });
        return (invalid(style, &[detail]), None);
    };
    let named = arguments.remove("correlation_id").and_then(|id| id.as_str().map(str::to_owned));
    let correlation =
        given(message).or(named).or_else(|| Some(format!("corr_{:016x}", rand::random::<u64>())));
    if let (Style::July, [(name, Kind::Model(_))]) = (style, known.parameters) {
        arguments = Map::from_iter([((*name).to_owned(), Value::Object(arguments))]);
    }
    let problems = problems(known.parameters, &arguments);
    if !problems.is_empty() {
        // In July a refusal by a schema did not say whose it was.
        return (invalid(style, &problems), correlation.filter(|_| style == Style::One));
    }
    let reply = match (perform(method, &arguments), style) {
        (Some(result), Style::One) => json!({ "success": true, "result": result }),
        (Some(result), Style::July) => json!({ "result": result }),
        (None, _) => {
            let id = correlation.as_deref().unwrap_or_default();
            failed(style, &format!("Internal server error (correlation_id: {id})"))
        }
    };
    (reply, correlation)
}

/// What the caller named the call by.
fn given(message: &Message) -> Option<String> {
    let text = String::from_utf8_lossy(&message.headers);
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it =
            ["x-correlation-id", "correlation_id"].iter().any(|known| name.eq_ignore_ascii_case(known));
        is_it.then(|| value.trim().to_owned())
    })
}

fn failed(style: Style, error: &str) -> Value {
    match style {
        Style::July => json!({ "error": error }),
        Style::One => json!({ "success": false, "error": error }),
    }
}

fn invalid(style: Style, details: &[Value]) -> Value {
    match style {
        Style::July => {
            let said =
                details.iter().map(|d| format!("{}: {}", d["loc"], d["msg"].as_str().unwrap_or_default()));
            json!({ "error": format!("Validation error: {}", said.collect::<Vec<_>>().join("; ")) })
        }
        Style::One => json!({ "success": false, "error": "validation failed", "details": details }),
    }
}

fn problems(parameters: &[(&'static str, Kind)], arguments: &Map<String, Value>) -> Vec<Value> {
    let missing = parameters.iter().filter(|(name, _)| !arguments.contains_key(*name));
    let missing = missing.map(
        |(name, _)| json!({ "type": "missing", "loc": [name], "msg": "Field required", "input": arguments }),
    );
    let surplus = arguments.iter().filter(|(name, _)| !parameters.iter().any(|(known, _)| known == name));
    let surplus = surplus.map(|(name, value)| {
        json!({ "type": "extra_forbidden", "loc": [name], "msg": "Extra inputs are not permitted", "input": value })
    });
    let wrong = parameters
        .iter()
        .filter_map(|(name, kind)| Some(kind.problems(name, arguments.get(*name)?)))
        .flatten();
    missing.chain(surplus).chain(wrong).collect()
}

/// What a service says of itself.
pub(super) fn description(service: &str, methods: &[Method]) -> Vec<u8> {
    let methods = methods.iter().map(|method| {
        let params: Vec<_> = method
            .parameters
            .iter()
            .map(|(name, kind)| json!({ "name": name, "type": kind.name() }))
            .collect();
        json!({ "name": method.name, "params": params, "returns": method.returns })
    });
    let all = json!({ "service": service, "methods": methods.collect::<Vec<_>>(), "listeners": [] });
    all.to_string().into_bytes()
}
