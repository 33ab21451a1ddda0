//! Known answers of the order service.

use serde_json::json;

use super::*;

const ORDER: &str = include_str!("../../validate/order.example.json");

fn order() -> Value {
    serde_json::from_str(ORDER).unwrap()
}

fn call(orders: &mut Orders, subject: &str, arguments: &Value) -> (Value, u64) {
    let message = Message {
        subject: subject.to_owned(),
        reply: None,
        headers: Vec::new(),
        payload: arguments.to_string().into_bytes(),
    };
    let answer = orders.answer(&message).unwrap();
    (serde_json::from_slice(&answer.payload).unwrap(), answer.after_ns)
}

const PROCESS: &str = "order_processing_service.rpc.process_order";

#[test]
fn an_order_costs_what_the_original_sleeps() {
    let mut orders = Orders::default();
    let items = order()["items"].as_array().unwrap().len() as u64;
    let (reply, after_ns) = call(&mut orders, PROCESS, &json!({ "order": order() }));
    assert_eq!((&reply["success"], &reply["result"]["success"]), (&json!(true), &json!(true)));
    assert_eq!(after_ns, 11_000_000 + 500_000 * items);
    assert_eq!(call(&mut orders, &format!("free.{PROCESS}"), &json!({ "order": order() })).1, 0);
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_costs_nothing() {
    let mut wrong = order();
    wrong["customer"]["email"] = json!("nobody");
    let (reply, after_ns) = call(&mut Orders::default(), PROCESS, &json!({ "order": wrong }));
    assert_eq!((&reply["error"], after_ns), (&json!("validation failed"), 0));
    assert_eq!(reply["details"][0]["loc"], json!(["order", "customer", "email"]));
    wrong = order();
    wrong["items"][0]["quantity"] = json!(0);
    let (reply, _) = call(&mut Orders::default(), PROCESS, &json!({ "order": wrong }));
    assert_eq!(reply["details"][0]["loc"], json!(["order", "items", 0, "quantity"]));
}

#[test]
fn july_takes_fields_at_the_top_and_answers_without_success() {
    let (reply, _) = call(&mut Orders::default(), &format!("july.{PROCESS}"), &order());
    assert_eq!((reply.get("success"), &reply["result"]["success"]), (None, &json!(true)));
    let (reply, _) = call(&mut Orders::default(), &format!("july.{PROCESS}"), &json!({}));
    assert!(reply["error"].as_str().unwrap().starts_with("Validation error: "), "{reply}");
    assert!(reply.get("correlation_id").is_none());
    let (reply, _) = call(&mut Orders::default(), "july.order_processing_service.rpc.nope", &json!({}));
    assert_eq!(reply["error"], json!("Unknown method: nope"));
}

#[test]
fn refusals_come_in_the_originals_order_with_its_costs() {
    let mut risky = order();
    risky["payment"]["method"] = json!("crypto");
    risky["payment"]["risk_score"] = json!(1.0);
    // 0.3 + 0.2 + 0.3 for crypto is no more than 0.8; a large total is what it takes.
    let (reply, _) = call(&mut Orders::default(), PROCESS, &json!({ "order": risky }));
    assert_eq!(reply["result"]["success"], json!(true), "{reply}");
    let mut orders = Orders::default();
    let sku = order()["items"][0]["variant_sku"].clone();
    call(&mut orders, "order_processing_service.rpc.restock", &json!({ "sku": sku, "quantity": 0 }));
    let (reply, after_ns) = call(&mut orders, PROCESS, &json!({ "order": order() }));
    assert!(reply["result"]["error"].as_str().unwrap().starts_with("Insufficient inventory"), "{reply}");
    assert_eq!(after_ns, 1_000_000 + 500_000 * order()["items"].as_array().unwrap().len() as u64);
    let mut forced = order();
    forced["metadata"] = json!({ "force_error": true });
    let (reply, _) = call(&mut Orders::default(), PROCESS, &json!({ "order": forced }));
    assert_eq!(reply["result"]["rule_violations"], json!(["Forced error"]));
}

#[test]
fn no_more_is_sold_than_there_is() {
    let mut orders = Orders::default();
    let mut one = order();
    one["items"].as_array_mut().unwrap().truncate(1);
    let (sku, quantity) =
        (one["items"][0]["variant_sku"].clone(), one["items"][0]["quantity"].as_u64().unwrap());
    let item = one["items"][0]["total_price"].as_f64().unwrap();
    let rest = ["tax_amount", "shipping_cost"].iter().filter_map(|k| one[*k].as_f64()).sum::<f64>();
    one["subtotal"] = json!(item);
    one["total_amount"] = json!(item + rest - one["discount_amount"].as_f64().unwrap_or(0.0));
    let stock = quantity * 3;
    call(&mut orders, "order_processing_service.rpc.restock", &json!({ "sku": sku, "quantity": stock }));
    let many = json!({ "orders": vec![one; 5] });
    let (reply, _) = call(&mut orders, "order_processing_service.rpc.batch_process_orders", &many);
    assert_eq!(
        (&reply["result"]["successful"], &reply["result"]["failed"]),
        (&json!(3), &json!(2)),
        "{reply}"
    );
    let (reply, _) = call(&mut orders, "order_processing_service.rpc.inventory", &json!({ "sku": sku }));
    assert_eq!((&reply["result"]["left"], &reply["result"]["reserved"]), (&json!(0), &json!(stock)));
}

#[test]
fn what_is_paid_is_not_paid_again_and_one_attempt_in_five_is_declined() {
    let mut orders = Orders::default();
    let mut declined = 0;
    for n in 0..500 {
        let arguments = json!({ "order_id": format!("ORD-{n}"), "amount": 1 });
        let (first, _) = call(&mut orders, "order_processing_service.rpc.charge", &arguments);
        declined += u64::from(first["result"]["success"] == json!(false));
        if first["result"]["success"] == json!(true) {
            let (again, _) = call(&mut orders, "order_processing_service.rpc.charge", &arguments);
            assert_eq!(again["result"]["repeated"], json!(true));
        }
    }
    assert!((70..=130).contains(&declined), "{declined} of 500");
}

#[test]
fn events_and_batches_are_counted() {
    let event = |source: &str| json!({ "event_id": "0b0e6f0a-6f0e-4a53-9b7e-1f6f3a1c2d3e", "event_type": "click", "source": source, "user_id": "u1" });
    let events = json!({ "events": [event("web"), event("web"), event("")] });
    let (reply, after_ns) =
        call(&mut Orders::default(), "order_processing_service.rpc.analytics_ingestion", &events);
    assert_eq!(
        (&reply["result"]["events_processed"], &reply["result"]["events_refused"]),
        (&json!(2), &json!(1))
    );
    assert_eq!((&reply["result"]["event_type_counts"]["click"], after_ns), (&json!(2), 3_000_000));
    let request =
        json!({ "request": { "batch_id": "b", "operation_type": "cleanup", "items": vec![json!({}); 20] } });
    let (reply, after_ns) =
        call(&mut Orders::default(), "order_processing_service.rpc.large_payload_processing", &request);
    assert_eq!((&reply["result"]["processed_items"], after_ns), (&json!(20), 2_000_000));
}

#[test]
fn plain_requests_have_no_envelope() {
    let mut orders = Orders::default();
    assert_eq!(call(&mut orders, "test.ping", &json!({})).0["pong"], json!(true));
    assert_eq!(
        call(&mut orders, "test.echo", &json!({ "message": "m", "number": 7 })).0["echo"]["number"],
        json!(7)
    );
    let (reply, after_ns) = call(&mut orders, "test.compute", &json!({ "numbers": [1, 2, 3, 4, 5] }));
    assert_eq!((&reply["result"], &reply["count"], after_ns), (&json!(55.0), &json!(5), 100_000));
    let other =
        Message { subject: "test.nope".into(), reply: None, headers: Vec::new(), payload: Vec::new() };
    assert_eq!(orders.answer(&other), None);
}
