//! Bytes and texts: base64, `open()`, UTF-8.

use base64::Engine;
use base64::alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE as URL_ALPHABET};
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{NO_PAD, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use rquickjs::function::Func;
use rquickjs::{Array, ArrayBuffer, Ctx, Exception, Object, Result, String as JsString, Value};

use super::bytes::{buffer, bytes_of};
use crate::vu::{Stage, Vu};

/// Without padding, and with whatever bits are left over.
const LOOSE: GeneralPurpose =
    GeneralPurpose::new(&STANDARD_ALPHABET, NO_PAD.with_decode_allow_trailing_bits(true));
const LOOSE_URL: GeneralPurpose =
    GeneralPurpose::new(&URL_ALPHABET, NO_PAD.with_decode_allow_trailing_bits(true));

pub(super) fn install<'js>(own: &Object<'js>) -> Result<()> {
    own.set(
        "b64encode",
        Func::from(|ctx: Ctx<'js>, input: Value<'js>, encoding: String| -> Result<String> {
            let bytes = bytes_of(&ctx, &input)?.unwrap_or_default();
            Ok(match encoding.as_str() {
                "rawstd" => STANDARD_NO_PAD.encode(bytes),
                "url" => URL_SAFE.encode(bytes),
                "rawurl" => URL_SAFE_NO_PAD.encode(bytes),
                _ => STANDARD.encode(bytes),
            })
        }),
    )?;
    own.set(
        "b64decode",
        Func::from(|ctx: Ctx<'js>, unpadded: String, for_urls: bool, as_text: bool| -> Result<Value<'js>> {
            let decoded = if for_urls { LOOSE_URL.decode(unpadded) } else { LOOSE.decode(unpadded) };
            let bytes =
                decoded.map_err(|e| Exception::throw_message(&ctx, &format!("this is no base64: {e}")))?;
            if as_text {
                return Ok(JsString::from_str(ctx, &String::from_utf8_lossy(&bytes))?.into_value());
            }
            Ok(buffer(&ctx, bytes)?.into_value())
        }),
    )?;
    own.set(
        "text",
        Func::from(|ctx: Ctx<'js>, bytes: Value<'js>| -> Result<String> {
            Ok(String::from_utf8_lossy(&bytes_of(&ctx, &bytes)?.unwrap_or_default()).into_owned())
        }),
    )?;
    own.set("bytes", Func::from(|ctx: Ctx<'js>, text: String| buffer(&ctx, text.into_bytes())))?;
    own.set(
        "concat",
        Func::from(|ctx: Ctx<'js>, parts: Array<'js>| -> Result<ArrayBuffer<'js>> {
            let mut all = Vec::new();
            for part in parts.iter::<Value<'js>>() {
                all.extend(bytes_of(&ctx, &part?)?.unwrap_or_default());
            }
            buffer(&ctx, all)
        }),
    )
}

/// `open(path, "b"?)`.
pub(super) fn open<'js>(ctx: &Ctx<'js>, vu: &Vu, path: &str, mode: Option<&str>) -> Result<Value<'js>> {
    if vu.stage.get() != Stage::Init {
        return Err(Exception::throw_message(
            ctx,
            "open() is there in the init context only: call it at the top of the script and keep what it returns",
        ));
    }
    let bytes = vu.run.sources.file(path).map_err(|problem| Exception::throw_message(ctx, &problem))?;
    if mode == Some("b") {
        return Ok(buffer(ctx, bytes.to_vec())?.into_value());
    }
    Ok(JsString::from_str(ctx.clone(), &String::from_utf8_lossy(&bytes))?.into_value())
}
