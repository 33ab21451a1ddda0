//! What a script gives with a request, read into a [`Flow`].

use rquickjs::{Array, Coerced, Object, Value};

use crate::flow::{BodyAs, Cookie, Expected, Flow, Jar, Scheme};
use crate::natives::bytes::bytes_of;
use crate::natives::class::thing;
use crate::natives::{compression, text_of};
use crate::run::Level;
use crate::vu::Vu;

/// Why there is no request to send.
pub(super) enum Problem {
    /// The script has thrown.
    Thrown(rquickjs::Error),
    /// It asks for what makes no sense: k6's words for it, and its code.
    Refused(String, u16),
}

impl From<rquickjs::Error> for Problem {
    fn from(error: rquickjs::Error) -> Self {
        Self::Thrown(error)
    }
}

type Result<T> = std::result::Result<T, Problem>;

fn refused<T>(text: String) -> Result<T> {
    Err(Problem::Refused(text, 0))
}

/// A request as the module hands it over: the body encoded, with the content type that this suggests.
pub(super) struct Given<'js> {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) name: Option<Value<'js>>,
    pub(super) body: Option<Value<'js>>,
    pub(super) kind: Option<Value<'js>>,
    pub(super) params: Option<Value<'js>>,
}

impl<'js> Given<'js> {
    pub(super) fn of(list: &Array<'js>) -> rquickjs::Result<Self> {
        Ok(Self {
            method: list.get(0)?,
            url: list.get(1)?,
            name: Some(list.get(2)?),
            body: Some(list.get(3)?),
            kind: Some(list.get(4)?),
            params: Some(list.get(5)?),
        })
    }

    pub(super) fn flow(self, vu: &Vu) -> Result<Box<Flow>> {
        let mut flow = made(vu, self.method, self.url, self.params.as_ref())?;
        if let Some(name) = self.name.as_ref().and_then(Value::as_string) {
            flow.name = Some(name.to_string()?);
        }
        if let Some(body) = &self.body
            && let Some(body) = bytes_of(body.ctx(), body)?
        {
            flow.body = Some(body.into());
        }
        if let Some(kind) = self.kind.as_ref().and_then(Value::as_string) {
            flow.header_unless_given("Content-Type", kind.to_string()?);
        }
        if !flow.codings.is_empty() {
            compress(vu, &mut flow)?;
        }
        Ok(flow)
    }
}

/// A request without a body.
fn made<'js>(vu: &Vu, method: String, url: String, given: Option<&Value<'js>>) -> Result<Box<Flow>> {
    let is_known = vu.common.knows(&url);
    if !is_known && let Some(problem) = crate::flow::address::problem(&url) {
        return Err(Problem::Refused(format!("invalid URL: parse {url:?}: {problem}"), 1020));
    }
    let mut flow = Box::new(Flow::new(vu, method, url));
    for pair in given.and_then(Value::as_object).into_iter().flat_map(Object::props::<String, Value<'js>>) {
        let (key, value) = pair?;
        set(&mut flow, &key, &value)?;
    }
    if flow.scheme == Scheme::Other {
        vu.run.warn_once("NTLM authentication is not there: such requests are sent without credentials");
    }
    if !is_known || flow.scheme == Scheme::Digest {
        flow.take_credentials();
    }
    if !is_known && flow.asked.is_none() {
        vu.common.remember(&flow.url);
    }
    Ok(flow)
}

/// Kept apart from what every request goes through: the coders need 200 KB of the user's stack, whose pages would be
/// touched for every request, and stay.
#[inline(never)]
fn compress(vu: &Vu, flow: &mut Flow) -> Result<()> {
    let Some(body) = &flow.body else { return Ok(()) };
    if flow.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-encoding")) {
        vu.run.say(Level::Warning, "the header Content-Encoding is given: `compression` is left out");
        return Ok(());
    }
    let coded = compression::compress(&flow.codings, body).map_err(|text| Problem::Refused(text, 0))?;
    flow.plain_body = flow.body.replace(coded.into());
    flow.header_unless_given("Content-Encoding", flow.codings.join(", "));
    Ok(())
}

