//! Things of our own that a script holds as objects.
#![expect(
    unsafe_code,
    reason = "rquickjs wants to be told that a class holds no JavaScript value, and that an object is one"
)]

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Params, This};
use rquickjs::object::{Accessor, Property};
use rquickjs::{Class, Ctx, Error, IntoJs, JsLifetime, Object, Result, Value};

use super::direct::Direct;

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

/// A value as an object, if it is one.
pub(crate) fn object_in<'a, 'js>(value: &'a Value<'js>) -> Option<&'a Object<'js>> {
    // SAFETY: it says that it is one. `as_object` finds out what kind of object it is first, which takes half a dozen questions.
    value.is_object().then(|| unsafe { value.ref_object() })
}

/// What a value holds, if it is such an object. To ask forgets what was thrown before.
pub(crate) fn thing<'a, 'js, T: Native>(value: &'a Value<'js>) -> Option<&'a Class<'js, Held<T>>> {
    object_in(value)?.as_class()
}

/// A property that is computed when it is read. What a script puts in its place stands before it.
pub(crate) fn getter<'js, T: Native, R: IntoJs<'js> + 'js>(
    prototype: &Object<'js>,
    name: &'static str,
    get: impl Fn(&Ctx<'js>, &T) -> Result<R> + 'js,
) -> Result<()> {
    // A closure must hold no value of JavaScript: the garbage collector does not see it.
    let read = move |params: &Params<'_, 'js>| {
        let this = params.this();
        let held = thing::<T>(&this).ok_or_else(|| Error::new_from_js(this.type_name(), T::NAME))?;
        get(params.ctx(), &held.borrow().0)?.into_js(params.ctx())
    };
    let put = move |this: This<Object<'js>>, value: Value<'js>| {
        this.prop(name, Property::from(value).writable().enumerable().configurable())
    };
    prototype.prop(name, Accessor::new(Direct::<0, _>(read), put).enumerable().configurable())
}
