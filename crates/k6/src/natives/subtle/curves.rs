//! Elliptic curves of WebCrypto: ECDSA (FIPS 186-5) and ECDH (RFC 6090) over P-256, P-384 and P-521.

use super::Made;
use super::chance::Chance;
use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};

/// Does `what` with a key and up to two more texts.
pub(super) fn apply(
    curve: &str,
    what: &str,
    (key, other, third): (&[u8], &[u8], &[u8]),
    chance: &mut impl rand::RngCore,
) -> Made {
    macro_rules! on {
        ($curve:ident, $size:expr) => {{
            use $curve::ecdsa::{Signature, SigningKey, VerifyingKey};
            use $curve::{PublicKey, SecretKey};
            let secret = || SecretKey::from_pkcs8_der(key).map_err(|e| e.to_string());
            let point = |bytes: &[u8]| PublicKey::from_sec1_bytes(bytes).map_err(|e| e.to_string());
            let written = |key: &SecretKey| {
                key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
            };
            let dot = |key: &PublicKey| {
                let encoded = $curve::EncodedPoint::from(key);
                encoded.as_bytes().to_vec()
            };
            match what {
                "generate" => written(&SecretKey::random(&mut Chance(chance))),
                "public" => Ok(dot(&secret()?.public_key())),
                "scalar" => Ok(secret()?.to_bytes().to_vec()),
                "from scalar" => written(&SecretKey::from_slice(key).map_err(|e| e.to_string())?),
                "point" => point(key).map(|key| dot(&key)),
                "to spki" => point(key)?
                    .to_public_key_der()
                    .map(|der| der.as_bytes().to_vec())
                    .map_err(|e| e.to_string()),
                "from spki" => {
                    PublicKey::from_public_key_der(key).map(|key| dot(&key)).map_err(|e| e.to_string())
                }
                "sign" => {
                    let signer = SigningKey::from_slice(&secret()?.to_bytes()).map_err(|e| e.to_string())?;
                    // A digest shorter than the curve wants is padded, as other libraries do.
                    let signature: Signature = signer
                        .sign_prehash_with_rng(&mut Chance(chance), &padded(other, $size))
                        .map_err(|e| e.to_string())?;
                    Ok(signature.to_bytes().to_vec())
                }
                "verify" => {
                    let verifier = VerifyingKey::from_sec1_bytes(key).map_err(|e| e.to_string())?;
                    let is_right = Signature::from_slice(third)
                        .is_ok_and(|s| verifier.verify_prehash(&padded(other, $size), &s).is_ok());
                    Ok(vec![u8::from(is_right)])
                }
                "derive" => {
                    let shared = $curve::ecdh::diffie_hellman(
                        secret()?.to_nonzero_scalar(),
                        point(other)?.as_affine(),
                    );
                    Ok(shared.raw_secret_bytes().to_vec())
                }
                other => Err(format!("nothing is called {other}")),
            }
        }};
    }
    match curve {
        "P-256" => on!(p256, 32),
        "P-384" => on!(p384, 48),
        "P-521" => on!(p521, 66),
        other => Err(format!("elliptic curve {other} is not supported")),
    }
}

/// Zeros before a digest that is shorter than half of what the curve's numbers take, which the library refuses.
fn padded(digest: &[u8], size: usize) -> Vec<u8> {
    let least = size.div_ceil(2);
    let zeros = least.saturating_sub(digest.len());
    [vec![0; zeros], digest.to_vec()].concat()
}
