//! `k6/http`: one request, and what k6 counts of it.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::http::{Body, HttpRequest, Keep};
use plimsoll_model::{Nanos, Operation, Outcome};
use rquickjs::function::{Func, Opt};
use rquickjs::{Class, Ctx, Exception, Function, Object, Result, Value};

use super::bytes::bytes_of;
use super::response::{BodyAs, Response, duration_ns};
use super::{With, not_while_reading, text_of, time_is_up};
use crate::metrics::{BuiltIn, Tagged};
use crate::run::Level;
use crate::vu::{Answer, Ask, Call, Seen, Vu};

/// Without a word about it.
const TIMEOUT_NS: Nanos = 60_000_000_000;

/// Operations kept for being sent again as they are.
const FIXED_MAX: usize = 64;

/// What a request asks for beyond method, address and body.
struct Params<'js> {
    headers: Vec<(String, String)>,
    tags: Option<Object<'js>>,
    name: Option<String>,
    timeout_ns: Nanos,
    redirects_max: u32,
    body_as: BodyAs,
    throws: bool,
    expected: Expected,
    /// Nothing but what is usual: the operation may be kept.
    plain: bool,
}

/// Which statuses count as successes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Expected {
    /// 200 to 399.
    #[default]
    Usual,
    /// Pairs of a least and a greatest.
    Ranges(Vec<u16>),
    /// Nothing is said about success: no `http_req_failed`.
    Nothing,
}

impl Expected {
    fn holds(&self, status: u16) -> bool {
        match self {
            Self::Usual | Self::Nothing => (200..400).contains(&status),
            Self::Ranges(ranges) => ranges.chunks_exact(2).any(|r| (r[0]..=r[1]).contains(&status)),
        }
    }
}

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "request",
        Func::from(
            move |ctx: Ctx<'js>,
                  method: String,
                  url: String,
                  name: Value<'js>,
                  body: Value<'js>,
                  kind: Value<'js>,
                  params: Opt<Value<'js>>| {
                not_while_reading(&ctx, &v, "an HTTP request")?;
                let mut params = Params::read(&v, params.0.as_ref())?;
                if let Some(name) = name.as_string() {
                    params.name = Some(name.to_string()?);
                }
                let body = bytes_of(&ctx, &body)?;
                if let Some(kind) = kind.as_string() {
                    let kind = kind.to_string()?;
                    params.header_unless_given("Content-Type", kind);
                }
                request(&ctx, &v, Target { method, url, body }, &params)
            },
        ),
    )?;
    let v = vu.clone();
    own.set(
        "get",
        Func::from(move |ctx: Ctx<'js>, url: Value<'js>, params: Opt<Value<'js>>| -> Result<Value<'js>> {
            let Some(address) = url.as_string() else {
                let own: Object<'js> = ctx.globals().get("__plimsoll")?;
                return own.get::<_, Function<'js>>("getOther")?.call((url, params.0));
            };
            not_while_reading(&ctx, &v, "an HTTP request")?;
            let target = Target { method: "GET".to_owned(), url: address.to_string()?, body: None };
            request(&ctx, &v, target, &Params::read(&v, params.0.as_ref())?)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "setResponseCallback",
        Func::from(move |ranges: Value<'js>| -> Result<()> {
            *v.expected.borrow_mut() = expected(&ranges)?;
            Ok(())
        }),
    )
}

fn expected(ranges: &Value<'_>) -> Result<Expected> {
    match ranges.as_array() {
        Some(list) => Ok(Expected::Ranges(list.iter::<u16>().collect::<Result<_>>()?)),
        None => Ok(Expected::Nothing),
    }
}

impl<'js> Params<'js> {
    fn usual(vu: &Vu) -> Self {
        Self {
            headers: Vec::new(),
            tags: None,
            name: None,
            timeout_ns: TIMEOUT_NS,
            redirects_max: vu.run.options.redirects_max,
            body_as: if vu.run.options.discard_bodies { BodyAs::Nothing } else { BodyAs::Text },
            throws: vu.run.options.throw,
            expected: vu.expected.borrow().clone(),
            plain: true,
        }
    }

