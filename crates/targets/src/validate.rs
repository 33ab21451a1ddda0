//! Validation of what the order service is given: every field of every part, and the sums that must agree.
//!
//! This is the services' own view. What plans generate is checked against JSON Schemas and rules of its own (crate `script`),
//! so that each of the two can be tested with the other.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

/// Sums may differ by a cent.
const CENT: f64 = 0.01 + 1e-9;

/// Orders above this need somebody's approval.
const APPROVAL_FROM: f64 = 10_000.0;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it stands, such as `items[0].quantity`; empty for the whole.
    pub field: String,
    /// What it must be.
    pub message: String,
}

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern is fixed and tested"));
    };
}

pattern!(POSTAL_CODE, r"^[0-9]{5}(-[0-9]{4})?$");
pattern!(EMAIL, r"^[^@\s]+@[^@\s]+\.[^@\s]+$");
pattern!(PHONE, r"^\+?1?[0-9]{9,15}$");
pattern!(LANGUAGE, "^[a-z]{2}$");
pattern!(TIER, "^(bronze|silver|gold|platinum)$");
pattern!(CURRENCY, "^[A-Z]{3}$");
pattern!(LAST_FOUR, r"^[0-9]{4}$");
pattern!(DATE, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
pattern!(
    MOMENT,
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
);
pattern!(UUID, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$");
pattern!(ORDER_ID, "^ORD-[0-9A-F]{8}$");
pattern!(TEST_PATTERN, r"^TEST-[0-9]{4}-[A-Z]{3}$");
pattern!(STATUS, "^(pending|processing|shipped|delivered|cancelled|refunded)$");
pattern!(METHOD, "^(credit_card|debit_card|paypal|bank_transfer|crypto)$");
pattern!(CATEGORY, "^(electronics|clothing|home_garden|books|sports|automotive)$");

/// Whether a field must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Optional,
    Required,
}

use Need::{Optional, Required};

/// A part of what was given, with where it stands and what is wrong so far.
struct Part<'v, 'p> {
    value: &'v Value,
    path: String,
    problems: &'p mut Vec<Problem>,
}

impl<'v> Part<'v, '_> {
    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&mut self, key: &str, message: impl Into<String>) {
        let field = self.at(key);
        self.problems.push(Problem { field, message: message.into() });
    }

    fn field(&mut self, key: &str, need: Need) -> Option<&'v Value> {
        let found = self.value.get(key).filter(|v| !v.is_null());
        if found.is_none() && need == Required {
            self.wrong(key, "is required");
        }
        found
    }

    fn text(&mut self, key: &str, need: Need, least: usize, most: usize) {
        let Some(value) = self.field(key, need) else { return };
        match value.as_str().map(|t| t.chars().count()) {
            Some(length) if (least..=most).contains(&length) => {}
            _ => self.wrong(key, format!("must be a text of {least} to {most} characters")),
        }
    }

    fn matching(&mut self, key: &str, need: Need, pattern: &Regex) {
        let Some(value) = self.field(key, need) else { return };
        if !value.as_str().is_some_and(|t| pattern.is_match(t)) {
            self.wrong(key, format!("must match {pattern}"));
        }
    }

    fn yes_or_no(&mut self, key: &str) {
        if self.field(key, Optional).is_some_and(|value| !value.is_boolean()) {
            self.wrong(key, "must be true or false");
        }
    }

    fn mapping(&mut self, key: &str, accept: impl Fn(&Value) -> bool, rule: &str) {
        let Some(value) = self.field(key, Optional) else { return };
        if !value.as_object().is_some_and(|entries| entries.values().all(accept)) {
            self.wrong(key, rule);
        }
    }

    fn any_mapping(&mut self, key: &str) {
        self.mapping(key, |_| true, "must be a mapping");
    }

    fn texts(&mut self, key: &str, most: usize) {
        let Some(value) = self.field(key, Optional) else { return };
        if !value.as_array().is_some_and(|list| list.len() <= most && list.iter().all(Value::is_string)) {
            self.wrong(key, format!("must be a list of at most {most} texts"));
        }
    }

    fn number(&mut self, key: &str, need: Need, accept: impl Fn(f64) -> bool, rule: &str) -> f64 {
        let Some(value) = self.field(key, need) else { return 0.0 };
        match value.as_f64().filter(|n| accept(*n)) {
            Some(number) => number,
            None => {
                self.wrong(key, rule);
                f64::NAN
            }
        }
    }

    fn whole(&mut self, key: &str, need: Need, least: f64, most: f64) -> f64 {
        let rule = format!("must be a whole number from {least} to {most}");
        self.number(key, need, |n| (least..=most).contains(&n) && n.fract() == 0.0, &rule)
    }

    fn amount(&mut self, key: &str, need: Need) -> f64 {
        self.number(key, need, |n| n >= 0.0, "must be a number, not negative")
    }

    fn positive(&mut self, key: &str, need: Need) -> f64 {
        self.number(key, need, |n| n > 0.0, "must be a positive number")
    }

    fn part(&mut self, key: &str, need: Need, check: impl FnOnce(&mut Part<'_, '_>)) {
        let Some(value) = self.field(key, need) else { return };
        if !value.is_object() {
            return self.wrong(key, "must be a mapping");
        }
        let path = self.at(key);
        check(&mut Part { value, path, problems: self.problems });
    }

    fn list(
        &mut self,
        key: &str,
        need: Need,
        (least, most): (usize, usize),
        check: impl Fn(&mut Part<'_, '_>),
    ) {
        let Some(value) = self.field(key, need) else { return };
        let Some(items) = value.as_array().filter(|i| (least..=most).contains(&i.len())) else {
            return self.wrong(key, format!("must be a list of {least} to {most}"));
        };
        let path = self.at(key);
        for (index, item) in items.iter().enumerate() {
            check(&mut Part { value: item, path: format!("{path}[{index}]"), problems: self.problems });
        }
    }
}

