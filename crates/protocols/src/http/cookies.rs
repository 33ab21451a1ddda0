//! A user's cookies, for the length of an iteration.

use cookie_store::CookieStore;
use url::Url;

/// A cookie jar.
#[derive(Default)]
pub(crate) struct Cookies(CookieStore);

impl Cookies {
    /// Takes in the `Set-Cookie` fields of a response from `url`.
    pub(crate) fn learn(&mut self, headers: &[(String, String)], url: &Url) {
        for (_, value) in headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            // A cookie that does not parse or may not be set from there is ignored, as browsers do.
            let _ignored = self.0.parse(value, url);
        }
    }

    /// The `Cookie` field for a request to `url`.
    pub(crate) fn field(&self, url: &Url) -> Option<String> {
        let pairs: Vec<_> =
            self.0.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter_any().next().is_none()
    }
}
