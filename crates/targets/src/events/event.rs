//! What an event is, and what is wrong with one.

use serde::Deserialize;

use super::reading::Text;

/// The most characters of a text.
const TEXT_MAX: usize = 100;

/// Platforms that attribution knows, in lower case.
const PLATFORMS: [&str; 3] = ["android", "ios", "web"];

/// An event as it stands in a request, its texts where they lie.
#[derive(Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "these are the keys of the JSON")]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) event_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) event_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) source: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) app_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) platform: Option<Text<'a>>,
    pub(super) timestamp: Option<Moment>,
    #[serde(borrow)]
    pub(super) user_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) campaign: Option<Text<'a>>,
}

/// When something happened, as either kind of event writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Number(i64),
    Text,
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Moment;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time: milliseconds, or a text")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Moment, E> {
                i64::try_from(number).map(Moment::Number).map_err(E::custom)
            }

            fn visit_i64<E>(self, number: i64) -> Result<Moment, E> {
                Ok(Moment::Number(number))
            }

            fn visit_str<E>(self, _text: &str) -> Result<Moment, E> {
                Ok(Moment::Text)
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// What of an event is kept, once nothing is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Checked<'a> {
    pub(super) id: Text<'a>,
    pub(super) kind: Text<'a>,
    pub(super) user: Option<Text<'a>>,
    pub(super) campaign: Option<Text<'a>>,
    pub(super) at_ms: i64,
}

impl<'a> Event<'a> {
    /// What is kept of it, otherwise what is wrong.
    pub(super) fn checked(self) -> Result<Checked<'a>, String> {
        needed("event_id", self.event_id.as_ref())?;
        needed("event_type", self.event_type.as_ref())?;
        let at_ms = if self.app_id.is_some() { self.attributed()? } else { self.analysed()? };
        for (key, text) in [("user_id", &self.user_id), ("campaign", &self.campaign)] {
            if text.is_some() {
                needed(key, text.as_ref())?;
            }
        }
        let (Some(id), Some(kind)) = (self.event_id, self.event_type) else {
            unreachable!("both were needed above");
        };
        Ok(Checked { id, kind, user: self.user_id, campaign: self.campaign, at_ms })
    }

    /// What attribution sends names its app, its platform and its time in milliseconds.
    fn attributed(&self) -> Result<i64, String> {
        needed("app_id", self.app_id.as_ref())?;
        let platform = needed("platform", self.platform.as_ref())?;
        if !PLATFORMS.iter().any(|known| known.eq_ignore_ascii_case(platform)) {
            return Err(format!("platform must be one of {}", PLATFORMS.join(", ")));
        }
        match self.timestamp {
            Some(Moment::Number(at_ms)) => Ok(at_ms),
            _ => Err("timestamp must be a number of milliseconds since 1970".to_owned()),
        }
    }

    /// What analytics send names its source.
    fn analysed(&self) -> Result<i64, String> {
        needed("source", self.source.as_ref())?;
        Ok(match self.timestamp {
            Some(Moment::Number(at_ms)) => at_ms,
            _ => 0,
        })
    }
}

fn needed<'t>(key: &str, text: Option<&'t Text<'_>>) -> Result<&'t str, String> {
    let fits = |text: &&str| !text.is_empty() && (text.len() <= TEXT_MAX || text.chars().count() <= TEXT_MAX);
    text.map(Text::as_str)
        .filter(fits)
        .ok_or_else(|| format!("{key} must be a text of 1 to {TEXT_MAX} characters"))
}
