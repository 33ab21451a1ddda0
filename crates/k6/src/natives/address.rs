//! Addresses: resolved against another, and with another query.

use rquickjs::function::Func;
use rquickjs::{Ctx, Object, Result};
use url::Url;

pub(super) fn install<'js>(own: &Object<'js>) -> Result<()> {
    own.set("resolveUrl", Func::from(|base: String, address: String| resolve(&base, &address)))?;
    own.set(
        "checkUrl",
        Func::from(|ctx: Ctx<'js>, address: String| match crate::flow::address::problem(&address) {
            Some(problem) => Err(super::go_error(&ctx, &format!("parse {address:?}: {problem}"))),
            None => Ok(()),
        }),
    )?;
    own.set("withQuery", Func::from(|address: String, query: String| with_query(&address, &query)))
}

/// `address` as seen from `base`; as it is, if either makes no sense.
fn resolve(base: &str, address: &str) -> String {
    match Url::parse(base).and_then(|base| base.join(address)) {
        Ok(url) => url.into(),
        Err(_) => address.to_owned(),
    }
}

fn with_query(address: &str, query: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    url.set_query((!query.is_empty()).then_some(query));
    url.into()
}
