//! Complex orders, whose parts add up.

use rand::Rng;
use serde_json::{Value, json};

use super::{capitals, cents, pick, word};
use crate::behaviour::template::{rfc3339_ms, uuid};

const DAY_MS: u64 = 86_400_000;
const TAX: f64 = 0.085;

pub(super) fn order(random: &mut impl Rng, now_ms: u64) -> Value {
    let items: Vec<_> = (0..random.random_range(1..=8)).map(|_| item(random, now_ms)).collect();
    let subtotal = cents(items.iter().filter_map(|i| i["total_price"].as_f64()).sum());
    let discount =
        if random.random_bool(0.3) { cents(subtotal * random.random_range(0.05..0.20)) } else { 0.0 };
    let tax = cents(subtotal * TAX);
    let weight: u64 =
        items.iter().filter_map(|i| i["product_snapshot"]["variants"][0]["weight_grams"].as_u64()).sum();
    let level = pick(random, &["standard", "express", "two-day", "overnight"]);
    let factor = match level {
        "express" => 1.5,
        "two-day" => 2.0,
        "overnight" => 3.0,
        _ => 1.0,
    };
    let cost = cents((5.99 + 0.001 * weight as f64) * factor);
    let total = cents(subtotal + tax + cost - discount);
    let address = address(random);
    let risk: f64 = random.random_range(0.0..1.0);
    json!({
        "order_id": format!("ORD-{}", &uuid(random)[..8].to_uppercase()),
        "customer": customer(random),
        "items": items,
        "status": "pending",
        "subtotal": subtotal,
        "tax_amount": tax,
        "shipping_cost": cost,
        "discount_amount": discount,
        "total_amount": total,
        "payment": payment(random, total, risk),
        "shipping": {
            "shipping_id": uuid(random), "carrier": pick(random, &["UPS", "FedEx", "USPS", "DHL"]), "service_level": level,
            "shipping_address": address, "cost": cost, "weight_grams": weight.max(1),
            "package_dimensions": { "length": 30.0, "width": 20.0, "height": 10.0 }, "insurance_amount": 0.0, "signature_required": false,
        },
        "created_at": rfc3339_ms(now_ms),
        "updated_at": rfc3339_ms(now_ms),
        "expected_ship_date": rfc3339_ms(now_ms + 3 * DAY_MS),
        "source": "web",
        "sales_channel": "online",
        "promotional_codes": [],
        "priority_level": random.random_range(1..=5),
        "requires_approval": total > 10_000.0,
        "fraud_check_passed": risk < 0.8,
        "metadata": { "campaign": word(random, 10) },
    })
}

fn address(random: &mut impl Rng) -> Value {
    json!({
        "street_address": format!("{} {} Street", random.random_range(1..10_000), word(random, 8)),
        "city": word(random, 9), "state": capitals(random, 2), "postal_code": format!("{:05}", random.random_range(0..100_000)),
        "country": "US", "is_residential": true,
    })
}

fn customer(random: &mut impl Rng) -> Value {
    let (first, last) = (word(random, 6), word(random, 9));
    let year = random.random_range(1940..2005);
    let addresses: Vec<_> = (0..random.random_range(1..=3)).map(|_| address(random)).collect();
    json!({
        "customer_id": format!("CUST-{:06}", random.random_range(0..1_000)),
        "email": format!("{first}.{last}@example.com"),
        "phone": format!("+1{}", random.random_range(2_000_000_000u64..9_999_999_999)),
        "first_name": first, "last_name": last,
        "date_of_birth": format!("{year}-{:02}-{:02}", random.random_range(1..=12), random.random_range(1..=28)),
        "addresses": addresses,
        "preferred_language": "en", "marketing_consent": random.random_bool(0.5),
        "loyalty_tier": pick(random, &["bronze", "silver", "gold", "platinum"]),
        "account_balance": 0.0, "preferences": {},
    })
}

fn item(random: &mut impl Rng, now_ms: u64) -> Value {
    let price = cents(random.random_range(9.99..999.99));
    let quantity = random.random_range(1..=5);
    let gross = price * f64::from(quantity);
    let discount = if random.random_bool(0.2) { cents(gross * random.random_range(0.05..0.25)) } else { 0.0 };
    let (product, sku) =
        (format!("PROD-{:05}", random.random_range(0..500)), format!("SKU-{}", capitals(random, 6)));
    let total = cents(gross - discount);
    json!({
        "item_id": uuid(random), "product_id": product, "variant_sku": sku, "quantity": quantity, "unit_price": price,
        "discount_amount": discount, "tax_amount": cents(total * TAX), "total_price": total,
        "product_snapshot": {
            "product_id": product, "name": format!("Product {}", word(random, 8)), "description": format!("A fine {} for every day.", word(random, 40)),
            "category": pick(random, &["electronics", "clothing", "home_garden", "books", "sports", "automotive"]), "brand": word(random, 8),
            "variants": [{
                "sku": sku, "name": word(random, 10), "attributes": { "colour": word(random, 5) }, "price": price,
                "weight_grams": random.random_range(50..5_000), "dimensions_cm": { "length": 10.0, "width": 5.0, "height": 2.0 },
                "stock_quantity": random.random_range(0..1_000), "is_digital": false,
            }],
            "tags": [word(random, 6)], "images": [], "reviews_average": 4.2, "reviews_count": random.random_range(0..500),
            "created_at": rfc3339_ms(now_ms - 30 * DAY_MS), "updated_at": rfc3339_ms(now_ms), "metadata": {},
        },
    })
}

fn payment(random: &mut impl Rng, total: f64, risk: f64) -> Value {
    let flags = if risk > 0.8 { json!(["high_risk"]) } else { json!([]) };
    json!({
        "payment_id": uuid(random), "method": pick(random, &["credit_card", "debit_card", "paypal", "bank_transfer"]), "amount": total,
        "currency": "USD", "gateway_response": {}, "card_last_four": format!("{:04}", random.random_range(0..10_000)),
        "risk_score": cents(risk), "fraud_flags": flags,
    })
}

pub(super) fn spoil(value: &mut Value, kind: &str, now_ms: u64) {
    match kind {
        "negative_total" => value["total_amount"] = json!(-100.0),
        "invalid_email" => value["customer"]["email"] = json!("not-an-address"),
        "future_birth_date" => {
            value["customer"]["date_of_birth"] = json!(rfc3339_ms(now_ms + 365 * DAY_MS)[..10]);
        }
        "invalid_totals" => value["subtotal"] = json!(1.0),
        _ => super::remove(value, "payment"),
    }
}