fn address(part: &mut Part<'_, '_>) {
    part.text("street_address", Required, 5, 200);
    part.text("apartment", Optional, 0, 50);
    part.text("city", Required, 2, 100);
    part.text("state", Required, 2, 50);
    part.matching("postal_code", Required, &POSTAL_CODE);
    part.text("country", Required, 2, 3);
    part.number("latitude", Optional, |n| n.abs() <= 90.0, "must lie between -90 and 90");
    part.number("longitude", Optional, |n| n.abs() <= 180.0, "must lie between -180 and 180");
    part.yes_or_no("is_residential");
    part.text("delivery_instructions", Optional, 0, 500);
}

fn customer(part: &mut Part<'_, '_>, today: &str) {
    part.text("customer_id", Required, 3, 50);
    part.matching("email", Required, &EMAIL);
    part.matching("phone", Required, &PHONE);
    part.text("first_name", Required, 1, 100);
    part.text("last_name", Required, 1, 100);
    part.matching("date_of_birth", Optional, &DATE);
    // Both are dates of fixed form, so their order is that of their texts.
    let born = part.value.get("date_of_birth").and_then(Value::as_str);
    if born.is_some_and(|born| !today.is_empty() && born > today) {
        part.wrong("date_of_birth", "lies in the future");
    }
    part.list("addresses", Required, (1, 10), address);
    part.matching("preferred_language", Optional, &LANGUAGE);
    part.yes_or_no("marketing_consent");
    part.matching("loyalty_tier", Optional, &TIER);
    part.amount("account_balance", Optional);
    part.any_mapping("preferences");
}

fn variant(part: &mut Part<'_, '_>) {
    part.text("sku", Required, 3, 50);
    part.text("name", Required, 1, 200);
    part.positive("price", Required);
    part.whole("weight_grams", Required, 1.0, 50_000.0);
    part.whole("stock_quantity", Required, 0.0, f64::MAX);
    part.yes_or_no("is_digital");
    let attributes = part.field("attributes", Required);
    if attributes
        .is_some_and(|a| !a.as_object().is_some_and(|o| !o.is_empty() && o.values().all(Value::is_string)))
    {
        part.wrong("attributes", "must hold at least one text");
    }
    part.part("dimensions_cm", Required, |dimensions| {
        for side in ["length", "width", "height"] {
            dimensions.positive(side, Required);
        }
    });
}

fn product(part: &mut Part<'_, '_>) {
    part.text("product_id", Required, 3, 50);
    part.text("name", Required, 1, 200);
    part.text("description", Required, 10, 2_000);
    part.matching("category", Required, &CATEGORY);
    part.text("brand", Required, 1, 100);
    part.list("variants", Required, (1, 50), variant);
    part.texts("tags", 20);
    part.texts("images", 10);
    part.number("reviews_average", Optional, |n| (0.0..=5.0).contains(&n), "must lie between 0 and 5");
    part.whole("reviews_count", Optional, 0.0, f64::MAX);
    part.matching("created_at", Optional, &MOMENT);
    part.matching("updated_at", Optional, &MOMENT);
    part.any_mapping("metadata");
}

