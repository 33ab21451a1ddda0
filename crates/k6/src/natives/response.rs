//! A response, as a script sees it. What nobody asks for is never made.

use std::borrow::Cow;

use plimsoll_metrics::window::PHASE_NAMES;
use rquickjs::function::{Args, Func};
use rquickjs::object::Property;
use rquickjs::{Class, Ctx, Object, Result, String as JsString, Value};

use super::bytes::buffer;
use super::class::{Held, Native, getter};
use super::lazy;
use crate::flow::{BodyAs, Flow, address, duration_ns};
use crate::vu::Seen;

/// What k6 gives as the expiry of a cookie that has none: Go's first moment, in milliseconds since 1970.
const NEVER_MS: f64 = -6_795_364_578_871.0;

fn expiry_ms(value: &str) -> f64 {
    httpdate::parse_http_date(value)
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(NEVER_MS, |at| at.as_millis() as f64)
}

/// A response: the request it belongs to, which has been answered.
pub(crate) struct Response(pub(crate) Box<Flow>);

impl Native for Response {
    const NAME: &'static str = "Response";

    fn describe(prototype: &Object<'_>) -> Result<()> {
        lazy::behind(prototype, |ctx, name| {
            let prototype = Class::<Held<Self>>::prototype(ctx)?.expect("the class describes one");
            put_down(&prototype, name)
        })
    }
}

