//! What built-in modules are made of: functions in Rust, under one hidden name.

mod address;
mod bytes;
mod class;
mod compression;
mod crypto;
mod direct;
mod encoding;
mod files;
mod grpc;
mod html;
mod http;
mod info;
mod json;
mod k6;
mod lazy;
mod parts;
mod response;
mod subtle;
mod websocket;
mod x509;

use std::borrow::Cow;
use std::rc::Rc;

use rand::Rng;
use rquickjs::function::{Constructor, Func, Opt, Params};
use rquickjs::object::Property;
use rquickjs::{Array, Ctx, Exception, Function, Module, Object, Result, Value};

use crate::metrics::{BuiltIn, Contains, Kind, Metric, Tagged};
use crate::named::Named;
use crate::run::Level;
use crate::vu::{Event, Stage, Vu};
use class::object_in;
use direct::{Direct, given};
use response::Response;

/// The name under which modules find what there is.
const HIDDEN: &str = "__plimsoll";

/// Puts everything in place; the object that holds it.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, vu: &Rc<Vu>) -> Result<Object<'js>> {
    let own = parts::holder(ctx, vu)?;
    let globals = ctx.globals();
    globals.prop(HIDDEN, Property::from(own.clone()))?;
    globals.set("global", globals.clone())?;
    globals.set("__ENV", Object::new(ctx.clone())?)?;
    globals.set("__VU", vu.id as f64)?;
    globals.set("__ITER", 0)?;
    Ok(own)
}

/// Gives a world what a module names, if it has not got it.
pub(crate) fn give<'js>(ctx: &Ctx<'js>, vu: &Rc<Vu>, named: &Named) -> Result<()> {
    named.objects.give(ctx)?;
    let globals = ctx.globals();
    for name in &named.globals {
        // The engine has an object of that name.
        let is_there = if *name == "Math" { vu.has_chance.get() } else { globals.contains_key(*name)? };
        if !is_there {
            global(&globals, vu, name)?;
        }
    }
    let environment: Object<'js> = globals.get("__ENV")?;
    for (name, value) in vu.run.environment.iter().filter(|(name, _)| named.variables.contain(name)) {
        if !environment.contains_key(name.as_str())? {
            environment.set(name.as_str(), value.as_str())?;
        }
    }
    Ok(())
}

fn global<'js>(globals: &Object<'js>, vu: &Rc<Vu>, name: &'static str) -> Result<()> {
    let v = vu.clone();
    match name {
        "Math" => {
            vu.has_chance.set(true);
            let random = Func::from(move || v.random.borrow_mut().random::<f64>());
            globals.get::<_, Object<'js>>("Math")?.set("random", random)
        }
        "open" => {
            let open = move |ctx: Ctx<'js>, path: String, mode: Opt<String>| {
                encoding::open(&ctx, &v, &path, mode.0.as_deref())
            };
            globals.set("open", Func::from(open))
        }
        _ => parts::global(globals, vu, name).map(drop),
    }
}

/// What `require` is made of.
fn modules<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "resolveModule",
        Func::from(move |ctx: Ctx<'js>, base: String, name: String| {
            v.run.sources.required(&base, &name).map_err(|problem| go_error(&ctx, &problem))
        }),
    )?;
    own.set(
        "loadModule",
        Func::from(|ctx: Ctx<'js>, name: String| -> Result<Value<'js>> {
            // A module without `await` at its top is evaluated at once, and has put down what it imported.
            let text = format!("import * as found from {name:?}; __plimsoll.found = found;");
            Module::evaluate(ctx.clone(), format!("plimsoll:require:{name}"), text)?;
            hidden(&ctx)?.get("found")
        }),
    )
}

/// An error that a script cannot catch: its time is over.
pub(crate) fn time_is_up(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_internal(ctx, "interrupted: the time of this user is over")
}

/// The object that modules call us by.
fn hidden<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    ctx.globals().get(HIDDEN)
}

/// Throws an error of the kind that k6 throws from Go.
pub(crate) fn go_error(ctx: &Ctx<'_>, message: &str) -> rquickjs::Error {
    let made =
        || -> Result<Value<'_>> { hidden(ctx)?.get::<_, Constructor<'_>>("GoError")?.construct((message,)) };
    match made() {
        Ok(error) => ctx.throw(error),
        Err(error) => error,
    }
}