fn item(part: &mut Part<'_, '_>) {
    part.matching("item_id", Required, &UUID);
    part.text("product_id", Required, 3, 50);
    part.text("variant_sku", Required, 3, 50);
    let quantity = part.whole("quantity", Required, 1.0, 100.0);
    let price = part.positive("unit_price", Required);
    let discount = part.amount("discount_amount", Optional);
    part.amount("tax_amount", Optional);
    let total = part.positive("total_price", Required);
    // A number that is itself wrong is NaN, and no sum with it is complained about again.
    if (total - (price * quantity - discount)).abs() > CENT {
        part.wrong("total_price", "is not unit_price × quantity − discount_amount");
    }
    part.part("product_snapshot", Required, product);
    part.text("special_instructions", Optional, 0, 500);
}

fn payment(part: &mut Part<'_, '_>) {
    part.matching("payment_id", Required, &UUID);
    part.matching("method", Required, &METHOD);
    part.positive("amount", Required);
    part.matching("currency", Optional, &CURRENCY);
    part.text("transaction_reference", Optional, 0, 100);
    part.matching("processed_at", Optional, &MOMENT);
    part.any_mapping("gateway_response");
    part.matching("card_last_four", Optional, &LAST_FOUR);
    part.text("card_brand", Optional, 0, 50);
    part.text("cardholder_name", Optional, 0, 100);
    part.number("risk_score", Optional, |n| (0.0..=1.0).contains(&n), "must lie between 0 and 1");
    part.texts("fraud_flags", usize::MAX);
}

fn shipping(part: &mut Part<'_, '_>) {
    part.text("shipping_id", Required, 1, 100);
    part.text("carrier", Required, 1, 100);
    part.text("service_level", Required, 1, 100);
    part.text("tracking_number", Optional, 0, 100);
    part.matching("estimated_delivery", Optional, &MOMENT);
    part.matching("actual_delivery", Optional, &MOMENT);
    part.part("shipping_address", Required, address);
    part.amount("cost", Required);
    part.positive("weight_grams", Required);
    part.mapping("package_dimensions", Value::is_number, "must be a mapping of numbers");
    part.amount("insurance_amount", Optional);
    part.yes_or_no("signature_required");
}

/// The sums of an order. If the subtotal is not that of the items, nothing is said of what is built on it.
fn sums(part: &mut Part<'_, '_>) {
    let subtotal = part.positive("subtotal", Required);
    let tax = part.amount("tax_amount", Optional);
    let cost = part.amount("shipping_cost", Optional);
    let discount = part.amount("discount_amount", Optional);
    let total = part.positive("total_amount", Required);
    let items = part.value.get("items").and_then(Value::as_array);
    let sum: Option<f64> =
        items.map(|items| items.iter().filter_map(|i| i.get("total_price")?.as_f64()).sum());
    if sum.is_some_and(|sum| (sum - subtotal).abs() > CENT) {
        part.wrong("subtotal", "is not the sum of the items' total_price");
    } else if (total - (subtotal + tax + cost - discount)).abs() > CENT {
        part.wrong("total_amount", "is not subtotal + tax_amount + shipping_cost − discount_amount");
    }
    let is_unapproved = part.value.get("requires_approval") == Some(&Value::Bool(false));
    if total > APPROVAL_FROM && is_unapproved {
        part.wrong("requires_approval", "must be true for a total above 10000");
    }
}

/// Everything wrong with an order.
pub fn complex_order(order: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !order.is_object() {
        return vec![Problem { field: String::new(), message: "an order is a mapping".to_owned() }];
    }
    // The order's own date is the day against which others are judged: the service reads no clock.
    let text = |key: &str| order.get(key).and_then(Value::as_str).unwrap_or_default();
    let (created, ships) = (text("created_at"), text("expected_ship_date"));
    let today: String = created.chars().take(10).collect();
    let part = &mut Part { value: order, path: String::new(), problems: &mut problems };
    part.matching("order_id", Required, &ORDER_ID);
    part.part("customer", Required, |c| customer(c, &today));
    part.list("items", Required, (1, 100), item);
    part.matching("status", Optional, &STATUS);
    sums(part);
    part.part("payment", Required, payment);
    part.part("shipping", Required, shipping);
    part.matching("created_at", Optional, &MOMENT);
    part.matching("updated_at", Optional, &MOMENT);
    part.matching("expected_ship_date", Optional, &MOMENT);
    if !ships.is_empty() && ships <= created {
        part.wrong("expected_ship_date", "must lie in the future");
    }
    part.text("source", Optional, 0, 50);
    part.text("sales_channel", Optional, 0, 50);
    part.texts("promotional_codes", 5);
    part.text("notes", Optional, 0, 1_000);
    part.text("internal_notes", Optional, 0, 1_000);
    part.whole("priority_level", Optional, 1.0, 5.0);
    part.yes_or_no("requires_approval");
    part.yes_or_no("fraud_check_passed");
    part.any_mapping("metadata");
    problems
}

