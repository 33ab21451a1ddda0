//! Complex orders, whose parts add up.

use rand::Rng;
use serde_json::{Value, json};

use super::product::{POOL, product};
use super::{capitals, cents, pick, sentence, word};
use crate::behaviour::template::{rfc3339_ms, uuid};

const DAY_MS: u64 = 86_400_000;
const TAX: f64 = 0.085;

/// Payments above this risk are flagged, and their orders have not passed the check for fraud.
const RISK_MAX: f64 = 0.8;

/// Orders above this need somebody's approval.
const APPROVAL_FROM: f64 = 10_000.0;

const PAYMENTS: [&str; 5] = ["credit_card", "debit_card", "paypal", "bank_transfer", "crypto"];

pub(super) fn order(random: &mut impl Rng, size: u64, now_ms: u64) -> Value {
    let items: Vec<_> = (0..size).map(|_| item(random, now_ms)).collect();
    let subtotal = cents(items.iter().filter_map(|i| i["total_price"].as_f64()).sum());
    let discount =
        if random.random_bool(0.3) { cents(subtotal * random.random_range(0.05..0.20)) } else { 0.0 };
    let tax = cents(subtotal * TAX);
    let weight: u64 = items.iter().map(weight).sum();
    let customer = customer(random);
    let shipping = shipping(random, &customer["addresses"][0], weight, now_ms);
    let cost = shipping["cost"].as_f64().unwrap_or(0.0);
    let total = cents(subtotal + tax + cost - discount);
    let risk = cents(random.random_range(0.0..1.0));
    let codes: Vec<_> = (discount > 0.0).then(|| capitals(random, 8)).into_iter().collect();
    json!({
        "order_id": format!("ORD-{}", &uuid(random)[..8].to_uppercase()),
        "payment": payment(random, &customer, total, risk, now_ms),
        "customer": customer,
        "items": items,
        "status": "pending",
        "subtotal": subtotal,
        "tax_amount": tax,
        "shipping_cost": cost,
        "discount_amount": discount,
        "total_amount": total,
        "shipping": shipping,
        "created_at": rfc3339_ms(now_ms),
        "updated_at": rfc3339_ms(now_ms),
        "expected_ship_date": rfc3339_ms(now_ms + random.random_range(1..=7) * DAY_MS),
        "source": pick(random, &["web", "mobile_app", "api"]),
        "sales_channel": "online",
        "promotional_codes": codes,
        "notes": if random.random_bool(0.5) { Value::from(sentence(random, 100..=1_000)) } else { Value::Null },
        "priority_level": random.random_range(1..=5),
        "requires_approval": total > APPROVAL_FROM,
        "fraud_check_passed": risk < RISK_MAX,
        "internal_notes": sentence(random, 500..=1_000),
        "metadata": {
            "campaign": word(random, 10), "session": uuid(random), "device": uuid(random), "referrer": format!("https://{}.example.com/{}", word(random, 9), word(random, 12)),
            "user_agent": format!("Mozilla/5.0 ({})", sentence(random, 70..=100)),
        },
    })
}

fn weight(item: &Value) -> u64 {
    let variants = item["product_snapshot"]["variants"].as_array().into_iter().flatten();
    let ordered =
        variants.filter(|v| v["sku"] == item["variant_sku"]).find_map(|v| v["weight_grams"].as_u64());
    ordered.unwrap_or(0) * item["quantity"].as_u64().unwrap_or(1)
}

fn shipping(random: &mut impl Rng, address: &Value, weight: u64, now_ms: u64) -> Value {
    let level = pick(random, &["standard", "express", "two-day", "overnight"]);
    let factor = match level {
        "express" => 1.5,
        "two-day" => 2.0,
        "overnight" => 3.0,
        _ => 1.0,
    };
    let mut side = || cents(random.random_range(5.0..80.0));
    let dimensions = json!({ "length": side(), "width": side(), "height": side() });
    json!({
        "shipping_id": uuid(random), "carrier": pick(random, &["UPS", "FedEx", "USPS", "DHL"]), "service_level": level,
        "estimated_delivery": rfc3339_ms(now_ms + random.random_range(2..=10) * DAY_MS), "shipping_address": address,
        "cost": cents((5.99 + 0.001 * weight as f64) * factor), "weight_grams": weight.max(1), "package_dimensions": dimensions,
        "insurance_amount": cents(random.random_range(0.0..50.0)), "signature_required": random.random_bool(0.3),
    })
}

fn address(random: &mut impl Rng) -> Value {
    let apartment = random.random_bool(0.3).then(|| format!("Apt. {}", random.random_range(1..100)));
    let instructions = random.random_bool(0.5).then(|| sentence(random, 100..=400));
    json!({
        "street_address": format!("{} {} Street", random.random_range(1..10_000), word(random, 8)), "apartment": apartment,
        "city": word(random, 9), "state": capitals(random, 2), "postal_code": format!("{:05}", random.random_range(0..100_000)),
        "country": "US", "latitude": cents(random.random_range(25.0..49.0)), "longitude": cents(random.random_range(-124.0..-67.0)),
        "is_residential": random.random_bool(0.8), "delivery_instructions": instructions,
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
        "preferred_language": pick(random, &["en", "es", "fr", "de"]), "marketing_consent": random.random_bool(0.5),
        "loyalty_tier": pick(random, &["bronze", "silver", "gold", "platinum"]),
        "account_balance": cents(random.random_range(0.0..1_000.0)),
        "preferences": { "theme": pick(random, &["light", "dark"]), "currency": "USD", "newsletter": random.random_bool(0.5) },
    })
}

fn item(random: &mut impl Rng, now_ms: u64) -> Value {
    let product = product(random.random_range(POOL), now_ms);
    let variants = product["variants"].as_array().map_or(&[][..], Vec::as_slice);
    let sku = variants[random.random_range(0..variants.len())]["sku"].clone();
    let price = cents(random.random_range(9.99..999.99));
    let quantity = random.random_range(1..=5);
    let gross = price * f64::from(quantity);
    let discount = if random.random_bool(0.2) { cents(gross * random.random_range(0.05..0.25)) } else { 0.0 };
    let total = cents(gross - discount);
    json!({
        "item_id": uuid(random), "product_id": product["product_id"], "variant_sku": sku, "quantity": quantity,
        "unit_price": price, "discount_amount": discount, "tax_amount": cents(total * TAX), "total_price": total,
        "product_snapshot": product,
    })
}

fn payment(random: &mut impl Rng, customer: &Value, total: f64, risk: f64, now_ms: u64) -> Value {
    let text = |key: &str| customer[key].as_str().unwrap_or_default();
    let flags = if risk > RISK_MAX { json!(["high_risk"]) } else { json!([]) };
    json!({
        "payment_id": uuid(random), "method": pick(random, &PAYMENTS), "amount": total, "currency": "USD",
        "transaction_reference": format!("TXN-{}", capitals(random, 12)), "processed_at": rfc3339_ms(now_ms),
        "gateway_response": { "code": "00", "auth": word(random, 6), "reference": uuid(random), "message": sentence(random, 30..=60), "avs": "Y", "cvv": "M" }, "card_last_four": format!("{:04}", random.random_range(0..10_000)),
        "card_brand": pick(random, &["Visa", "Mastercard", "Amex"]), "cardholder_name": format!("{} {}", text("first_name"), text("last_name")),
        "risk_score": risk, "fraud_flags": flags,
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
        "force_error" => value["metadata"]["force_error"] = json!(true),
        _ => super::remove(value, "payment"),
    }
}
