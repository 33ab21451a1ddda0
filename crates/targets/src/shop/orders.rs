//! Order state and inventory.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::ShopOptions;
use crate::validate::{Problem, complex_order};

/// Orders above this add to the fraud score, as in the original service.
const LARGE_ORDER: f64 = 5_000.0;

/// Orders are reviewed above this fraud score.
const FRAUD_SCORE_MAX: f64 = 0.8;

/// Orders kept for tracking; beyond that the oldest half is forgotten, so that a long run stays small.
const ORDERS_MAX: usize = 200_000;

/// Why an order is not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is malformed.
    Invalid(Vec<Problem>),
    /// It is well-formed and against a rule.
    Business(String, Value),
}

struct Order {
    number: u64,
    status: &'static str,
    total: f64,
    items: u64,
    tracking: String,
}

/// The shop's state.
pub(super) struct Shop {
    options: ShopOptions,
    stock: HashMap<String, u64>,
    customers: HashSet<String>,
    orders: HashMap<String, Order>,
    processed: u64,
    refused: u64,
    revenue: f64,
}

impl Shop {
    pub(super) fn new(options: ShopOptions) -> Self {
        Self {
            options,
            stock: HashMap::new(),
            customers: HashSet::new(),
            orders: HashMap::new(),
            processed: 0,
            refused: 0,
            revenue: 0.0,
        }
    }

    /// Takes an order, or says why not. Nothing is reserved unless everything is.
    pub(super) fn place(&mut self, order: &Value) -> Result<Value, Refusal> {
        let placed = self.try_place(order);
        if placed.is_err() {
            self.refused += 1;
        }
        placed
    }

    fn try_place(&mut self, order: &Value) -> Result<Value, Refusal> {
        let problems = complex_order(order);
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let total = order["total_amount"].as_f64().unwrap_or(0.0);
        let customer = order["customer"]["customer_id"].as_str().unwrap_or_default();
        let score = fraud_score(order, total);
        if score > FRAUD_SCORE_MAX {
            return Err(Refusal::Business(
                "Order flagged for fraud review".to_owned(),
                json!({ "fraud_score": score }),
            ));
        }
        self.check_rules(order, total, customer)?;
        let items = self.reserve(order)?;
        self.customers.insert(customer.to_owned());
        self.processed += 1;
        self.revenue += total;
        let id = order["order_id"].as_str().unwrap_or_default().to_owned();
        let tracking = format!("TRK{:012}", self.processed);
        self.remember(
            id.clone(),
            Order { number: self.processed, status: "processing", total, items, tracking: tracking.clone() },
        );
        Ok(
            json!({ "success": true, "order_id": id, "status": "processed", "tracking_number": tracking, "total_amount": total, "fraud_score": score }),
        )
    }

    fn check_rules(&self, order: &Value, total: f64, customer: &str) -> Result<(), Refusal> {
        let mut violations = Vec::new();
        if self.options.first_order_max.is_some_and(|most| total > most) && !self.customers.contains(customer)
        {
            violations.push("New customer order exceeds maximum value");
        }
        if self.options.wants_fraud_check && order["fraud_check_passed"] == json!(false) && total > 500.0 {
            violations.push("Fraud check has not passed");
        }
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Business(
                format!("Business rule violation: {}", violations.join(", ")),
                json!(violations),
            ))
        }
    }

    fn reserve(&mut self, order: &Value) -> Result<u64, Refusal> {
        let items = order["items"].as_array().map_or(&[][..], Vec::as_slice);
        let wanted: Vec<_> = items
            .iter()
            .map(|i| (i["variant_sku"].as_str().unwrap_or_default(), i["quantity"].as_u64().unwrap_or(0)))
            .collect();
        let short: Vec<_> = wanted
            .iter()
            .filter(|(sku, quantity)| self.stock_of(sku) < *quantity)
            .map(|(sku, _)| *sku)
            .collect();
        if !short.is_empty() {
            return Err(Refusal::Business(format!("Insufficient inventory: {short:?}"), json!(short)));
        }
        let initial = self.options.stock;
        for (sku, quantity) in &wanted {
            let left = self.stock.entry((*sku).to_owned()).or_insert(initial);
            *left = left.saturating_sub(*quantity);
        }
        Ok(wanted.iter().map(|(_, quantity)| quantity).sum())
    }

    fn remember(&mut self, id: String, order: Order) {
        if self.orders.len() >= ORDERS_MAX {
            let oldest_kept = self.processed - ORDERS_MAX as u64 / 2;
            self.orders.retain(|_, o| o.number > oldest_kept);
        }
        self.orders.insert(id, order);
    }

    pub(super) fn order(&self, id: &str) -> Option<Value> {
        let order = self.orders.get(id)?;
        Some(
            json!({ "success": true, "order_id": id, "status": order.status, "total_amount": order.total, "items": order.items, "tracking_number": order.tracking }),
        )
    }

    pub(super) fn stock_of(&self, sku: &str) -> u64 {
        self.stock.get(sku).copied().unwrap_or(self.options.stock)
    }

    pub(super) fn metrics(&self) -> Value {
        let seen = self.processed + self.refused;
        json!({
            "service_name": "shop", "processed_orders": self.processed, "failed_orders": self.refused,
            "success_rate": if seen == 0 { Value::Null } else { json!(self.processed as f64 / seen as f64) },
            "total_revenue": self.revenue, "cached_customers": self.customers.len(), "inventory_items": self.stock.len(),
        })
    }
}

/// As the original's, without its dice: the payment's own risk takes the place of the random part.
fn fraud_score(order: &Value, total: f64) -> f64 {
    let risk = order["payment"]["risk_score"].as_f64().unwrap_or(0.0);
    let large = if total > LARGE_ORDER { 0.2 } else { 0.0 };
    let crypto = if order["payment"]["method"] == json!("crypto") { 0.3 } else { 0.0 };
    0.3 * risk + large + crypto
}
