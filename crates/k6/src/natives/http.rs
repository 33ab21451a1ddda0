//! `k6/http`: requests out of what a script gives, and responses back.

use std::rc::Rc;

use rquickjs::function::{Func, Opt};
use rquickjs::{Array, Class, Ctx, Exception, Function, Object, Result, Value};

use super::bytes::bytes_of;
use super::class::{Held, held};
use super::response::Response;
use super::{not_while_reading, text_of, time_is_up};
use crate::flow::{BodyAs, Cookie, Expected, Flow, Jar, Scheme};
use crate::run::Level;
use crate::vu::{Answer, Ask, Vu};

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
                let given = Given { method, url, name, body, kind, params: params.0 };
                perform(&ctx, &v, Box::new(given.flow(&ctx, &v)?))
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
            let mut flow = Box::new(Flow::new(&v, "GET".to_owned(), address.to_string()?));
            read_params(&v, &mut flow, params.0.as_ref())?;
            flow.take_credentials();
            perform(&ctx, &v, flow)
        }),
    )?;
    at_once(own, vu)?;
    jars(own, vu)?;
    let v = vu.clone();
    own.set(
        "setResponseCallback",
        Func::from(move |ranges: Value<'js>| -> Result<()> {
            *v.expected.borrow_mut() = expected(&ranges)?;
            Ok(())
        }),
    )
}

/// Several requests at once, and those that a promise stands for.
fn at_once<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "batch",
        Func::from(move |ctx: Ctx<'js>, requests: Array<'js>| -> Result<Array<'js>> {
            not_while_reading(&ctx, &v, "an HTTP request")?;
            let flows = requests.iter::<Array<'js>>().map(|r| Given::of(&r?)?.flow(&ctx, &v));
            let flows = flows.collect::<Result<Vec<_>>>()?;
            let Ok(Answer::Flows(flows)) = v.ask(Ask::PerformAll(flows)) else {
                return Err(time_is_up(&ctx));
            };
            let responses = Array::new(ctx.clone())?;
            for (at, flow) in flows.into_iter().enumerate() {
                responses.set(at, respond(&ctx, &v, Box::new(flow))?)?;
            }
            Ok(responses)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "start",
        Func::from(move |ctx: Ctx<'js>, request: Array<'js>| -> Result<f64> {
            not_while_reading(&ctx, &v, "an HTTP request")?;
            let flow = Given::of(&request)?.flow(&ctx, &v)?;
            let token = v.begin();
            v.ask(Ask::Start(token, Box::new(flow))).map_err(|_| time_is_up(&ctx))?;
            Ok(f64::from(token))
        }),
    )
}

/// Jars of cookies, as methods of the class in the module call them.
fn jars<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set("ownJar", Func::from(move |ctx: Ctx<'js>| held(&ctx, v.jar.borrow().clone())))?;
    own.set("newJar", Func::from(move |ctx: Ctx<'js>| held(&ctx, Jar::default())))?;
    type Handle<'js> = Class<'js, Held<Jar>>;
    own.set(
        "jarCookies",
        Func::from(|jar: Handle<'js>, url: String| -> Vec<Vec<String>> {
            jar.borrow().0.cookies(&url).into_iter().map(|(name, value)| vec![name, value]).collect()
        }),
    )?;
    own.set(
        "jarSet",
        Func::from(|jar: Handle<'js>, url: String, cookie: String| jar.borrow().0.set(&url, &cookie)),
    )?;
    own.set(
        "jarRemove",
        Func::from(|jar: Handle<'js>, url: String, name: Option<String>| {
            jar.borrow().0.remove(&url, name.as_deref());
        }),
    )
}

impl super::class::Native for Jar {
    const NAME: &'static str = "Jar";

    fn describe(_prototype: &Object<'_>) -> Result<()> {
        Ok(())
    }
}

fn expected(ranges: &Value<'_>) -> Result<Expected> {
    match ranges.as_array() {
        Some(list) => Ok(Expected::Ranges(list.iter::<u16>().collect::<Result<Vec<_>>>()?.into())),
        None => Ok(Expected::Nothing),
    }
}

/// A request as the module hands it over: the body encoded, with the content type that this suggests.
struct Given<'js> {
    method: String,
    url: String,
    name: Value<'js>,
    body: Value<'js>,
    kind: Value<'js>,
    params: Option<Value<'js>>,
}

impl<'js> Given<'js> {
    fn of(list: &Array<'js>) -> Result<Self> {
        Ok(Self {
            method: list.get(0)?,
            url: list.get(1)?,
            name: list.get(2)?,
            body: list.get(3)?,
            kind: list.get(4)?,
            params: Some(list.get(5)?),
        })
    }

    fn flow(self, ctx: &Ctx<'js>, vu: &Vu) -> Result<Flow> {
        let mut flow = Flow::new(vu, self.method, self.url);
        let coding = read_params(vu, &mut flow, self.params.as_ref())?;
        if let Some(name) = self.name.as_string() {
            flow.name = Some(name.to_string()?);
        }
        if let Some(body) = bytes_of(ctx, &self.body)? {
            flow.body = Some(body.into());
        }
        if let Some(kind) = self.kind.as_string() {
            flow.header_unless_given("Content-Type", kind.to_string()?);
        }
        if let (Some(codings), Some(body)) = (coding, &mut flow.body) {
            let coded = super::compression::compress(&codings, body);
            *body = coded.map_err(|problem| Exception::throw_message(ctx, &problem))?.into();
            flow.header_unless_given("Content-Encoding", codings);
        }
        flow.take_credentials();
        Ok(flow)
    }
}

/// Reads parameters into a request; how its body is to be compressed.
fn read_params<'js>(vu: &Vu, flow: &mut Flow, given: Option<&Value<'js>>) -> Result<Option<String>> {
    let mut coding = None;
    let Some(given) = given.and_then(Value::as_object) else { return Ok(None) };
    for pair in given.props::<String, Value<'js>>() {
        let (key, value) = pair?;
        if key == "responseCallback" && value.is_null() {
            flow.expected = Expected::Nothing;
        }
        if value.is_null() || value.is_undefined() {
            continue;
        }
        if key == "compression" {
            coding = Some(text_of(&value)).filter(|text| !text.is_empty());
        } else {
            read_param(vu, flow, &key, &value)?;
        }
    }
    Ok(coding)
}

