//! Properties that are made when they are first asked for: thousands of users hold no more of them than their script uses.

use std::rc::Rc;

use rquickjs::proxy::{ProxyHandler, ProxyProperty, ProxyReceiver, ProxyTarget};
use rquickjs::{Ctx, Object, Proxy, Result, Value};

/// Looks behind an object for what it lacks: `make` is told a name, puts down what belongs to it on that object, and says whether there
/// is such a thing. It is kept by the engine, so that it must hold no value of JavaScript.
pub(super) fn behind<'js>(
    object: &Object<'js>,
    make: impl Fn(&Ctx<'js>, &str) -> Result<bool> + 'js,
) -> Result<()> {
    let ctx = object.ctx();
    let make = Rc::new(make);
    let has = make.clone();
    let made = |make: &dyn Fn(&Ctx<'js>, &str) -> Result<bool>, ctx: &Ctx<'js>, name: &ProxyProperty<'js>| {
        Ok::<_, rquickjs::Error>(name.is_string() && make(ctx, &name.to_string()?)?)
    };
    let look = move |target: ProxyTarget<'js>,
                     name: ProxyProperty<'js>,
                     this: ProxyReceiver<'js>|
          -> Result<Value<'js>> {
        let of = match this.0.as_object() {
            Some(this) if made(&*make, target.0.ctx(), &name)? => this,
            // What every object has.
            _ => &target.0,
        };
        of.get(name.0)
    };
    let is_there = move |target: ProxyTarget<'js>, name: ProxyProperty<'js>| -> Result<bool> {
        Ok(made(&*has, target.0.ctx(), &name)? || target.0.contains_key(name.0)?)
    };
    let handler = ProxyHandler::new(ctx.clone())?.with_getter(look)?.with_has(is_there)?;
    let behind = Proxy::new(ctx.clone(), Object::new(ctx.clone())?, handler)?;
    object.set_prototype(behind.as_object())
}
