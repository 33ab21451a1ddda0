//! What scripts find in the module `k6`, but for checks.

use std::cell::Cell;
use std::rc::Rc;

use plimsoll_model::{Nanos, Outcome};
use rquickjs::function::{Func, Opt};
use rquickjs::{Coerced, Ctx, Exception, Function, Object, Result, Value};

use super::{go_error, not_while_reading, time_is_up};
use crate::metrics::BuiltIn;
use crate::vu::{Ask, GroupEnded, Stage, Vu, path_of};

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "sleep",
        Func::from(move |ctx: Ctx<'js>, seconds: Opt<Coerced<f64>>| {
            sleep(&ctx, &v, seconds.0.map_or(f64::NAN, |seconds| seconds.0))
        }),
    )?;
    let v = vu.clone();
    own.set(
        "group",
        Func::from(move |ctx: Ctx<'js>, name: Opt<Value<'js>>, body: Opt<Value<'js>>| {
            group(&ctx, &v, &text_of(name)?, body.0.as_ref())
        }),
    )?;
    own.set(
        "fail",
        Func::from(|ctx: Ctx<'js>, message: Opt<Value<'js>>| -> Result<()> {
            let given = message.0.filter(|message| !message.is_undefined());
            let message = given.map_or(Ok(String::new()), |message| coerced(&message))?;
            Err(Exception::throw_message(&ctx, &message))
        }),
    )?;
    let v = vu.clone();
    own.set(
        "randomSeed",
        Func::from(move |ctx: Ctx<'js>, seed: Opt<Coerced<f64>>| -> Result<()> {
            v.has_chance.set(true);
            let math: Object<'js> = ctx.globals().get("Math")?;
            math.set("random", Func::from(seeded(seed.0.map_or(0.0, |seed| seed.0))))
        }),
    )
}

fn sleep(ctx: &Ctx<'_>, vu: &Vu, seconds: f64) -> Result<()> {
    not_while_reading(ctx, vu, "sleep()")?;
    if seconds.is_nan() || seconds <= 0.0 {
        return Ok(());
    }
    vu.ask(Ask::Sleep((seconds * 1e9) as Nanos)).map_err(|_| time_is_up(ctx)).map(drop)
}

fn group<'js>(ctx: &Ctx<'js>, vu: &Vu, name: &str, body: Option<&Value<'js>>) -> Result<Value<'js>> {
    let Some(body) = body.and_then(Value::as_function) else {
        return Err(go_error(ctx, "group() requires a callback as a second argument"));
    };
    if is_async(body)? {
        return Err(go_error(ctx, "group() does not support async functions as arguments"));
    }
    if name.contains("::") {
        return Err(go_error(ctx, "group and check names may not contain '::'"));
    }
    if name.is_empty() {
        return body.call(());
    }
    not_while_reading(ctx, vu, "group()")?;
    let (outer_bytes, begun_ns) = (vu.enter_group(name), vu.now());
    let result = body.call(());
    vu.end_group(outer_bytes, begun_ns, result.is_ok());
    result
}

fn is_async(body: &Function<'_>) -> Result<bool> {
    // Nearly all are plain ones, which their prototype tells.
    if body.get_prototype().is_some_and(|of| of == Function::prototype(body.ctx().clone())) {
        return Ok(false);
    }
    let Some(constructor) = body.get::<_, Value<'_>>("constructor")?.into_object() else { return Ok(false) };
    let name: Value<'_> = constructor.get("name")?;
    Ok(name.as_string().is_some_and(|name| name.to_string().is_ok_and(|name| name == "AsyncFunction")))
}

/// A text; empty without a value.
fn text_of(value: Opt<Value<'_>>) -> Result<String> {
    let given = value.0.filter(|value| !value.is_null() && !value.is_undefined());
    given.map_or(Ok(String::new()), |value| coerced(&value))
}

/// As `String(value)` has it.
fn coerced(value: &Value<'_>) -> Result<String> {
    Ok(value.get::<Coerced<String>>()?.0)
}

/// Numbers from 0 to below 1 that the seed determines: mulberry32, by Tommy Ettinger (2017), in the public domain.
fn seeded(seed: f64) -> impl Fn() -> f64 {
    let state = Cell::new(if seed.is_finite() { seed as i64 as u32 } else { 0 });
    move || {
        state.set(state.get().wrapping_add(0x6d2b_79f5));
        let mut t = state.get();
        t = (t ^ (t >> 15)).wrapping_mul(1 | t);
        t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(0x3d | t)) ^ t;
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    }
}

impl Vu {
    /// Goes into a group; how long the path of the one around it is, in bytes.
    fn enter_group(&self, name: &str) -> usize {
        let mut group = self.group.borrow_mut();
        let outer_bytes = group.len();
        group.push_str("::");
        group.push_str(name);
        if self.tags_with("group") {
            self.store.enter(&group);
        }
        outer_bytes
    }

    fn end_group(&self, outer_bytes: usize, begun_ns: Nanos, complete: bool) {
        let now_ns = self.now();
        self.store.time(BuiltIn::GroupDuration, now_ns.saturating_sub(begun_ns), self);
        if self.stage.get() == Stage::Load {
            let step = self.group_step(path_of(&self.group.borrow()));
            let outcome = if complete { Outcome::Ok } else { Outcome::AppError };
            self.groups_ended.borrow_mut().push(GroupEnded { step, begun_ns, outcome });
        }
        self.group.borrow_mut().truncate(outer_bytes);
    }
}
