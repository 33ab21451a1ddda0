//! What is generated, at its distributions and sizes.

use super::*;
use crate::behaviour::template::rfc3339_ms;

const NOW_MS: u64 = 1_700_000_000_000;

fn order(generator: &str, rows: usize) -> Order<'_> {
    let (size, list) = (None, None);
    Order { generator, rows, size, list, seed: 7, invalid_share: 0.0, kinds: &[], now_ms: NOW_MS }
}

fn rows(generator: &str, rows: usize) -> Vec<Arc<Row>> {
    generate(&order(generator, rows))
}

/// Everything wrong with a payload, by schema and by rule: where, and by which word of the schema.
fn problems(generator: &str, validator: &jsonschema::Validator, value: &Value) -> Vec<(String, String)> {
    let by_schema = validator.iter_errors(value).map(|e| {
        let word = e.schema_path().to_string().rsplit('/').next().unwrap_or_default().to_owned();
        (e.instance_path().to_string(), word)
    });
    let by_rule = rules::broken(generator, value, &rfc3339_ms(NOW_MS));
    let by_rule = by_rule.into_iter().map(|broken| (broken.at, broken.rule.to_owned()));
    by_schema.chain(by_rule).collect()
}

#[test]
fn of_ten_thousand_that_are_meant_to_be_valid_all_are() {
    for generator in GENERATORS {
        let validator = jsonschema::validator_for(&schema(generator).unwrap()).unwrap();
        // Many seeds rather than one long row of one; batches are large.
        let (seeds, each) = if generator == "batch" { (10, 10) } else { (10, 1_000) };
        for seed in 0..seeds {
            for row in generate(&Order { seed, ..order(generator, each) }) {
                assert_eq!(problems(generator, &validator, &row.value), [], "{generator}, seed {seed}");
                assert_eq!(row.invalid, None);
            }
        }
    }
}

#[test]
fn every_fault_breaks_exactly_what_it_says() {
    let table = [
        ("order", "negative_total", "/total_amount", "exclusiveMinimum"),
        ("order", "invalid_email", "/customer/email", "pattern"),
        ("order", "future_birth_date", "/customer/date_of_birth", "not in the future"),
        ("order", "invalid_totals", "/subtotal", "the sum of the items' total_price"),
        ("order", "missing_required", "", "required"),
        ("event", "missing_required", "", "required"),
        ("attribution", "missing_required", "", "required"),
        ("attribution", "unknown_platform", "/platform", "enum"),
        ("attribution", "time_as_text", "/timestamp", "type"),
        ("validation", "short_field", "/required_field", "minLength"),
        ("validation", "forbidden_word", "/required_field", "not"),
        ("validation", "invalid_email", "/email_field", "pattern"),
        ("validation", "number_out_of_range", "/numeric_field", "minimum"),
        ("validation", "bad_pattern", "/complex_pattern", "pattern"),
    ];
    for (generator, kind, at, word) in table {
        let validator = jsonschema::validator_for(&schema(generator).unwrap()).unwrap();
        let kinds = [kind.to_owned()];
        for row in generate(&Order { invalid_share: 1.0, kinds: &kinds, ..order(generator, 200) }) {
            let found = problems(generator, &validator, &row.value);
            assert_eq!(found, [(at.to_owned(), word.to_owned())], "{generator}.{kind}");
            assert_eq!(row.invalid.as_deref(), Some(kind));
        }
    }
    let known: usize = GENERATORS.iter().map(|generator| usual_faults(generator).count()).sum();
    assert_eq!(known, table.len(), "every kind is in the table");
}

#[test]
fn what_asks_to_be_refused_is_well_formed() {
    let validator = jsonschema::validator_for(&schema("order").unwrap()).unwrap();
    let kinds = ["force_error".to_owned()];
    for row in generate(&Order { invalid_share: 1.0, kinds: &kinds, ..order("order", 50) }) {
        assert_eq!(problems("order", &validator, &row.value), []);
        assert_eq!(row.value["metadata"]["force_error"], json!(true));
    }
}

#[test]
fn the_same_seed_gives_the_same_rows_and_faults_come_exactly_at_their_rate() {
    for generator in ["order", "validation", "event"] {
        let kinds: Vec<_> = usual_faults(generator).map(str::to_owned).collect();
        let asked = Order { invalid_share: 0.2, kinds: &kinds, ..order(generator, 300) };
        let (a, b) = (generate(&asked), generate(&asked));
        assert!(a.iter().zip(&b).all(|(a, b)| a.text == b.text));
        assert_eq!(a.iter().filter(|row| row.invalid.is_some()).count(), 60);
        for kind in &kinds {
            let of_kind = a.iter().filter(|row| row.invalid.as_ref() == Some(kind)).count();
            assert_eq!(of_kind, 60 / kinds.len(), "{generator}.{kind}");
        }
        // They are not all at the front.
        assert!(
            a[150..].iter().any(|row| row.invalid.is_some())
                && a[..150].iter().any(|row| row.invalid.is_some())
        );
    }
}

