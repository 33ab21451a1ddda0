//! Things of our own that a script holds as objects.
#![expect(unsafe_code, reason = "rquickjs wants to be told that a class holds no JavaScript value")]

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, This};
use rquickjs::object::{Accessor, Property};
use rquickjs::{Class, Ctx, IntoJs, JsLifetime, Object, Result, Value};

/// What a script may hold. It must hold no value of JavaScript itself: the garbage collector would not see it.
pub(crate) trait Native: 'static {
    /// The name of its class.
    const NAME: &'static str;

    /// Puts properties and methods on the prototype.
    fn describe(prototype: &Object<'_>) -> Result<()>;
}

/// Something of our own as an object of a script.
pub(crate) struct Held<T>(pub(crate) T);

// SAFETY: `Native` promises that it holds no value of JavaScript, so no lifetime changes.
unsafe impl<T: Native> JsLifetime<'_> for Held<T> {
    type Changed<'to> = Held<T>;
}

impl<'js, T: Native> Trace<'js> for Held<T> {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

impl<'js, T: Native> JsClass<'js> for Held<T> {
    const NAME: &'static str = T::NAME;
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        T::describe(&prototype)?;
        Ok(Some(prototype))
    }

    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// Makes an object of a script.
pub(crate) fn held<'js, T: Native>(ctx: &Ctx<'js>, thing: T) -> Result<Class<'js, Held<T>>> {
    Class::instance(ctx.clone(), Held(thing))
}

/// What a value holds, if it is such an object.
pub(crate) fn thing<'js, T: Native>(value: &Value<'js>) -> Option<Class<'js, Held<T>>> {
    // Asked for first, because taking out what is not there throws, and takes the place of what was thrown before.
    let object = value.as_object().filter(|object| object.instance_of::<Held<T>>())?;
    Class::from_object(object)
}

/// A property that is computed when it is read. What a script puts in its place stands before it.
pub(crate) fn getter<'js, T: Native, R: IntoJs<'js> + 'js>(
    prototype: &Object<'js>,
    name: &'static str,
    get: impl Fn(&Ctx<'js>, &T) -> Result<R> + 'js,
) -> Result<()> {
    // A closure must hold no value of JavaScript: the garbage collector does not see it.
    let read = move |this: This<Class<'js, Held<T>>>| get(this.0.ctx(), &this.0.borrow().0);
    let put = move |this: This<Object<'js>>, value: Value<'js>| {
        this.prop(name, Property::from(value).writable().enumerable().configurable())
    };
    prototype.prop(name, Accessor::new(read, put).enumerable().configurable())
}
