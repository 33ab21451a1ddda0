//! `k6/crypto`: digests, with and without a key; and chance, which is the run's seed and the user's number.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use md4::Digest;
use rand::RngCore;
use rquickjs::function::Func;
use rquickjs::{ArrayBuffer, Ctx, Exception, IntoJs, Object, Result, Value};

use super::bytes::{buffer, bytes_of};
use crate::vu::Vu;

/// The digest of a name over `data`, with a key if one is given; `None` if there is no digest of that name.
fn digest(name: &str, key: Option<&[u8]>, data: &[u8]) -> Option<Vec<u8>> {
    macro_rules! by_name {
        ($($known:literal => $kind:ty),* $(,)?) => {
            match (name, key) {
                $(($known, None) => Some(<$kind>::digest(data).to_vec()),
                ($known, Some(key)) => {
                    // A key of any length will do.
                    let mut keyed = <Hmac<$kind> as Mac>::new_from_slice(key).ok()?;
                    keyed.update(data);
                    Some(keyed.finalize().into_bytes().to_vec())
                })*
                _ => None,
            }
        };
    }
    by_name! {
        "md4" => md4::Md4,
        "md5" => md5::Md5,
        "sha1" => sha1::Sha1,
        "sha256" => sha2::Sha256,
        "sha384" => sha2::Sha384,
        "sha512" => sha2::Sha512,
        "sha512_224" => sha2::Sha512_224,
        "sha512_256" => sha2::Sha512_256,
        "ripemd160" => ripemd::Ripemd160,
    }
}

fn written<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>, format: &str) -> Result<Value<'js>> {
    match format {
        "hex" => hex(&bytes).into_js(ctx),
        "base64" => STANDARD.encode(bytes).into_js(ctx),
        "base64url" => URL_SAFE.encode(bytes).into_js(ctx),
        "base64rawurl" => URL_SAFE_NO_PAD.encode(bytes).into_js(ctx),
        "binary" => Ok(buffer(ctx, bytes)?.into_value()),
        other => Err(Exception::throw_message(
            ctx,
            &format!(
                "invalid output encoding: {other}; there are hex, base64, base64url, base64rawurl and binary"
            ),
        )),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    own.set(
        "digest",
        Func::from(|ctx: Ctx<'js>, name: String, key: Value<'js>, data: Value<'js>, format: String| {
            let (key, data) = (bytes_of(&ctx, &key)?, bytes_of(&ctx, &data)?.unwrap_or_default());
            let found = digest(&name, key.as_deref(), &data);
            let bytes = found
                .ok_or_else(|| Exception::throw_message(&ctx, &format!("invalid hash algorithm: {name}")))?;
            written(&ctx, bytes, &format)
        }),
    )?;
    own.set(
        "hex",
        Func::from(|ctx: Ctx<'js>, data: Value<'js>| {
            Ok::<_, rquickjs::Error>(hex(&bytes_of(&ctx, &data)?.unwrap_or_default()))
        }),
    )?;
    let v = vu.clone();
    own.set(
        "randomBytes",
        Func::from(move |ctx: Ctx<'js>, count: f64| -> Result<ArrayBuffer<'js>> {
            if count < 1.0 {
                return Err(Exception::throw_message(&ctx, "invalid size"));
            }
            let mut bytes = vec![0; count as usize];
            v.random.borrow_mut().fill_bytes(&mut bytes);
            buffer(&ctx, bytes)
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1321, RFC 2202, FIPS 180.
    #[test]
    fn known_answers() {
        let of = |name: &str, key: Option<&[u8]>, data: &[u8]| hex(&digest(name, key, data).unwrap());
        assert_eq!(of("md5", None, b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(of("sha1", None, b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            of("sha256", None, b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            of("sha1", Some(b"Jefe"), b"what do ya want for nothing?"),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert_eq!(digest("sha3", None, b""), None);
    }
}
