//! Tags of a sample, and the filters of sub-metrics.

use std::borrow::Cow;
use std::rc::Rc;

/// Tags that samples have unless options say otherwise, in order.
pub(crate) const SYSTEM_TAGS: [&str; 14] = [
    "check",
    "error",
    "error_code",
    "expected_response",
    "group",
    "method",
    "name",
    "proto",
    "scenario",
    "service",
    "status",
    "subproto",
    "tls_version",
    "url",
];

/// Tags that samples have if options ask for them.
pub(crate) const FURTHER_TAGS: [&str; 4] = ["ip", "iter", "ocsp_status", "vu"];

/// Names and values, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(Vec<(Rc<str>, Rc<str>)>);

impl Tags {
    /// Sets one; a later value replaces an earlier one.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.0.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => self.0[at].1 = value.into(),
            Err(at) => self.0.insert(at, (name.into(), value.into())),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| **known != *name);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Tells the value of a tag by its name: most tags of most samples are never asked for.
pub(crate) trait Tagged {
    /// The value, if there is such a tag.
    fn tag(&self, name: &str) -> Option<Cow<'_, str>>;

    /// Tells all tags, those that hide others first.
    fn each(&self, put: &mut dyn FnMut(&str, &str));

    /// Whether every pair of the filter is among them.
    fn hold(&self, filter: &[(String, String)]) -> bool {
        filter.iter().all(|(name, value)| self.tag(name).is_some_and(|found| found == value.as_str()))
    }
}

impl Tagged for Tags {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(Cow::Borrowed)
    }

    fn each(&self, put: &mut dyn FnMut(&str, &str)) {
        self.iter().for_each(|(name, value)| put(name, value));
    }
}

/// Tags that must have these values.
pub(crate) type Filter = Vec<(String, String)>;

/// `metric{a:b,c:d}` as the metric's name and its filter.
pub(crate) fn parse_selector(text: &str) -> Result<(&str, Filter), String> {
    let Some((name, rest)) = text.split_once('{') else { return Ok((text.trim(), Vec::new())) };
    let inner = rest.trim_end().strip_suffix('}').ok_or_else(|| format!("`{text}` has no closing brace"))?;
    let pair = |part: &str| {
        let (key, value) =
            part.split_once(':').ok_or_else(|| format!("`{part}` in `{text}` is no `tag:value`"))?;
        let clean = |s: &str| s.trim().trim_matches(['"', '\'']).to_owned();
        Ok((clean(key), clean(value)))
    };
    let pairs = inner.split(',').filter(|p| !p.trim().is_empty()).map(pair).collect::<Result<_, String>>()?;
    Ok((name.trim(), pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_and_matched() {
        let (name, filter) = parse_selector("http_req_duration{name:login, status:200}").unwrap();
        assert_eq!(name, "http_req_duration");
        let mut tags = Tags::default();
        tags.set("status", "200");
        tags.set("name", "first");
        assert!(!tags.hold(&filter));
        tags.set("name", "login");
        assert!(tags.hold(&filter));
        assert_eq!(parse_selector("checks").unwrap(), ("checks", Vec::new()));
        // A value may hold colons: URLs do.
        assert_eq!(parse_selector("x{url:http://a:1/}").unwrap().1[0].1, "http://a:1/");
        assert!(parse_selector("x{a:b").is_err() && parse_selector("x{a}").is_err());
    }
}
