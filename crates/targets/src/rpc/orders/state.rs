//! Orders, customers, inventory and payments. What an order takes is taken in one go, so that no two orders get the same piece;
//! the time it costs passes afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::{Value, json};

use super::costs::Cost;
use crate::validate::{analytics_event, complex_order};

/// Above this a total adds to the fraud score.
const LARGE_ORDER: f64 = 5_000.0;

/// Above this fraud score an order is reviewed.
const FRAUD_SCORE_MAX: f64 = 0.8;

/// The largest first order of a customer, if rules are strict.
const FIRST_ORDER_MAX: f64 = 1_000.0;

/// The largest order from abroad, if rules are strict.
const ABROAD_MAX: f64 = 10_000.0;

/// The largest order whose fraud check has not passed, if rules are strict.
const UNCHECKED_MAX: f64 = 500.0;

/// Pieces of what nobody has stocked, if rules are lenient.
const PLENTY: u64 = 1_000_000_000;

/// Pieces of what nobody has stocked lie below this, if rules are strict.
const SCARCE: u64 = 101;

/// Of so many attempts to pay one is declined.
const DECLINED_EVERY: u64 = 5;

/// Times that the metrics tell.
const RECENT: usize = 10;

/// Payments remembered; beyond that all are forgotten, so that a long run stays small.
const PAYMENTS_MAX: usize = 200_000;

/// Which orders are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Whatever is no fraud and in stock.
    Lenient,
    /// The original's.
    Strict,
}

#[derive(Default)]
struct Stock {
    left: u64,
    reserved: u64,
}

#[derive(Default)]
struct Payment {
    attempts: u64,
    is_paid: bool,
}

/// One order service's state.
pub(super) struct Shop {
    rules: Rules,
    stock: HashMap<String, Stock>,
    /// Known customers with their fraud scores.
    customers: HashMap<String, f64>,
    payments: HashMap<String, Payment>,
    processed: u64,
    failed: u64,
    revenue: f64,
    cost_ms_sum: f64,
    recent_ms: VecDeque<f64>,
    batches: u64,
}

