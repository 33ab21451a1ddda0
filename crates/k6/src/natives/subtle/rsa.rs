//! RSA of WebCrypto (RFC 8017): PKCS #1 v1.5 and PSS signatures, OAEP.

use rsa::pkcs8::{AssociatedOid, DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, Oaep, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use sha2::Digest;
use sha2::digest::{DynDigest, FixedOutputReset};

use super::Made;
use super::chance::Chance;

/// Does `what` with a key, data and one text more; `number` is a length in bits or bytes where one is needed.
pub(super) fn apply(
    what: &str,
    hash: &str,
    (key, data, more): (&[u8], &[u8], &[u8]),
    number: usize,
    chance: &mut impl rand::RngCore,
) -> Made {
    match hash {
        "SHA-1" => with::<sha1::Sha1>(what, (key, data, more), number, chance),
        "SHA-256" => with::<sha2::Sha256>(what, (key, data, more), number, chance),
        "SHA-384" => with::<sha2::Sha384>(what, (key, data, more), number, chance),
        "SHA-512" => with::<sha2::Sha512>(what, (key, data, more), number, chance),
        other => Err(format!("there is no hash {other}")),
    }
}

fn with<H>(
    what: &str,
    (key, data, more): (&[u8], &[u8], &[u8]),
    number: usize,
    chance: &mut impl rand::RngCore,
) -> Made
where
    H: 'static + Digest + DynDigest + FixedOutputReset + Send + Sync + AssociatedOid,
{
    let mut chance = Chance(chance);
    let said = |e: rsa::Error| e.to_string();
    let private = || RsaPrivateKey::from_pkcs8_der(key).map_err(|e| e.to_string());
    let public = || RsaPublicKey::from_public_key_der(key).map_err(|e| e.to_string());
    let der = |key: &RsaPublicKey| {
        key.to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
    };
    let hashed = H::digest(data);
    let oaep = || match more {
        [] => Oaep::new::<H>(),
        label => Oaep::new_with_label::<H, _>(String::from_utf8_lossy(label)),
    };
    match what {
        "generate" => {
            let exponent = BigUint::from_bytes_be(more);
            let made = RsaPrivateKey::new_with_exp(&mut chance, number, &exponent).map_err(said)?;
            made.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
        }
        "public" => der(&private()?.to_public_key()),
        "bits" => {
            let bits = public().map(|k| k.n().bits()).or_else(|_| private().map(|k| k.n().bits()))?;
            Ok((bits as u32).to_be_bytes().to_vec())
        }
        "sign RSASSA-PKCS1-v1_5" => private()?.sign(Pkcs1v15Sign::new::<H>(), &hashed).map_err(said),
        "sign RSA-PSS" => {
            private()?.sign_with_rng(&mut chance, Pss::new_with_salt::<H>(number), &hashed).map_err(said)
        }
        "verify RSASSA-PKCS1-v1_5" => {
            Ok(vec![u8::from(public()?.verify(Pkcs1v15Sign::new::<H>(), &hashed, more).is_ok())])
        }
        "verify RSA-PSS" => {
            Ok(vec![u8::from(public()?.verify(Pss::new_with_salt::<H>(number), &hashed, more).is_ok())])
        }
        "encrypt" => public()?
            .encrypt(&mut chance, oaep(), data)
            .map_err(|_| "could not encrypt data: crypto/rsa: message too long for RSA key size".to_owned()),
        "decrypt" => private()?
            .decrypt(oaep(), data)
            .map_err(|_| "could not decrypt data: crypto/rsa: decryption error".to_owned()),
        part => number_of(part, key),
    }
}

/// A number of a key, by its name in a JSON Web Key (RFC 7518, 6.3).
fn number_of(part: &str, key: &[u8]) -> Made {
    let private = RsaPrivateKey::from_pkcs8_der(key);
    let public = match &private {
        Ok(private) => private.to_public_key(),
        Err(_) => RsaPublicKey::from_public_key_der(key).map_err(|e| e.to_string())?,
    };
    let secret = || private.as_ref().map_err(ToString::to_string);
    let prime =
        |at: usize| secret()?.primes().get(at).cloned().ok_or_else(|| "a prime is missing".to_owned());
    let less_one = |prime: BigUint| prime - BigUint::from(1_u8);
    Ok(match part {
        "n" => public.n().to_bytes_be(),
        "e" => public.e().to_bytes_be(),
        "d" => secret()?.d().to_bytes_be(),
        "p" => prime(0)?.to_bytes_be(),
        "q" => prime(1)?.to_bytes_be(),
        "dp" => (secret()?.d() % less_one(prime(0)?)).to_bytes_be(),
        "dq" => (secret()?.d() % less_one(prime(1)?)).to_bytes_be(),
        "qi" => secret()?.crt_coefficient().map(|n| n.to_bytes_be()).unwrap_or_default(),
        other => return Err(format!("nothing is called {other}")),
    })
}
