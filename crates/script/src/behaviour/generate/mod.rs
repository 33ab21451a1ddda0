//! Seeded generators of the payloads that the built-in services take, with the faults that can be put into them.
//!
//! Sizes and distributions are those of the order service's own generator: 1 to 3 addresses, 1 to 8 items, prices evenly
//! between 9.99 and 999.99, 8.5 % tax, and so on. What is meant to be valid is checked against the schema beside it, and
//! against what schemas cannot say (`rules`), before any load is sent.

mod attribution;
mod event;
mod order;
mod product;
pub mod rules;

use std::ops::RangeInclusive;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

use super::data::Row;
use super::template::uuid;

/// Names of the generators.
pub const GENERATORS: [&str; 5] = ["attribution", "batch", "event", "order", "validation"];

/// Names of the faults a generator can put into its payloads.
pub fn fault_kinds(generator: &str) -> &'static [&'static str] {
    match generator {
        "order" => &[
            "negative_total",
            "invalid_email",
            "future_birth_date",
            "invalid_totals",
            "missing_required",
            // Well-formed, and asks the service to refuse it all the same.
            "force_error",
        ],
        "validation" => {
            &["short_field", "forbidden_word", "invalid_email", "number_out_of_range", "bad_pattern"]
        }
        "event" => &["missing_required"],
        "attribution" => &["missing_required", "unknown_platform", "time_as_text"],
        _ => &[],
    }
}

/// The faults that are put in if nobody says which: those by which a payload is malformed.
pub fn usual_faults(generator: &str) -> impl Iterator<Item = &'static str> {
    fault_kinds(generator).iter().copied().filter(|kind| *kind != "force_error")
}

/// What a generator's size counts, and how much of it there is if nobody says; none if there is nothing to count.
pub fn sized(generator: &str) -> Option<(&'static str, RangeInclusive<u64>)> {
    match generator {
        "batch" => Some(("items", 100..=500)),
        "order" => Some(("items", 1..=8)),
        _ => None,
    }
}

/// The most parts a payload may have.
pub fn size_max(generator: &str) -> u64 {
    if generator == "order" { 100 } else { 10_000 }
}

/// The schema that valid payloads satisfy.
pub fn schema(generator: &str) -> Option<Value> {
    let text = match generator {
        "attribution" => include_str!("attribution.schema.json"),
        "batch" => include_str!("batch.schema.json"),
        "event" => include_str!("event.schema.json"),
        "order" => include_str!("order.schema.json"),
        "validation" => include_str!("validation.schema.json"),
        _ => return None,
    };
    Some(serde_json::from_str(text).expect("the schemas are ours and tested"))
}

/// How many payloads, how large, and which faults in which share of them.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// One of [`GENERATORS`].
    pub generator: &'a str,
    /// How many rows.
    pub rows: usize,
    /// Parts of a payload, such as an order's items; the generator's own choice without it.
    pub size: Option<RangeInclusive<u64>>,
    /// A row is a list of so many payloads.
    pub list: Option<RangeInclusive<u64>>,
    /// The seed.
    pub seed: u64,
    /// Share of payloads with a fault, in `[0, 1]`.
    pub invalid_share: f64,
    /// Faults to choose from.
    pub kinds: &'a [String],
    /// Wall clock, in milliseconds since 1970.
    pub now_ms: u64,
}

impl Order<'_> {
    /// How many rows get a fault: exactly their share, so that a small set is not spared by chance.
    pub fn broken_rows(&self) -> usize {
        if self.kinds.is_empty() { 0 } else { (self.invalid_share * self.rows as f64).round() as usize }
    }
}

/// Generates rows. The same order gives the same rows.
pub fn generate(order: &Order<'_>) -> Vec<Arc<Row>> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(order.seed);
    let list_of = |list: &RangeInclusive<u64>, random: &mut Xoshiro256PlusPlus| {
        let count = random.random_range(list.clone());
        Arc::new(Row::valid(list_row(order, count, random)))
    };
    if let Some(list) = &order.list {
        return (0..order.rows).map(|_| list_of(list, &mut random)).collect();
    }
    let mut faults: Vec<Option<&String>> = vec![None; order.rows];
    let broken = rand::seq::index::sample(&mut random, order.rows, order.broken_rows());
    // Kinds take turns: each is there as often as the others.
    broken.into_iter().zip(order.kinds.iter().cycle()).for_each(|(row, kind)| faults[row] = Some(kind));
    let row = |fault: Option<&String>| {
        let value = payload(order, fault, &mut random);
        Arc::new(Row { invalid: fault.cloned(), ..Row::valid(value) })
    };
    faults.into_iter().map(row).collect()
}