impl Shop {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            stock: HashMap::new(),
            customers: HashMap::new(),
            payments: HashMap::new(),
            processed: 0,
            failed: 0,
            revenue: 0.0,
            cost_ms_sum: 0.0,
            recent_ms: VecDeque::new(),
            batches: 0,
        }
    }

    /// Takes a valid order, or says why not.
    pub(super) fn process(&mut self, order: &Value) -> (Value, Cost) {
        let (result, cost) = match self.refusal(order) {
            Some(refused) => refused,
            None => self.take(order),
        };
        let is_taken = result["success"] == json!(true);
        self.processed += u64::from(is_taken);
        self.failed += u64::from(!is_taken);
        self.cost_ms_sum += cost.ms();
        self.recent_ms.push_back(cost.ms());
        if self.recent_ms.len() > RECENT {
            self.recent_ms.pop_front();
        }
        (result, cost)
    }

    /// Why an order is not taken, if it is not. The original looks in this order, and each look costs.
    fn refusal(&self, order: &Value) -> Option<(Value, Cost)> {
        let score = self.fraud_score(order);
        let mut cost = Cost::FRAUD;
        if score > FRAUD_SCORE_MAX {
            let error = "Order flagged for fraud review";
            return Some((json!({ "success": false, "error": error, "fraud_score": score }), cost));
        }
        let wanted = wanted(order);
        cost = cost.and(Cost::ITEM.times(items(order).len()));
        let short: Vec<_> =
            wanted.iter().filter(|(sku, n)| self.left(sku) < **n).map(|(sku, _)| *sku).collect();
        if !short.is_empty() {
            let available: BTreeMap<_, _> = short.iter().map(|sku| (*sku, self.left(sku))).collect();
            let error = format!("Insufficient inventory: {short:?}");
            return Some((
                json!({ "success": false, "error": error, "available_inventory": available }),
                cost,
            ));
        }
        cost = cost.and(Cost::RULES);
        let violations = self.violations(order);
        (!violations.is_empty()).then(|| {
            let error = format!("Business rule violation: {}", violations.join(", "));
            (json!({ "success": false, "error": error, "rule_violations": violations }), cost)
        })
    }

    /// As the original's, with the payment's own risk in place of its dice.
    fn fraud_score(&self, order: &Value) -> f64 {
        let risk = order["payment"]["risk_score"].as_f64().unwrap_or(0.0);
        let known = self.customers.get(customer(order)).copied();
        let large = if total(order) > LARGE_ORDER { 0.2 } else { 0.0 };
        let crypto = if order["payment"]["method"] == json!("crypto") { 0.3 } else { 0.0 };
        known.unwrap_or(0.3 * risk) + 0.2 * risk + large + crypto
    }

    fn violations(&self, order: &Value) -> Vec<&'static str> {
        let is_strict = self.rules == Rules::Strict;
        let total = total(order);
        let is_abroad = order["shipping"]["shipping_address"]["country"] != json!("US");
        let rules = [
            (order["metadata"]["force_error"] == json!(true), "Forced error"),
            (
                is_strict && total > FIRST_ORDER_MAX && !self.customers.contains_key(customer(order)),
                "New customer order exceeds maximum value",
            ),
            (is_strict && is_abroad && total > ABROAD_MAX, "International order exceeds maximum value"),
            (
                is_strict && order["fraud_check_passed"] == json!(false) && total > UNCHECKED_MAX,
                "Fraud check has not passed",
            ),
        ];
        rules.into_iter().filter(|(broken, _)| *broken).map(|(_, rule)| rule).collect()
    }

    fn take(&mut self, order: &Value) -> (Value, Cost) {
        for (sku, quantity) in wanted(order) {
            let left = self.left(sku);
            let stock = self.stock.entry(sku.to_owned()).or_insert(Stock { left, reserved: 0 });
            stock.left -= quantity;
            stock.reserved += quantity;
        }
        let score = self.fraud_score(order);
        let risk = order["payment"]["risk_score"].as_f64().unwrap_or(0.0);
        self.customers.entry(customer(order).to_owned()).or_insert(0.3 * risk);
        self.revenue += total(order);
        let cost = Cost::FRAUD.and(Cost::ITEM.times(items(order).len())).and(Cost::RULES).and(Cost::SAVING);
        let result = json!({
            "success": true, "order_id": order["order_id"], "status": "processed",
            "estimated_ship_date": order["expected_ship_date"], "tracking_number": format!("TRK{:012}", self.processed + 1),
            "total_amount": total(order), "processing_time_ms": cost.ms(), "fraud_score": score,
        });
        (result, cost)
    }

    /// All at the same time: a batch costs what its slowest order costs. An order that is malformed fails by itself.
    pub(super) fn process_all(&mut self, orders: &[Value]) -> (Value, Cost) {
        let mut cost = Cost::default();
        let mut results = Vec::with_capacity(orders.len());
        for order in orders {
            let problems = complex_order(order);
            if problems.is_empty() {
                let (result, took) = self.process(order);
                cost = cost.max(took);
                results.push(result);
            } else {
                self.failed += 1;
                results.push(json!({ "success": false, "error": "validation failed", "details": problems }));
            }
        }
        let successful = results.iter().filter(|result| result["success"] == json!(true)).count();
        let invalid = results.iter().filter(|result| result["error"] == json!("validation failed")).count();
        self.batches += 1;
        let result = json!({
            "batch_id": format!("batch-{}", self.batches), "total_orders": orders.len(), "successful": successful,
            "failed": orders.len() - successful, "invalid": invalid, "processing_time_seconds": cost.seconds(),
            "orders_per_second": per_second(orders.len(), cost), "results": results,
        });
        (result, cost)
    }

    /// Takes a payment, or declines it. What is paid is not paid again.
    pub(super) fn charge(&mut self, order: &str, amount: f64) -> Value {
        if self.payments.len() >= PAYMENTS_MAX {
            self.payments.clear();
        }
        let payment = self.payments.entry(order.to_owned()).or_default();
        payment.attempts += 1;
        let is_repeated = payment.is_paid;
        let is_declined =
            !is_repeated && hash(&format!("{order}/{}", payment.attempts)).is_multiple_of(DECLINED_EVERY);
        if is_declined {
            return json!({ "success": false, "error": "Payment declined", "attempts": payment.attempts });
        }
        payment.is_paid = true;
        json!({ "success": true, "order_id": order, "amount": amount, "attempts": payment.attempts, "repeated": is_repeated })
    }

    /// So many pieces are there from now on.
    pub(super) fn restock(&mut self, sku: &str, quantity: u64) -> Value {
        self.stock.insert(sku.to_owned(), Stock { left: quantity, reserved: 0 });
        self.inventory(sku)
    }

    pub(super) fn inventory(&self, sku: &str) -> Value {
        let reserved = self.stock.get(sku).map_or(0, |stock| stock.reserved);
        json!({ "sku": sku, "left": self.left(sku), "reserved": reserved })
    }

    fn left(&self, sku: &str) -> u64 {
        let unknown = match self.rules {
            Rules::Lenient => PLENTY,
            Rules::Strict => hash(sku) % SCARCE,
        };
        self.stock.get(sku).map_or(unknown, |stock| stock.left)
    }

    pub(super) fn metrics(&self) -> Value {
        let seen = self.processed + self.failed;
        let share = |sum: f64| if seen == 0 { Value::Null } else { json!(sum / seen as f64) };
        json!({
            "service_name": super::NAME, "processed_orders": self.processed, "failed_orders": self.failed,
            "success_rate": share(self.processed as f64), "total_revenue": self.revenue,
            "average_processing_time_ms": share(self.cost_ms_sum), "cached_customers": self.customers.len(),
            "inventory_items": self.stock.len(), "recent_processing_times": self.recent_ms,
        })
    }
}