#[test]
fn a_list_knows_what_is_broken_in_it() {
    let kinds = ["negative_total".to_owned()];
    let asked = Order { list: Some(5..=15), invalid_share: 0.3, kinds: &kinds, ..order("order", 50) };
    for row in generate(&asked) {
        let list = row.value["list"].as_array().unwrap();
        assert!((5..=15).contains(&list.len()));
        let broken = list.iter().filter(|order| order["total_amount"] == json!(-100.0)).count();
        assert_eq!((&row.value["count"], &row.value["broken"]), (&json!(list.len()), &json!(broken)));
        assert_eq!(row.value["sound"], json!(list.len() - broken));
    }
}

fn median(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes[sizes.len() / 2]
}

/// Sizes on the wire as they were measured of the original's generators.
#[test]
fn payloads_are_as_large_as_the_originals() {
    let orders: Vec<_> = rows("order", 1_000).iter().map(|row| row.text.len()).collect();
    let (least, most) = (*orders.iter().min().unwrap(), *orders.iter().max().unwrap());
    assert!((4_000..=7_500).contains(&least) && (22_000..=34_000).contains(&most), "{least} to {most}");
    let middle = median(orders);
    assert!((15_000..=19_000).contains(&middle), "an order has {middle} bytes");
    let middle = median(rows("event", 1_000).iter().map(|row| row.text.len()).collect());
    assert!((600..=700).contains(&middle), "an event has {middle} bytes");
    let batch = &generate(&Order { size: Some(5_000..=5_000), ..order("batch", 1) })[0];
    let each = batch.text.len() / 5_000;
    assert!((284..=304).contains(&each), "an item has {each} bytes");
    assert!(batch.text.len() > 1 << 20, "5000 items do not fit into a message of NATS");
}

/// The shares that the original's generators aimed at, each within four standard errors.
#[test]
fn distributions_are_the_originals() {
    let orders = rows("order", 4_000);
    let share = |what: &str, expected: f64, holds: &dyn Fn(&Value) -> bool| {
        let found = orders.iter().filter(|row| holds(&row.value)).count() as f64 / orders.len() as f64;
        let error = (expected * (1.0 - expected) / orders.len() as f64).sqrt();
        assert!((found - expected).abs() < 4.0 * error, "{what}: {found}, not {expected}");
    };
    let length = |value: &Value| value.as_array().unwrap().len();
    share("one address", 1.0 / 3.0, &|o| length(&o["customer"]["addresses"]) == 1);
    share("eight items", 1.0 / 8.0, &|o| length(&o["items"]) == 8);
    share("a discount", 0.3, &|o| o["discount_amount"].as_f64().unwrap() > 0.0);
    share("crypto", 0.2, &|o| o["payment"]["method"] == json!("crypto"));
    share("overnight", 0.25, &|o| o["shipping"]["service_level"] == json!("overnight"));
    share("five of the first", 0.2, &|o| o["items"][0]["quantity"] == json!(5));
    share("a discount of the first", 0.2, &|o| o["items"][0]["discount_amount"].as_f64().unwrap() > 0.0);
    let sizes = generate(&Order { size: Some(5..=12), ..order("order", 200) });
    assert!(sizes.iter().all(|row| (5..=12).contains(&length(&row.value["items"]))));
    let risky = |o: &Value| o["payment"]["risk_score"].as_f64().unwrap() > 0.8;
    assert!(
        orders.iter().all(|row| risky(&row.value) == (length(&row.value["payment"]["fraud_flags"]) == 1))
    );
}

#[test]
fn the_same_product_is_the_same_whoever_orders_it() {
    let mut seen = std::collections::BTreeMap::new();
    for row in rows("order", 500) {
        for item in row.value["items"].as_array().unwrap() {
            let product = item["product_snapshot"].to_string();
            let known = seen.entry(item["product_id"].to_string()).or_insert_with(|| product.clone());
            assert_eq!(*known, product);
            let variants = item["product_snapshot"]["variants"].as_array().unwrap();
            assert!(variants.iter().any(|v| v["sku"] == item["variant_sku"]));
        }
    }
    assert!(seen.len() > 400, "{} of 500 products", seen.len());
}