    fn read(vu: &Vu, given: Option<&Value<'js>>) -> Result<Self> {
        let mut params = Self::usual(vu);
        let Some(given) = given.and_then(Value::as_object) else { return Ok(params) };
        for pair in given.props::<String, Value<'js>>() {
            let (key, value) = pair?;
            if key == "responseCallback" && value.is_null() {
                params.expected = Expected::Nothing;
            }
            if value.is_null() || value.is_undefined() {
                continue;
            }
            params.set(vu, &key, value)?;
        }
        Ok(params)
    }

    fn set(&mut self, vu: &Vu, key: &str, value: Value<'js>) -> Result<()> {
        match key {
            "headers" => {
                for pair in value.as_object().into_iter().flat_map(Object::props::<String, Value<'js>>) {
                    let (name, value) = pair?;
                    self.headers.push((name, text_of(&value)));
                }
                self.plain = false;
            }
            "tags" => {
                self.tags = value.into_object();
                let name: Option<Value<'js>> = self.tags.as_ref().map(|t| t.get("name")).transpose()?;
                self.name = name.filter(|n| !n.is_undefined()).map(|n| text_of(&n));
            }
            "timeout" => {
                let text = text_of(&value);
                match crate::options::duration(&text) {
                    Some(ns) => self.timeout_ns = ns,
                    None => {
                        return Err(Exception::throw_message(
                            value.ctx(),
                            &format!("`{text}` is no timeout; write 30s or a number of milliseconds"),
                        ));
                    }
                }
                self.plain = false;
            }
            "redirects" => self.redirects_max = value.as_number().unwrap_or(10.0) as u32,
            "responseType" => {
                self.body_as = match text_of(&value).as_str() {
                    "text" => BodyAs::Text,
                    "binary" => BodyAs::Bytes,
                    "none" => BodyAs::Nothing,
                    other => {
                        return Err(Exception::throw_message(
                            value.ctx(),
                            &format!("`{other}` is no responseType; there are text, binary and none"),
                        ));
                    }
                };
            }
            "responseCallback" => {
                let ranges: Option<Value<'js>> = value.as_object().map(|o| o.get("__ranges")).transpose()?;
                self.expected = ranges.map_or(Ok(Expected::Nothing), |r| expected(&r))?;
            }
            "throw" => self.throws = value.as_bool().unwrap_or(false),
            "cookies" => {
                let mut pairs = Vec::new();
                for pair in value.as_object().into_iter().flat_map(Object::props::<String, Value<'js>>) {
                    let (name, value) = pair?;
                    let inner: Option<Value<'js>> = value.as_object().map(|o| o.get("value")).transpose()?;
                    pairs.push(format!("{name}={}", text_of(inner.as_ref().unwrap_or(&value))));
                }
                self.headers.push(("Cookie".to_owned(), pairs.join("; ")));
                self.plain = false;
            }
            "auth" if text_of(&value) == "basic" => self.plain = false,
            "auth" | "jar" | "compression" => {
                vu.run.warn_once(&format!("the request parameter `{key}` has no effect yet"));
            }
            _ => {}
        }
        Ok(())
    }

    fn header_unless_given(&mut self, name: &str, value: String) {
        if !self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
            self.headers.push((name.to_owned(), value));
        }
        self.plain = false;
    }
}

struct Target {
    method: String,
    url: String,
    body: Option<Vec<u8>>,
}

/// Sends, follows redirects, counts, and makes the response.
fn request<'js>(ctx: &Ctx<'js>, vu: &Rc<Vu>, mut target: Target, params: &Params<'js>) -> Result<Value<'js>> {
    let mut headers = params.headers.clone();
    take_credentials(&mut target.url, &mut headers);
    let mut left = params.redirects_max;
    loop {
        let (name, operation) =
            (params.name.as_deref().unwrap_or(&target.url), operation(vu, &target, params, &headers));
        let step = step(vu, &target.method, name);
        let Ok(Answer::Reply(seen)) = vu.ask(Ask::Perform(Call { step, operation })) else {
            return Err(time_is_up(ctx));
        };
        let (error, error_code) = error_of(&seen);
        let failed = seen.reply.failure.is_some() && seen.status == 0;
        let next = redirect(&seen, &target.url).filter(|_| !failed);
        let expected = !failed && params.expected.holds(seen.status);
        count(
            vu,
            &Counted { target: &target, name, seen: &seen, expected, error: &error, error_code, params, vu },
        );
        vu.settle_outcome(expected, seen.status);
        if let Some(url) = next.filter(|_| left > 0) {
            left -= 1;
            if seen.status == 303 || (seen.status < 303 && target.method == "POST") {
                target = Target { method: "GET".to_owned(), url, body: None };
            } else {
                target.url = url;
            }
            continue;
        }
        if failed {
            if params.throws {
                return Err(Exception::throw_message(ctx, &error));
            }
            vu.run.say(Level::Warning, &format!("Request Failed: {} {}: {error}", target.method, target.url));
        }
        let response = Response {
            seen,
            method: target.method,
            url: target.url,
            body_as: params.body_as,
            error,
            error_code,
            request_headers: headers,
            request_body: target.body.map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default(),
        };
        return Ok(Class::instance(ctx.clone(), response)?.into_value());
    }
}

/// `user:password@` in an address is basic authentication.
fn take_credentials(url: &mut String, headers: &mut Vec<(String, String)>) {
    use base64::Engine;
    let Some((scheme, rest)) = url.split_once("://") else { return };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return };
    let token = base64::engine::general_purpose::STANDARD.encode(user);
    headers.push(("Authorization".to_owned(), format!("Basic {token}")));
    *url = format!("{scheme}://{}", &rest[user.len() + 1..]);
}