fn read_param(vu: &Vu, flow: &mut Flow, key: &str, value: &Value<'_>) -> Result<()> {
    let wrong = |text: String| Err(Exception::throw_message(value.ctx(), &text));
    match key {
        "headers" => {
            for pair in texts(value) {
                flow.headers.push(pair?);
            }
            flow.plain = false;
        }
        "tags" => {
            for pair in texts(value) {
                let (name, value) = pair?;
                if name == "name" {
                    flow.name = Some(value.clone());
                }
                flow.tags.push((name, value));
            }
        }
        "timeout" => {
            let text = text_of(value);
            match crate::options::duration(&text) {
                Some(ns) => flow.timeout_ns = ns,
                None => {
                    return wrong(format!("`{text}` is no timeout; write 30s or a number of milliseconds"));
                }
            }
            flow.plain = false;
        }
        "redirects" => flow.redirects_left = value.as_number().unwrap_or(10.0) as u32,
        "responseType" => {
            flow.body_as = match text_of(value).as_str() {
                "text" => BodyAs::Text,
                "binary" => BodyAs::Bytes,
                "none" => BodyAs::Nothing,
                other => {
                    return wrong(format!("`{other}` is no responseType; there are text, binary and none"));
                }
            };
        }
        "responseCallback" => {
            let ranges: Option<Value<'_>> = value.as_object().map(|o| o.get("__ranges")).transpose()?;
            flow.expected = ranges.map_or(Ok(Expected::Nothing), |r| expected(&r))?;
        }
        "throw" => flow.throws = value.as_bool().unwrap_or(false),
        "cookies" => {
            for pair in value.as_object().into_iter().flat_map(Object::props::<String, Value<'_>>) {
                flow.cookies.push(cookie(pair?)?);
            }
        }
        "jar" => {
            let handle: Option<Value<'_>> = value.as_object().map(|o| o.get("__jar")).transpose()?;
            let jar = handle.as_ref().and_then(Value::as_object).and_then(Class::<Held<Jar>>::from_object);
            flow.jar = jar.map(|jar| jar.borrow().0.clone());
        }
        "auth" => match text_of(value).as_str() {
            "basic" => {}
            "digest" => flow.scheme = Scheme::Digest,
            other => vu.run.warn_once(&format!("the authentication `{other}` is not there; basic is used")),
        },
        _ => {}
    }
    Ok(())
}

fn cookie((name, value): (String, Value<'_>)) -> Result<Cookie> {
    let Some(object) = value.as_object() else {
        return Ok(Cookie { name, value: text_of(&value), replace: false });
    };
    let replace: Option<bool> = object.get("replace")?;
    Ok(Cookie { name, value: text_of(&object.get("value")?), replace: replace == Some(true) })
}

/// The fields of an object as texts.
fn texts<'js>(object: &Value<'js>) -> impl Iterator<Item = Result<(String, String)>> {
    let pairs = object.as_object().into_iter().flat_map(Object::props::<String, Value<'js>>);
    pairs.map(|pair| pair.map(|(name, value)| (name, text_of(&value))))
}

/// Sends, waits, and makes the response.
fn perform<'js>(ctx: &Ctx<'js>, vu: &Rc<Vu>, flow: Box<Flow>) -> Result<Value<'js>> {
    let Ok(Answer::Flow(flow)) = vu.ask(Ask::Perform(flow)) else {
        return Err(time_is_up(ctx));
    };
    respond(ctx, vu, flow)
}

/// The response that a script is given; an exception if it asked for one.
pub(crate) fn respond<'js>(ctx: &Ctx<'js>, vu: &Vu, flow: Box<Flow>) -> Result<Value<'js>> {
    let has_failed = flow.seen.as_ref().is_none_or(|seen| seen.status == 0);
    if has_failed {
        if flow.throws {
            return Err(Exception::throw_message(ctx, &flow.error));
        }
        vu.run.say(Level::Warning, &format!("Request Failed: {} {}: {}", flow.method, flow.url, flow.error));
    }
    Ok(held(ctx, Response(flow))?.into_value())
}