/// What would have no meaning while a script is only read.
pub(crate) fn not_while_reading(ctx: &Ctx<'_>, vu: &Vu, what: &str) -> Result<()> {
    if vu.stage.get() == Stage::Init {
        return Err(Exception::throw_message(ctx, &format!("{what} is not there in the init context")));
    }
    Ok(())
}

fn flow(own: &Object<'_>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set("now", Func::from(move || v.now() as f64 / 1e6))?;
    let v = vu.clone();
    own.set("timers", Func::from(move |count: f64| v.timers.set(count as u32)))?;
    let v = vu.clone();
    own.set("say", Func::from(move |level: String, text: String| v.run.say(level_of(&level), &text)))
}

fn level_of(name: &str) -> Level {
    match name {
        "debug" => Level::Debug,
        "warning" => Level::Warning,
        "error" => Level::Error,
        _ => Level::Info,
    }
}

/// Tags that a script gives with a sample, on top of those it has anyway.
pub(crate) struct With<'a, 'js> {
    pub(crate) vu: &'a Vu,
    pub(crate) given: Option<&'a Object<'js>>,
}

impl Tagged for With<'_, '_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        let given = self.given.and_then(|g| g.get::<_, Value<'_>>(name).ok()).filter(|v| !v.is_undefined());
        given.map(|v| Cow::Owned(text_of(&v))).or_else(|| self.vu.tag(name))
    }

    fn each(&self, put: &mut dyn FnMut(&str, &str)) {
        let given = self.given.into_iter().flat_map(Object::props::<String, Value<'_>>);
        for (name, value) in given.filter_map(Result::ok).filter(|(_, value)| !value.is_undefined()) {
            put(&name, &text_of(&value));
        }
        self.vu.each(put);
    }
}

/// A check's tags.
struct OfCheck<'a, 'js> {
    with: With<'a, 'js>,
    name: &'a str,
}

impl Tagged for OfCheck<'_, '_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        let is_own = name == "check" && self.with.vu.tags_with(name);
        if is_own { Some(Cow::Borrowed(self.name)) } else { self.with.tag(name) }
    }

    fn each(&self, put: &mut dyn FnMut(&str, &str)) {
        if self.with.vu.tags_with("check") {
            put("check", self.name);
        }
        self.with.each(put);
    }
}

/// Tells the script what has happened beside it.
pub(crate) fn happened<'js>(ctx: &Ctx<'js>, vu: &Rc<Vu>, event: Event) -> Result<()> {
    let own = hidden(ctx)?;
    match event {
        Event::Replied(token, flow) => {
            vu.ended();
            let replied: Function<'js> = own.get("replied")?;
            match http::respond(ctx, vu, flow) {
                Ok(response) => replied.call((token, response)),
                Err(_thrown) => replied.call((token, (), ctx.catch())),
            }
        }
        Event::Called(token, seen) => grpc::replied(ctx, vu, &own, token, &seen),
        Event::Opened(token, opened) => websocket::opened(ctx, vu, &own, token, &opened),
        Event::Heard(token, heard, _listener) => websocket::heard(ctx, vu, &own, token, heard),
    }
}

/// A value as a text.
pub(crate) fn text_of(value: &Value<'_>) -> String {
    match (value.as_string(), value.as_number(), value.as_bool()) {
        (Some(text), ..) => text.to_string().unwrap_or_default(),
        (_, Some(number), _) => number.to_string(),
        (.., Some(truth)) => truth.to_string(),
        _ => value
            .ctx()
            .json_stringify(value)
            .ok()
            .flatten()
            .and_then(|s| s.to_string().ok())
            .unwrap_or_default(),
    }
}

fn counting<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "metric",
        Func::from(move |ctx: Ctx<'js>, kind: String, name: String, is_time: bool| -> Result<f64> {
            if v.stage.get() != Stage::Init {
                return Err(Exception::throw_message(&ctx, "metrics must be declared in the init context"));
            }
            let kind = Kind::of_class(&kind).expect("the module gives one of four");
            let contains = if is_time { Contains::Time } else { Contains::Default };
            let declared = v.run.book.registry().declare(Metric { name, kind, contains });
            if let Ok(id) = declared {
                v.kinds.borrow_mut().push((id, kind));
            }
            declared.map(|id| id as f64).map_err(|problem| Exception::throw_message(&ctx, &problem))
        }),
    )?;
    let v = vu.clone();
    own.set(
        "add",
        Func::from(move |ctx: Ctx<'js>, number: f64, value: f64, tags: Opt<Value<'js>>| -> Result<()> {
            not_while_reading(&ctx, &v, "add()")?;
            if value.is_nan() {
                return Err(Exception::throw_message(&ctx, "NaN is no value for a metric"));
            }
            let id = number as usize;
            let known = v.kinds.borrow().iter().find(|(own, _)| *own == id).map(|(_, kind)| *kind);
            let kind = known.expect("a metric is declared before it is given values");
            let given = tags.0.as_ref().and_then(Value::as_object);
            v.store.add(id, kind, value, &With { vu: &v, given });
            Ok(())
        }),
    )
}