fn set(flow: &mut Flow, key: &str, value: &Value<'_>) -> Result<()> {
    let is_nothing = value.is_null() || value.is_undefined();
    match key {
        "headers" => {
            for pair in texts(value) {
                let pair = pair?;
                // The length is what the body has.
                if !pair.0.eq_ignore_ascii_case("content-length") {
                    flow.headers.push(pair);
                }
            }
            flow.plain = false;
        }
        "tags" => tags(flow, value)?,
        "timeout" => {
            flow.timeout_ns = timeout(value)?;
            flow.plain = false;
        }
        "redirects" => {
            let number = text_of(value).parse::<f64>().unwrap_or(0.0);
            flow.redirects_left = if value.is_number() { number.max(0.0) as u32 } else { 0 };
        }
        "responseType" => {
            flow.body_as = match value.get::<Coerced<String>>()?.0.as_str() {
                "text" => BodyAs::Text,
                "binary" => BodyAs::Bytes,
                "none" => BodyAs::Nothing,
                other => return refused(format!("{other} does not belong to ResponseType values")),
            };
        }
        "responseCallback" => {
            let ranges: Option<Value<'_>> = value.as_object().map(|o| o.get("__ranges")).transpose()?;
            flow.expected = match ranges {
                Some(ranges) => expected(&ranges)?,
                None if value.is_null() => Expected::Nothing,
                None => return refused("unsupported responseCallback".to_owned()),
            };
        }
        "throw" => flow.throws = value.as_bool().unwrap_or(false),
        "cookies" if !is_nothing => {
            for pair in value.as_object().into_iter().flat_map(Object::props::<String, Value<'_>>) {
                flow.cookies.extend(cookie(pair?)?);
            }
        }
        "jar" => {
            let handle: Option<Value<'_>> = value.as_object().map(|o| o.get("__jar")).transpose()?;
            let jar = handle.as_ref().and_then(thing::<Jar>);
            flow.jar = jar.map(|jar| jar.borrow().0.clone());
        }
        "auth" => match text_of(value).as_str() {
            "digest" => flow.scheme = Scheme::Digest,
            "ntlm" => flow.scheme = Scheme::Other,
            _ => {}
        },
        "compression" => {
            let text = text_of(value);
            flow.codings =
                text.split(',').map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned).collect();
            let unknown = flow.codings.iter().find(|c| !compression::CODINGS.contains(&c.as_str()));
            if let Some(coding) = unknown {
                return refused(compression::unknown(coding));
            }
        }
        _ => {}
    }
    Ok(())
}

fn tags(flow: &mut Flow, value: &Value<'_>) -> Result<()> {
    for pair in value.as_object().into_iter().flat_map(Object::props::<String, Value<'_>>) {
        let (name, value) = pair?;
        if !(value.is_string() || value.is_number() || value.is_bool()) {
            return refused(format!(
                "invalid HTTP request metric tags: invalid value for metric tag '{name}': only String, Boolean and Number types are accepted as a metric tag values"
            ));
        }
        let value = text_of(&value);
        if name == "name" {
            flow.name = Some(value.clone());
        }
        flow.tags.push((name, value));
    }
    Ok(())
}

fn timeout(value: &Value<'_>) -> Result<u64> {
    let unusable =
        |kind: &str| refused(format!("invalid timeout value: unable to use type {kind} as a duration value"));
    if let Some(ms) = value.as_number() {
        // No time at all is a timeout at once.
        return Ok((ms * 1e6).max(1.0) as u64);
    }
    let Some(text) = value.as_string() else {
        return unusable(match () {
            () if value.is_null() || value.is_undefined() => "<nil>",
            () if value.is_bool() => "bool",
            () if value.is_array() => "[]interface {}",
            () => "map[string]interface {}",
        });
    };
    let text = text.to_string()?;
    if let Some(ns) = crate::options::duration(&text) {
        return Ok(ns);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit: String = text[digits..].chars().take_while(|c| !c.is_ascii_digit()).collect();
    if digits > 0 && !unit.is_empty() {
        return refused(format!("invalid timeout value: time: unknown unit {unit:?} in duration {text:?}"));
    }
    refused(format!("invalid timeout value: time: invalid duration {text:?}"))
}

/// A list of pairs of a least and a greatest status; anything else says nothing about success.
pub(super) fn expected(ranges: &Value<'_>) -> rquickjs::Result<Expected> {
    match ranges.as_array() {
        Some(list) => Ok(Expected::Ranges(list.iter::<u16>().collect::<rquickjs::Result<Vec<_>>>()?.into())),
        None => Ok(Expected::Nothing),
    }
}

fn cookie((name, value): (String, Value<'_>)) -> rquickjs::Result<Option<Cookie>> {
    if value.is_null() || value.is_undefined() {
        return Ok(None);
    }
    let Some(object) = value.as_object() else {
        return Ok(Some(Cookie { name, value: text_of(&value), replace: false }));
    };
    let replace: Option<bool> = object.get("replace")?;
    Ok(Some(Cookie { name, value: text_of(&object.get("value")?), replace: replace == Some(true) }))
}

/// The fields of an object as texts.
fn texts<'js>(object: &Value<'js>) -> impl Iterator<Item = rquickjs::Result<(String, String)>> {
    let pairs = object.as_object().into_iter().flat_map(Object::props::<String, Value<'js>>);
    pairs.map(|pair| {
        let (name, value) = pair?;
        // As JavaScript writes it, lists with commas and objects by their kind.
        let text: Coerced<String> = value.get()?;
        Ok((name, text.0.trim_matches(' ').to_owned()))
    })
}