/// Puts down what belongs to a name; whether there is such a thing.
fn put_down(prototype: &Object<'_>, name: &str) -> Result<bool> {
    let is = |name, get: fn(&Ctx<'_>, &Response) -> Result<String>| getter(prototype, name, get);
    match name {
        "status_text" => is("status_text", |_, r| Ok(r.status_text()))?,
        "url" => is("url", |_, r| Ok(r.0.url.clone()))?,
        "error" => is("error", |_, r| Ok(r.0.error.clone()))?,
        "proto" => is("proto", |_, r| Ok(if r.status() == 0 { "" } else { "HTTP/1.1" }.to_owned()))?,
        "remote_ip" => is("remote_ip", |_, r| Ok(r.remote().0))?,
        "tls_version" => is("tls_version", |_, r| Ok(r.seen().map_or("", Seen::tls_version).to_owned()))?,
        "tls_cipher_suite" => is("tls_cipher_suite", |_, r| {
            Ok(r.seen().and_then(|s| s.tls).map_or("", |t| t.suite).to_owned())
        })?,
        "status" => getter(prototype, "status", |_, r: &Response| Ok(r.status()))?,
        "error_code" => getter(prototype, "error_code", |_, r: &Response| Ok(r.0.error_code))?,
        "remote_port" => getter(prototype, "remote_port", |_, r: &Response| Ok(r.remote().1))?,
        "body" => getter(prototype, "body", |ctx, r: &Response| r.body(ctx))?,
        "headers" => getter(prototype, "headers", |ctx, r: &Response| r.headers(ctx))?,
        "cookies" => getter(prototype, "cookies", |ctx, r: &Response| r.cookies(ctx))?,
        "timings" => getter(prototype, "timings", |ctx, r: &Response| r.timings(ctx))?,
        "request" => getter(prototype, "request", |ctx, r: &Response| r.request(ctx))?,
        "ocsp" => getter(prototype, "ocsp", |ctx, _: &Response| ocsp(ctx))?,
        "json" => {
            let json = Property::from(Func::from(super::json::of_response));
            prototype.prop("json", json.writable().configurable())?;
        }
        // These the module puts down.
        "html" | "submitForm" | "clickLink" | "toJSON" => {
            let _module: Object<'_> = super::hidden(prototype.ctx())?.get("http")?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Certificates are not asked about.
fn ocsp<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let ocsp = Object::new(ctx.clone())?;
    for key in ["produced_at", "this_update", "next_update", "revoked_at"] {
        ocsp.set(key, 0)?;
    }
    ocsp.set("revocation_reason", "")?;
    ocsp.set("status", "")?;
    Ok(ocsp)
}

impl Response {
    /// The body as it came, if there is one and it was kept.
    pub(super) fn body_text(&self) -> Option<Cow<'_, str>> {
        self.seen().filter(|_| self.has_body()).map(|seen| String::from_utf8_lossy(&seen.body))
    }

    /// What came; nothing that is asked of a response is there without.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        self.0.seen.as_deref()
    }

    /// Whether there is a body, and it was kept.
    fn has_body(&self) -> bool {
        ![0, 204].contains(&self.status()) && self.0.body_as != BodyAs::Nothing
    }

    fn status(&self) -> u16 {
        self.seen().map_or(0, |seen| seen.status)
    }

    fn status_text(&self) -> String {
        if self.status() == 0 {
            String::new()
        } else {
            format!("{} {}", self.status(), reason(self.status()))
        }
    }

    /// Host and port that answered.
    fn remote(&self) -> (String, u16) {
        if self.status() == 0 {
            return (String::new(), 0);
        }
        let (host, port) = address::host_of(&self.0.url);
        (host.to_owned(), port)
    }

    fn fields(&self) -> &[(String, String)] {
        self.seen().map_or(&[], |seen| &seen.headers)
    }

    fn body<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if self.0.method.is_empty() {
            // What k6 gives for a request that it refused to send.
            return Ok(rquickjs::Array::new(ctx.clone())?.into_value());
        }
        if self.0.body_as == BodyAs::Bytes
            && let Some(seen) = self.seen().filter(|_| self.has_body())
        {
            return Ok(buffer(ctx, seen.body.clone())?.into_value());
        }
        match self.body_text() {
            Some(text) => Ok(JsString::from_str(ctx.clone(), &text)?.into_value()),
            None => Ok(Value::new_null(ctx.clone())),
        }
    }

    fn headers<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        for (name, value) in self.fields() {
            let name = canonical(name);
            let before: Option<String> = all.get(name.as_str())?;
            all.set(name, before.map_or_else(|| value.clone(), |before| format!("{before}, {value}")))?;
        }
        Ok(all)
    }

    fn cookies<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        let set = self.fields().iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (_, line) in set {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|p| p.split_once('=')) else { continue };
            let cookie = Object::new(ctx.clone())?;
            for (key, text) in [("name", name), ("value", value), ("domain", ""), ("path", "")] {
                cookie.set(key, text)?;
            }
            cookie.set("http_only", false)?;
            cookie.set("secure", false)?;
            cookie.set("max_age", 0)?;
            cookie.set("expires", NEVER_MS)?;
            for part in parts {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                match key.to_ascii_lowercase().as_str() {
                    "domain" => cookie.set("domain", value)?,
                    "path" => cookie.set("path", value)?,
                    "httponly" => cookie.set("http_only", true)?,
                    "secure" => cookie.set("secure", true)?,
                    "expires" => cookie.set("expires", expiry_ms(value))?,
                    "max-age" => cookie.set("max_age", value.parse::<f64>().unwrap_or(0.0))?,
                    _ => {}
                }
            }
            add(&all, name, cookie)?;
        }
        Ok(all)
    }

    /// Times in milliseconds. The module makes the object: the engine makes one with known names faster.
    fn timings<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let own = super::hidden(ctx)?;
        let mut arguments = Args::new(ctx.clone(), 1 + PHASE_NAMES.len());
        arguments.push_arg(self.seen().map_or(0, duration_ns) as f64 / 1e6)?;
        let phases = self.seen().map(|seen| seen.reply.phases_ns).unwrap_or_default();
        arguments.push_args(phases.map(|ns| ns as f64 / 1e6))?;
        arguments.apply(&own.get("timed")?)
    }

    /// The request as the script made it; none if it was never sent.
    fn request<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let flow = &self.0;
        if flow.method.is_empty() {
            return Ok(Value::new_null(ctx.clone()));
        }
        let (method, url, body) = match &flow.asked {
            Some(asked) => (&asked.method, &asked.url, &asked.body),
            None => (&flow.method, &flow.url, &flow.body),
        };
        let body = flow.plain_body.as_ref().or(body.as_ref());
        let all = Object::new(ctx.clone())?;
        all.set("method", method.as_str())?;
        all.set("url", url.as_str())?;
        let headers = Object::new(ctx.clone())?;
        for (name, value) in &flow.headers {
            headers.set(canonical(name), vec![value.as_str()])?;
        }
        all.set("headers", headers)?;
        all.set("body", String::from_utf8_lossy(body.map_or(&[], |b| &b[..])).as_ref())?;
        all.set("cookies", self.cookies_sent(ctx)?)?;
        Ok(all.into_value())
    }

    fn cookies_sent<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let all = Object::new(ctx.clone())?;
        for (name, value) in self.0.cookies_sent.split("; ").filter_map(|pair| pair.split_once('=')) {
            let cookie = Object::new(ctx.clone())?;
            cookie.set("name", name)?;
            cookie.set("value", value)?;
            cookie.set("replace", false)?;
            add(&all, name, cookie)?;
        }
        Ok(all)
    }
}

/// Adds to the list that an object has under a name.
fn add<'js>(all: &Object<'js>, name: &str, one: Object<'js>) -> Result<()> {
    let list: Option<rquickjs::Array<'js>> = all.get(name)?;
    let list = list.map_or_else(|| rquickjs::Array::new(all.ctx().clone()), Ok)?;
    list.set(list.len(), one)?;
    all.set(name, list)
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