fn checks<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    let check = move |params: &Params<'_, 'js>| -> Result<Value<'js>> {
        let (ctx, value, sets, tags) = (params.ctx(), given(params, 0), given(params, 1), params.arg(2));
        not_while_reading(ctx, &v, "check()")?;
        let Some(sets) = object_in(&sets) else {
            return Err(Exception::throw_type(ctx, "check() requires an object of named predicates"));
        };
        let mut all = true;
        for pair in sets.props::<String, Value<'js>>() {
            let (name, set) = pair?;
            all &= one_check(ctx, &v, (&value, &set), name, tags.as_ref().and_then(object_in))?;
        }
        Ok(Value::new_bool(ctx.clone(), all))
    };
    own.set("check", Direct::<2, _>(check))
}

/// Whether a value is what a predicate (or a plain truth) says it should be.
fn one_check<'js>(
    ctx: &Ctx<'js>,
    vu: &Vu,
    (value, set): (&Value<'js>, &Value<'js>),
    name: String,
    tags: Option<&Object<'js>>,
) -> Result<bool> {
    // Looking for a text prepares a search, which costs more than to look for one of its bytes first.
    if name.contains(':') && name.contains("::") {
        return Err(Exception::throw_message(ctx, "group and check names may not contain '::'"));
    }
    // Looked at first: to ask forgets what was thrown before.
    let response = class::thing::<Response>(value);
    let said: Result<Value<'js>> = match set.as_function() {
        Some(predicate) => predicate.call((value.clone(),)),
        None => Ok(set.clone()),
    };
    if said.as_ref().is_ok_and(Value::is_promise) {
        return Err(Exception::throw_type(ctx, "check() does not support async functions as arguments"));
    }
    let held = said.as_ref().is_ok_and(is_true);
    // The summary tells checks and groups apart by these tags.
    if vu.tags_with("check") && vu.tags_with("group") {
        vu.store.check(&vu.group.borrow(), &name, held);
    }
    vu.store.rate(BuiltIn::Checks, held, &OfCheck { with: With { vu, given: tags }, name: &name });
    // A check of a response is a look at what the operation brought.
    if let Some(response) = response
        && let Some(seen) = response.borrow().0.seen()
    {
        let mut judged = seen.judged.borrow_mut();
        judged.looked = true;
        if !held && judged.failed_check.is_none() {
            judged.failed_check = Some(name);
        }
    }
    said.map(|_| held)
}

/// As JavaScript has it.
fn is_true(value: &Value<'_>) -> bool {
    // A truth is what nearly every predicate comes to.
    if let Some(truth) = value.as_bool() {
        return truth;
    }
    match (value.as_number(), value.as_string()) {
        (Some(number), _) => number != 0.0 && !number.is_nan(),
        (_, Some(text)) => text.to_string().is_ok_and(|t| !t.is_empty()),
        _ => !value.is_null() && !value.is_undefined(),
    }
}

fn shared_arrays<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "sharedArray",
        Func::from(move |name: String, fill: Function<'js>| -> Result<f64> {
            if let Some(known) = v.run.shared_array(&name) {
                return Ok(known.len() as f64);
            }
            let elements: Array<'js> = fill.call(())?;
            let elements =
                elements.iter::<String>().map(|e| e.map(Into::into)).collect::<Result<Vec<_>>>()?;
            Ok(v.run.share_array(name, elements).len() as f64)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "sharedElement",
        Func::from(move |name: String, at: f64| -> String {
            let list = v.run.shared_array(&name);
            list.and_then(|l| l.get(at as usize).map(ToString::to_string))
                .unwrap_or_else(|| "null".to_owned())
        }),
    )
}
