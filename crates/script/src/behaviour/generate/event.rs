//! Analytics events.

use rand::Rng;
use serde_json::{Value, json};

use super::{cents, pick, sentence, word};
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
    let mut byte = || random.random_range(0..256);
    let ip = format!("10.{}.{}.{}", byte(), byte(), byte());
    json!({
        "event_id": uuid(random),
        "timestamp": rfc3339_ms(now_ms),
        "event_type": pick(random, &TYPES),
        "user_id": format!("user-{}", random.random_range(0..1_000)),
        "session_id": uuid(random),
        "properties": {
            "page": format!("/{}/{}", word(random, 8), word(random, 8)), "value": cents(random.random_range(0.0..500.0)),
            "referrer": format!("https://{}.example.com/{}", word(random, 8), word(random, 10)), "duration_ms": random.random_range(0..60_000), "element": word(random, 12), "experiment": word(random, 10),
        },
        "context": {
            "ip": ip, "user_agent": format!("Mozilla/5.0 ({})", sentence(random, 60..=90)), "locale": "en-US",
            "device_id": uuid(random), "screen": pick(random, &["1920x1080", "1366x768", "390x844"]), "timezone": "UTC",
        },
        "source": pick(random, &SOURCES),
        "version": "1.0.0",
    })
}
