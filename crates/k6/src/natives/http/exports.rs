//! What scripts find in `k6/http`: a user holds what its script has asked for.

use std::rc::Rc;

use rquickjs::function::{Func, Opt, Params};
use rquickjs::{Coerced, Object, Result, Value};

use super::send;
use crate::natives::direct::{Direct, given};
use crate::natives::{hidden, lazy};
use crate::vu::Vu;

/// Functions that send none, with their methods.
const WITHOUT_BODY: [(&str, &str); 2] = [("get", "GET"), ("head", "HEAD")];

/// Functions that send a body, with their methods.
const WITH_BODY: [(&str, &str); 5] =
    [("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("del", "DELETE"), ("options", "OPTIONS")];

/// What the module's other part has.
const OTHERS: [&str; 8] = [
    "asyncRequest",
    "url",
    "batch",
    "file",
    "expectedStatuses",
    "setResponseCallback",
    "CookieJar",
    "cookieJar",
];

/// Names of constants; what they stand for is [`constant`].
const TLS: [&str; 4] = ["1_0", "1_1", "1_2", "1_3"];
const OCSP_STATUSES: [&str; 4] = ["GOOD", "REVOKED", "SERVER_FAILED", "UNKNOWN"];
const OCSP_REASONS: [&str; 10] = [
    "AA_COMPROMISE",
    "AFFILIATION_CHANGED",
    "CA_COMPROMISE",
    "CERTIFICATE_HOLD",
    "CESSATION_OF_OPERATION",
    "KEY_COMPROMISE",
    "PRIVILEGE_WITHDRAWN",
    "REMOVE_FROM_CRL",
    "SUPERSEDED",
    "UNSPECIFIED",
];

/// Looks behind the object for what it lacks.
pub(super) fn describe(all: &Object<'_>, vu: Rc<Vu>) -> Result<()> {
    lazy::behind(all, move |ctx, name| {
        let own = hidden(ctx)?;
        put_down(&own, &own.get("httpExports")?, &vu, name)
    })
}

/// Puts down what belongs to a name; whether there is such a thing.
fn put_down<'js>(own: &Object<'js>, all: &Object<'js>, vu: &Rc<Vu>, name: &str) -> Result<bool> {
    if let Some((_, method)) = WITH_BODY.iter().find(|(function, _)| *function == name) {
        all.set(name, Direct::<1, _>(with_body(vu, method)))?;
    } else if let Some((_, method)) = WITHOUT_BODY.iter().find(|(function, _)| *function == name) {
        all.set(name, Direct::<1, _>(without_body(vu, method)))?;
    } else if name == "request" {
        all.set(name, Func::from(request(vu)))?;
    } else if OTHERS.contains(&name) {
        all.set(name, own.get::<_, Object<'js>>("http")?.get::<_, Value<'js>>(name)?)?;
    } else if let Some(text) = constant(name) {
        all.set(name, text)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn without_body<'js>(
    vu: &Rc<Vu>,
    method: &'static str,
) -> impl Fn(&Params<'_, 'js>) -> Result<Value<'js>> + 'js {
    let vu = vu.clone();
    move |params| send(&vu, method, given(params, 0), None, params.arg(1))
}

fn with_body<'js>(
    vu: &Rc<Vu>,
    method: &'static str,
) -> impl Fn(&Params<'_, 'js>) -> Result<Value<'js>> + 'js {
    let vu = vu.clone();
    move |params| send(&vu, method, given(params, 0), params.arg(1), params.arg(2))
}

/// `request(method, url, body, params)`; without a method it is GET.
fn request<'js>(
    vu: &Rc<Vu>,
) -> impl Fn(Value<'js>, Value<'js>, Opt<Value<'js>>, Opt<Value<'js>>) -> Result<Value<'js>> + 'js {
    let vu = vu.clone();
    move |method, url, body, params| {
        let is_given = !method.is_null() && !method.is_undefined();
        let method = if is_given { method.get::<Coerced<String>>()?.0 } else { String::new() };
        let method = if method.is_empty() { "GET" } else { &method };
        send(&vu, method, url, body.0, params.0)
    }
}

/// `TLS_1_2` is `tls1.2`, and `OCSP_STATUS_GOOD` is `good`.
fn constant(name: &str) -> Option<String> {
    let of = |head: &str, known: &[&str]| name.strip_prefix(head).filter(|rest| known.contains(rest));
    if let Some(version) = of("TLS_", &TLS) {
        return Some(format!("tls{}", version.replace('_', ".")));
    }
    let word = of("OCSP_STATUS_", &OCSP_STATUSES).or_else(|| of("OCSP_REASON_", &OCSP_REASONS))?;
    Some(word.to_lowercase())
}