/// A list of payloads. As a whole it is valid: what is broken in it fails by itself, and how much that is can be expected.
fn list_row(order: &Order<'_>, count: u64, random: &mut Xoshiro256PlusPlus) -> Value {
    let mut broken = 0;
    let mut list = Vec::new();
    for _ in 0..count {
        let is_broken = !order.kinds.is_empty() && random.random_bool(order.invalid_share);
        let fault = is_broken.then(|| &order.kinds[random.random_range(0..order.kinds.len())]);
        broken += u64::from(is_broken);
        list.push(payload(order, fault, random));
    }
    json!({ "count": count, "broken": broken, "sound": count - broken, "list": list })
}

/// A payload, with this fault.
fn payload(order: &Order<'_>, fault: Option<&String>, random: &mut Xoshiro256PlusPlus) -> Value {
    let usual = sized(order.generator).map_or(1..=1, |(_, usual)| usual);
    let size = random.random_range(order.size.clone().unwrap_or(usual));
    let mut value = match order.generator {
        "attribution" => attribution::event(random, order.now_ms),
        "order" => order::order(random, size, order.now_ms),
        "event" => event::event(random, order.now_ms),
        "batch" => batch(random, size),
        _ => validation(random),
    };
    if let Some(kind) = fault {
        spoil(order.generator, &mut value, kind, order.now_ms);
    }
    value
}

/// As the original's: 294 bytes an item on average.
fn batch(random: &mut Xoshiro256PlusPlus, size: u64) -> Value {
    let operations = ["data_import", "image_processing", "report_generation", "data_export", "cleanup"];
    let item = |id: u64, random: &mut Xoshiro256PlusPlus| {
        json!({
            "id": uuid(random), "index": id, "key": word(random, 12), "value": random.random_range(0..10_000),
            "note": sentence(random, 140..=190), "tags": [word(random, 6), word(random, 6)],
        })
    };
    let items: Vec<_> = (0..size).map(|id| item(id, random)).collect();
    json!({
        "batch_id": uuid(random), "operation_type": pick(random, &operations), "items": items,
        "options": { "parallel": random.random_bool(0.5), "retries": random.random_range(0..=3) },
        "priority": random.random_range(1..=10), "timeout_seconds": 300, "metadata": { "source": word(random, 8) },
    })
}

fn validation(random: &mut Xoshiro256PlusPlus) -> Value {
    json!({
        "required_field": format!("value {}", word(random, 10)),
        "email_field": format!("{}@example.com", word(random, 8)),
        "numeric_field": random.random_range(100..=1_000),
        "complex_pattern": format!("TEST-{:04}-{}", random.random_range(0..10_000), capitals(random, 3)),
    })
}

fn spoil(generator: &str, value: &mut Value, kind: &str, now_ms: u64) {
    match (generator, kind) {
        ("order", _) => order::spoil(value, kind, now_ms),
        ("attribution", kind) => attribution::spoil(value, kind),
        ("event", _) => remove(value, "source"),
        (_, "short_field") => value["required_field"] = json!("short"),
        (_, "forbidden_word") => value["required_field"] = json!("this will Fail here"),
        (_, "invalid_email") => value["email_field"] = json!("not-an-address"),
        (_, "number_out_of_range") => value["numeric_field"] = json!(99),
        _ => value["complex_pattern"] = json!("TEST-1-x"),
    }
}

fn remove(value: &mut Value, key: &str) {
    if let Value::Object(entries) = value {
        entries.remove(key);
    }
}

fn pick<'a>(random: &mut impl Rng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

/// Letters without f and l, so that no word by chance spells what a validation test must not hold.
fn word(random: &mut impl Rng, length: usize) -> String {
    const LETTERS: &[u8] = b"abcdeghijkmnopqrstuvwxyz";
    (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// Words with blanks, so long in all.
fn sentence(random: &mut impl Rng, length: RangeInclusive<usize>) -> String {
    let length = random.random_range(length);
    let mut text = String::with_capacity(length + 12);
    while text.len() < length {
        let letters = random.random_range(3..=10);
        text.push_str(&word(random, letters));
        text.push(' ');
    }
    text.truncate(length);
    text.trim_end().to_owned()
}

fn capitals(random: &mut impl Rng, length: usize) -> String {
    word(random, length).to_ascii_uppercase()
}

/// Two decimals.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;