/// Everything wrong with an analytics event.
pub fn analytics_event(event: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let part = &mut Part { value: event, path: String::new(), problems: &mut problems };
    part.matching("event_id", Required, &UUID);
    part.matching("timestamp", Optional, &MOMENT);
    part.text("event_type", Required, 1, 100);
    part.text("user_id", Optional, 0, 100);
    part.text("session_id", Optional, 0, 100);
    part.any_mapping("properties");
    part.any_mapping("context");
    part.text("source", Required, 1, 100);
    part.text("version", Optional, 0, 100);
    part.text("batch_id", Optional, 0, 100);
    problems
}

/// Everything wrong with a request to process a batch.
pub fn batch_request(request: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let part = &mut Part { value: request, path: String::new(), problems: &mut problems };
    part.text("batch_id", Required, 1, 100);
    part.text("operation_type", Required, 1, 100);
    let items = part.field("items", Required);
    let is_list = |items: &Value| {
        items.as_array().is_some_and(|l| (1..=10_000).contains(&l.len()) && l.iter().all(Value::is_object))
    };
    if items.is_some_and(|items| !is_list(items)) {
        part.wrong("items", "must be a list of 1 to 10000 mappings");
    }
    part.any_mapping("options");
    part.whole("priority", Optional, 1.0, 10.0);
    part.whole("timeout_seconds", Optional, 1.0, 3_600.0);
    part.text("callback_url", Optional, 0, 2_000);
    part.any_mapping("metadata");
    problems
}

/// Everything wrong with a validation test.
pub fn validation_test(body: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let part = &mut Part { value: body, path: String::new(), problems: &mut problems };
    part.text("required_field", Required, 10, usize::MAX);
    if body.get("required_field").and_then(Value::as_str).is_some_and(|t| t.to_uppercase().contains("FAIL")) {
        part.wrong("required_field", "must not contain FAIL");
    }
    part.matching("email_field", Required, &EMAIL);
    part.whole("numeric_field", Required, 100.0, 1_000.0);
    part.matching("complex_pattern", Required, &TEST_PATTERN);
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(mutate: impl Fn(&mut Value)) -> Vec<String> {
        let mut order: Value = serde_json::from_str(include_str!("validate/order.example.json")).unwrap();
        mutate(&mut order);
        complex_order(&order).into_iter().map(|p| p.field).collect()
    }

    #[test]
    fn the_example_is_valid() {
        assert_eq!(problems(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn every_part_is_looked_at() {
        type Mutation = fn(&mut Value);
        let table: [(Mutation, &str); 10] = [
            (|o| o["customer"]["email"] = json!("nobody"), "customer.email"),
            (|o| o["customer"]["date_of_birth"] = json!("2999-01-01"), "customer.date_of_birth"),
            (
                |o| o["customer"]["addresses"][0]["postal_code"] = json!("1"),
                "customer.addresses[0].postal_code",
            ),
            (|o| o["items"][0]["quantity"] = json!(0), "items[0].quantity"),
            (
                |o| o["items"][0]["product_snapshot"]["variants"][0]["dimensions_cm"]["width"] = json!(0),
                "items[0].product_snapshot.variants[0].dimensions_cm.width",
            ),
            (|o| o["payment"]["currency"] = json!("usd"), "payment.currency"),
            (|o| o["shipping"]["weight_grams"] = json!(0), "shipping.weight_grams"),
            (|o| o["total_amount"] = json!(1.0), "total_amount"),
            (|o| o["items"][0]["total_price"] = json!(1.0), "items[0].total_price"),
            (|o| drop(o.as_object_mut().unwrap().remove("payment")), "payment"),
        ];
        for (mutate, field) in table {
            let found = problems(mutate);
            assert!(found.contains(&field.to_owned()), "{field} is not among {found:?}");
        }
    }

    #[test]
    fn several_problems_are_reported_together() {
        assert!(problems(|o| *o = json!({})).len() >= 7);
    }
}
