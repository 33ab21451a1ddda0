//! A response, as a script sees it. What nobody asks for is never made.
#![expect(unsafe_code, reason = "rquickjs wants to be told that a class holds no JavaScript value")]

use std::rc::Rc;

use plimsoll_metrics::window::PHASE_NAMES;
use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::function::This;
use rquickjs::object::Accessor;
use rquickjs::{ArrayBuffer, Class, Ctx, JsLifetime, Object, Result, String as JsString, Value};

use crate::vu::Seen;

/// What a response's body is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyAs {
    Text,
    Bytes,
    Nothing,
}

/// A response.
pub(crate) struct Response {
    pub(crate) seen: Rc<Seen>,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) body_as: BodyAs,
    pub(crate) error: String,
    pub(crate) error_code: u16,
    pub(crate) request_headers: Vec<(String, String)>,
    pub(crate) request_body: String,
}

// SAFETY: it holds no value of JavaScript, so no lifetime changes.
unsafe impl JsLifetime<'_> for Response {
    type Changed<'to> = Response;
}

impl<'js> Trace<'js> for Response {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Response {
    const NAME: &'static str = "Response";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        getter(&prototype, "status", |_, r| Ok(r.status()))?;
        getter(&prototype, "status_text", |_, r| {
            Ok(if r.status() == 0 { String::new() } else { format!("{} {}", r.status(), reason(r.status())) })
        })?;
        getter(&prototype, "url", |_, r| Ok(r.url.clone()))?;
        getter(&prototype, "error", |_, r| Ok(r.error.clone()))?;
        getter(&prototype, "error_code", |_, r| Ok(r.error_code))?;
        getter(&prototype, "proto", |_, r| Ok(if r.status() == 0 { "" } else { "HTTP/1.1" }))?;
        getter(&prototype, "body", |ctx, r| r.body(ctx))?;
        getter(&prototype, "headers", |ctx, r| r.headers(ctx))?;
        getter(&prototype, "cookies", |ctx, r| r.cookies(ctx))?;
        getter(&prototype, "timings", |ctx, r| r.timings(ctx))?;
        getter(&prototype, "request", |ctx, r| r.request(ctx))?;
        getter(&prototype, "remote_ip", |_, r| Ok(host_of(&r.url).0))?;
        getter(&prototype, "remote_port", |_, r| Ok(host_of(&r.url).1))?;
        getter(&prototype, "tls_version", |_, _| Ok(""))?;
        getter(&prototype, "tls_cipher_suite", |_, _| Ok(""))?;
        getter(&prototype, "ocsp", |ctx, _| {
            let ocsp = Object::new(ctx.clone())?;
            ocsp.set("status", "unknown")?;
            Ok(ocsp)
        })?;
        Ok(Some(prototype))
    }

    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn getter<'js, T: rquickjs::IntoJs<'js> + 'js>(
    prototype: &Object<'js>,
    name: &str,
    get: impl Fn(&Ctx<'js>, &Response) -> Result<T> + 'js,
) -> Result<()> {
    // A closure must hold no value of JavaScript: the garbage collector does not see it.
    let read = move |ctx: Ctx<'js>, this: This<Class<'js, Response>>| get(&ctx, &this.0.borrow());
    prototype.prop(name, Accessor::new_get(read).enumerable())
}

impl Response {
    fn status(&self) -> u16 {
        self.seen.status
    }

    fn body<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if self.status() == 0 || self.body_as == BodyAs::Nothing {
            return Ok(Value::new_null(ctx.clone()));
        }
        if self.body_as == BodyAs::Bytes {
            return Ok(ArrayBuffer::new_copy(ctx.clone(), &self.seen.body)?.into_value());
        }
        Ok(JsString::from_str(ctx.clone(), &String::from_utf8_lossy(&self.seen.body))?.into_value())
    }

    fn headers<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        for (name, value) in self.seen.headers.iter() {
            let name = canonical(name);
            let before: Option<String> = all.get(name.as_str())?;
            all.set(name, before.map_or_else(|| value.clone(), |before| format!("{before}, {value}")))?;
        }
        Ok(all)
    }

    fn cookies<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        let set = self.seen.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (_, line) in set {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|p| p.split_once('=')) else { continue };
            let cookie = Object::new(ctx.clone())?;
            for (key, default) in [("domain", ""), ("path", "")] {
                cookie.set(key, default)?;
            }
            cookie.set("name", name)?;
            cookie.set("value", value)?;
            cookie.set("http_only", false)?;
            cookie.set("secure", false)?;
            cookie.set("max_age", 0)?;
            cookie.set("expires", 0)?;
            for part in parts {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                match key.to_ascii_lowercase().as_str() {
                    "domain" => cookie.set("domain", value)?,
                    "path" => cookie.set("path", value)?,
                    "httponly" => cookie.set("http_only", true)?,
                    "secure" => cookie.set("secure", true)?,
                    "max-age" => cookie.set("max_age", value.parse::<f64>().unwrap_or(0.0))?,
                    _ => {}
                }
            }
            let list: Option<rquickjs::Array<'js>> = all.get(name)?;
            let list = list.map_or_else(|| rquickjs::Array::new(ctx.clone()), Ok)?;
            list.set(list.len(), cookie)?;
            all.set(name, list)?;
        }
        Ok(all)
    }

    /// Times in milliseconds, with k6's names.
    fn timings<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        let names =
            ["blocked", "looking_up", "connecting", "tls_handshaking", "sending", "waiting", "receiving"];
        let phases = self.seen.reply.phases_ns;
        debug_assert_eq!(PHASE_NAMES.len(), names.len());
        for (name, ns) in names.into_iter().zip(phases) {
            all.set(name, ns as f64 / 1e6)?;
        }
        all.set("duration", duration_ns(&self.seen) as f64 / 1e6)?;
        Ok(all)
    }

    fn request<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        all.set("method", self.method.as_str())?;
        all.set("url", self.url.as_str())?;
        all.set("body", self.request_body.as_str())?;
        let headers = Object::new(ctx.clone())?;
        for (name, value) in &self.request_headers {
            headers.set(canonical(name), vec![value.as_str()])?;
        }
        all.set("headers", headers)?;
        all.set("cookies", Object::new(ctx.clone())?)?;
        Ok(all)
    }
}

/// What k6 calls the duration of a request: sending, waiting and receiving; connecting is not part of it.
pub(crate) fn duration_ns(seen: &Seen) -> u64 {
    seen.reply.phases_ns[4..].iter().sum()
}

/// A header's name as Go writes it: `content-type` is `Content-Type`.
fn canonical(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        let head = letters.next().map(|c| c.to_ascii_uppercase());
        head.into_iter().chain(letters.map(|c| c.to_ascii_lowercase())).collect::<String>()
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}

/// Host and port of an address.
fn host_of(url: &str) -> (String, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let usual = if scheme == "https" { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().unwrap_or(usual)),
        None => (authority.to_owned(), usual),
    }
}

/// The usual words for a status.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