fn operation(vu: &Vu, target: &Target, params: &Params<'_>, headers: &[(String, String)]) -> Arc<Operation> {
    let may_be_kept = params.plain && target.body.is_none() && headers.is_empty();
    let key = (target.method.as_str(), target.url.as_str());
    if may_be_kept
        && let Some((_, _, known)) =
            vu.fixed.borrow().iter().find(|(m, u, _)| (m.as_str(), u.as_str()) == key)
    {
        return known.clone();
    }
    let mut request = HttpRequest::new(&target.method, &target.url);
    request.headers = headers.to_vec();
    request.timeout_ns = params.timeout_ns;
    request.connect_timeout_ns = params.timeout_ns;
    request.keep = if params.body_as == BodyAs::Nothing { Keep::Head } else { Keep::Body };
    if let Some(body) = &target.body {
        request.body = Body::Bytes(body.as_slice().into());
    }
    request.is_fixed = may_be_kept;
    let made = Arc::new(Operation::Http(request));
    let mut fixed = vu.fixed.borrow_mut();
    if may_be_kept && fixed.len() < FIXED_MAX {
        fixed.push((target.method.clone(), target.url.clone(), made.clone()));
    }
    made
}

fn step(vu: &Vu, method: &str, name: &str) -> plimsoll_model::StepId {
    let group = vu.group.borrow();
    let path = group.trim_start_matches("::");
    vu.request_step(path, method, name)
}

/// Where a response leads, if it leads anywhere.
fn redirect(seen: &Seen, from: &str) -> Option<String> {
    if !matches!(seen.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let (_, to) = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
    if to.contains("://") {
        return Some(to.clone());
    }
    let (scheme, rest) = from.split_once("://")?;
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, "/"), |at| rest.split_at(at));
    if let Some(other) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    if to.starts_with('/') {
        return Some(format!("{scheme}://{authority}{to}"));
    }
    let path = path.split(['?', '#']).next().unwrap_or("/");
    let directory = path.rfind('/').map_or("/", |at| &path[..=at]);
    Some(format!("{scheme}://{authority}{directory}{to}"))
}

/// k6's message and code for what went wrong.
fn error_of(seen: &Seen) -> (String, u16) {
    let Some(failure) = seen.reply.failure.as_ref().filter(|_| seen.status == 0) else {
        let code = if seen.status >= 400 { 1000 + seen.status } else { 0 };
        return (String::new(), code);
    };
    let code = match (seen.reply.outcome, failure.class.as_ref()) {
        (Outcome::Timeout, _) => 1050,
        (_, "dns") => 1101,
        (_, "refused") => 1212,
        (_, "reset") => 1220,
        (_, "tls" | "certificate") => 1300,
        (Outcome::ConnectError, _) => 1200,
        _ => 1000,
    };
    let text = match code {
        1050 => "request timeout".to_owned(),
        1212 => "dial: connection refused".to_owned(),
        1220 => "connection reset by peer".to_owned(),
        1101 => "lookup: no such host".to_owned(),
        _ => failure.message.clone(),
    };
    (text, code)
}

struct Counted<'a, 'js> {
    target: &'a Target,
    name: &'a str,
    seen: &'a Seen,
    expected: bool,
    error: &'a str,
    error_code: u16,
    params: &'a Params<'js>,
    vu: &'a Vu,
}

impl Tagged for Counted<'_, '_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        let status = self.seen.status;
        match name {
            "method" => Some(Cow::Borrowed(&self.target.method)),
            "status" => Some(Cow::Owned(status.to_string())),
            "name" => Some(Cow::Borrowed(self.name)),
            "expected_response" if !matches!(self.params.expected, Expected::Nothing) => {
                Some(Cow::Borrowed(if self.expected { "true" } else { "false" }))
            }
            "proto" if status > 0 => Some(Cow::Borrowed("HTTP/1.1")),
            "error_code" if self.error_code > 0 => Some(Cow::Owned(self.error_code.to_string())),
            "error" if !self.error.is_empty() => Some(Cow::Borrowed(self.error)),
            _ => {
                let with = With { vu: self.vu, given: self.params.tags.as_ref() };
                let own = with.tag(name).map(Cow::into_owned);
                own.or_else(|| (name == "url").then(|| self.name.to_owned())).map(Cow::Owned)
            }
        }
    }
}

fn count(vu: &Vu, counted: &Counted<'_, '_>) {
    let (store, seen) = (&vu.store, counted.seen);
    let phases = seen.reply.phases_ns;
    let tags: &dyn Tagged = counted;
    store.count(BuiltIn::HttpReqs, 1.0, tags);
    store.time(BuiltIn::HttpReqDuration, duration_ns(seen), tags);
    store.time(BuiltIn::HttpReqBlocked, phases[..4].iter().sum(), tags);
    store.time(BuiltIn::HttpReqConnecting, phases[2], tags);
    store.time(BuiltIn::HttpReqTlsHandshaking, phases[3], tags);
    store.time(BuiltIn::HttpReqSending, phases[4], tags);
    store.time(BuiltIn::HttpReqWaiting, phases[5], tags);
    store.time(BuiltIn::HttpReqReceiving, phases[6], tags);
    if !matches!(counted.params.expected, Expected::Nothing) {
        store.rate(BuiltIn::HttpReqFailed, !counted.expected, tags);
    }
    store.count(BuiltIn::DataSent, seen.reply.bytes_sent as f64, vu);
    store.count(BuiltIn::DataReceived, seen.reply.bytes_received as f64, vu);
}
