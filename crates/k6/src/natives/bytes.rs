//! Bytes out of whatever a script has them in.

use rquickjs::{ArrayBuffer, Ctx, Exception, Result, TypedArray, Value};

use super::text_of;
use crate::intrinsics;

/// Bytes for a script.
pub(super) fn buffer<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> Result<ArrayBuffer<'js>> {
    intrinsics::give_bytes(ctx)?;
    ArrayBuffer::new(ctx.clone(), bytes)
}

/// The bytes of a body; `None` without one.
pub(super) fn bytes_of<'js>(ctx: &Ctx<'js>, body: &Value<'js>) -> Result<Option<Vec<u8>>> {
    if body.is_null() || body.is_undefined() {
        return Ok(None);
    }
    if let Some(text) = body.as_string() {
        return Ok(Some(text.to_string()?.into_bytes()));
    }
    let Some(object) = body.as_object() else { return Ok(Some(text_of(body).into_bytes())) };
    if let Some(buffer) = ArrayBuffer::from_object(object.clone()) {
        return Ok(Some(buffer.as_bytes().unwrap_or_default().to_vec()));
    }
    if let Ok(view) = TypedArray::<u8>::from_object(object.clone()) {
        return Ok(Some(view.as_bytes().unwrap_or_default().to_vec()));
    }
    Err(Exception::throw_type(ctx, "a body must be a text, an ArrayBuffer or an object of fields"))
}
