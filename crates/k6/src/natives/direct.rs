//! Functions that every iteration calls. `Func` copies the context and every argument before it hands them over as what they are to be:
//! these take them as they are.

use rquickjs::function::{IntoJsFunc, ParamRequirement, Params};
use rquickjs::{Ctx, Function, IntoJs, Result, Value};

/// A function that must be given so many arguments, and looks at them itself.
pub(super) struct Direct<const LEAST: usize, F>(pub(super) F);

/// How [`Direct`] functions take arguments, as a type: rquickjs tells the kinds of functions apart by it.
pub(super) struct AsTheyAre;

impl<'js, const LEAST: usize, F> IntoJsFunc<'js, AsTheyAre> for Direct<LEAST, F>
where
    F: Fn(&Params<'_, 'js>) -> Result<Value<'js>> + 'js,
{
    fn param_requirements() -> ParamRequirement {
        (0..LEAST).fold(ParamRequirement::any(), |all, _| all.combine(ParamRequirement::single()))
    }

    fn call(&self, params: Params<'_, 'js>) -> Result<Value<'js>> {
        (self.0)(&params)
    }
}

impl<'js, const LEAST: usize, F> IntoJs<'js> for Direct<LEAST, F>
where
    F: Fn(&Params<'_, 'js>) -> Result<Value<'js>> + 'js,
{
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        Function::new(ctx.clone(), self)?.into_js(ctx)
    }
}

/// The argument at that place, among those that there must be.
pub(super) fn given<'js>(params: &Params<'_, 'js>, at: usize) -> Value<'js> {
    params.arg(at).expect("the function is only called with so many")
}
