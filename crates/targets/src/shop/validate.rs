//! Validation of orders: every field of every part, and the sums that must agree.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

/// Sums may differ by a cent.
const CENT: f64 = 0.01 + 1e-9;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    field: String,
    message: String,
}

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern is fixed and tested"));
    };
}

pattern!(POSTAL_CODE, r"^\d{5}(-\d{4})?$");
pattern!(EMAIL, r"^[^@\s]+@[^@\s]+\.[^@\s]+$");
pattern!(PHONE, r"^\+?1?\d{9,15}$");
pattern!(LANGUAGE, "^[a-z]{2}$");
pattern!(TIER, "^(bronze|silver|gold|platinum)$");
pattern!(CURRENCY, "^[A-Z]{3}$");
pattern!(LAST_FOUR, r"^\d{4}$");
pattern!(DATE, r"^\d{4}-\d{2}-\d{2}$");
pattern!(UUID, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$");
pattern!(TEST_PATTERN, r"^TEST-\d{4}-[A-Z]{3}$");
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

/// A part of an order, with where it stands and what is wrong so far.
struct Part<'a> {
    value: &'a Value,
    path: String,
    problems: &'a mut Vec<Problem>,
}

impl Part<'_> {
    fn wrong(&mut self, key: &str, message: impl Into<String>) {
        let field = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.problems.push(Problem { field, message: message.into() });
    }

    fn field(&mut self, key: &str, need: Need) -> Option<Value> {
        let found = self.value.get(key).filter(|v| !v.is_null()).cloned();
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

    fn amount(&mut self, key: &str, need: Need) -> f64 {
        self.number(key, need, |n| n >= 0.0, "must be a number, not negative")
    }

    fn positive(&mut self, key: &str, need: Need) -> f64 {
        self.number(key, need, |n| n > 0.0, "must be a positive number")
    }

    fn part(&mut self, key: &str, need: Need, check: impl FnOnce(&mut Part<'_>)) {
        let Some(value) = self.field(key, need) else { return };
        if !value.is_object() {
            return self.wrong(key, "must be a mapping");
        }
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        check(&mut Part { value: &value, path, problems: self.problems });
    }

    fn list(&mut self, key: &str, need: Need, least: usize, most: usize, check: impl Fn(&mut Part<'_>)) {
        let Some(value) = self.field(key, need) else { return };
        let Some(items) = value.as_array().filter(|i| (least..=most).contains(&i.len())) else {
            return self.wrong(key, format!("must be a list of {least} to {most}"));
        };
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        for (index, item) in items.iter().enumerate() {
            check(&mut Part { value: item, path: format!("{path}[{index}]"), problems: self.problems });
        }
    }
}

fn address(part: &mut Part<'_>) {
    part.text("street_address", Required, 5, 200);
    part.text("apartment", Optional, 0, 50);
    part.text("city", Required, 2, 100);
    part.text("state", Required, 2, 50);
    part.matching("postal_code", Required, &POSTAL_CODE);
    part.text("country", Required, 2, 3);
    part.number("latitude", Optional, |n| n.abs() <= 90.0, "must lie between -90 and 90");
    part.number("longitude", Optional, |n| n.abs() <= 180.0, "must lie between -180 and 180");
    part.text("delivery_instructions", Optional, 0, 500);
}

fn customer(part: &mut Part<'_>, today: &str) {
    part.text("customer_id", Required, 3, 50);
    part.matching("email", Required, &EMAIL);
    part.matching("phone", Required, &PHONE);
    part.text("first_name", Required, 1, 100);
    part.text("last_name", Required, 1, 100);
    part.matching("date_of_birth", Optional, &DATE);
    // Both are dates of fixed form, so their order is that of their texts.
    if part
        .value
        .get("date_of_birth")
        .and_then(Value::as_str)
        .is_some_and(|born| !today.is_empty() && born > today)
    {
        part.wrong("date_of_birth", "lies in the future");
    }
    part.list("addresses", Required, 1, 10, address);
    part.matching("preferred_language", Optional, &LANGUAGE);
    part.matching("loyalty_tier", Optional, &TIER);
    part.amount("account_balance", Optional);
}

fn variant(part: &mut Part<'_>) {
    part.text("sku", Required, 3, 50);
    part.text("name", Required, 1, 200);
    part.positive("price", Required);
    part.number("weight_grams", Required, |n| (1.0..=50_000.0).contains(&n), "must lie between 1 and 50000");
    part.amount("stock_quantity", Required);
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

fn product(part: &mut Part<'_>) {
    part.text("product_id", Required, 3, 50);
    part.text("name", Required, 1, 200);
    part.text("description", Required, 10, 2_000);
    part.matching("category", Required, &CATEGORY);
    part.text("brand", Required, 1, 100);
    part.list("variants", Required, 1, 50, variant);
    part.list("tags", Optional, 0, 20, |_| {});
    part.list("images", Optional, 0, 10, |_| {});
    part.number("reviews_average", Optional, |n| (0.0..=5.0).contains(&n), "must lie between 0 and 5");
    part.amount("reviews_count", Optional);
}

fn item(part: &mut Part<'_>) {
    part.matching("item_id", Required, &UUID);
    part.text("product_id", Required, 3, 50);
    part.text("variant_sku", Required, 3, 50);
    let quantity = part.number(
        "quantity",
        Required,
        |n| (1.0..=100.0).contains(&n) && n.fract() == 0.0,
        "must be a whole number from 1 to 100",
    );
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

fn payment(part: &mut Part<'_>) {
    part.text("payment_id", Required, 1, 100);
    part.matching("method", Required, &METHOD);
    part.positive("amount", Required);
    part.matching("currency", Optional, &CURRENCY);
    part.text("transaction_reference", Optional, 0, 100);
    part.matching("card_last_four", Optional, &LAST_FOUR);
    part.text("card_brand", Optional, 0, 50);
    part.text("cardholder_name", Optional, 0, 100);
    part.number("risk_score", Optional, |n| (0.0..=1.0).contains(&n), "must lie between 0 and 1");
}

fn shipping(part: &mut Part<'_>) {
    part.text("shipping_id", Required, 1, 100);
    part.text("carrier", Required, 1, 100);
    part.text("service_level", Required, 1, 100);
    part.text("tracking_number", Optional, 0, 100);
    part.part("shipping_address", Required, address);
    part.amount("cost", Required);
    part.positive("weight_grams", Required);
    part.amount("insurance_amount", Optional);
}

/// Everything wrong with an order.
pub(super) fn complex_order(order: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !order.is_object() {
        return vec![Problem { field: String::new(), message: "an order is a mapping".to_owned() }];
    }
    // The order's own date is the day against which birth dates are judged: the service reads no clock.
    let today: String =
        order.get("created_at").and_then(Value::as_str).unwrap_or_default().chars().take(10).collect();
    let part = &mut Part { value: order, path: String::new(), problems: &mut problems };
    part.text("order_id", Required, 12, 12);
    part.part("customer", Required, |c| customer(c, &today));
    part.list("items", Required, 1, 100, item);
    part.matching("status", Optional, &STATUS);
    let subtotal = part.positive("subtotal", Required);
    let tax = part.amount("tax_amount", Optional);
    let cost = part.amount("shipping_cost", Optional);
    let discount = part.amount("discount_amount", Optional);
    let total = part.positive("total_amount", Required);
    if (total - (subtotal + tax + cost - discount)).abs() > CENT {
        part.wrong("total_amount", "is not subtotal + tax_amount + shipping_cost − discount_amount");
    }
    let items = order.get("items").and_then(Value::as_array);
    let sum: f64 =
        items.map_or(0.0, |items| items.iter().filter_map(|i| i.get("total_price")?.as_f64()).sum());
    if (sum - subtotal).abs() > CENT * items.map_or(1.0, |i| i.len() as f64) {
        part.wrong("subtotal", "is not the sum of the items' total_price");
    }
    part.part("payment", Required, payment);
    part.part("shipping", Required, shipping);
    part.text("source", Optional, 0, 50);
    part.text("sales_channel", Optional, 0, 50);
    part.list("promotional_codes", Optional, 0, 5, |_| {});
    part.text("notes", Optional, 0, 1_000);
    part.text("internal_notes", Optional, 0, 1_000);
    part.number("priority_level", Optional, |n| (1.0..=5.0).contains(&n), "must lie between 1 and 5");
    problems
}

/// Everything wrong with a validation test.
pub(super) fn validation_test(body: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let part = &mut Part { value: body, path: String::new(), problems: &mut problems };
    part.text("required_field", Required, 10, usize::MAX);
    if body.get("required_field").and_then(Value::as_str).is_some_and(|t| t.to_uppercase().contains("FAIL")) {
        part.wrong("required_field", "must not contain FAIL");
    }
    part.matching("email_field", Required, &EMAIL);
    part.number(
        "numeric_field",
        Required,
        |n| (100.0..=1_000.0).contains(&n),
        "must lie between 100 and 1000",
    );
    part.matching("complex_pattern", Required, &TEST_PATTERN);
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(mutate: impl Fn(&mut Value)) -> Vec<String> {
        let mut order: Value = serde_json::from_str(include_str!("order.example.json")).unwrap();
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
