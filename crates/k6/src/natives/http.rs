//! `k6/http`: requests out of what a script gives, and responses back.

use std::rc::Rc;

use rquickjs::function::{Func, Opt};
use rquickjs::{Array, Class, Ctx, Function, Object, Result, Value};

mod exports;
mod params;

use params::{Given, Problem, expected};

use super::class::{Held, held};
use super::response::Response;
use super::{go_error, not_while_reading, time_is_up};
use crate::flow::{Flow, Jar};
use crate::run::Level;
use crate::vu::{Answer, Ask, Vu};

/// What every response has in common.
pub(super) fn install(own: &Object<'_>, _vu: &Rc<Vu>) -> Result<()> {
    own.set("responsePrototype", Class::<Held<Response>>::prototype(own.ctx())?)
}

/// Requests of any method.
pub(super) fn install_send<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "send",
        Func::from(move |method: String, url: Value<'js>, body: Opt<Value<'js>>, params: Opt<Value<'js>>| {
            send(&v, &method, url, body.0, params.0)
        }),
    )
}

/// What scripts find in the module, one by one as they ask for it.
pub(super) fn exports(own: &Object<'_>, vu: &Rc<Vu>) -> Result<()> {
    let all = Object::new(own.ctx().clone())?;
    exports::describe(&all, vu.clone())?;
    own.set("httpExports", all)
}

/// What few scripts need.
pub(super) fn install_more<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    at_once(own, vu)?;
    jars(own, vu)?;
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
                let (name, body, kind) = (Some(name), Some(body), Some(kind));
                let given = Given { method, url, name, body, kind, params: params.0 };
                match given.flow(&v) {
                    Ok(flow) => perform(&ctx, &v, flow),
                    Err(problem) => respond(&ctx, &v, refused(&v, problem)?),
                }
            },
        ),
    )?;
    let v = vu.clone();
    own.set(
        "refused",
        Func::from(move |ctx: Ctx<'js>, text: String, code: u16| {
            respond(&ctx, &v, Box::new(Flow::refused(&v, text, code)))
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

/// Sends a request. What is usual needs nothing of the module: an address that is a text, a body that is one or none.
fn send<'js>(
    vu: &Rc<Vu>,
    method: &str,
    url: Value<'js>,
    body: Option<Value<'js>>,
    params: Option<Value<'js>>,
) -> Result<Value<'js>> {
    let is_plain = |body: &Value<'js>| body.is_string() || body.is_null() || body.is_undefined();
    let Some(text) = url.as_string().filter(|_| body.as_ref().is_none_or(is_plain)) else {
        let own = super::hidden(url.ctx())?;
        return own.get::<_, Function<'js>>("sendOther")?.call((method, url, body, params));
    };
    let ctx = url.ctx();
    not_while_reading(ctx, vu, "an HTTP request")?;
    let given =
        Given { method: method.to_owned(), url: text.to_string()?, name: None, body, kind: None, params };
    match given.flow(vu) {
        Ok(flow) => perform(ctx, vu, flow),
        Err(problem) => respond(ctx, vu, refused(vu, problem)?),
    }
}

/// Several requests at once, and those that a promise stands for.
fn at_once<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "batch",
        Func::from(move |ctx: Ctx<'js>, requests: Array<'js>| -> Result<Array<'js>> {
            not_while_reading(&ctx, &v, "an HTTP request")?;
            let mut flows = Vec::new();
            for request in requests.iter::<Array<'js>>() {
                let flow = Given::of(&request?)?.flow(&v);
                flows.push(*flow.or_else(|problem| refused(&v, problem))?);
            }
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
            let flow = Given::of(&request)?.flow(&v).or_else(|problem| refused(&v, problem))?;
            let token = v.begin();
            v.ask(Ask::Start(token, flow)).map_err(|_| time_is_up(&ctx))?;
            Ok(f64::from(token))
        }),
    )
}

/// A request that is never sent.
fn refused(vu: &Vu, problem: Problem) -> Result<Box<Flow>> {
    match problem {
        Problem::Thrown(error) => Err(error),
        Problem::Refused(text, code) => Ok(Box::new(Flow::refused(vu, text, code))),
    }
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
        Func::from(|jar: Handle<'js>, url: String, name: Opt<String>| {
            jar.borrow().0.remove(&url, name.0.as_deref());
        }),
    )
}

impl super::class::Native for Jar {
    const NAME: &'static str = "Jar";

    fn describe(_prototype: &Object<'_>) -> Result<()> {
        Ok(())
    }
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
            return Err(go_error(ctx, &flow.thrown()));
        }
        let asked = [flow.method.as_str(), flow.url.as_str()].join(" ");
        vu.run.say(Level::Warning, &format!("Request Failed: {}: {}", asked.trim(), flow.error));
    }
    Ok(held(ctx, Response(flow))?.into_value())
}
