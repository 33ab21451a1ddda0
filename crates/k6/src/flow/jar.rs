//! Cookies of a user, or those that a script keeps apart.

use std::cell::RefCell;
use std::rc::Rc;

use cookie_store::{CookieStore, RawCookie};
use url::Url;

/// A cookie that a script gives with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Instead of those of that name in the jar.
    pub(crate) replace: bool,
}

/// A jar; all clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar(Rc<RefCell<CookieStore>>);

impl Jar {
    /// Nothing is in it, and nobody else holds it.
    pub(crate) fn is_as_new(&self) -> bool {
        Rc::strong_count(&self.0) == 1 && self.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.0.borrow().iter_any().next().is_none()
    }

    /// Takes in the `Set-Cookie` fields of a response.
    pub(crate) fn learn(&self, url: &str, headers: &[(String, String)]) {
        let mut set = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).peekable();
        if set.peek().is_none() {
            return;
        }
        let Ok(url) = Url::parse(url) else { return };
        for (_, value) in set {
            // One that does not parse or may not be set from there is ignored, as browsers do.
            let _ignored = self.0.borrow_mut().parse(value, &url);
        }
    }

    /// The `Cookie` field of a request: what the jar holds for its address, and what is given with it.
    pub(crate) fn field(&self, url: &str, given: &[Cookie]) -> String {
        if given.is_empty() && self.is_empty() {
            return String::new();
        }
        let mut pairs = self.cookies(url);
        pairs.retain(|(name, _)| !given.iter().any(|g| g.replace && g.name == *name));
        // Those of the longest path come first (RFC 6265, 5.4), behind what is given.
        let given = given.iter().map(|g| (g.name.clone(), g.value.clone()));
        let pairs: Vec<_> = given.chain(pairs).collect();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Names and values for an address.
    pub(crate) fn cookies(&self, url: &str) -> Vec<(String, String)> {
        let Ok(url) = Url::parse(url) else { return Vec::new() };
        let store = self.0.borrow();
        let mut all = store.matches(&url);
        // A loopback address is no exception to k6.
        all.retain(|cookie| url.scheme() == "https" || cookie.secure() != Some(true));
        all.sort_by_key(|cookie| std::cmp::Reverse(String::from(&cookie.path).len()));
        all.into_iter().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
    }

    /// Puts one in, as a response from `url` would; whether it may be set from there.
    pub(crate) fn set(&self, url: &str, cookie: &str) -> bool {
        let (Ok(url), Ok(cookie)) = (Url::parse(url), RawCookie::parse(cookie.to_owned())) else {
            return false;
        };
        self.0.borrow_mut().insert_raw(&cookie, &url).is_ok()
    }

    /// Takes out what it holds for an address; those of one name only, if one is given.
    pub(crate) fn remove(&self, url: &str, name: Option<&str>) {
        let Ok(url) = Url::parse(url) else { return };
        let mut store = self.0.borrow_mut();
        let matching = store.matches(&url).into_iter().filter(|c| name.is_none_or(|n| c.name() == n));
        let keys: Vec<_> =
            matching.map(|c| (String::from(&c.domain), String::from(&c.path), c.name().to_owned())).collect();
        for (domain, path, name) in keys {
            store.remove(&domain, &path, &name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "http://shop.test/cart/";

    fn cookie(name: &str, value: &str, replace: bool) -> Cookie {
        Cookie { name: name.to_owned(), value: value.to_owned(), replace }
    }

    #[test]
    fn what_was_set_is_sent_where_it_belongs() {
        let jar = Jar::default();
        assert!(jar.is_as_new());
        let fields = [("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/cart"), ("Other", "c=3")];
        let fields = fields.map(|(n, v)| (n.to_owned(), v.to_owned()));
        jar.learn(AT, &fields);
        let sorted = |url: &str| {
            let mut all = jar.cookies(url);
            all.sort();
            all.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(sorted(AT), ["a", "b"]);
        assert_eq!(sorted("http://shop.test/other"), ["a"]);
        assert!(sorted("http://elsewhere.test/").is_empty());
        jar.remove(AT, Some("a"));
        assert_eq!(sorted(AT), ["b"]);
    }

    #[test]
    fn what_is_given_comes_beside_the_jars_or_instead() {
        let jar = Jar::default();
        assert!(jar.set(AT, "a=1"));
        assert_eq!(jar.field(AT, &[cookie("a", "2", false)]), "a=2; a=1");
        assert_eq!(jar.field(AT, &[cookie("a", "2", true), cookie("b", "3", false)]), "a=2; b=3");
        assert_eq!(Jar::default().field(AT, &[]), "");
    }
}
