//! Seeded generators of the payloads that the built-in services take, with the faults that can be put into them.
//!
//! Distributions are those of the order service's own generator: 1 to 3 addresses, 1 to 8 items, prices evenly
//! between 9.99 and 999.99, 8.5 % tax, and so on. What is meant to be valid is checked against the schema
//! beside it before any load is sent.

mod event;
mod order;

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

use super::data::Row;
use super::template::uuid;

/// Names of the generators.
pub const GENERATORS: [&str; 4] = ["batch", "event", "order", "validation"];

/// Names of the faults a generator can put into its payloads.
pub fn fault_kinds(generator: &str) -> &'static [&'static str] {
    match generator {
        "order" => {
            &["negative_total", "invalid_email", "future_birth_date", "invalid_totals", "missing_required"]
        }
        "validation" => {
            &["short_field", "forbidden_word", "invalid_email", "number_out_of_range", "bad_pattern"]
        }
        "event" => &["missing_required"],
        _ => &[],
    }
}

/// The schema that valid payloads satisfy.
pub fn schema(generator: &str) -> Option<Value> {
    let text = match generator {
        "batch" => include_str!("batch.schema.json"),
        "event" => include_str!("event.schema.json"),
        "order" => include_str!("order.schema.json"),
        "validation" => include_str!("validation.schema.json"),
        _ => return None,
    };
    Some(serde_json::from_str(text).expect("the schemas are ours and tested"))
}

/// How many payloads, and which faults in which share of them.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// One of [`GENERATORS`].
    pub generator: &'a str,
    /// How many rows.
    pub rows: usize,
    /// The seed.
    pub seed: u64,
    /// Share of rows with a fault, in `[0, 1]`.
    pub invalid_share: f64,
    /// Faults to choose from.
    pub kinds: &'a [String],
    /// Wall clock, in milliseconds since 1970.
    pub now_ms: u64,
}

/// Generates rows. The same order gives the same rows.
pub fn generate(order: &Order<'_>) -> Vec<Arc<Row>> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(order.seed);
    let rows = (0..order.rows).map(|_| {
        let mut value = one(order.generator, &mut random, order.now_ms);
        let broken = !order.kinds.is_empty() && random.random_bool(order.invalid_share);
        let kind = broken.then(|| order.kinds[random.random_range(0..order.kinds.len())].clone());
        if let Some(kind) = &kind {
            spoil(order.generator, &mut value, kind, order.now_ms);
        }
        Arc::new(Row { text: value.to_string(), value, invalid: kind })
    });
    rows.collect()
}

fn one(generator: &str, random: &mut Xoshiro256PlusPlus, now_ms: u64) -> Value {
    match generator {
        "order" => order::order(random, now_ms),
        "event" => event::event(random, now_ms),
        "batch" => batch(random),
        _ => validation(random),
    }
}

fn batch(random: &mut Xoshiro256PlusPlus) -> Value {
    let operations = ["data_import", "image_processing", "report_generation", "data_export", "cleanup"];
    let count = random.random_range(100..=500);
    let items: Vec<_> = (0..count).map(|i| json!({ "id": i, "key": word(random, 12), "value": random.random_range(0..10_000), "note": word(random, 180) })).collect();
    json!({ "batch_id": uuid(random), "operation_type": pick(random, &operations), "items": items, "options": {}, "priority": 5, "timeout_seconds": 300, "metadata": {} })
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
        ("event", _) => remove(value, "source"),
        (_, "short_field") => value["required_field"] = json!("short"),
        (_, "forbidden_word") => value["required_field"] = json!("this will fail here"),
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

fn word(random: &mut impl Rng, length: usize) -> String {
    (0..length).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}

fn capitals(random: &mut impl Rng, length: usize) -> String {
    word(random, length).to_ascii_uppercase()
}

/// Two decimals.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(generator: &str, share: f64) -> Vec<Arc<Row>> {
        let kinds: Vec<_> = fault_kinds(generator).iter().map(|k| (*k).to_owned()).collect();
        generate(&Order {
            generator,
            rows: 300,
            seed: 7,
            invalid_share: share,
            kinds: &kinds,
            now_ms: 1_700_000_000_000,
        })
    }

    #[test]
    fn what_is_meant_to_be_valid_is() {
        for generator in GENERATORS {
            let validator = jsonschema::validator_for(&schema(generator).unwrap()).unwrap();
            for row in rows(generator, 0.0) {
                if let Err(error) = validator.validate(&row.value) {
                    panic!("{generator}: {error} at {}", error.instance_path());
                }
                assert_eq!(row.invalid, None);
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_rows_and_faults_come_at_their_rate() {
        for generator in ["order", "validation", "event"] {
            let (a, b) = (rows(generator, 0.2), rows(generator, 0.2));
            assert!(a.iter().zip(&b).all(|(a, b)| a.text == b.text));
            let broken = a.iter().filter(|r| r.invalid.is_some()).count();
            assert!((30..=90).contains(&broken), "{broken} of 300 at 20 %");
        }
    }
}
