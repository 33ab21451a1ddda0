//! What schemas cannot say of a payload: sums that must agree, dates that must lie before or behind.
//!
//! A rule is silent where a field it needs is missing or wrong by itself, so that one fault is one complaint.

use serde_json::Value;

/// Sums may differ by a cent.
const CENT: f64 = 0.01 + 1e-9;

/// Orders above this need somebody's approval.
const APPROVAL_FROM: f64 = 10_000.0;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where, as a JSON pointer.
    pub at: String,
    /// What must hold.
    pub rule: &'static str,
}

/// The rules of a generator's payload that do not hold; `now` is an RFC 3339 time in UTC.
pub fn broken(generator: &str, value: &Value, now: &str) -> Vec<Broken> {
    if generator == "order" { order(value, now) } else { Vec::new() }
}

fn order(order: &Value, now: &str) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut say = |at: String, rule: &'static str| found.push(Broken { at, rule });
    let items = order["items"].as_array();
    for (index, item) in items.into_iter().flatten().enumerate() {
        let expected = amount(item, "unit_price").zip(amount(item, "quantity")).map(|(price, n)| price * n);
        let expected = expected.map(|gross| gross - amount(item, "discount_amount").unwrap_or(0.0));
        if differ(expected, amount(item, "total_price")) {
            say(format!("/items/{index}/total_price"), "unit_price × quantity − discount_amount");
        }
    }
    let subtotal = amount(order, "subtotal").filter(|subtotal| *subtotal > 0.0);
    let sum = items.map(|items| items.iter().filter_map(|item| amount(item, "total_price")).sum());
    let part = |key: &str| amount(order, key).unwrap_or(0.0);
    let total = amount(order, "total_amount").filter(|total| *total > 0.0);
    let expected = subtotal.map(|s| s + part("tax_amount") + part("shipping_cost") - part("discount_amount"));
    if differ(sum, subtotal) {
        say("/subtotal".to_owned(), "the sum of the items' total_price");
    } else if differ(expected, total) {
        say("/total_amount".to_owned(), "subtotal + tax_amount + shipping_cost − discount_amount");
    }
    if total.is_some_and(|total| total > APPROVAL_FROM) && order["requires_approval"] == Value::Bool(false) {
        say("/requires_approval".to_owned(), "true for a total above 10000");
    }
    // Dates of one form are ordered as their texts.
    let born = order["customer"]["date_of_birth"].as_str();
    if born.is_some_and(|born| born > now.get(..10).unwrap_or(now)) {
        say("/customer/date_of_birth".to_owned(), "not in the future");
    }
    if order["expected_ship_date"].as_str().is_some_and(|ships| ships <= now) {
        say("/expected_ship_date".to_owned(), "in the future");
    }
    found
}

fn amount(value: &Value, key: &str) -> Option<f64> {
    value.get(key)?.as_f64()
}

fn differ(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| (a - b).abs() > CENT)
}
