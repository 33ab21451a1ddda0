//! Events as apps send them to whoever attributes what people do to what they have seen.

use rand::Rng;
use serde_json::{Value, json};

use super::{pick, remove};
use crate::behaviour::template::uuid;

/// Types with how many in a thousand there are of each.
const TYPES: [(&str, u32); 4] = [("impression", 700), ("click", 200), ("install", 70), ("conversion", 30)];
const PLATFORMS: [&str; 3] = ["ios", "android", "web"];
const SEASONS: [&str; 4] = ["spring", "summer", "autumn", "winter"];

/// Users there are: so many that most events are somebody else's, so few that everybody comes again.
const USERS: u32 = 20_000;

pub(super) fn event(random: &mut impl Rng, now_ms: u64) -> Value {
    json!({
        "event_id": uuid(random),
        "app_id": format!("com.example.app{:02}", random.random_range(0..20)),
        "event_type": kind(random),
        "timestamp": now_ms,
        "platform": pick(random, &PLATFORMS),
        "user_id": format!("user-{:05}", random.random_range(0..USERS)),
        "campaign": format!("{}-{:02}", pick(random, &SEASONS), random.random_range(0..10)),
    })
}

fn kind(random: &mut impl Rng) -> &'static str {
    let mut point = random.random_range(0..TYPES.iter().map(|(_, share)| share).sum());
    let chosen = TYPES.iter().find(|(_, share)| {
        let is_here = point < *share;
        point = point.saturating_sub(*share);
        is_here
    });
    chosen.expect("the point lies within the sum").0
}

pub(super) fn spoil(value: &mut Value, kind: &str) {
    match kind {
        "missing_required" => remove(value, "event_type"),
        "unknown_platform" => value["platform"] = json!("toaster"),
        _ => value["timestamp"] = json!("2026-01-31T12:00:00Z"),
    }
}
