//! Analytics events.

use rand::Rng;
use serde_json::{Value, json};

use super::{pick, word};
use crate::behaviour::template::{rfc3339_ms, uuid};

const TYPES: [&str; 10] = [
    "page_view",
    "click",
    "scroll",
    "form_submit",
    "purchase",
    "add_to_cart",
    "remove_from_cart",
    "search",
    "login",
    "logout",
];
const SOURCES: [&str; 4] = ["web", "mobile_app", "api", "webhook"];

pub(super) fn event(random: &mut impl Rng, now_ms: u64) -> Value {
    json!({
        "event_id": uuid(random),
        "timestamp": rfc3339_ms(now_ms),
        "event_type": pick(random, &TYPES),
        "user_id": format!("user-{}", random.random_range(0..1_000)),
        "session_id": word(random, 16),
        "properties": { "page": format!("/{}", word(random, 8)), "value": super::cents(random.random_range(0.0..500.0)), "referrer": word(random, 20) },
        "context": { "ip": format!("10.{}.{}.{}", random.random_range(0..256), random.random_range(0..256), random.random_range(0..256)), "agent": word(random, 60) },
        "source": pick(random, &SOURCES),
        "version": "1.0.0",
    })
}
