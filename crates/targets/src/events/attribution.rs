//! Who did what because of which campaign: a conversion belongs to the last click before it (last-click attribution). Impressions are
//! counted by type and leave no trace with a user: they are most of what comes.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::event::Checked;

/// What counts as a touch.
const TOUCH: &str = "click";

/// What counts as a conversion.
const CONVERSIONS: [&str; 4] = ["conversion", "install", "purchase", "registration"];

/// Conversions that are remembered of a user; older ones are only counted.
const REMEMBERED: usize = 16;

/// Users by name.
#[derive(Debug, Default)]
pub(super) struct Users {
    known: HashMap<Box<str>, Trail>,
    campaigns: Vec<Box<str>>,
    by_campaign: HashMap<Box<str>, u32>,
}

/// What a user did.
#[derive(Debug, Default)]
struct Trail {
    touches: u64,
    conversions: u64,
    /// Campaign and time of the last touch.
    last: Option<(u32, i64)>,
    /// Conversions with the touch that each belongs to: type, time, campaign.
    attributed: Vec<(&'static str, i64, Option<u32>)>,
}

impl Users {
    /// What an event says of its user, if it has one and says something of it.
    pub(super) fn take(&mut self, event: &Checked<'_>) {
        let Some(user) = &event.user else { return };
        let kind = event.kind.as_str();
        let is_touch = kind == TOUCH;
        let conversion = CONVERSIONS.iter().find(|known| **known == kind);
        if !is_touch && conversion.is_none() {
            return;
        }
        let campaign = event.campaign.as_ref().filter(|_| is_touch).map(|name| self.campaign(name.as_str()));
        let trail = match self.known.get_mut(user.as_str()) {
            Some(trail) => trail,
            None => self.known.entry(user.as_str().into()).or_default(),
        };
        if is_touch {
            trail.touches += 1;
            if let Some(campaign) = campaign
                && trail.last.is_none_or(|(_, at_ms)| at_ms <= event.at_ms)
            {
                trail.last = Some((campaign, event.at_ms));
            }
        }
        if let Some(kind) = conversion {
            trail.conversions += 1;
            if trail.attributed.len() == REMEMBERED {
                trail.attributed.remove(0);
            }
            let before = trail.last.filter(|(_, at_ms)| *at_ms <= event.at_ms);
            trail.attributed.push((kind, event.at_ms, before.map(|(campaign, _)| campaign)));
        }
    }

    fn campaign(&mut self, name: &str) -> u32 {
        if let Some(number) = self.by_campaign.get(name) {
            return *number;
        }
        let number = self.campaigns.len() as u32;
        self.campaigns.push(name.into());
        self.by_campaign.insert(name.into(), number);
        number
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// What is known of a user; somebody who is not known has done nothing.
    pub(super) fn told(&self, user: &str) -> Value {
        let trail = self.known.get(user);
        let name = |campaign: u32| self.campaigns[campaign as usize].as_ref();
        let attributed = trail.map(|trail| trail.attributed.as_slice()).unwrap_or_default();
        let attributed = attributed.iter().map(|(kind, at_ms, campaign)| {
            json!({ "event_type": kind, "at": at_ms, "campaign": campaign.map(name) })
        });
        json!({
            "user_id": user,
            "touches": trail.map_or(0, |trail| trail.touches),
            "conversions": trail.map_or(0, |trail| trail.conversions),
            "attributions": attributed.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::batch;
    use super::*;

    #[test]
    fn a_conversion_belongs_to_the_last_touch_before_it() {
        let mut users = Users::default();
        let event = |kind: &str, at: i64, campaign: &str| {
            format!(
                r#"{{"event_id":"{at}","event_type":"{kind}","app_id":"a","platform":"ios","timestamp":{at},"user_id":"u","campaign":"{campaign}"}}"#
            )
        };
        let body = [
            event("install", 1, "x"),
            event("impression", 2, "spring"),
            event("click", 4, "summer"),
            event("click", 3, "late to arrive"),
            event("conversion", 5, "x"),
        ];
        let body = format!("[{}]", body.join(","));
        batch(body.as_bytes()).unwrap().iter().for_each(|event| users.take(event));
        let told = users.told("u");
        assert_eq!((&told["touches"], &told["conversions"]), (&json!(2), &json!(2)));
        assert_eq!(
            told["attributions"],
            json!([
                { "event_type": "install", "at": 1, "campaign": null },
                { "event_type": "conversion", "at": 5, "campaign": "summer" },
            ])
        );
        assert_eq!(users.told("nobody")["attributions"], json!([]));
        assert_eq!(users.count(), 1);
    }
}