/// Counts analytics events; those that are malformed are refused one by one.
pub(super) fn ingest(events: &[Value]) -> (Value, Cost) {
    let valid: Vec<_> = events.iter().filter(|event| analytics_event(event).is_empty()).collect();
    let cost = Cost::EVENT.times(events.len());
    let text = |event: &&Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let mut types: BTreeMap<String, u64> = BTreeMap::new();
    for event in &valid {
        *types.entry(text(event, "event_type")).or_default() += 1;
    }
    let users: BTreeSet<_> = valid.iter().map(|event| text(event, "user_id")).collect();
    let value: f64 = valid.iter().filter_map(|event| event["properties"]["value"].as_f64()).sum();
    let average = if valid.is_empty() { Value::Null } else { json!(value / valid.len() as f64) };
    let result = json!({
        "events_processed": valid.len(), "events_refused": events.len() - valid.len(),
        "processing_time_seconds": cost.seconds(), "events_per_second": per_second(events.len(), cost),
        "event_type_counts": types, "unique_users": users.len(), "total_value": value, "average_value": average,
    });
    (result, cost)
}

/// Works through a large batch.
pub(super) fn large(request: &Value) -> (Value, Cost) {
    let list = request["items"].as_array().map_or(&[][..], Vec::as_slice);
    let cost = Cost::BATCH_ITEM.times(list.len());
    let size_mb = request.to_string().len() as f64 / (1024.0 * 1024.0);
    let result = json!({
        "batch_id": request["batch_id"], "operation_type": request["operation_type"], "total_items": list.len(),
        "processed_items": list.len(), "failed_items": 0, "items_per_second": per_second(list.len(), cost),
        "estimated_payload_size_mb": size_mb, "memory_efficiency_items_per_mb": list.len() as f64 / size_mb,
    });
    (result, cost)
}

fn per_second(count: usize, cost: Cost) -> Value {
    if cost == Cost::default() { Value::Null } else { json!(count as f64 / cost.seconds()) }
}

fn items(order: &Value) -> &[Value] {
    order["items"].as_array().map_or(&[][..], Vec::as_slice)
}

/// Pieces by article: an order may name one twice.
fn wanted(order: &Value) -> BTreeMap<&str, u64> {
    let mut wanted = BTreeMap::new();
    for item in items(order) {
        let sku = item["variant_sku"].as_str().unwrap_or_default();
        *wanted.entry(sku).or_default() += item["quantity"].as_u64().unwrap_or(0);
    }
    wanted
}

fn customer(order: &Value) -> &str {
    order["customer"]["customer_id"].as_str().unwrap_or_default()
}

fn total(order: &Value) -> f64 {
    order["total_amount"].as_f64().unwrap_or(0.0)
}

/// FNV-1a: the same on every machine.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
