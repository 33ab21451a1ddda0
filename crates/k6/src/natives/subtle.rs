//! What WebCrypto (`crypto.subtle`) is made of: ciphers, curves and RSA over keys as bytes.
//!
//! Private keys are PKCS #8, public ones SEC 1 points or SPKI; what a key may be used for is the library's to watch.

mod aes;
mod chance;
mod curves;
mod rsa;

use std::rc::Rc;

use rquickjs::function::Func;
use rquickjs::{ArrayBuffer, Ctx, Object, Result, Value};

use super::bytes::{buffer, bytes_of};
use super::go_error;
use crate::vu::Vu;

/// Bytes, or why there are none.
type Made = std::result::Result<Vec<u8>, String>;

/// Bytes that a script gives.
struct Given(Vec<u8>);

impl<'js> rquickjs::FromJs<'js> for Given {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        Ok(Self(bytes_of(ctx, &value)?.unwrap_or_default()))
    }
}

/// Bytes for a script, or an error with what is wrong.
fn given<'js>(ctx: &Ctx<'js>, made: Made) -> Result<ArrayBuffer<'js>> {
    match made {
        Ok(bytes) => buffer(ctx, bytes),
        Err(problem) => Err(go_error(ctx, &problem)),
    }
}

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    own.set(
        "aes",
        Func::from(
            |ctx: Ctx<'js>, mode: String, seals: bool, key: Given, iv: Given, data: Given, more: Given| {
                // The length of GCM's tag stands behind the mode, in bytes.
                let (mode, tag) = mode.split_once(' ').unwrap_or((mode.as_str(), "16"));
                let tag = tag.parse().unwrap_or(16);
                given(&ctx, aes::apply(mode, seals, &key.0, &iv.0, &data.0, (&more.0, tag)))
            },
        ),
    )?;
    own.set(
        "pbkdf2",
        Func::from(|ctx: Ctx<'js>, hash: String, secret: Given, salt: Given, rounds: u32, length: usize| {
            given(&ctx, pbkdf2(&hash, &secret.0, &salt.0, rounds, length))
        }),
    )?;
    let v = vu.clone();
    own.set(
        "curve",
        Func::from(
            move |ctx: Ctx<'js>, curve: String, what: String, key: Given, other: Given, third: Given| {
                let mut chance = v.random.borrow_mut();
                let made = curves::apply(&curve, &what, (&key.0, &other.0, &third.0), &mut *chance);
                given(&ctx, made)
            },
        ),
    )?;
    let v = vu.clone();
    own.set(
        "rsa",
        Func::from(
            move |ctx: Ctx<'js>,
                  what: String,
                  hash: String,
                  key: Given,
                  data: Given,
                  more: Given,
                  number: usize| {
                let mut chance = v.random.borrow_mut();
                given(&ctx, rsa::apply(&what, &hash, (&key.0, &data.0, &more.0), number, &mut chance))
            },
        ),
    )
}

fn pbkdf2(hash: &str, secret: &[u8], salt: &[u8], rounds: u32, length: usize) -> Made {
    let mut bytes = vec![0; length];
    match hash {
        "SHA-1" => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(secret, salt, rounds, &mut bytes),
        "SHA-256" => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(secret, salt, rounds, &mut bytes),
        "SHA-384" => pbkdf2::pbkdf2_hmac::<sha2::Sha384>(secret, salt, rounds, &mut bytes),
        "SHA-512" => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(secret, salt, rounds, &mut bytes),
        other => return Err(format!("there is no hash {other}")),
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// RFC 6070, 2.
    #[test]
    fn known_answers() {
        let derived = pbkdf2("SHA-1", b"password", b"salt", 2, 20).unwrap();
        assert_eq!(hex(&derived), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    }

    #[test]
    fn what_is_sealed_is_opened_and_what_is_signed_is_right() {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(1);
        let key = [7; 16];
        for (mode, iv) in [("AES-CBC", &[1; 16][..]), ("AES-CTR", &[2; 16]), ("AES-GCM", &[3; 12])] {
            let sealed = aes::apply(mode, true, &key, iv, b"a text", (b"", 16)).unwrap();
            assert_eq!(aes::apply(mode, false, &key, iv, &sealed, (b"", 16)).unwrap(), b"a text", "{mode}");
        }
        for curve in ["P-256", "P-384", "P-521"] {
            let mut apply = |what: &str, key: &[u8], other: &[u8], third: &[u8]| {
                curves::apply(curve, what, (key, other, third), &mut chance).unwrap()
            };
            let key = apply("generate", b"", b"", b"");
            let point = apply("public", &key, b"", b"");
            let signature = apply("sign", &key, &[5; 32], b"");
            assert_eq!(apply("verify", &point, &[5; 32], &signature), [1], "{curve}");
            assert_eq!(apply("verify", &point, &[6; 32], &signature), [0], "{curve}");
            let spki = apply("to spki", &point, b"", b"");
            assert_eq!(apply("from spki", &spki, b"", b""), point);
            let other = apply("generate", b"", b"", b"");
            let others = apply("public", &other, b"", b"");
            assert_eq!(apply("derive", &key, &others, b""), apply("derive", &other, &point, b""), "{curve}");
        }
    }
}
